//! Encodes rows and prints their codes as CSV, one row per line.
//!
//! ```text
//! cargo run --release -p narrows-runtime --example embed -- [BUNDLE [ROWS.csv]] > codes.csv
//! ```
//!
//! BUNDLE is by default `models/zoo/vae`. ROWS.csv contains numbers in the unit of the model's data, one row per line,
//! without a header. By default the rows of the bundle's probe are encoded.

use std::{
    env,
    error::Error,
    fs,
    io::{BufWriter, Write},
    process::ExitCode,
};

use narrows_runtime::{Autoencoder, Options, Samples, bundle::Bundle, ndarray::Array2};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let bundle = Bundle::open(arguments.next().unwrap_or_else(|| "models/zoo/vae".to_owned()))?;
    let model = Autoencoder::from_bundle(&bundle, &Options::default())?;
    let (rows, labels) = match arguments.next() {
        Some(path) => (read(&path)?.into_dyn(), None),
        None => {
            let probe = bundle.probe()?;
            (probe.samples, probe.labels)
        }
    };
    let samples = Samples::from(&rows);
    let codes = model.encode(match &labels {
        Some(labels) if model.takes_labels() => samples.labelled(labels),
        _ => samples,
    })?;

    let mut out = BufWriter::new(std::io::stdout().lock());
    for code in codes.outer_iter() {
        let values: Vec<String> = code.iter().map(f32::to_string).collect();
        writeln!(out, "{}", values.join(","))?;
    }
    Ok(out.flush()?)
}

/// Reads a CSV file of numbers, `[rows, columns]`.
fn read(path: &str) -> Result<Array2<f32>, Box<dyn Error>> {
    let text = fs::read_to_string(path).map_err(|error| format!("cannot read `{path}`: {error}"))?;
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let mut values = Vec::new();
    for (row, line) in lines.iter().enumerate() {
        for field in line.split(',') {
            let value = field.trim().parse::<f32>();
            values.push(value.map_err(|_| format!("`{path}` contains `{field}` in row {row}, expected a number"))?);
        }
    }
    let columns = values.len() / lines.len().max(1);
    let unequal = |_| format!("the rows of `{path}` have different lengths");
    Ok(Array2::from_shape_vec((lines.len(), columns), values).map_err(unequal)?)
}
