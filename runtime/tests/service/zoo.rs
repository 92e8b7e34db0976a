//! The models of the tests, and rows for them.

use std::path::PathBuf;

use narrows_runtime::{Autoencoder, ndarray::Array2};

pub(crate) const WIDTH: usize = 64;

pub(crate) fn zoo(kind: &str) -> PathBuf {
    PathBuf::from(format!("{}/../models/zoo/{kind}", env!("CARGO_MANIFEST_DIR")))
}

pub(crate) fn model(kind: &str) -> Autoencoder {
    Autoencoder::open(zoo(kind)).expect("the zoo")
}

/// Returns images in the digits' unit, 0 to 16, that depend on the row and the seed.
pub(crate) fn rows(count: usize, seed: usize) -> Array2<f32> {
    Array2::from_shape_fn((count, WIDTH), |(row, column)| ((seed * 31 + row * 5 + column * 7) % 17) as f32)
}
