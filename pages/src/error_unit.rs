//! What the errors of rows are.

use crate::gathered::Gathered;

/// What the errors of rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorUnit {
    /// Squared scaled units.
    Squared,
    /// Nats of the negative log-likelihood, for the variational models of mixed tables.
    Nats,
    /// The error of the best constant, for the other models of mixed tables.
    Relative,
}

impl ErrorUnit {
    /// Returns what the error of a row is, for the middle of a sentence.
    pub(crate) fn of_row(self, noun: &str) -> String {
        match self {
            ErrorUnit::Squared => {
                format!("squared error of a {noun} in squared scaled units, summed over the features")
            }
            ErrorUnit::Nats => {
                format!("negative log-likelihood of a {noun} at its mean code in nats, summed over the columns")
            }
            ErrorUnit::Relative => {
                format!("error of a {noun} relative to that of the best constant, summed over the columns")
            }
        }
    }

    /// Returns the name of an axis.
    pub(crate) fn axis(self) -> &'static str {
        match self {
            ErrorUnit::Squared => "squared error, squared scaled units",
            ErrorUnit::Nats => "negative log-likelihood, nats",
            ErrorUnit::Relative => "error, relative to a constant",
        }
    }
}

impl Gathered {
    /// Returns what the errors of the rows are.
    pub(crate) fn error_unit(&self) -> ErrorUnit {
        match (&self.manifest.sample.table, self.manifest.kind.is_variational()) {
            (None, _) => ErrorUnit::Squared,
            (Some(_), true) => ErrorUnit::Nats,
            (Some(_), false) => ErrorUnit::Relative,
        }
    }
}
