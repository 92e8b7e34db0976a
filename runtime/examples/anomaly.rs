//! Scores rows and reports the ones that the model rebuilds worst: what it has not seen the like of.
//!
//! ```text
//! cargo run --release -p narrows-runtime --example anomaly -- [BUNDLE]
//! ```
//!
//! BUNDLE is `models/zoo/vae` if nothing is said. The rows are those that the bundle carries as its proof. One
//! in eight is spoilt: every second number of it comes first and the others after them, so that each number is
//! a usual one and the whole is not.

use std::{env, error::Error, process::ExitCode};

use narrows_runtime::{Autoencoder, Options, Samples, ScoreOptions, bundle::Bundle, ndarray::Axis};

const SPOILT: usize = 8;

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
    let path = env::args().nth(1).unwrap_or_else(|| "models/zoo/vae".to_owned());
    let bundle = Bundle::open(path)?;
    let model = Autoencoder::from_bundle(&bundle, &Options::default())?;
    let probe = bundle.probe()?;

    let mut rows = probe.samples;
    for mut row in rows.axis_iter_mut(Axis(0)).step_by(SPOILT) {
        let values: Vec<f32> = row.iter().copied().collect();
        let other_order = values.iter().step_by(2).chain(values.iter().skip(1).step_by(2));
        row.iter_mut().zip(other_order).for_each(|(value, other)| *value = *other);
    }
    let samples = Samples::from(&rows);
    let samples = match &probe.labels {
        Some(labels) if model.takes_labels() => samples.labelled(labels),
        _ => samples,
    };
    let scores = model.score(samples, &ScoreOptions::default())?;

    let mut worst: Vec<(usize, f64)> = scores.squared_error.iter().copied().enumerate().collect();
    worst.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let spoilt = worst.len().div_ceil(SPOILT);
    for (rank, (row, error)) in worst.iter().take(spoilt).enumerate() {
        let what = if row % SPOILT == 0 { "spoilt" } else { "as it was" };
        println!("{:>3}. row {row:>3}: squared error {error:>10.4}, {what}", rank + 1);
    }
    let found = worst.iter().take(spoilt).filter(|(row, _)| row % SPOILT == 0).count();
    println!("{found} of {spoilt} spoilt rows are among the {spoilt} worst of {}", worst.len());
    Ok(())
}
