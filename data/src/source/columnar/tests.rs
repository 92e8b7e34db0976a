mod left_out;
mod pictures;
mod tensors;

use std::{fs, path::PathBuf, sync::Arc};

use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, FixedSizeListArray, Float32Array,
    Float64Array, Int32Array, Int64Array, LargeStringArray, ListArray, RecordBatch, StringArray, StringViewArray,
    UInt8Array, UInt64Array,
    cast::AsArray,
    types::{Float32Type, Int8Type, Int32Type, UInt8Type},
};
use arrow_ipc::{
    CompressionType,
    writer::{FileWriter, IpcWriteOptions, StreamWriter},
};
use arrow_schema::{DataType, Field};
use ndarray::array;
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, GzipLevel, ZstdLevel},
    file::properties::{WriterProperties, WriterVersion},
};
use tempfile::TempDir;

use crate::{
    Chunk, DataError, Labels, LoadOptions, Missing, Reading, Values, head::Head, reader::Opened, reading::Names,
};

/// The format and compression of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Format {
    Parquet(WriterVersion, Compression),
    File(Option<CompressionType>),
    Stream,
}

pub(crate) fn all_formats() -> Vec<Format> {
    let (one, two) = (WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0);
    vec![
        Format::Parquet(one, Compression::UNCOMPRESSED),
        Format::Parquet(one, Compression::SNAPPY),
        Format::Parquet(two, Compression::ZSTD(ZstdLevel::default())),
        Format::Parquet(two, Compression::GZIP(GzipLevel::default())),
        Format::Parquet(one, Compression::GZIP(GzipLevel::default())),
        Format::Parquet(one, Compression::LZ4_RAW),
        Format::File(None),
        Format::File(Some(CompressionType::ZSTD)),
        Format::File(Some(CompressionType::LZ4_FRAME)),
        Format::Stream,
    ]
}

pub(crate) fn encode(batches: &[RecordBatch], format: Format) -> Vec<u8> {
    let schema = batches[0].schema();
    let mut bytes = Vec::new();
    match format {
        Format::Parquet(version, compression) => {
            let properties = WriterProperties::builder().set_writer_version(version).set_compression(compression);
            let mut writer = ArrowWriter::try_new(&mut bytes, schema, Some(properties.build())).expect("a writer");
            for batch in batches {
                writer.write(batch).expect("in memory");
                writer.flush().expect("in memory");
            }
            writer.close().expect("in memory");
        }
        Format::File(compression) => {
            let options = IpcWriteOptions::default().try_with_compression(compression).expect("known");
            let mut writer = FileWriter::try_new_with_options(&mut bytes, &schema, options).expect("a writer");
            batches.iter().for_each(|batch| writer.write(batch).expect("in memory"));
            writer.finish().expect("in memory");
        }
        Format::Stream => {
            let mut writer = StreamWriter::try_new(&mut bytes, &schema).expect("a writer");
            batches.iter().for_each(|batch| writer.write(batch).expect("in memory"));
            writer.finish().expect("in memory");
        }
    }
    bytes
}

pub(crate) struct File {
    _folder: TempDir,
    pub(crate) path: PathBuf,
}

pub(crate) fn file(bytes: &[u8], format: Format) -> File {
    let folder = tempfile::tempdir().expect("a folder");
    let name = match format {
        Format::Parquet(..) => "t.parquet",
        Format::File(_) | Format::Stream => "t.arrow",
    };
    let path = folder.path().join(name);
    fs::write(&path, bytes).expect("written");
    File { _folder: folder, path }
}

/// Reads a complete file in chunks of at most `max_rows` rows.
pub(crate) fn read(file: &File, reading: Reading, max_rows: usize) -> Result<(Head, Vec<Chunk>), DataError> {
    let options = LoadOptions { reading, ..LoadOptions::default() };
    let opened = match file.path.extension() {
        Some(extension) if extension == "parquet" => crate::source::parquet::open(&file.path, &options)?,
        _ => crate::source::arrow::open(&file.path, &options)?,
    };
    let Opened::Reader(mut reader) = opened else { panic!("a table needs a sequential reader") };
    let mut chunks = Vec::new();
    while let Some(chunk) = reader.next(max_rows)? {
        assert!(chunk.values.rows() <= max_rows);
        chunks.push(chunk);
    }
    Ok((reader.head().clone(), chunks))
}

fn read_once(batch: &RecordBatch, reading: Reading, format: Format) -> Result<(Head, Chunk), DataError> {
    let (head, chunks) = read(&file(&encode(std::slice::from_ref(batch), format), format), reading, 1000)?;
    let [chunk] = &chunks[..] else { panic!("{} chunks", chunks.len()) };
    Ok((head, chunk.clone()))
}

