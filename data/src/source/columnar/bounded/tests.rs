//! Small files whose text is large, in every way in which a file can repeat text.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BinaryArray, DictionaryArray, FixedSizeBinaryArray, Float32Array, Int32Array, LargeStringArray,
    StringArray, StringViewArray, StructArray, types::Int32Type,
};
use arrow_ipc::CompressionType;
use arrow_schema::{DataType, Field};
use parquet::{
    basic::{Compression, ZstdLevel},
    file::properties::WriterVersion,
};

use super::*;
use crate::{
    LoadOptions, load,
    source::columnar::tests::{Format, encode, file},
    stream,
};

const ROWS: usize = 4_000;
/// With 4,000 rows of 10,000 bytes the text has 40 MB, and the files have a few kilobytes.
const LENGTH: usize = 10_000;

fn small() -> [Format; 5] {
    [
        Format::Parquet(WriterVersion::PARQUET_1_0, Compression::SNAPPY),
        Format::Parquet(WriterVersion::PARQUET_2_0, Compression::UNCOMPRESSED),
        Format::Parquet(WriterVersion::PARQUET_2_0, Compression::ZSTD(ZstdLevel::default())),
        Format::File(Some(CompressionType::ZSTD)),
        Format::File(Some(CompressionType::LZ4_FRAME)),
    ]
}

fn table(text: ArrayRef) -> RecordBatch {
    let numbers: ArrayRef = Arc::new(Float32Array::from(vec![1.0; text.len()]));
    RecordBatch::try_from_iter([("x", numbers), ("text", text)]).expect("two columns")
}

/// A dictionary with one value, to which every row refers.
fn dictionary(value: &str, rows: usize) -> ArrayRef {
    let (keys, values) = (Int32Array::from(vec![0; rows]), StringArray::from(vec![value]));
    Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::new(values)).expect("a dictionary"))
}

/// Columns with the same text in every row.
fn columns(text: &str) -> Vec<ArrayRef> {
    let strings: ArrayRef = Arc::new(StringArray::from(vec![text; ROWS]));
    let fields = vec![Field::new("inner", DataType::Utf8, false)].into();
    let bytes = vec![text.as_bytes(); ROWS];
    vec![
        Arc::new(StructArray::new(fields, vec![Arc::clone(&strings)], None)),
        strings,
        Arc::new(LargeStringArray::from(vec![text; ROWS])),
        Arc::new(StringViewArray::from(vec![text; ROWS])),
        Arc::new(BinaryArray::from(bytes.clone())),
        Arc::new(FixedSizeBinaryArray::try_from_iter(bytes.into_iter()).expect("the same size")),
        dictionary(text, ROWS),
    ]
}

#[test]
fn the_bytes_of_every_type_are_those_of_its_rows() {
    for column in columns("ten bytes.") {
        assert_eq!(text_bytes(&column), 10 * ROWS as u64, "{}", column.data_type());
    }
    assert_eq!(text_bytes(&Float32Array::from(vec![1.0; 9])), 0);
    let keys = Int32Array::from(vec![Some(1), None, Some(0), Some(1)]);
    let values = Arc::new(StringArray::from(vec!["a", "bcd"]));
    assert_eq!(text_bytes(&DictionaryArray::<Int32Type>::try_new(keys, values).expect("a dictionary")), 7);
}

#[test]
fn repeated_text_of_every_format_and_type_is_within_the_limit_on_unpacking() {
    let long = "long text ".repeat(LENGTH / 10);
    for column in columns(&long) {
        let batch = table(column);
        for format in small() {
            let file = file(&encode(std::slice::from_ref(&batch), format), format);
            let length = std::fs::metadata(&file.path).expect("written").len();
            let mut options = LoadOptions::default();
            let spec = file.path.to_string_lossy();
            let read = |options: &LoadOptions| {
                let mut part = stream(&spec, options)?.train;
                while part.next(100, None)?.is_some() {}
                Ok::<_, DataError>(())
            };
            let kind = batch.column(1).data_type();
            // A buffer that unpacks to more than the limit is refused by its declared size.
            assert!(length < 200_000, "{format:?} of {kind} has {length} bytes");
            assert!(matches!(read(&options), Err(DataError::Bomb { times: 200, .. })), "{format:?} of {kind}");
            assert!(matches!(load(&spec, &options), Err(DataError::Bomb { times: 200, .. })), "{format:?} of {kind}");
            options.limits.unpack = u32::MAX;
            assert!(read(&options).is_ok(), "{format:?} of {kind}");
        }
    }
}

#[test]
fn categories_that_repeat_short_text_are_read() {
    let batch = table(dictionary("a country", 500_000));
    for format in small() {
        let file = file(&encode(std::slice::from_ref(&batch), format), format);
        let spec = file.path.to_string_lossy();
        assert_eq!(load(&spec, &LoadOptions::default()).expect("4.5 MB of text").train.values.rows(), 500_000);
    }
}
