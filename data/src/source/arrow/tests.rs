use std::sync::Arc;

use arrow_array::{
    ArrayRef, DictionaryArray, Float32Array, Int32Array, ListArray, RecordBatch, StringArray,
    types::{Float32Type, Int8Type},
};
use arrow_ipc::CompressionType;
use proptest::prelude::*;

use crate::{
    Missing, Reading,
    source::columnar::tests::{As, File, file, read, written},
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

const FILE: As = As::File(None);

#[test]
fn a_file_that_was_cut_off_anywhere_is_refused() {
    let bytes = written(&[table(), table()], FILE);
    for end in 0..bytes.len() {
        message(&file(&bytes[..end], FILE));
    }
    assert!(message(&file(&bytes[..bytes.len() - 1], FILE)).contains("is cut off, get it again"));
}

#[test]
fn a_buffer_that_claims_to_unpack_to_more_than_is_allowed_is_refused() {
    let numbers: ArrayRef = Arc::new(Float32Array::from(vec![1.0; 1000]));
    let batch = RecordBatch::try_from_iter([("x", numbers)]).expect("one column");
    let mut bytes = written(&[batch], As::File(Some(CompressionType::ZSTD)));
    let claim = bytes.windows(8).rposition(|bytes| bytes == 4000i64.to_le_bytes()).expect("a size");
    bytes[claim + 5] = 1;
    let message = message(&file(&bytes, FILE));
    assert!(message.contains("more than 200 times its own size"), "{message}");
}

#[test]
fn a_file_of_anything_else_is_refused() {
    let cases: [(&[u8], &str); 5] = [
        (b"", "is empty"),
        (b"FEA1 and so on", "cannot be read as Arrow IPC"),
        (b"ARROW1", "is cut off"),
        (b"ARROW1\0\0\0\0\0\0ARROW1", "it does not begin with a schema"),
        (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], "claims 2147483647 bytes, but 0 are left"),
    ];
    for (bytes, expected) in cases {
        let message = message(&file(bytes, FILE));
        assert!(message.contains(expected), "{message} lacks {expected}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_damaged_file_is_read_or_refused(
        way in prop::sample::select(vec![
            FILE,
            As::File(Some(CompressionType::ZSTD)),
            As::File(Some(CompressionType::LZ4_FRAME)),
            As::Stream,
        ]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = written(&[table(), table()], way);
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let file = file(&bytes, way);
        for columns in [None, Some(vec!["numbers".to_owned()])] {
            let label_column = Some("kind".to_owned());
            let reading = Reading { columns, label_column, missing: Some(Missing::Keep), ..Reading::default() };
            let _ = read(&file, reading, 2);
        }
    }
}
