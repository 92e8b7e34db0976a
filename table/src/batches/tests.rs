use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float64Array, Int32Array, Int64Array, LargeStringArray,
    RecordBatch, StringArray, StringViewArray, TimestampMillisecondArray, cast::AsArray, types::Int32Type,
};
use proptest::prelude::*;

use crate::{
    codec_error::CodecError,
    column::{Column, ColumnKind, Stored},
    decoder::Decoder,
    encoder::{Encoder, UnseenLevels},
    schema::{MissingCells, Schema},
};

fn schema() -> Schema {
    let column = |name: &str, kind, stored| Column { name: name.to_owned(), kind, stored };
    let levels = |levels: &[&str]| levels.iter().map(ToString::to_string).collect();
    let schema = Schema {
        columns: vec![
            column("country", ColumnKind::Category { levels: levels(&["NL", "DE", "Ελλάδα"]) }, Stored::Text),
            column("amount", ColumnKind::Number { decimals: Some(2) }, Stored::Float64),
            column("size", ColumnKind::Ordered { levels: levels(&["1", "2", "10"]) }, Stored::Int32),
            column("visits", ColumnKind::Count, Stored::Int64),
            column("class", ColumnKind::Label { part: 0 }, Stored::Text),
            column("member", ColumnKind::Category { levels: levels(&["false", "true"]) }, Stored::Boolean),
            column("born", ColumnKind::Date { has_time: false }, Stored::Date32),
            column("seen", ColumnKind::Date { has_time: true }, Stored::TimestampMillisecond),
        ],
        missing: MissingCells::Masked,
    };
    assert_eq!(schema.check(), Ok(()));
    schema
}

type Row = (Option<usize>, Option<i32>, Option<usize>, Option<u16>, String, Option<bool>, Option<i32>, Option<u32>);

/// Returns rows as a record batch. `encoding` is the type of the text.
fn batch(rows: &[Row], encoding: u8) -> RecordBatch {
    let countries = rows.iter().map(|row| row.0.map(|level| ["NL", "DE", "Ελλάδα"][level]));
    let countries: ArrayRef = match encoding {
        0 => Arc::new(countries.collect::<StringArray>()),
        1 => Arc::new(countries.collect::<LargeStringArray>()),
        2 => Arc::new(countries.collect::<StringViewArray>()),
        _ => Arc::new(countries.collect::<DictionaryArray<Int32Type>>()),
    };
    let amounts: Float64Array = rows.iter().map(|row| row.1.map(|cents| f64::from(cents) / 100.0)).collect();
    let sizes: Int32Array = rows.iter().map(|row| row.2.map(|level| [1, 2, 10][level])).collect();
    let visits: Int64Array = rows.iter().map(|row| row.3.map(i64::from)).collect();
    let classes: StringArray = rows.iter().map(|row| Some(&row.4)).collect();
    let members: BooleanArray = rows.iter().map(|row| row.5).collect();
    let born: Date32Array = rows.iter().map(|row| row.6).collect();
    let seen = |seconds: u32| i64::from(seconds) * 1000;
    let seen: TimestampMillisecondArray = rows.iter().map(|row| row.7.map(seen)).collect();
    let columns: [(&str, ArrayRef, bool); 8] = [
        ("country", countries, true),
        ("amount", Arc::new(amounts), true),
        ("size", Arc::new(sizes), true),
        ("visits", Arc::new(visits), true),
        ("class", Arc::new(classes), true),
        ("member", Arc::new(members), true),
        ("born", Arc::new(born), true),
        ("seen", Arc::new(seen), true),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).expect("columns of equal length")
}

fn encoded(schema: &Schema, batch: &RecordBatch) -> Result<(Vec<f32>, UnseenLevels), CodecError> {
    let mut unseen = UnseenLevels::default();
    Ok((Encoder::new(schema).encode_batch(0, batch, &mut unseen)?, unseen))
}

fn with_column(batch: &RecordBatch, name: &str, array: ArrayRef) -> RecordBatch {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns()).map(|(field, own)| {
        let array = if field.name() == name { &array } else { own };
        (field.name().clone(), Arc::clone(array), true)
    });
    RecordBatch::try_from_iter_with_nullable(columns).expect("columns of equal length")
}

proptest! {
    #[test]
    fn encoded_rows_are_decoded_to_the_same_rows(
        rows in prop::collection::vec(
            (
                prop::option::of(0usize..3),
                prop::option::of(-100_000i32..100_000),
                prop::option::of(0usize..3),
                prop::option::of(any::<u16>()),
                "[a-z]{0,3}",
                prop::option::of(any::<bool>()),
                prop::option::of(-700_000i32..2_900_000),
                prop::option::of(any::<u32>()),
            ),
            0..20,
        ),
        encoding in 0u8..4,
    ) {
        let schema = schema();
        let (cells, unseen) = encoded(&schema, &batch(&rows, encoding)).expect("values of the schema");
        prop_assert!(unseen.is_empty());
        let labels: Vec<String> = rows.iter().map(|row| row.4.clone()).collect();
        let decoded = Decoder::new(&schema).decode_batch(&cells, Some(&labels)).expect("whole rows");
        prop_assert_eq!(decoded, batch(&rows, 0));
    }

    #[test]
    fn any_cells_are_decoded_to_valid_values(
        rows in prop::collection::vec(prop::array::uniform12(any::<f32>()), 0..5),
    ) {
        let schema = schema();
        let cells: Vec<f32> = rows.concat();
        let decoded = Decoder::new(&schema).decode_batch(&cells, None).expect("whole rows");
        prop_assert_eq!(decoded.num_rows(), rows.len());
        // What is decoded can be encoded again, and decoded to the same.
        let (again, unseen) = encoded(&schema, &decoded).expect("decoded values are valid");
        prop_assert!(unseen.is_empty());
        prop_assert_eq!(Decoder::new(&schema).decode_batch(&again, None).expect("whole rows").num_columns(), 7);
    }
}

