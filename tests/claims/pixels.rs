//! Conversions between the unit of the digits, 0 to 16, and the unit of the network, 0 to 1.

use narrows_trainer::data::Part;
use ndarray::{Array2, ArrayD, Axis};

/// The value of a white pixel.
const MAX_PIXEL: f32 = 16.0;

/// Returns the rows of a part, `[rows, features]`, in the network's unit.
pub(crate) fn scaled(part: &Part) -> Array2<f32> {
    part.values.to_f32().expect("in memory").mapv(|value| value / MAX_PIXEL)
}

/// Converts rows from the network's unit to the data's.
pub(crate) fn to_data_unit(scaled: &Array2<f32>) -> Array2<f32> {
    scaled.mapv(|value| value * MAX_PIXEL)
}

/// Converts samples `[rows, ...sample shape]` in the data's unit to `[rows, features]` in the network's.
pub(crate) fn from_data_unit(samples: &ArrayD<f32>) -> Array2<f32> {
    let rows = samples.len_of(Axis(0));
    let flat = samples.to_shape((rows, samples.len() / rows)).expect("the same number of values");
    flat.mapv(|value| value / MAX_PIXEL)
}

/// Returns the mean squared error over all values.
pub(crate) fn mean_squared_error(actual: &Array2<f32>, expected: &Array2<f32>) -> f64 {
    let squares = actual.iter().zip(expected).map(|(actual, expected)| f64::from(actual - expected).powi(2));
    squares.sum::<f64>() / expected.len() as f64
}

/// Returns the sample variance over the rows, averaged over the features.
pub(crate) fn mean_variance(rows: &Array2<f32>) -> f64 {
    rows.mapv(f64::from).var_axis(Axis(0), 1.0).mean().expect("at least one feature")
}
