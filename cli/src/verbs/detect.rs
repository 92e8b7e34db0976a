//! `narrows detect`: anomaly detectors with a threshold whose false-alarm rate is known.

#[cfg(feature = "train")]
mod fit;
mod run;

use clap::{Args, Subcommand};

/// Detect anomalies: fit a detector with a known false-alarm rate, and run it
///
/// `fit` adds a detector to the bundle of an autoencoder, or trains one first. The detector is one ONNX graph from a
/// row to its score, p-value, label and the share of each value in the score. `run` writes these for new rows.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    narrows detect fit --data normal.csv --out models/detector\n  \
    narrows detect run models/detector --data new.csv --reasons 3 --out detections.csv")]
pub(crate) struct Detect {
    #[command(subcommand)]
    action: Action,
}

/// What to do with a detector.
#[derive(Debug, Subcommand)]
enum Action {
    #[cfg(feature = "train")]
    Fit(Box<fit::DetectFit>),
    Run(Box<run::DetectRun>),
}

pub(crate) fn run(arguments: &Detect) -> anyhow::Result<()> {
    match &arguments.action {
        #[cfg(feature = "train")]
        Action::Fit(arguments) => fit::run(arguments),
        Action::Run(arguments) => run::run(arguments),
    }
}