fn row() -> Row {
    (Some(1), Some(950), Some(2), Some(3), "a".into(), Some(true), Some(0), Some(90))
}

#[test]
fn columns_are_found_by_name_in_any_order_and_others_are_ignored() {
    let expected = encoded(&schema(), &batch(&[row()], 0)).expect("values of the schema").0;
    assert_eq!(expected, [2.0, 9.5, 3.0, 3.0, 2.0, 0.0, 1.0, 4.0, 0.0, 90.0, 1.0, 4.0]);
    let batch = batch(&[row()], 0);
    let extra: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    let names = ["seen", "born", "member", "visits", "size", "amount", "country"];
    let reordered = names.map(|name| (name, Arc::clone(batch.column_by_name(name).expect(name))));
    let reordered = reordered.into_iter().chain([("comment", extra)]);
    let reordered = RecordBatch::try_from_iter(reordered).expect("columns of equal length");
    assert_eq!(encoded(&schema(), &reordered).expect("all columns").0, expected);
    let part = reordered.project(&[0, 1, 2, 3]).expect("four columns");
    let error = encoded(&schema(), &part).expect_err("three columns are missing").to_string();
    assert!(error.contains("no column `country`, `amount`, `size`"), "{error}");
}

#[test]
fn unseen_levels_are_0_and_counted_with_an_example() {
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["FR", "DE", "BE"]));
    let batch = with_column(&batch(&[row(), row(), row()], 0), "country", texts);
    let (cells, unseen) = encoded(&schema(), &batch).expect("text is valid");
    assert_eq!([cells[0], cells[12], cells[24]], [0.0, 2.0, 0.0]);
    let columns: Vec<_> = unseen.columns().collect();
    assert_eq!((columns.len(), columns[0].count, columns[0].example.as_str()), (1, 2, "`FR`"));
}

#[test]
fn an_error_names_the_column_and_the_value_and_says_what_to_do() {
    let texts = |text: &str| Arc::new(StringArray::from(vec![text])) as ArrayRef;
    let numbers = |number: f64| Arc::new(Float64Array::from(vec![number])) as ArrayRef;
    for (column, array, expected) in [
        (
            "amount",
            texts("cheap"),
            "column `amount`, row 0: `cheap` is not a number; give a missing value as null, NA or nothing",
        ),
        ("amount", numbers(1e39), "is not in the range of 32-bit floats"),
        ("visits", numbers(1.5), "`1.5` is not a count, which is a whole number of at least 0; correct it"),
        ("visits", numbers(-1.0), "`-1` is not a count"),
        ("born", texts("28.02.2024"), "`28.02.2024` is not a date; write dates like 2024-02-28"),
        ("amount", texts(&"x".repeat(500)), "xxx...` is not a number"),
    ] {
        let batch = with_column(&batch(&[row()], 0), column, array);
        let error = encoded(&schema(), &batch).expect_err(expected).to_string();
        assert!(error.contains(expected), "`{error}` should contain `{expected}`");
    }
}

#[test]
fn missing_values_are_refused_only_by_models_of_complete_rows() {
    let missing: Row = (None, Some(1), Some(1), Some(1), "a".into(), Some(true), Some(0), Some(0));
    let (cells, _) = encoded(&schema(), &batch(&[row(), missing], 0)).expect("values of the schema");
    assert_eq!(Encoder::new(&schema()).check_complete(0, &cells), Ok(()));
    let complete = Encoder::new(&Schema { missing: MissingCells::Refused, ..schema() });
    let error = complete.check_complete(10, &cells).expect_err("a missing country").to_string();
    assert!(error.starts_with("column `country`, row 11: the value is missing"), "{error}");
}

#[test]
fn a_class_of_several_columns_is_separated_into_its_columns() {
    let mut schema = schema();
    // The year comes first in the file, and last in the name of the class.
    let year = Column { name: "year".to_owned(), kind: ColumnKind::Label { part: 1 }, stored: Stored::Int32 };
    schema.columns.insert(0, year);
    let (cells, _) = encoded(&schema, &batch(&[row()], 0)).expect("the label is not needed");
    let decoded = Decoder::new(&schema).decode_batch(&cells, Some(&["b;1999".to_owned()])).expect("two parts");
    assert_eq!(decoded.column(0).as_primitive::<Int32Type>().value(0), 1999);
    assert_eq!(decoded.column_by_name("class").expect("the other part").as_string::<i32>().value(0), "b");
    let error = Decoder::new(&schema).decode_batch(&cells, Some(&["b;x".to_owned()])).expect_err("not a year");
    assert!(error.to_string().contains("the class `x` cannot be stored as Int32"), "{error}");
}

#[test]
fn a_vocabulary_of_50_000_levels_is_encoded_and_decoded() {
    let levels: Vec<String> = (0..50_000).map(|level| format!("level {level}")).collect();
    let kind = ColumnKind::Category { levels: levels.clone() };
    let columns = vec![Column { name: "code".to_owned(), kind, stored: Stored::Text }];
    let schema = Schema { columns, missing: MissingCells::Refused };
    let array: ArrayRef = Arc::new(StringArray::from(levels));
    let batch = RecordBatch::try_from_iter_with_nullable([("code", array, true)]).expect("one column");
    let (cells, _) = encoded(&schema, &batch).expect("levels of the schema");
    assert!(cells.iter().enumerate().all(|(row, cell)| *cell == (row + 1) as f32));
    assert_eq!(Decoder::new(&schema).decode_batch(&cells, None), Ok(batch));
}
