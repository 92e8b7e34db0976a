//! Rows of samples in memory, as bytes or floats.

use ndarray::Array2;

/// Rows in memory: `[rows, features]`.
#[derive(Debug, PartialEq)]
pub(crate) enum InMemory {
    U8(Array2<u8>),
    F32(Array2<f32>),
}

/// Reshapes `values` to `[rows, features]`. Its length must be a multiple of `features`.
pub(crate) fn matrix<T>(values: Vec<T>, features: usize) -> Array2<T> {
    let rows = values.len() / features;
    Array2::from_shape_vec((rows, features), values).expect("callers pass complete rows with at least one feature")
}
