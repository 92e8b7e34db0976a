//! Rows of samples that are in memory, as narrow as they came.

use ndarray::Array2;

/// Rows that were read: `[rows, features]`.
#[derive(Debug, PartialEq)]
pub(crate) enum InMemory {
    U8(Array2<u8>),
    F32(Array2<f32>),
}

/// Cuts `values` into rows of `features` values; the caller has counted them.
pub(crate) fn matrix<T>(values: Vec<T>, features: usize) -> Array2<T> {
    let rows = values.len() / features;
    Array2::from_shape_vec((rows, features), values)
        .expect("callers pass a whole number of rows with at least one feature")
}
