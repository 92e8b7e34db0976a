//! Parquet files of digits, and reading results.

use std::{fs::File, path::Path};

use datafusion::{
    arrow::{
        array::{ArrayRef, AsArray, Int64Array, RecordBatch, UInt32Array},
        compute::{concat_batches, take_record_batch},
        datatypes::Int64Type,
    },
    parquet::arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder},
};
use narrows_datafusion::narrows_runtime::ndarray::{Array2, Axis};

use crate::support::{Form, digits, table};

/// Writes `rows` digits, repeated as often as needed, into files with consecutive ids, and returns their pixels and
/// classes.
pub(crate) fn write(folder: &Path, rows: usize, files: usize, form: Form) -> (Array2<u8>, Vec<i64>) {
    std::fs::create_dir_all(folder).expect("a folder");
    let (pixels, labels) = digits();
    let indices: Vec<usize> = (0..rows).map(|row| row % labels.len()).collect();
    for (file, indices) in indices.chunks(rows.div_ceil(files)).enumerate() {
        let labels: Vec<i64> = indices.iter().map(|&row| labels[row]).collect();
        let rows_of_file = table(&pixels.select(Axis(0), indices), &labels, form);
        let first = (file * rows.div_ceil(files)) as i64;
        let mut columns = rows_of_file.columns().to_vec();
        columns[0] = std::sync::Arc::new(Int64Array::from_iter_values(first..first + labels.len() as i64)) as ArrayRef;
        let batch = RecordBatch::try_new(rows_of_file.schema(), columns).expect("columns of one length");
        let path = folder.join(format!("digits-{file:03}.parquet"));
        let mut writer =
            ArrowWriter::try_new(File::create(path).expect("a file"), batch.schema(), None).expect("a writer");
        writer.write(&batch).expect("rows");
        writer.close().expect("a footer");
    }
    (pixels.select(Axis(0), &indices), indices.iter().map(|&row| labels[row]).collect())
}

/// Reads all results in a folder, in the order of their ids, which must be `0..rows`.
pub(crate) fn read(folder: &Path, rows: usize) -> RecordBatch {
    let mut batches = Vec::new();
    for name in crate::process::names(folder, "part-") {
        let file = File::open(folder.join(&name)).expect("a result");
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("a Parquet file").build().expect("a reader");
        batches.extend(reader.map(|batch| batch.expect("rows")));
    }
    let all = concat_batches(&batches.first().expect("a result").schema(), &batches).expect("one schema");
    let ids = all.column_by_name("id").expect("ids").as_primitive::<Int64Type>().values().to_vec();
    let mut order: Vec<u32> = (0..ids.len() as u32).collect();
    order.sort_by_key(|&row| ids[row as usize]);
    let sorted: Vec<i64> = order.iter().map(|&row| ids[row as usize]).collect();
    assert!(sorted.iter().copied().eq(0..rows as i64), "{} results of {rows} rows", ids.len());
    take_record_batch(&all, &UInt32Array::from(order)).expect("rows")
}
