//! Written files are read back by independent readers.

use std::{fs::File, io::Cursor, sync::Arc};

use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use arrow_array::{ArrayRef, Float32Array, Int64Array, RecordBatch, StringArray, cast::AsArray};
use ndarray::{Array2, Array3, ArrayD, Axis, array};
use ndarray_npy::ReadNpyExt;
use proptest::prelude::*;

use super::*;

fn memory() -> Cursor<Vec<u8>> {
    Cursor::new(Vec::new())
}

/// Writes rows in chunks of `chunk_rows` rows.
fn encode(format: Format, layout: Layout, rows: &ArrayD<f32>, chunk_rows: usize) -> Vec<u8> {
    let mut writer = Writer::create(memory(), format, layout).expect("few columns");
    for chunk in rows.axis_chunks_iter(Axis(0), chunk_rows) {
        writer.write(&chunk, None).expect("written to memory");
    }
    assert_eq!(writer.rows(), rows.len_of(Axis(0)) as u64);
    writer.finish().expect("written to memory").into_inner()
}

fn other_columns(names: &[Option<&str>], numbers: &[i64]) -> RecordBatch {
    let columns: [(&str, ArrayRef); 2] =
        [("name", Arc::new(StringArray::from(names.to_vec()))), ("z0", Arc::new(Int64Array::from(numbers.to_vec())))];
    RecordBatch::try_from_iter(columns).expect("equal numbers of rows")
}

fn with_others(format: Format) -> Vec<u8> {
    let mut writer = Writer::create(memory(), format, Layout::numbered(&[2], "z")).expect("few columns");
    let rows = array![[1.0, 2.5]].into_dyn();
    writer.write(&rows.view(), Some(&other_columns(&[Some("a, \"b\"")], &[7]))).expect("written to memory");
    writer.write(&rows.view(), Some(&other_columns(&[None], &[8]))).expect("written to memory");
    writer.finish().expect("written to memory").into_inner()
}

fn parquet_reader(bytes: &[u8]) -> ParquetRecordBatchReaderBuilder<File> {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytes).expect("enough disk space");
    ParquetRecordBatchReaderBuilder::try_new(file).expect("a header")
}

fn read_parquet(bytes: &[u8]) -> Vec<RecordBatch> {
    parquet_reader(bytes).build().expect("all columns").map(|batch| batch.expect("rows")).collect()
}

#[test]
fn an_npy_of_any_shape_is_read_back_unchanged() {
    let cube = Array3::from_shape_fn((5, 2, 3), |(row, y, x)| (row * 6 + y * 3 + x) as f32).into_dyn();
    let bytes = encode(Format::Npy, Layout::numbered(&[2, 3], "x"), &cube, 2);
    assert_eq!((bytes.len() - 5 * 6 * 4) % 64, 0, "values are aligned");
    assert_eq!(ArrayD::<f32>::read_npy(&bytes[..]).expect("an array"), cube);

    let single = array![1.0, f32::NAN, f32::INFINITY].into_dyn();
    let bytes = encode(Format::Npy, Layout::single("score"), &single, 1);
    let read = ArrayD::<f32>::read_npy(&bytes[..]).expect("an array");
    assert_eq!((read.shape(), read[[0]], read[[2]]), (&[3][..], 1.0, f32::INFINITY));

    let none = Array2::zeros((0, 4)).into_dyn();
    let bytes = encode(Format::Npy, Layout::numbered(&[4], "z"), &none, 1);
    assert_eq!(ArrayD::<f32>::read_npy(&bytes[..]).expect("an array").shape(), [0, 4]);
}

#[test]
fn pass_through_columns_come_before_the_features_with_unique_names() {
    let text = String::from_utf8(with_others(Format::Csv)).expect("text");
    assert_eq!(text, "name,data_z0,z0,z1\n\"a, \"\"b\"\"\",7,1,2.5\n,8,1,2.5\n");

    let batches = read_parquet(&with_others(Format::Parquet));
    let batch = arrow_select::concat::concat_batches(&batches[0].schema(), &batches).expect("equal schemas");
    let names: Vec<_> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["name", "data_z0", "z0", "z1"]);
    assert!(batch.column(0).is_null(1), "a missing value stays missing");
    assert_eq!(batch.column(1).as_primitive::<arrow_array::types::Int64Type>().values(), &[7, 8]);
    assert_eq!(batch.column(3).as_any().downcast_ref(), Some(&Float32Array::from(vec![2.5, 2.5])));
}

