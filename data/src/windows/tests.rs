//! Recordings in files of every format, loaded and streamed.

use std::{fs, path::Path};

use ndarray::{Array2, Array3};

use crate::{
    DataError, Dataset, HeldOut, Labels, LoadOptions, Missing, Reading, Row, SampleKind, WindowCounts, load,
    reading::{Bytes, Limits},
    stream,
    write::{Format, Layout, Writer},
};

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).expect("written");
    path.to_string_lossy().into_owned()
}

fn windows(window: usize, hop: usize) -> Reading {
    Reading { window: Some(window), hop: Some(hop), ..Reading::default() }
}

fn options(reading: Reading) -> LoadOptions {
    LoadOptions { reading, ..LoadOptions::default() }
}

fn rows_of(data: &Dataset) -> Vec<Vec<f32>> {
    let mut rows = Vec::new();
    let values = &data.train.values;
    values.visit(0..values.rows(), |_, row| rows.push(row.floats().collect())).expect("readable");
    rows
}

/// The windows that a stream gives in chunks of `max_rows`, with their labels, and the time steps in order.
fn streamed(
    spec: &str,
    options: &LoadOptions,
    max_rows: usize,
) -> (Vec<Vec<f32>>, Vec<String>, Vec<f32>, WindowCounts) {
    let mut stream = stream(spec, options).expect("a recording").train;
    let (mut rows, mut labels, mut steps) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(chunk) = stream.next_steps(max_rows, None).expect("a recording") {
        let recorded = chunk.recorded.expect("windows");
        assert!(chunk.values.rows() <= max_rows && chunk.values.rows() == recorded.starts.len());
        assert_eq!(recorded.first * recorded.values.features(), steps.len());
        recorded.values.visit(0..recorded.values.rows(), |_, row| steps.extend(row.floats())).expect("in memory");
        chunk.values.visit(0..chunk.values.rows(), |_, row| rows.push(row.floats().collect())).expect("in memory");
        let names = chunk.labels.iter().flat_map(|labels| (0..labels.len()).map(|row| labels.name(row).into_owned()));
        labels.extend(names);
    }
    (rows, labels, steps, stream.windows().expect("windows"))
}

const TABLE: &str = "time,machine,a,b,state\n\
    0,m1,0,10,ok\n1,m1,1,11,ok\n2,m1,2,12,bad\n\
    9,m1,3,13,ok\n10,m1,4,14,ok\n\
    0,m2,5,15,ok\n1,m2,6,,bad\n2,m2,7,17,ok\n3,m2,8,18,bad\n";

fn table_reading() -> Reading {
    Reading {
        time_column: Some("time".to_owned()),
        group_column: Some("machine".to_owned()),
        label_column: Some("state".to_owned()),
        missing: Some(Missing::Drop),
        ..windows(2, 1)
    }
}

#[test]
fn a_window_never_crosses_a_gap_a_group_or_a_dropped_row() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = write(folder.path(), "r.csv", TABLE);
    let options = options(table_reading());
    let data = load(&table, &options).expect("a recording");
    assert_eq!((&data.sample_shape[..], data.sample_kind), (&[2, 2][..], SampleKind::Series));
    assert_eq!(data.columns, Some(vec!["a".to_owned(), "b".to_owned()]));
    let expected: [[f32; 4]; 4] = [[0., 1., 10., 11.], [1., 2., 11., 12.], [3., 4., 13., 14.], [7., 8., 17., 18.]];
    assert_eq!(rows_of(&data), expected);
    // The label of a window is that of its last step, and the range is that of the steps in windows.
    assert_eq!((data.train.labels.as_deref(), data.range), (Some(&[1, 0, 1, 0][..]), (0.0, 18.0)));
    let counts = WindowCounts { steps: 9, windows: 4, gaps: 1, uncovered: 2 };
    assert_eq!(data.train.values.windows().map(|windows| windows.counts()), Some(counts));
    for max_rows in [1, 2, 100] {
        let (rows, labels, steps, found) = streamed(&table, &options, max_rows);
        assert_eq!(
            (rows, labels),
            (expected.map(Vec::from).to_vec(), ["ok", "bad", "ok", "bad"].map(String::from).to_vec())
        );
        assert_eq!((steps.len(), found), (18, counts));
    }
}

