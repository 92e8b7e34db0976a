//! The default score: how far a row is from known rows, and how badly it is reconstructed.

use super::{soft_distance::SoftDistance, whitened::Whitened};
use crate::detector::{
    chunk::Chunk,
    error::DetectorError,
    joined::Joined,
    parts::Parts,
    rows::Rows,
    score::{Outputs, Score},
    values::{Values, share_of},
};

/// Weight of the logarithm of the whitened error. That of the distance has the weight 1.
const ERROR_WEIGHT: f64 = 0.2;

/// Number that is added before a logarithm. Both values are usually above 0.5; far below this number they are rounding
/// errors, whose logarithms would differ between engines.
const SMALLEST: f64 = 0.01;

/// `ln d + 0.2 ln e` with the smooth distance `d` to stored rows and the mean whitened squared error `e` per feature.
///
/// The sum of logarithms is the logarithm of a product, so neither part needs a unit and no labels are needed to weigh
/// them. The distance finds rows in regions without data. The error finds rows that are close to data but break the
/// relations between features that the model has learned.
pub(in crate::detector) struct Combined {
    distance: SoftDistance,
    error: Whitened,
}

impl Combined {
    /// Fits both parts.
    pub(in crate::detector) fn fit(parts: Parts<'_>, rows: &Rows) -> Result<Self, DetectorError> {
        Ok(Combined { distance: SoftDistance::fit(parts, rows)?, error: Whitened::fit(parts, rows)? })
    }
}

impl Score for Combined {
    fn of(&self, rows: &Chunk<'_>) -> Result<Vec<f64>, DetectorError> {
        let features = rows.residuals.ncols() as f64;
        let log = |value: f64| (value + SMALLEST).ln();
        let errors = self.error.of(rows)?;
        let pairs = self.distance.of(rows).into_iter().zip(errors);
        // Rounding can make a distance of 0 slightly negative.
        let of_pair = |(distance, error): (f64, f64)| log(distance.max(0.0)) + ERROR_WEIGHT * log(error / features);
        Ok(pairs.map(of_pair).collect())
    }

    fn add_to(&self, graph: &mut Joined, prefix: &str, values: &Values) -> Result<Outputs, DetectorError> {
        let (distance, difference) = self.distance.add_to(graph, &format!("{prefix}.distance"), values);
        let Outputs { score: error, share: error_share } =
            self.error.add_to(graph, &format!("{prefix}.error"), values)?;
        let name = format!("{prefix}.combined");
        let mut call = graph.call(&name);
        let smallest = call.floats("smallest", &[], &[SMALLEST as f32]);
        let weight = call.floats("weight", &[], &[ERROR_WEIGHT as f32]);
        let features = call.floats("features", &[], &[values.features as f32]);
        // Rounding can make a distance of 0 slightly negative.
        let zero = call.floats("zero", &[], &[0.0]);
        let distance = call.node("Clip", &[distance, zero]);
        let distance = call.node("Add", &[distance, smallest.clone()]);
        let log_distance = call.node("Log", &[distance]);
        let error = call.node("Div", &[error, features]);
        let error = call.node("Add", &[error, smallest]);
        let log_error = call.node("Log", &[error]);
        let weighted = call.node("Mul", &[log_error, weight]);
        let score = call.node("Add", &[log_distance, weighted]);
        let share = match difference {
            None => error_share,
            Some(difference) => {
                let distance_share = share_of(&mut graph.call(&format!("{prefix}.distance.share")), &difference);
                let name = format!("{prefix}.share");
                let mut call = graph.call(&name);
                let of_error = call.floats("of_error", &[], &[(ERROR_WEIGHT / (1.0 + ERROR_WEIGHT)) as f32]);
                let of_distance = call.floats("of_distance", &[], &[(1.0 / (1.0 + ERROR_WEIGHT)) as f32]);
                let error_part = call.node("Mul", &[error_share, of_error]);
                let distance_part = call.node("Mul", &[distance_share, of_distance]);
                call.node("Add", &[distance_part, error_part])
            }
        };
        Ok(Outputs { score, share })
    }
}
