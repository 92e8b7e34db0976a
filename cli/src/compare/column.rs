//! The columns of the table.

use super::Figures;

/// A figure of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Mse,
    Nll,
    Probe,
    Parameters,
    Bytes,
    Microseconds,
    Seconds,
}

impl Column {
    /// All columns, in the order of the table.
    pub(super) const ALL: [Column; 7] = [
        Column::Mse,
        Column::Nll,
        Column::Probe,
        Column::Parameters,
        Column::Bytes,
        Column::Microseconds,
        Column::Seconds,
    ];

    /// Returns the key in JSON.
    pub(super) fn key(self) -> &'static str {
        match self {
            Column::Mse => "mse",
            Column::Nll => "nll",
            Column::Probe => "probe_accuracy",
            Column::Parameters => "parameters",
            Column::Bytes => "bundle_bytes",
            Column::Microseconds => "encode_microseconds",
            Column::Seconds => "train_seconds",
        }
    }

    /// Returns the heading with the unit.
    pub(super) fn heading(self) -> &'static str {
        match self {
            Column::Mse => "MSE",
            Column::Nll => "NLL, nats",
            Column::Probe => "probe, %",
            Column::Parameters => "parameters",
            Column::Bytes => "bundle, kB",
            Column::Microseconds => "encode, µs/row",
            Column::Seconds => "training, s",
        }
    }

    /// Returns what the column says, for readers of the page.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            Column::Mse => "mean squared error per feature of the reconstruction, in scaled units",
            Column::Nll => "negative log-likelihood per sample in nats, importance-sampled; of a cvae given the class",
            Column::Probe => "accuracy of a linear classifier on the codes",
            Column::Parameters => "weights in the exported encoder and decoder",
            Column::Bytes => "size of all files of the bundle",
            Column::Microseconds => "time to encode one row of a batch in ONNX Runtime, median",
            Column::Seconds => "time of the training steps",
        }
    }

    /// Returns the figure of a cell, if it has one.
    pub(super) fn of(self, figures: &Figures) -> Option<f64> {
        match self {
            Column::Mse => Some(figures.mse),
            Column::Nll => figures.nll,
            Column::Probe => figures.probe_accuracy,
            Column::Parameters => Some(figures.parameters as f64),
            Column::Bytes => Some(figures.bundle_bytes as f64),
            Column::Microseconds => figures.encode_microseconds,
            Column::Seconds => figures.train_seconds,
        }
    }

    /// Returns whether `one` is better than `other`.
    pub(super) fn is_better(self, one: f64, other: f64) -> bool {
        match self {
            Column::Probe => one > other,
            Column::Mse | Column::Nll | Column::Parameters | Column::Bytes | Column::Microseconds | Column::Seconds => {
                one < other
            }
        }
    }
}