#[test]
fn pass_through_columns_of_a_window_are_those_of_its_first_step() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = write(folder.path(), "r.csv", TABLE);
    let mut stream = stream(&table, &options(table_reading())).expect("a recording").train;
    let chunk = stream.next(100, None).expect("a recording").expect("windows");
    let others = chunk.others.expect("columns");
    let names: Vec<_> = others.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["step", "time", "machine", "state"]);
    let mut text = String::new();
    for column in others.columns() {
        (0..4).for_each(|row| {
            crate::write::cell::add(column, row, &mut text).expect("a value");
            text.push(' ');
        });
    }
    assert_eq!(text, "0 1 3 7 0 1 9 2 m1 m1 m1 m2 ok bad ok bad ");
    assert!(matches!(chunk.labels, Some(Labels::Text(_) | Labels::Integers(_))));
}

#[test]
fn a_recording_has_the_same_windows_in_every_format_in_memory_and_on_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let recording = Array2::from_shape_fn((50, 3), |(step, channel)| (step * 3 + channel) as f32 / 7.0);
    let lines = recording.rows().into_iter().map(|row| format!("{},{},{}\n", row[0], row[1], row[2]));
    let csv = write(folder.path(), "r.csv", &lines.collect::<String>());
    let npy = folder.path().join("r.npy");
    ndarray_npy::write_npy(&npy, &recording).expect("written");
    let parquet = folder.path().join("r.parquet");
    let file = fs::File::create(&parquet).expect("created");
    let mut writer = Writer::create(file, Format::Parquet, Layout::numbered(&[3], "x")).expect("three columns");
    writer.write(&recording.view().into_dyn(), None).and_then(|()| writer.finish().map(drop)).expect("written");
    let in_memory = options(windows(8, 3));
    let on_disk = LoadOptions { limits: Limits { memory: Bytes(1), ..Limits::default() }, ..in_memory.clone() };
    let reference = load(&csv, &in_memory).expect("a recording");
    for path in [csv, npy.to_string_lossy().into_owned(), parquet.to_string_lossy().into_owned()] {
        for options in [&in_memory, &on_disk] {
            let data = load(&path, options).expect("a recording");
            assert_eq!(rows_of(&data), rows_of(&reference), "{path}");
            assert_eq!(
                (data.range, data.fingerprint().ok()),
                (reference.range, reference.fingerprint().ok()),
                "{path}"
            );
        }
        assert_eq!(streamed(&path, &in_memory, 4).0, rows_of(&reference), "{path}");
    }
    let other = load(&npy.to_string_lossy(), &options(windows(8, 4))).expect("a recording");
    assert_ne!(other.fingerprint().ok(), reference.fingerprint().ok());
}

#[test]
fn missing_values_are_filled_in_with_the_mean_of_the_channel() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = write(folder.path(), "r.csv", "a,b\n1,5\n,7\n3,\n4,9\n");
    let reading = Reading { missing: Some(Missing::Mean), ..windows(2, 2) };
    let data = load(&table, &options(reading)).expect("a recording");
    let mean = 8.0 / 3.0;
    assert_eq!(data.fill, Some(vec![mean, 7.0]));
    assert_eq!(rows_of(&data), [[1.0, mean, 5.0, 7.0], [3.0, 4.0, 7.0, 9.0]]);
}

#[test]
fn a_held_out_recording_is_cut_in_the_same_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let train = write(folder.path(), "train.csv", "t,a\n0,1\n1,2\n2,3\n3,4\n");
    let test = write(folder.path(), "test.csv", "a,t\n5,0\n6,1\n7,5\n8,6\n");
    let reading = Reading { data: Some(train.clone()), time_column: Some("t".to_owned()), ..windows(2, 1) };
    let options = options(reading);
    let data = load(&train, &options).and_then(|data| data.with(HeldOut::Test, &test, &options)).expect("recordings");
    let part = data.test.expect("just added");
    let mut rows = Vec::new();
    part.values
        .visit(0..part.values.rows(), |_, row: Row<'_>| rows.push(row.floats().collect::<Vec<_>>()))
        .expect("in memory");
    assert_eq!(rows, [[5.0, 6.0], [7.0, 8.0]]);
}

