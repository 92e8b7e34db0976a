//! Tests of valid and invalid CSV tables.

mod errors;
mod first_lines;
mod forms;
mod random;

use std::{io::Write, path::PathBuf};

use arrow_array::{RecordBatch, cast::AsArray};
use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;

use crate::{
    error::DataError,
    head::Head,
    labels::Labels,
    reader::Opened,
    reading::{LoadOptions, Reading},
    row::Row,
};

/// The complete content of a table.
#[derive(Debug)]
struct Read {
    head: Head,
    rows: Vec<Vec<f32>>,
    labels: Option<Labels>,
    /// The names and the cells of the pass-through columns.
    others: Vec<(String, Vec<String>)>,
    /// The texts of the notes.
    notes: Vec<String>,
}

fn read(text: impl AsRef<[u8]>, reading: &Reading) -> Result<Read, DataError> {
    read_named("table.csv", text, reading, 1000)
}

/// Writes a file `name`, and reads it in chunks of at most `max_rows` rows.
fn read_named(name: &str, text: impl AsRef<[u8]>, reading: &Reading, max_rows: usize) -> Result<Read, DataError> {
    let (_folder, path) = write_file(name, text);
    let options = LoadOptions { reading: reading.clone(), ..LoadOptions::default() };
    let mut reader = match super::open(&path, &options)? {
        Opened::Reader(reader) => reader,
        Opened::Rows(..) => panic!("a CSV table needs a sequential reader"),
    };
    let mut read =
        Read { head: reader.head().clone(), rows: Vec::new(), labels: None, others: Vec::new(), notes: Vec::new() };
    while let Some(chunk) = reader.next(max_rows)? {
        assert!((1..=max_rows).contains(&chunk.values.rows()));
        chunk.values.visit(0..chunk.values.rows(), |_, row: Row<'_>| read.rows.push(row.floats().collect()))?;
        match (&mut read.labels, chunk.labels) {
            (Some(labels), Some(more)) => labels.append(more),
            (labels, more) => *labels = more,
        }
        for (index, column) in chunk.others.iter().flat_map(columns).enumerate() {
            match read.others.get_mut(index) {
                Some(others) => others.1.extend(column.1),
                None => read.others.push(column),
            }
        }
    }
    read.notes = reader.head().notes.iter().map(|note| note.text.clone()).collect();
    Ok(read)
}

fn columns(batch: &RecordBatch) -> Vec<(String, Vec<String>)> {
    let names = batch.schema_ref().fields().iter().map(|field| field.name().clone());
    let cells = batch.columns().iter().map(|column| column.as_string::<i32>().iter());
    names.zip(cells.map(|cells| cells.map(|cell| cell.expect("no nulls").to_owned()).collect())).collect()
}

fn write_file(name: &str, bytes: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("written");
    (folder, path)
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// Parses options such as `label=kind columns=a,b ignore=c header=no missing=keep delimiter=; quote='`.
fn reading(words: &str) -> Reading {
    let names = |value: &str| Some(value.split(',').map(str::to_owned).collect());
    let mut reading = Reading::default();
    for word in words.split_whitespace() {
        let (key, value) = word.split_once('=').expect("key=value");
        match key {
            "label" => reading.label_column = Some(value.to_owned()),
            "columns" => reading.columns = names(value),
            "ignore" => reading.ignore = names(value),
            "header" => reading.header = Some(value.parse().expect("a header")),
            "missing" => reading.missing = Some(value.parse().expect("a value of --missing")),
            "delimiter" => reading.delimiter = Some(value.parse().expect("a character")),
            "decimal" => reading.decimal = Some(value.parse().expect("a character")),
            "thousands" => reading.thousands = Some(value.parse().expect("a character")),
            "time" => reading.time_column = Some(value.to_owned()),
            "quote" => reading.quote = Some(value.parse().expect("a character")),
            _ => panic!("unknown option {key}"),
        }
    }
    reading
}
