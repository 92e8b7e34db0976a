use std::{io::Write, sync::Arc};

use ::parquet::{
    arrow::ArrowWriter,
    basic::{Compression, GzipLevel},
    file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion},
};
use arrow_array::{
    ArrayRef, Float32Array, Int32Array, ListArray, RecordBatch, StringArray, TimestampMillisecondArray,
    types::Float32Type,
};
use proptest::prelude::*;

use crate::{
    LoadOptions, Missing, Reading,
    source::columnar::tests::{File, Format, file, read},
};

use super::*;

const PARQUET: Format = Format::Parquet(WriterVersion::PARQUET_1_0, Compression::UNCOMPRESSED);

fn encode(batch: &RecordBatch, properties: WriterPropertiesBuilder) -> Vec<u8> {
    let mut bytes = Vec::new();
    let properties = properties.set_max_row_group_row_count(Some(1000));
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties.build())).expect("a writer");
    writer.write(batch).expect("in memory");
    writer.close().expect("in memory");
    bytes
}

fn numbers(rows: usize) -> RecordBatch {
    let numbers: ArrayRef = Arc::new(Float32Array::from_iter_values((0..rows).map(|row| (row % 3) as f32)));
    RecordBatch::try_from_iter([("x", numbers)]).expect("one column")
}

/// Columns of several types, with missing values.
fn table() -> RecordBatch {
    let lists = [Some(vec![Some(1.0), None]), None, Some(vec![Some(3.0), Some(4.0)])];
    let columns: [(&str, ArrayRef); 4] = [
        ("lists", Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(lists))),
        ("numbers", Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]))),
        ("text", Arc::new(StringArray::from(vec![Some("a"), Some("b"), None]))),
        ("times", Arc::new(TimestampMillisecondArray::from(vec![1, 2, 3]))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).expect("columns")
}

fn message(file: &File) -> String {
    let error = read(file, Reading::default(), 100).map(drop).expect_err("damaged");
    let mut message = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(error) = source {
        message += &format!(": {error}");
        source = error.source();
    }
    message
}

#[test]
fn row_groups_are_read_sequentially() {
    let file = file(&encode(&numbers(2500), WriterProperties::builder()), PARQUET);
    let (head, chunks) = read(&file, Reading::default(), 700).expect("three groups");
    assert_eq!(head.rows, Some(2500));
    let rows: Vec<_> = chunks.iter().map(|chunk| chunk.values.rows()).collect();
    assert_eq!(rows, [700, 300, 700, 300, 500]);
    let last = chunks.last().expect("five").values.to_f32().expect("in memory").column(0).to_vec();
    assert_eq!(last, (2000..2500).map(|row| (row % 3) as f32).collect::<Vec<_>>());
}

#[test]
fn a_schema_with_wrong_declared_counts_is_refused() {
    // Elements with only field 5, the number of children.
    let schema = |children: &[u32]| {
        let mut footer = vec![0x29, 0xfc];
        varint(&mut footer, children.len() as u32);
        for &children in children {
            footer.push(0x55);
            varint(&mut footer, 2 * children);
            footer.push(0);
        }
        footer.push(0);
        let mut bytes = b"PAR1".to_vec();
        bytes.extend(&footer);
        bytes.extend((footer.len() as u32).to_le_bytes());
        bytes.extend(b"PAR1");
        bytes
    };
    let deep = vec![1; 100_000];
    let cases: [(&[u32], &str); 5] = [
        (&[1_000_000_000], "a group declares more columns than the schema has"),
        (&deep, "its groups are nested too deeply"),
        (&[2, 0], "its schema has fewer columns than it declares"),
        (&[1, 0, 0], "its schema has more than one root"),
        (&[], "cannot be read as Parquet"),
    ];
    for (children, expected) in cases {
        let message = message(&file(&schema(children), PARQUET));
        assert!(message.contains(expected), "{message} lacks {expected}");
    }
}