#[test]
fn recordings_that_cannot_be_cut_are_refused_with_both_sizes() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = write(folder.path(), "r.csv", "t,a\n0,1\n1,2\n5,3\n6,4\n7,5\n");
    let images = folder.path().join("images.npy");
    ndarray_npy::write_npy(&images, &Array3::<f32>::zeros((4, 2, 2))).expect("written");
    let message = |spec: &str, reading: Reading| {
        let options = options(reading);
        let loaded = load(spec, &options).expect_err("impossible").to_string();
        let streamed = stream(spec, &options).and_then(|mut streams| {
            while streams.train.next(10, None)?.is_some() {}
            Ok(())
        });
        assert_eq!(streamed.expect_err("impossible").to_string(), loaded);
        loaded
    };
    let time = || Some("t".to_owned());
    let short = message(&table, Reading { time_column: time(), ..windows(4, 1) });
    assert!(short.contains("--window is 4 time steps, but the longest part") && short.contains("has 3;"), "{short}");
    let used =
        message(&table, Reading { time_column: time(), columns: Some(vec!["t".into(), "a".into()]), ..windows(2, 1) });
    assert!(used.contains("column `t` is the --time-column, so it cannot be a feature"), "{used}");
    let shape = message(&images.to_string_lossy(), windows(2, 1));
    assert!(shape.contains("rows have shape [2, 2], but a recording has one time step per row"), "{shape}");
    let columns = message(&images.to_string_lossy(), Reading { time_column: time(), ..windows(2, 1) });
    assert!(columns.contains("--time-column does not apply to an .npy array"), "{columns}");
    let unset = message(&table, Reading { hop: Some(2), ..Reading::default() });
    assert!(unset.contains("--hop applies to windows of a recording only"), "{unset}");
    let named = message("digits", windows(2, 1));
    assert!(named.contains("--window does not apply to a named data set"), "{named}");
}

#[test]
fn series_are_read_from_arrays_and_refused_for_images() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("vowels.npy");
    ndarray_npy::write_npy(&path, &Array3::<f32>::from_shape_fn((4, 12, 25), |(a, b, c)| (a + b + c) as f32))
        .expect("written");
    let reading = Reading { sample: Some(SampleKind::Series), ..Reading::default() };
    let data = load(&path.to_string_lossy(), &options(reading.clone())).expect("series");
    assert_eq!((&data.sample_shape[..], data.sample_kind), (&[12, 25][..], SampleKind::Series));
    let data = load(&path.to_string_lossy(), &options(Reading::default())).expect("series");
    assert_eq!(data.sample_kind, SampleKind::Series, "the default");
    assert!(data.notes.iter().any(|note| note.text.contains("series of 12 channels and 25 steps")), "{:?}", data.notes);
    let features = Reading { sample: Some(SampleKind::Features), ..Reading::default() };
    let data = load(&path.to_string_lossy(), &options(features)).expect("images");
    assert_eq!((data.sample_kind, data.notes.is_empty()), (SampleKind::Features, true));
    for images in ["square.npy", "bytes.npy"] {
        let path = folder.path().join(images);
        if images == "square.npy" {
            ndarray_npy::write_npy(&path, &Array3::<f32>::zeros((4, 5, 5))).expect("written");
        } else {
            ndarray_npy::write_npy(&path, &Array3::<u8>::zeros((4, 5, 6))).expect("written");
        }
        let data = load(&path.to_string_lossy(), &options(Reading::default())).expect("images");
        assert_eq!(data.sample_kind, SampleKind::Features, "{images}");
    }
    let error = load("digits", &options(reading)).expect_err("images");
    assert!(matches!(&error, DataError::OptionUnused { option, .. } if option == "sample"), "{error}");
}
