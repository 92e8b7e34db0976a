//! Samples in the unit of the digits, 0 to 16, and in the network's, 0 to 1.

use narrows_trainer::data::Part;
use ndarray::{Array2, ArrayD, Axis};

/// White.
const BRIGHTEST: f32 = 16.0;

/// The rows of a part, `[rows, features]` in `[0, 1]`.
pub(crate) fn scaled(part: &Part) -> Array2<f32> {
    part.values.to_f32().expect("in memory").mapv(|value| value / BRIGHTEST)
}

/// From the network's unit to the data's.
pub(crate) fn to_data_unit(scaled: &Array2<f32>) -> Array2<f32> {
    scaled.mapv(|value| value * BRIGHTEST)
}

/// What a model returned, `[rows, ...sample shape]` in the data's unit, as `[rows, features]` in the network's.
pub(crate) fn from_data_unit(samples: &ArrayD<f32>) -> Array2<f32> {
    let rows = samples.len_of(Axis(0));
    let flat = samples.to_shape((rows, samples.len() / rows)).expect("rows times the rest is the whole");
    flat.mapv(|value| value / BRIGHTEST)
}

/// The squared difference per number.
pub(crate) fn mean_squared_error(found: &Array2<f32>, expected: &Array2<f32>) -> f64 {
    let squares = found.iter().zip(expected).map(|(found, expected)| f64::from(found - expected).powi(2));
    squares.sum::<f64>() / expected.len() as f64
}

/// The sample variance of each feature over the rows, averaged over the features.
pub(crate) fn mean_variance(rows: &Array2<f32>) -> f64 {
    rows.mapv(f64::from).var_axis(Axis(0), 1.0).mean().expect("at least one feature")
}
