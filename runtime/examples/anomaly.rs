//! Detects anomalies: scores rows and reports those with the largest reconstruction error.
//!
//! ```text
//! cargo run --release -p narrows-runtime --example anomaly -- [BUNDLE]
//! ```
//!
//! BUNDLE is by default `models/zoo/vae`. The rows are those of the bundle's probe. Every eighth row is made anomalous:
//! its values at even positions are put before those at odd positions, so that the single values are normal, but
//! the row is not.

use std::{env, error::Error, process::ExitCode};

use narrows_runtime::{Autoencoder, Options, Samples, ScoreOptions, bundle::Bundle, ndarray::Axis};

/// Every row whose index is a multiple of this is made anomalous.
const ANOMALY_INTERVAL: usize = 8;

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
    for mut row in rows.axis_iter_mut(Axis(0)).step_by(ANOMALY_INTERVAL) {
        let values: Vec<f32> = row.iter().copied().collect();
        let reordered = values.iter().step_by(2).chain(values.iter().skip(1).step_by(2));
        row.iter_mut().zip(reordered).for_each(|(value, other)| *value = *other);
    }
    let samples = Samples::from(&rows);
    let samples = match &probe.labels {
        Some(labels) if model.takes_labels() => samples.labelled(labels),
        _ => samples,
    };
    let scores = model.score(samples, &ScoreOptions::default())?;

    let mut worst: Vec<(usize, f64)> = scores.squared_error.iter().copied().enumerate().collect();
    worst.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let anomalies = worst.len().div_ceil(ANOMALY_INTERVAL);
    for (rank, (row, error)) in worst.iter().take(anomalies).enumerate() {
        let label = if row % ANOMALY_INTERVAL == 0 { "anomalous" } else { "unchanged" };
        println!("{:>3}. row {row:>3}: squared error {error:>10.4}, {label}", rank + 1);
    }
    let detected = worst.iter().take(anomalies).filter(|(row, _)| row % ANOMALY_INTERVAL == 0).count();
    println!(
        "{detected} of {anomalies} anomalous rows are among the {anomalies} rows with the largest error, of {} rows",
        worst.len()
    );
    Ok(())
}
