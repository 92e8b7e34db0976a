//! Errors of fitting a detector.

use narrows_bundle::counted;

/// Error of fitting a detector.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DetectorError {
    /// An option is outside its range, or does not suit the model.
    #[error("{option} {problem}")]
    Option {
        /// Name of the option on the command line, such as `--score`.
        option: &'static str,
        /// The problem, which continues the name.
        problem: String,
    },
    /// There are too few rows.
    #[error("{purpose} needs at least {needed} {what}, got {}; {advice}", counted(*found, "row"))]
    TooFewRows {
        /// What the rows are for.
        purpose: String,
        /// Which rows: `calibration rows` or `rows`.
        what: &'static str,
        /// Number of rows that are needed.
        needed: usize,
        /// Number of rows that there are.
        found: usize,
        /// What to do.
        advice: String,
    },
    /// The rows of a mixed table, or their reconstructions, have another width than the model says.
    #[error(
        "rows of the mixed table have {samples} cells and {reconstructions} numbers and probabilities, expected \
         {cells} and {expected}"
    )]
    Width {
        /// Number of columns of the samples.
        samples: usize,
        /// Number of columns of the reconstructions.
        reconstructions: usize,
        /// Number of cells of a row.
        cells: usize,
        /// Number of numbers and levels of a row.
        expected: usize,
    },
    /// A row has a score that is not finite.
    #[error(
        "the {part} row {row} has the score {score}; the model does not compute finite values for it, so train it again"
    )]
    NotFinite {
        /// Which rows: `fitted`, `calibration` or `probe`.
        part: &'static str,
        /// Index of the row among them.
        row: usize,
        /// Its score.
        score: f64,
    },
    /// The graphs of the bundle cannot be joined.
    #[error("the graphs of the bundle cannot be joined: {0}")]
    Graph(String),
    /// The decoder could not be run.
    #[error("the decoder failed: {0}")]
    Decode(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The fit was interrupted.
    #[error("interrupted")]
    Interrupted,
}
