//! The interface of all scores.

use super::{
    DetectorError,
    chunk::Chunk,
    joined::Joined,
    values::{Values, share_of, share_of_cells},
};

/// An anomaly score: its computation in 64-bit floats, the reference, and its nodes in the graph.
pub(super) trait Score: Sync {
    /// Computes the score of every row.
    ///
    /// # Errors
    /// If the decoder cannot be run, for scores that sample codes.
    fn of(&self, rows: &Chunk<'_>) -> Result<Vec<f64>, DetectorError>;

    /// Adds the score to a graph. The names of all nodes begin with `prefix`.
    ///
    /// # Errors
    /// [`DetectorError::Graph`] if the decoder cannot be added.
    fn add_to(&self, graph: &mut Joined, prefix: &str, values: &Values) -> Result<Outputs, DetectorError>;
}

/// Names of the values that a score adds to a graph.
#[derive(Debug, Clone)]
pub(super) struct Outputs {
    /// The score, `[batch, 1]`.
    pub(super) score: String,
    /// The share of every feature, `[batch, features]`, whose sum is 1 in every row.
    pub(super) share: String,
}

impl Outputs {
    /// Returns the outputs of a score whose shares are those of the squared error, in scaled units, or of the errors of
    /// cells.
    pub(super) fn with_share_of_error(score: String, graph: &mut Joined, prefix: &str, values: &Values) -> Self {
        let prefix = format!("{prefix}.share");
        let mut call = graph.call(&prefix);
        let share = match &values.errors {
            None => share_of(&mut call, &values.residual),
            Some(errors) => share_of_cells(&mut call, errors),
        };
        Outputs { score, share }
    }
}
