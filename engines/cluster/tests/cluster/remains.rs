//! What failed, interrupted and repeated jobs leave behind.

use std::{fs::File, path::Path, process::Stdio, sync::Arc, time::Duration};

use datafusion::{
    arrow::{
        array::{Array, AsArray, Int64Array, ListArray, RecordBatch},
        datatypes::{Float32Type, Int64Type},
    },
    parquet::arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder},
};

use crate::{
    files::{read, write},
    process::{Cluster, fail, names, program, signal, succeed},
    support::{Form, zoo},
};

/// Writes a file whose last row has 63 values.
fn write_ragged(path: &Path, rows: i64) {
    let row = |row: i64| Some(vec![Some(1.0); if row + 1 == rows { 63 } else { 64 }]);
    let x = ListArray::from_iter_primitive::<Float32Type, _, _>((0..rows).map(row));
    let columns: [(&str, Arc<dyn Array>); 2] =
        [("id", Arc::new(Int64Array::from_iter_values(0..rows))), ("x", Arc::new(x))];
    let batch = RecordBatch::try_from_iter(columns).expect("columns of one length");
    let mut writer = ArrowWriter::try_new(File::create(path).expect("a file"), batch.schema(), None).expect("a writer");
    writer.write(&batch).expect("rows");
    writer.close().expect("a footer");
}

#[test]
fn a_failed_job_leaves_no_result_and_one_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    write_ragged(&data.join("ragged.parquet"), 50_000);
    let cluster = Cluster::of_two();
    for (name, engine) in [("local", "local"), ("cluster", &cluster.engine())] {
        let out = folder.path().join(name);
        let (data, text) = (data.display().to_string(), out.display().to_string());
        let message = fail(["encode", &zoo("vae"), "--data", &data, "--out", &text, "--engine", engine]);
        assert_eq!(message.lines().count(), 1, "{message}");
        assert!(message.contains("63 values, the model expects 64"), "{message}");
        assert!(!message.contains("DataFusionError") && !message.contains("Status {"), "{message}");
        assert_eq!(names(&out, ""), ["_narrows-job.json"]);
    }
}

#[test]
fn a_task_that_outlives_its_cancelled_job_writes_no_result() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, out) = (folder.path().join("data"), folder.path().join("out"));
    write(&data, 1_500_000, 3, Form::FixedFloats);
    let cluster = Cluster::of_two();
    let (data, text, engine) = (data.display().to_string(), out.display().to_string(), cluster.engine());
    let command = ["encode", &zoo("conv-vae"), "--data", &data, "--out", &text, "--engine", &engine];
    let job = program(command).stderr(Stdio::null()).spawn().expect("the program starts");
    while !out.join("_narrows-job.json").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(300));
    signal(job.id(), "INT");
    assert_eq!(job.wait_with_output().expect("it ends").status.code(), Some(130));
    let complete = names(&out, "part-").len();
    // Tasks that were cancelled end within some seconds.
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(names(&out, "part-").len(), complete);
    succeed(command);
    read(&out, 1_500_000);
}

#[test]
fn rows_of_one_file_keep_their_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, out) = (folder.path().join("data"), folder.path().join("out"));
    write(&data, 300_000, 1, Form::Binary);
    let (data, text) = (data.display().to_string(), out.display().to_string());
    succeed(["encode", &zoo("vae"), "--data", &data, "--out", &text]);
    let file = File::open(out.join("part-00000.parquet")).expect("a result");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("a Parquet file").build().expect("a reader");
    let ids = reader.flat_map(|batch| {
        let batch = batch.expect("rows");
        batch.column_by_name("id").expect("ids").as_primitive::<Int64Type>().values().to_vec()
    });
    assert!(ids.eq(0..300_000));
}

#[test]
fn changed_data_is_another_job_and_results_among_the_data_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, out) = (folder.path().join("data"), folder.path().join("out"));
    write(&data, 100, 1, Form::Binary);
    let (data_text, text, bundle) = (data.display().to_string(), out.display().to_string(), zoo("vae"));
    let command = ["encode", &bundle, "--data", &data_text, "--out", &text];
    succeed(command);
    let again = succeed(command);
    assert!(again.starts_with("all 1 file"), "{again}");
    std::thread::sleep(Duration::from_millis(20));
    write(&data, 100, 1, Form::Binary);
    let message = fail(command);
    assert!(message.contains("has the results of another job"), "{message}");
    let inside = data.join("codes").display().to_string();
    let message = fail(["encode", &bundle, "--data", &data_text, "--out", &inside]);
    assert!(message.contains("is in the folder"), "{message}");
    assert!(!data.join("codes").exists());
    std::fs::write(data.join("empty.parquet"), "").expect("a file");
    let message =
        fail(["encode", &bundle, "--data", &data_text, "--out", &folder.path().join("o").display().to_string()]);
    assert!(message.contains("has 0 bytes"), "{message}");
}

#[test]
fn odd_names_of_files_and_columns_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let bundle = zoo("vae");
    for name in ["per%20cent", "br[a]ck?et*s", "a b#c", "ü"] {
        let data = folder.path().join(name);
        write(&data, 50, 2, Form::FixedBytes);
        let out = folder.path().join(format!("out-{name}"));
        let (data, text) = (data.display().to_string(), out.display().to_string());
        succeed(["encode", &bundle, "--data", &data, "--out", &text]);
        read(&out, 50);
    }
}

#[test]
fn a_reader_that_ended_is_no_error_and_a_full_disk_is() {
    let mut command = program(["estimate", &zoo("vae")]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let full = File::options().write(true).open("/dev/full").expect("a device");
    let output = program(["estimate", &zoo("vae")]).stdout(full).output().expect("the program starts");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write to standard output"));
}
