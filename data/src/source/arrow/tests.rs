use std::sync::Arc;

use arrow_array::{
    ArrayRef, DictionaryArray, Float32Array, Int32Array, ListArray, RecordBatch, StringArray,
    types::{Float32Type, Int8Type},
};
use arrow_ipc::CompressionType;
use proptest::prelude::*;

use crate::{
    Missing, Reading,
    source::columnar::tests::{File, Format, encode, file, read},
};

fn table() -> RecordBatch {
    let lists = [Some(vec![Some(1.0), None]), None, Some(vec![Some(3.0), Some(4.0)])];
    let columns: [(&str, ArrayRef); 4] = [
        ("lists", Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(lists))),
        ("numbers", Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]))),
        ("text", Arc::new(StringArray::from(vec![Some("a"), Some("b"), None]))),
        ("kind", Arc::new(["x", "y", "x"].into_iter().collect::<DictionaryArray<Int8Type>>())),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).expect("columns")
}

fn message(file: &File) -> String {
    let error = read(file, Reading::default(), 100).map(drop).expect_err("damaged");
    let source = std::error::Error::source(&error).map(ToString::to_string);
    format!("{error}: {}", source.unwrap_or_default())
}

const FILE: Format = Format::File(None);

#[test]
fn a_file_truncated_at_any_byte_is_refused() {
    let bytes = encode(&[table(), table()], FILE);
    for end in 0..bytes.len() {
        message(&file(&bytes[..end], FILE));
    }
    assert!(message(&file(&bytes[..bytes.len() - 1], FILE)).contains("is cut off, so download or copy it again"));
}

#[test]
fn a_buffer_that_declares_more_than_the_unpack_limit_is_refused() {
    let numbers: ArrayRef = Arc::new(Float32Array::from(vec![1.0; 1000]));
    let batch = RecordBatch::try_from_iter([("x", numbers)]).expect("one column");
    let mut bytes = encode(&[batch], Format::File(Some(CompressionType::ZSTD)));
    let declared = bytes.windows(8).rposition(|bytes| bytes == 4000i64.to_le_bytes()).expect("a size");
    bytes[declared + 5] = 1;
    let message = message(&file(&bytes, FILE));
    assert!(message.contains("more than 200 times its compressed size"), "{message}");
}

#[test]
fn a_file_whose_schema_is_only_in_the_footer_is_read_as_polars_writes_it() {
    let bytes = encode(&[table(), table()], FILE);
    // The first message starts with the marker and its size.
    let start = bytes.windows(4).position(|marker| marker == [0xff; 4]).expect("a marker");
    let size = bytes.get(start + 4..start + 8).and_then(|size| size.try_into().ok()).map(i32::from_le_bytes);
    let mut without = bytes.clone();
    without.copy_within(start + 8..start + 8 + size.expect("a size") as usize, start);
    assert!(message(&file(&without[..without.len() - 1], FILE)).contains("is cut off"));
    let columns = Some(vec!["numbers".to_owned()]);
    let reading = || Reading { columns: columns.clone(), missing: Some(Missing::Keep), ..Reading::default() };
    let (head, rows) = read(&file(&bytes, FILE), reading(), 100).expect("a table");
    let (found, found_rows) = read(&file(&without, FILE), reading(), 100).expect("a table with a footer");
    assert_eq!(found.columns, head.columns);
    let counts = [&rows, &found_rows].map(|chunks| chunks.iter().map(|chunk| chunk.values.rows()).sum::<usize>());
    assert_eq!(counts, [6, 6]);
}

#[test]
fn a_file_of_another_format_is_refused() {
    let cases: [(&[u8], &str); 5] = [
        (b"", "is empty"),
        (b"FEA1 and so on", "cannot be read as Arrow IPC"),
        (b"ARROW1", "is cut off"),
        (b"ARROW1\0\0\0\0\0\0ARROW1", "it does not start with a schema"),
        (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], "declares 2147483647 bytes, but only 0 remain"),
    ];
    for (bytes, expected) in cases {
        let message = message(&file(bytes, FILE));
        assert!(message.contains(expected), "{message} lacks {expected}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_damaged_file_never_panics(
        format in prop::sample::select(vec![
            FILE,
            Format::File(Some(CompressionType::ZSTD)),
            Format::File(Some(CompressionType::LZ4_FRAME)),
            Format::Stream,
        ]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = encode(&[table(), table()], format);
        for (index, byte) in changes {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        let file = file(&bytes, format);
        for columns in [None, Some(vec!["numbers".to_owned()])] {
            let label_column = Some("kind".to_owned());
            let reading = Reading { columns, label_column, missing: Some(Missing::Keep), ..Reading::default() };
            let _ = read(&file, reading, 2);
        }
    }
}
