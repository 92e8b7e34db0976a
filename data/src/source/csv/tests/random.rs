//! Property tests with random tables.

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::reading::{Character, Header};

const WORDS: [&str; 6] =
    ["", "label=1", "columns=a,0 missing=keep", "ignore=1 missing=drop", "header=yes", "header=no label=0"];

/// Random bytes, with a higher probability of bytes that have a meaning in tables.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![select(b"0123456789.,,,\n\n\r\"\" e-aNx;\t".to_vec()), any::<u8>()], 0..300)
}

/// The notation of a table.
#[derive(Clone, Copy, Debug)]
struct Form {
    delimiter: Character,
    quote: Character,
    header: Header,
    /// Whether all cells are quoted.
    is_quoted: bool,
    line_end: &'static str,
}

fn forms() -> impl Strategy<Value = Form> {
    let delimiter = select(b",;\t| ".to_vec()).prop_map(Character);
    let quote = select(b"\"'`".to_vec()).prop_map(Character);
    let header = select(vec![Header::Auto, Header::Yes, Header::No]);
    (delimiter, quote, header, any::<bool>(), select(vec!["\n", "\r\n", "\r"])).prop_map(
        |(delimiter, quote, header, is_quoted, line_end)| Form { delimiter, quote, header, is_quoted, line_end },
    )
}

fn tables() -> impl Strategy<Value = Vec<Vec<f32>>> {
    let number = any::<u32>().prop_map(f32::from_bits).prop_filter("finite", |number| number.is_finite());
    (1usize..6).prop_flat_map(move |width| vec(vec(number.clone(), width), 1..20))
}

fn write(form: Form, names: Option<&[String]>, rows: &[Vec<f32>]) -> String {
    let quote = if form.is_quoted { char::from(form.quote.0).to_string() } else { String::new() };
    let line = |cells: &[String]| {
        let cells: Vec<_> = cells.iter().map(|cell| format!("{quote}{cell}{quote}")).collect();
        cells.join(&char::from(form.delimiter.0).to_string()) + form.line_end
    };
    let numbers = rows.iter().map(|row| row.iter().map(|number| format!("{number:?}")).collect::<Vec<_>>());
    names.map(<[String]>::to_vec).into_iter().chain(numbers).map(|cells| line(&cells)).collect()
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_a_table_or_an_error(bytes in bytes(), words in select(WORDS.to_vec()), max_rows in 1usize..5) {
        for bytes in [gzipped(&bytes), bytes] {
            if let Ok(table) = read_named("t.csv", bytes, &reading(words), max_rows) {
                prop_assert!(!table.rows.is_empty());
                prop_assert!(table.rows.iter().flatten().all(|value| !value.is_infinite()));
                prop_assert!(table.labels.is_none_or(|labels| labels.len() == table.rows.len()));
                prop_assert!(table.others.iter().all(|(_, cells)| cells.len() == table.rows.len()));
            }
        }
    }

    #[test]
    fn arbitrary_delimiters_and_quotes_never_panic(bytes in bytes(), delimiter in any::<u8>(), quote in any::<u8>()) {
        let reading = Reading {
            delimiter: Some(Character(delimiter)),
            quote: Some(Character(quote)),
            ..Reading::default()
        };
        let _ = read_named("t.csv", bytes, &reading, 10);
    }

    #[test]
    fn a_damaged_gzipped_file_never_panics(rows in tables(), index in any::<u16>(), byte in any::<u8>()) {
        let mut packed = gzipped(format!("{rows:?}").as_bytes());
        let index = usize::from(index) % packed.len();
        packed[index] = byte;
        let _ = read(packed, &Reading::default());
    }

    #[test]
    fn finite_numbers_are_read_back_bit_for_bit(rows in tables(), form in forms(), max_rows in 1usize..30) {
        let Form { delimiter, quote, header, .. } = form;
        let names: Vec<_> = (0..rows[0].len()).map(|column| format!("x{column}")).collect();
        let reading =
            Reading { delimiter: Some(delimiter), quote: Some(quote), header: Some(header), ..Reading::default() };
        let headers = match header {
            Header::Auto => vec![Some(&names[..]), None],
            Header::Yes => vec![Some(&names[..])],
            Header::No => vec![None],
        };
        for names in headers {
            let table = read_named("t.csv", write(form, names, &rows), &reading, max_rows).expect("a valid table");
            let bits = |rows: &[Vec<f32>]| rows.iter().flatten().map(|value| value.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&table.rows), bits(&rows));
            prop_assert_eq!(table.head.columns.as_deref(), names);
        }
    }
}
