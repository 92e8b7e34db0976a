//! Encodes rows and prints their codes, a line a row.
//!
//! ```text
//! cargo run --release -p narrows-runtime --example embed -- [BUNDLE [ROWS.csv]] > codes.csv
//! ```
//!
//! BUNDLE is `models/zoo/vae` if nothing is said. ROWS.csv holds numbers in the unit of the model's data, a
//! line a row, without a header. Without it, the rows are those that the bundle carries as its proof.

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
        let numbers: Vec<String> = code.iter().map(f32::to_string).collect();
        writeln!(out, "{}", numbers.join(","))?;
    }
    Ok(out.flush()?)
}

/// The rows of a table of numbers, `[rows, columns]`.
fn read(path: &str) -> Result<Array2<f32>, Box<dyn Error>> {
    let text = fs::read_to_string(path).map_err(|error| format!("cannot read `{path}`: {error}"))?;
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let mut numbers = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        for field in line.split(',') {
            let number = field.trim().parse::<f32>();
            numbers.push(number.map_err(|_| format!("`{path}` holds `{field}` in row {at}, no number"))?);
        }
    }
    let columns = numbers.len() / lines.len().max(1);
    let unequal = |_| format!("the rows of `{path}` are not all of the same length");
    Ok(Array2::from_shape_vec((lines.len(), columns), numbers).map_err(unequal)?)
}