fn varint(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

#[test]
fn a_gzip_page_that_unpacks_to_more_than_its_declared_size_is_refused() {
    let gzip = WriterProperties::builder()
        .set_compression(Compression::GZIP(GzipLevel::default()))
        .set_dictionary_enabled(false)
        .set_statistics_enabled(::parquet::file::properties::EnabledStatistics::None);
    let mut bytes = encode(&numbers(1000), gzip);
    // After the magic bytes: the type, a data page, and the unpacked size, 4000 bytes.
    assert_eq!(bytes[4..9], [0x15, 0x00, 0x15, 0xc0, 0x3e]);
    bytes[8] = 0x01;
    let message = message(&file(&bytes, PARQUET));
    assert!(message.contains("a page unpacks to more than its declared size"), "{message}");
}

#[test]
fn a_dictionary_with_more_declared_values_than_bytes_is_refused() {
    let mut bytes = encode(&numbers(1000), WriterProperties::builder());
    // A dictionary page of 12 bytes with 3 values.
    assert_eq!(bytes[4..10], [0x15, 0x04, 0x15, 24, 0x15, 24]);
    let count = bytes.iter().skip(10).position(|&byte| byte == 6).expect("a count") + 10;
    bytes[count] = 126;
    let message = message(&file(&bytes, PARQUET));
    assert!(message.contains("a dictionary declares more values than it has bytes"), "{message}");
}

#[test]
fn more_rows_than_the_unpack_limit_must_be_allowed_by_the_options() {
    let properties = || WriterProperties::builder().set_max_row_group_row_count(Some(10_000_000));
    let constant: ArrayRef = Arc::new(Float32Array::from(vec![1.0; 5_000_000]));
    let batch = RecordBatch::try_from_iter([("x", constant)]).expect("one column");
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties().build())).expect("a writer");
    writer.write(&batch).expect("in memory");
    writer.close().expect("in memory");
    let file = file(&bytes, PARQUET);
    let message = message(&file);
    assert!(message.contains("more than 200 times its compressed size"), "{message}");
    let mut options = LoadOptions::default();
    options.limits.unpack = u32::MAX;
    assert!(open(&file.path, &options).is_ok());
}

#[test]
fn a_file_of_another_format_is_refused() {
    let cases: [(&[u8], &str); 4] = [
        (b"", "is empty"),
        (b"PAR1", "cannot be read as Parquet"),
        (b"PAR1PAR1PAR1", "Parquet"),
        (&[0xff; 99], "Parquet"),
    ];
    for (bytes, expected) in cases {
        let message = message(&file(bytes, PARQUET));
        assert!(message.contains(expected), "{message} lacks {expected}");
    }
}

#[test]
fn a_file_truncated_at_any_byte_is_refused() {
    let bytes = encode(&table(), WriterProperties::builder());
    for end in 0..bytes.len() {
        message(&file(&bytes[..end], PARQUET));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_damaged_file_never_panics(
        compression in prop::sample::select(vec![
            Compression::UNCOMPRESSED,
            Compression::SNAPPY,
            Compression::GZIP(GzipLevel::default()),
            Compression::LZ4_RAW,
            Compression::ZSTD(Default::default()),
        ]),
        version in prop::sample::select(vec![WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let properties = WriterProperties::builder().set_compression(compression).set_writer_version(version);
        let mut bytes = encode(&table(), properties);
        for (index, byte) in changes {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        let file = file(&bytes, PARQUET);
        for columns in [None, Some(vec!["numbers".to_owned()])] {
            let reading = Reading { columns, missing: Some(Missing::Keep), ..Reading::default() };
            let _ = read(&file, reading, 2);
        }
    }

    #[test]
    fn arbitrary_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut content = bytes.clone();
        content.write_all(&(bytes.len() as u32).to_le_bytes()).expect("in memory");
        content.write_all(b"PAR1").expect("in memory");
        prop_assert!(read(&file(&content, PARQUET), Reading::default(), 2).is_err());
    }
}
