//! Detects anomalies: labels rows with the detector of a bundle, and says which values are unusual.
//!
//! ```text
//! cargo run --release -p narrows-runtime --example anomaly -- [BUNDLE [LEVEL]]
//! ```
//!
//! BUNDLE is by default `models/zoo/detector`, LEVEL the false-alarm rate for which its threshold was set. The rows are
//! those of the bundle's probe. Every eighth row is made anomalous: its values at even positions are put before those
//! at odd positions, so that the single values are normal, but the row is not.

use std::{env, error::Error, process::ExitCode};

use narrows_runtime::{
    Detector, Options, Samples,
    bundle::Bundle,
    ndarray::{ArrayD, Axis},
};

/// Every row whose index is a multiple of this is made anomalous.
const ANOMALY_INTERVAL: usize = 8;
/// Number of values that are named for an anomaly.
const REASONS: usize = 3;

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
    let bundle = Bundle::open(arguments.next().unwrap_or_else(|| "models/zoo/detector".to_owned()))?;
    let mut detector = Detector::from_bundle(&bundle, &Options::default())?;
    if let Some(level) = arguments.next() {
        let number = level.parse().map_err(|_| format!("the level must be a number, got `{level}`"))?;
        detector = detector.at_level(number)?;
    }
    println!("{}", detector.record().described());

    let mut probe = bundle.probe()?;
    make_anomalous(&mut probe.samples);
    let samples = Samples::from(&probe.samples);
    let samples = match &probe.labels {
        Some(labels) if detector.takes_labels() => samples.labelled(labels),
        _ => samples,
    };
    let detections = detector.detect(samples.clone())?;
    let reasons = detector.reasons(samples, REASONS)?;

    let columns = detector.manifest().sample.columns.as_deref().unwrap_or_default();
    let (mut found, mut false_alarms, mut changed) = (0, 0, 0);
    for (row, (&is_anomaly, reasons)) in detections.are_anomalies.iter().zip(&reasons).enumerate() {
        let is_changed = row % ANOMALY_INTERVAL == 0;
        changed += usize::from(is_changed);
        found += usize::from(is_anomaly && is_changed);
        false_alarms += usize::from(is_anomaly && !is_changed);
        if is_anomaly {
            let (score, p_value) = (detections.scores[row], detections.p_values[row]);
            println!("row {row}: score {score:.4}, p-value {p_value:.4}");
            for reason in reasons {
                let name = columns.get(reason.feature).cloned().unwrap_or_else(|| format!("value {}", reason.feature));
                let share = 100.0 * reason.share;
                println!("    {name} is {:.4}, expected {:.4} (share {share:.0} %)", reason.value, reason.expected);
            }
        }
    }
    let normal = detections.are_anomalies.len() - changed;
    println!("{found} of {changed} anomalous rows found, {false_alarms} false alarms in {normal} other rows");
    Ok(())
}

/// Reorders the values of every eighth row.
fn make_anomalous(rows: &mut ArrayD<f32>) {
    for mut row in rows.axis_iter_mut(Axis(0)).step_by(ANOMALY_INTERVAL) {
        let values: Vec<f32> = row.iter().copied().collect();
        let reordered = values.iter().step_by(2).chain(values.iter().skip(1).step_by(2));
        row.iter_mut().zip(reordered).for_each(|(value, other)| *value = *other);
    }
}