/// Returns the error message for a table, without the name of the file. It must be the same for Parquet and Arrow.
fn message(columns: Columns, reading: Reading) -> String {
    let batch = table(columns);
    let outcomes =
        [Format::Parquet(WriterVersion::PARQUET_1_0, Compression::SNAPPY), Format::File(None)].map(|format| {
            let message = read_once(&batch, reading.clone(), format).map(drop).expect_err("refused").to_string();
            let name = if matches!(format, Format::Parquet(..)) { "t.parquet" } else { "t.arrow" };
            message.split_once(name).expect("the name of the file").1.to_owned()
        });
    assert_eq!(outcomes[0], outcomes[1]);
    outcomes[0].clone()
}

type Columns<'a> = &'a [(&'a str, ArrayRef)];

fn table(columns: Columns) -> RecordBatch {
    let columns = columns.iter().map(|(name, column)| (*name, Arc::clone(column), true));
    RecordBatch::try_from_iter_with_nullable(columns).expect("columns of one length")
}

fn column<A: arrow_array::Array + 'static>(array: A) -> ArrayRef {
    Arc::new(array)
}

fn names(names: &[&str]) -> Option<Names> {
    Some(names.iter().map(|&name| name.to_owned()).collect())
}

/// Three rows with a column of each type.
fn mixed() -> RecordBatch {
    table(&[
        ("id", column(Int64Array::from(vec![7, 8, 9]))),
        ("height", column(Float64Array::from(vec![0.1, 1.5, -2.0]))),
        ("name", column(StringArray::from(vec!["a", "b", "c"]))),
        ("old", column(BooleanArray::from(vec![true, false, true]))),
        ("price", column(Decimal128Array::from(vec![125, 250, 1]).with_precision_and_scale(9, 2).expect("fits"))),
        ("kind", column(["x", "y", "x"].into_iter().collect::<DictionaryArray<Int8Type>>())),
        ("__index_level_0__", column(Int64Array::from(vec![4, 5, 6]))),
    ])
}

#[test]
fn numeric_columns_are_features_and_the_others_pass_through() {
    for format in all_formats() {
        let reading = Reading { label_column: Some("kind".to_owned()), ignore: names(&["id"]), ..Reading::default() };
        let (head, chunk) =
            read_once(&mixed(), reading, format).unwrap_or_else(|error| panic!("{format:?}: {error:?}"));
        assert_eq!((head.sample_shape, head.is_bytes, head.range, head.has_labels), (vec![3], false, None, true));
        assert_eq!(head.columns, names(&["height", "old", "price"]));
        assert_eq!(head.rows, matches!(format, Format::Parquet(..)).then_some(3));
        assert_eq!(chunk.values, Values::F32(array![[0.1, 1.0, 1.25], [1.5, 0.0, 2.5], [-2.0, 1.0, 0.01]]));
        assert_eq!(chunk.labels, Some(Labels::Text(["x", "y", "x"].map(str::to_owned).to_vec())));
        let others = chunk.others.expect("four columns");
        let schema = others.schema();
        let names: Vec<_> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        assert_eq!(names, ["id", "name", "kind", "__index_level_0__"]);
        assert!(matches!(schema.field(2).data_type(), DataType::Dictionary(..)), "{format:?}");
        assert_eq!(others.column(1).as_string::<i32>().value(2), "c");
    }
}

#[test]
fn selected_columns_keep_the_order_of_the_option() {
    let reading = Reading { columns: names(&["price", "0"]), ..Reading::default() };
    let (head, chunk) = read_once(&mixed(), reading, Format::File(None)).expect("both columns exist");
    assert_eq!(head.columns, names(&["price", "id"]));
    assert_eq!(chunk.values, Values::F32(array![[1.25, 7.0], [2.5, 8.0], [0.01, 9.0]]));
}

#[test]
fn bytes_and_booleans_stay_bytes_unless_they_may_be_missing() {
    let bytes = column(UInt8Array::from(vec![0, 255]));
    let booleans = column(BooleanArray::from(vec![true, false]));
    let keep = Reading { missing: Some(Missing::Keep), ..Reading::default() };
    let plain = Reading::default();
    type Range = Option<(f32, f32)>;
    let cases: [(Columns, &Reading, Range, Values); 3] = [
        (
            &[("a", bytes.clone()), ("b", booleans.clone())],
            &plain,
            Some((0.0, 255.0)),
            Values::U8(array![[0, 1], [255, 0]]),
        ),
        (&[("a", booleans)], &plain, Some((0.0, 1.0)), Values::U8(array![[1], [0]])),
        (&[("a", bytes)], &keep, None, Values::F32(array![[0.0], [255.0]])),
    ];
    for format in all_formats() {
        for (columns, reading, range, values) in &cases {
            let (head, chunk) = read_once(&table(columns), (*reading).clone(), format).expect("a valid table");
            assert_eq!((head.is_bytes, head.range, &chunk.values), (range.is_some(), *range, values));
        }
    }
}

#[test]
fn the_only_column_of_lists_is_the_sample() {
    let lists = ListArray::from_iter_primitive::<UInt8Type, _, _>([
        Some(vec![Some(1), Some(2)]),
        Some(vec![Some(3), Some(4)]),
        Some(vec![Some(5), Some(6)]),
    ]);
    let batch = table(&[("id", column(Int32Array::from(vec![1, 2, 3]))), ("pixels", column(lists))]);
    for format in all_formats() {
        for max_rows in [1, 2, 1000] {
            let file = file(&encode(&[batch.clone(), batch.clone()], format), format);
            let (head, chunks) = read(&file, Reading::default(), max_rows).expect("a valid table");
            assert_eq!((head.sample_shape, head.is_bytes, head.columns), (vec![2], true, None));
            let rows: Vec<Vec<u8>> = chunks
                .iter()
                .flat_map(|chunk| match &chunk.values {
                    Values::U8(values) => values.rows().into_iter().map(|row| row.to_vec()).collect::<Vec<_>>(),
                    other => panic!("{other:?}"),
                })
                .collect();
            assert_eq!(rows, [[1, 2], [3, 4], [5, 6], [1, 2], [3, 4], [5, 6]], "{format:?}");
            assert_eq!(chunks[0].others.as_ref().map(RecordBatch::num_columns), Some(1));
        }
    }
}

/// Two rows of shape `[2, 3]` and one missing row.
fn nested() -> ArrayRef {
    let numbers = Float32Array::from_iter((0..18).map(|number| (number != 4).then_some(number as f32)));
    let inner = Field::new("item", DataType::Float32, true);
    let lists = FixedSizeListArray::new(Arc::new(inner), 3, Arc::new(numbers), None);
    let outer = Field::new("item", lists.data_type().clone(), true);
    column(FixedSizeListArray::new(Arc::new(outer), 2, Arc::new(lists), Some(vec![true, true, false].into())))
}

#[test]
fn nested_lists_have_a_shape_and_missing_lists_become_nan() {
    for format in all_formats() {
        let reading = Reading { missing: Some(Missing::Keep), ..Reading::default() };
        let (head, chunk) = read_once(&table(&[("image", nested())]), reading, format).expect("a valid table");
        assert_eq!(head.sample_shape, [2, 3]);
        assert!(chunk.others.is_none());
        let Values::F32(values) = chunk.values else { panic!("floats") };
        assert_eq!(values.row(1).to_vec(), [6.0, 7.0, 8.0, 9.0, 10.0, 11.0]);
        let is_missing: Vec<bool> = values.iter().map(|value| value.is_nan()).collect();
        let expected: Vec<bool> = (0..18).map(|index| index == 4 || index >= 12).collect();
        assert_eq!(is_missing, expected, "{format:?}");
    }
}

#[test]
fn labels_are_numbers_text_or_booleans() {
    let integers = |labels: &[i64]| Labels::Integers(labels.to_vec());
    let text = |labels: &[&str]| Labels::Text(labels.iter().map(|&label| label.to_owned()).collect());
    let dictionary = DictionaryArray::<Int8Type>::new(vec![1, 0].into(), Arc::new(Int32Array::from(vec![5, 6])));
    let cases: [(ArrayRef, Labels); 9] = [
        (column(Int32Array::from(vec![3, -1])), integers(&[3, -1])),
        (column(UInt64Array::from(vec![1, u64::MAX])), text(&["1", "18446744073709551615"])),
        (column(BooleanArray::from(vec![true, false])), text(&["true", "false"])),
        (column(StringArray::from(vec!["a", "b"])), text(&["a", "b"])),
        (column(LargeStringArray::from(vec!["a", "b"])), text(&["a", "b"])),
        (column(StringViewArray::from(vec!["a", "b"])), text(&["a", "b"])),
        (column(dictionary), integers(&[6, 5])),
        (column(Float64Array::from(vec![0.1, -2.0])), text(&["0.1", "-2"])),
        (column(Float32Array::from(vec![0.1, 1e3])), text(&["0.1", "1000"])),
    ];
    for (labels, expected) in cases {
        let batch = table(&[("x", column(Float32Array::from(vec![1.0, 2.0]))), ("y", labels)]);
        for format in all_formats() {
            let reading = Reading { label_column: Some("y".to_owned()), ..Reading::default() };
            let (head, chunk) = read_once(&batch, reading, format).expect("labels");
            assert_eq!((head.sample_shape, chunk.labels), (vec![1], Some(expected.clone())));
        }
    }
}

#[test]
fn messages_name_the_column_and_row_and_what_to_do() {
    let number = column(Float32Array::from(vec![1.0, 2.0]));
    let text = column(StringArray::from(vec![Some("a"), None]));
    let lists =
        |lists: [Option<Vec<Option<f32>>>; 2]| column(ListArray::from_iter_primitive::<Float32Type, _, _>(lists));
    let with = |label: &str| Reading { label_column: Some(label.to_owned()), ..Reading::default() };
    let of = |columns: &[&str]| Reading { columns: names(columns), ..Reading::default() };
    let plain = Reading::default;
    let cases: [(Columns, Reading, &str); 14] = [
        (&[("t", text.clone())], plain(), "no numeric column for the features; its columns are `t` (Utf8)"),
        (&[("n", number.clone())], of(&["m"]), "no column `m`; expected `n` (Float32)"),
        (&[("n", number.clone())], with("9"), "no column `9`; expected"),
        (&[("n", number.clone()), ("t", text.clone())], of(&["n", "t"]), "column `t` has type Utf8, expected numbers"),
        (
            &[("d", column(Date32Array::from(vec![1])))],
            with("d"),
            "column `d` has type Date32, expected labels: numbers, text or",
        ),
        (&[("n", number.clone()), ("t", text.clone())], with("t"), "row 1 has no label in column `t`; add a label"),
        (
            &[("n", column(Float64Array::from(vec![Some(1.0), None])))],
            plain(),
            "row 1, column `n` is NaN, expected a finite `f32`; pass --missing",
        ),
        (
            &[("n", column(Float64Array::from(vec![1.0, 1e300])))],
            plain(),
            "row 1, column `n` is infinite or beyond the largest 32-bit float",
        ),
        (&[("n", column(UInt8Array::from(vec![None, Some(1)])))], plain(), "row 0, column `n` is NaN"),
        (
            &[("l", lists([Some(vec![Some(1.0)]), Some(vec![None, None])]))],
            plain(),
            "the list in row 1 of column `l` has length 2, but earlier lists have length 1",
        ),
        (&[("l", lists([Some(vec![Some(1.0), None]), None]))], plain(), "row 0, column 1 (counted from 0) is NaN"),
        (&[("l", lists([None, None]))], plain(), "the first rows of column `l` have no lists"),
        (&[("l", lists([Some(vec![]), Some(vec![])]))], plain(), "a sample has 0 features"),
        (
            &[("l", lists([None, None])), ("m", lists([None, None])), ("n", number.clone())],
            plain(),
            "more than one column of lists (`l` (List(Float32)), `m` (List(Float32))); select the one",
        ),
    ];
    for (columns, reading, expected) in cases {
        let message = message(columns, reading);
        assert!(message.contains(expected), "{message} lacks {expected}");
    }
    let both = Reading { columns: names(&["n"]), ..with("n") };
    let message = message(&[("n", column(Int32Array::from(vec![1])))], both);
    assert!(message.contains("`n` is the label column, so it cannot be a feature"), "{message}");
}

#[test]
fn an_error_in_a_later_chunk_names_the_row_in_the_file() {
    let complete =
        table(&[("l", column(ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)]), Some([Some(2)])])))]);
    let broken =
        table(&[("l", column(ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1)]), Some(vec![])])))]);
    for format in all_formats() {
        let file = file(&encode(&[complete.clone(), broken.clone()], format), format);
        let error = read(&file, Reading::default(), 1).expect_err("lists of two lengths");
        assert!(error.to_string().contains("the list in row 3 of column `l` has length 0"), "{error}");
    }
}

#[test]
fn a_table_without_rows_is_refused() {
    let empty = table(&[("n", column(Float32Array::from(Vec::<f32>::new())))]);
    for format in all_formats() {
        let error = read_once(&empty, Reading::default(), format).expect_err("no rows");
        assert!(matches!(error, DataError::NoRows { .. }), "{format:?}: {error}");
    }
}
