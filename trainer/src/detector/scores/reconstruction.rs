//! The error of the reconstruction.

use ndarray::Axis;

use crate::detector::{
    DetectorError,
    chunk::Chunk,
    joined::Joined,
    score::{Outputs, Score},
    values::Values,
};

/// `sum (x - x_hat)^2` over the features, in scaled units, or the sum of the errors of the cells of a mixed table.
#[derive(Debug)]
pub(in crate::detector) struct Reconstruction;

impl Score for Reconstruction {
    fn of(&self, rows: &Chunk<'_>) -> Result<Vec<f64>, DetectorError> {
        if let Some(errors) = &rows.errors {
            return Ok(errors.sum_axis(Axis(1)).to_vec());
        }
        Ok(rows.residuals.outer_iter().map(|residual| residual.dot(&residual)).collect())
    }

    fn add_to(&self, graph: &mut Joined, prefix: &str, values: &Values) -> Result<Outputs, DetectorError> {
        let mut call = graph.call(prefix);
        let errors = match &values.errors {
            Some(errors) => errors.clone(),
            None => call.node("Mul", &[values.residual.clone(), values.residual.clone()]),
        };
        let score = call.sum(&errors, 1);
        Ok(Outputs::with_share_of_error(score, graph, prefix, values))
    }
}