#[test]
fn duplicate_names_become_unique() {
    let layout = Layout::named(["a", "b", "a", "a"].map(str::to_owned).to_vec());
    let text = encode(Format::Csv, layout, &array![[1.0, 2.0, 3.0, 4.0]].into_dyn(), 1);
    assert_eq!(String::from_utf8(text).as_deref(), Ok("a,b,a_,a__\n1,2,3,4\n"));
}

#[test]
fn a_large_parquet_has_several_row_groups() {
    let rows = Array2::from_shape_fn((200_000, 32), |(row, column)| ((row * 31 + column * 7) % 10_007) as f32 * 0.37);
    let rows = rows.into_dyn();
    let bytes = encode(Format::Parquet, Layout::numbered(&[32], "z"), &rows, 16_384);
    let reader = parquet_reader(&bytes);
    let groups = reader.metadata().num_row_groups();
    assert!((2..20).contains(&groups), "{groups}");
    assert_eq!(reader.metadata().file_metadata().num_rows(), 200_000);
}

#[test]
fn rows_that_do_not_match_earlier_rows_are_refused() {
    let mut writer = Writer::create(memory(), Format::Csv, Layout::numbered(&[2], "z")).expect("few columns");
    let rows = array![[1.0, 2.0]].into_dyn();
    writer.write(&rows.view(), Some(&other_columns(&[None], &[1]))).expect("written to memory");
    let error = writer.write(&rows.view(), None).expect_err("no pass-through columns").to_string();
    assert!(error.contains("change from") && error.contains("name (Utf8)"), "{error}");
    let error = writer.write(&array![[1.0]].into_dyn().view(), None).expect_err("too narrow").to_string();
    assert_eq!(error, "rows have shape [1], but the file contains rows of shape [2]");

    let error = Writer::create(memory(), Format::Parquet, Layout::numbered(&[224, 224, 3], "x")).err().expect("wide");
    assert!(error.to_string().contains("150528") && error.to_string().contains(".npy"), "{error}");
}

#[test]
fn an_io_error_is_returned_unchanged() {
    /// An output that accepts a limited number of bytes.
    struct Limited(Cursor<Vec<u8>>, usize);
    impl Write for Limited {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0.get_ref().len() + bytes.len() > self.1 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.0.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    impl Seek for Limited {
        fn seek(&mut self, position: io::SeekFrom) -> io::Result<u64> {
            self.0.seek(position)
        }
    }
    for format in [Format::Npy, Format::Csv, Format::Parquet] {
        let rows = Array2::<f32>::from_shape_fn((1000, 8), |(row, column)| (row + column) as f32).into_dyn();
        let attempt = || {
            let mut writer = Writer::create(Limited(memory(), 600), format, Layout::numbered(&[8], "z"))?;
            writer.write(&rows.view(), None)?;
            writer.finish().map(drop)
        };
        let error = attempt().expect_err("full");
        assert!(matches!(&error, WriteError::Io(source) if source.kind() == io::ErrorKind::StorageFull), "{error:?}");
    }
}

proptest! {
    #[test]
    fn all_formats_contain_the_same_values(
        numbers in prop::collection::vec(prop::num::f32::NORMAL | prop::num::f32::SUBNORMAL | prop::num::f32::ZERO, 1..60),
        chunk_rows in 1usize..7,
    ) {
        let columns = 3.min(numbers.len());
        let rows = numbers.len() / columns;
        let array = ArrayD::from_shape_vec(vec![rows, columns], numbers[..rows * columns].to_vec()).expect("counted");
        let layout = || Layout::numbered(&[columns], "z");
        let npy = ArrayD::<f32>::read_npy(&encode(Format::Npy, layout(), &array, chunk_rows)[..]).expect("an array");
        let text = String::from_utf8(encode(Format::Csv, layout(), &array, chunk_rows)).expect("text");
        let cells = text.lines().skip(1).flat_map(|line| line.split(',').map(|cell| cell.parse::<f32>().expect("a number")));
        let csv = ArrayD::from_shape_vec(vec![rows, columns], cells.collect()).expect("the same number of values");
        let mut parquet = Vec::new();
        for batch in read_parquet(&encode(Format::Parquet, layout(), &array, chunk_rows)) {
            for row in 0..batch.num_rows() {
                parquet.extend(batch.columns().iter().map(|column| {
                    column.as_primitive::<arrow_array::types::Float32Type>().value(row)
                }));
            }
        }
        let parquet = ArrayD::from_shape_vec(vec![rows, columns], parquet).expect("the same number of values");
        prop_assert_eq!(&npy, &array);
        prop_assert_eq!(&csv, &array);
        prop_assert_eq!(&parquet, &array);
    }
}
