//! Files written by NumPy, pandas, pyarrow and Pillow are read with exactly equal values.
//!
//! `just fixtures` writes the files and `expected.json`, which describes their content.

use std::path::{Path, PathBuf};

use narrows_data::{Bytes, Dataset, LoadOptions, Part, Reading, Stream, load, stream};
use serde::Deserialize;

/// An entry of `expected.json`. The script documents its fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    file: String,
    #[serde(default)]
    reading: Reading,
    shape: Vec<usize>,
    bytes: bool,
    rows: Vec<Vec<Option<f32>>>,
    labels: Option<Vec<String>>,
    columns: Option<Vec<String>>,
    others: Option<Vec<String>>,
    test: Option<Test>,
    #[serde(default)]
    within: f32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Test {
    rows: Vec<Vec<Option<f32>>>,
    labels: Vec<String>,
}

#[test]
fn idx_files_of_every_type_are_read_exactly() {
    check("idx");
}

#[test]
fn npy_files_of_every_type_order_layout_and_version_are_read_exactly() {
    check("npy");
}

#[test]
fn npz_archives_are_read_exactly() {
    check("npz");
}

#[test]
fn files_of_tensors_are_read_exactly() {
    check("safetensors");
}

#[test]
fn csv_tables_are_read_exactly() {
    check("csv");
}

#[test]
fn json_lines_are_read_exactly() {
    check("json");
}

#[test]
fn parquet_files_are_read_exactly() {
    check("parquet");
}

#[test]
fn arrow_files_and_streams_are_read_exactly() {
    check("arrow");
}

#[test]
fn folders_of_images_are_read_exactly() {
    check("images");
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Checks all entries of one format: loaded into memory, loaded with rows on disk, and streamed.
fn check(format: &str) {
    let all = std::fs::read_to_string(folder().join("expected.json")).expect("a committed file");
    let all: Vec<Expected> = serde_json::from_str(&all).expect("entries in the format of the script");
    let entries: Vec<_> = all.iter().filter(|entry| entry.file.split('/').next() == Some(format)).collect();
    assert!(!entries.is_empty());
    let failures: Vec<String> = entries.iter().flat_map(|entry| entry.failures()).collect();
    assert!(failures.is_empty(), "{} failures in {} entries:\n{}", failures.len(), entries.len(), failures.join("\n"));
}

impl Expected {
    fn failures(&self) -> Vec<String> {
        let spec = folder().join(&self.file).to_string_lossy().into_owned();
        let labels = self.reading.labels.as_ref();
        let labels = labels.map(|file| folder().join(file).to_string_lossy().into_owned());
        let mut options = LoadOptions { reading: Reading { labels, ..self.reading.clone() }, ..LoadOptions::default() };
        let in_memory = self.check_loaded(&spec, &options);
        options.limits.memory = Bytes(8);
        let on_disk = self.check_loaded(&spec, &options);
        let outcomes = [("in memory", in_memory), ("on disk", on_disk)]
            .into_iter()
            .chain([1, 2, 1000].map(|max_rows| ("streamed", self.check_streamed(&spec, &options, max_rows))));
        let mut failures: Vec<String> = Vec::new();
        for (mode, outcome) in outcomes {
            if let Err(failure) = outcome
                && !failures.iter().any(|known| known.ends_with(&failure))
            {
                failures.push(format!("{} {}, {mode}: {failure}", self.file, as_json(&self.reading)));
            }
        }
        failures
    }

    fn check_loaded(&self, spec: &str, options: &LoadOptions) -> Result<(), String> {
        let data = load(spec, options).map_err(message)?;
        same("shape", &data.sample_shape, &self.shape)?;
        same("bytes", &data.train.values.is_bytes(), &self.bytes)?;
        same("columns", &data.columns, &self.columns)?;
        self.compare("rows", &rows_of(&data.train)?, &self.rows)?;
        same("labels", &labels_of(&data, &data.train), &self.labels)?;
        match (&data.test, &self.test) {
            (Some(part), Some(test)) => {
                self.compare("test rows", &rows_of(part)?, &test.rows)?;
                same("test labels", &labels_of(&data, part).as_ref(), &Some(&test.labels))
            }
            (part, test) => same("test part", &part.is_some(), &test.is_some()),
        }
    }

    fn check_streamed(&self, spec: &str, options: &LoadOptions, max_rows: usize) -> Result<(), String> {
        let streams = stream(spec, options).map_err(message)?;
        let (rows, labels, others) = collect(streams.train, max_rows)?;
        self.compare("rows", &rows, &self.rows)?;
        same("labels", &labels, &self.labels)?;
        if let Some(expected) = &self.others {
            same("others", &others, expected)?;
        }
        match (streams.test, &self.test) {
            (Some(part), Some(test)) => {
                let (rows, labels, _) = collect(part, max_rows)?;
                self.compare("test rows", &rows, &test.rows)?;
                same("test labels", &labels.as_ref(), &Some(&test.labels))
            }
            (part, test) => same("test part", &part.is_some(), &test.is_some()),
        }
    }

    fn compare(&self, name: &str, found: &[Vec<f32>], expected: &[Vec<Option<f32>>]) -> Result<(), String> {
        same(&format!("number of {name}"), &found.len(), &expected.len())?;
        for (row, (found, expected)) in found.iter().zip(expected).enumerate() {
            let is_same = |(found, expected): (&f32, &Option<f32>)| match expected {
                Some(expected) => (found - expected).abs() <= self.within,
                None => found.is_nan(),
            };
            if found.len() != expected.len() || !found.iter().zip(expected).all(is_same) {
                return Err(format!("row {row} of {name} is {found:?}, expected {expected:?}"));
            }
        }
        Ok(())
    }
}

/// Formats the options as JSON.
fn as_json(reading: &Reading) -> String {
    serde_json::to_string(reading).unwrap_or_default()
}

fn message(error: narrows_data::DataError) -> String {
    error.to_string()
}

fn same<T: PartialEq + std::fmt::Debug>(name: &str, found: &T, expected: &T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{name}: {found:?}, expected {expected:?}")) }
}

fn rows_of(part: &Part) -> Result<Vec<Vec<f32>>, String> {
    let mut rows = Vec::new();
    part.values.visit(0..part.values.rows(), |_, row| rows.push(row.floats().collect())).map_err(message)?;
    Ok(rows)
}

fn labels_of(data: &Dataset, part: &Part) -> Option<Vec<String>> {
    let (labels, classes) = (part.labels.as_ref()?, data.classes.as_ref()?);
    Some(labels.iter().map(|&label| classes[label as usize].clone()).collect())
}

type Collected = (Vec<Vec<f32>>, Option<Vec<String>>, Vec<String>);

/// Reads a stream. Returns the rows, the labels, and the sorted names of the pass-through columns.
fn collect(mut stream: Stream, max_rows: usize) -> Result<Collected, String> {
    let (mut rows, mut labels, mut others) = (Vec::new(), None, Vec::new());
    while let Some(chunk) = stream.next(max_rows, None).map_err(message)? {
        let count = chunk.values.rows();
        chunk.values.visit(0..count, |_, row| rows.push(row.floats().collect())).map_err(message)?;
        if let Some(more) = chunk.labels {
            labels.get_or_insert_with(Vec::new).extend((0..count).map(|row| more.name(row).into_owned()));
        }
        if let Some(columns) = chunk.others {
            same("rows of the pass-through columns", &columns.num_rows(), &count)?;
            others = columns.schema().fields().iter().map(|field| field.name().clone()).collect();
            others.sort_unstable();
        }
    }
    Ok((rows, labels, others))
}
