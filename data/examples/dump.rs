//! Prints everything that is read from files: samples, labels, names and notes.
//!
//! `cargo run --release -p narrows-data --example dump` reads lines of JSON like
//! `{"data": "t.csv", "delimiter": ";"}`, each with the options of a file as in a configuration, and prints a line of
//! JSON for each: what was read, or `{"refused": "..."}` with the error. A missing value is `null`. The rows of a mixed
//! table are its cells, and `table` has its schema. With `"like": "train.csv"`, a table is read with the schema of that
//! one. `scripts/oddities` compares the lines with what pandas and Pillow read.

use std::{
    error::Error,
    io::{self, BufRead, Write},
    sync::Arc,
};

use narrows_data::{DataError, LoadOptions, Reading, Stream, stream};
use serde::Deserialize;
use serde_json::{Value, json};

/// The number of rows to read at a time. It is small, so that most files have several chunks.
const ROWS: usize = 3;

/// A line of the input.
#[derive(Deserialize)]
struct Request {
    #[serde(flatten)]
    reading: Reading,
    like: Option<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let read = read(serde_json::from_str(&line?)?);
        writeln!(out, "{}", read.unwrap_or_else(|error| json!({ "refused": error.to_string() })))?;
    }
    Ok(())
}

fn read(request: Request) -> Result<Value, DataError> {
    let spec = request.reading.data.clone().unwrap_or_default();
    let options = LoadOptions { reading: request.reading, ..LoadOptions::default() };
    let schema = match request.like {
        Some(like) => stream(&like, &options)?.train.head().table.clone().map(Arc::new),
        None => None,
    };
    described(stream(&spec, &LoadOptions { schema, ..options })?.train)
}

/// Reads all rows.
fn described(mut rows: Stream) -> Result<Value, DataError> {
    let (mut samples, mut labels) = (Vec::<Vec<f32>>::new(), Vec::<String>::new());
    while let Some(chunk) = rows.next(ROWS, None)? {
        chunk.values.visit(0..chunk.values.rows(), |_, row| samples.push(row.floats().collect()))?;
        if let Some(read) = &chunk.labels {
            labels.extend((0..read.len()).map(|row| read.name(row).into_owned()));
        }
    }
    let head = rows.head();
    Ok(json!({
        "shape": head.sample_shape,
        "columns": head.columns,
        "table": head.table,
        "rows": samples,
        "labels": rows.has_labels().then_some(labels),
        "notes": rows.notes(),
    }))
}
