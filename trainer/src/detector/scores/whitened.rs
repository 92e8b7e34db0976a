//! The squared error after whitening.

use crate::detector::{
    chunk::Chunk,
    error::DetectorError,
    joined::Joined,
    parts::Parts,
    rows::Rows,
    score::{Outputs, Score},
    values::{Values, share_of},
    whitening::Whitening,
};

/// The squared Mahalanobis distance of the residual from the residuals of the fitted rows: an error counts the more,
/// the more precisely the model reconstructs its direction otherwise.
#[derive(Debug)]
pub(in crate::detector) struct Whitened {
    whitening: Whitening,
}

impl Whitened {
    /// Fits the whitening to the residuals of the rows.
    pub(in crate::detector) fn fit(parts: Parts<'_>, rows: &Rows) -> Result<Self, DetectorError> {
        let residuals = |chunk: &Chunk<'_>| chunk.residuals.clone();
        let whitening = Whitening::fit(rows, parts.unit, parts.should_stop, residuals)?;
        Ok(Whitened { whitening })
    }
}

impl Score for Whitened {
    fn of(&self, rows: &Chunk<'_>) -> Result<Vec<f64>, DetectorError> {
        let whitened = self.whitening.apply(&rows.residuals.view());
        Ok(whitened.outer_iter().map(|row| row.dot(&row)).collect())
    }

    fn add_to(&self, graph: &mut Joined, prefix: &str, values: &Values) -> Result<Outputs, DetectorError> {
        let mut call = graph.call(prefix);
        let whitened = self.whitening.add_to(&mut call, &values.residual);
        let squares = call.node("Mul", &[whitened.clone(), whitened.clone()]);
        let score = call.sum(&squares, 1);
        let prefix = format!("{prefix}.share");
        Ok(Outputs { score, share: share_of(&mut graph.call(&prefix), &whitened) })
    }
}
