//! Samples before and after.

use ndarray::{Array2, ArrayD};

/// A batch before and after.
pub(crate) struct Denoised {
    /// `[rows, features]`.
    pub(crate) noisy: Array2<f32>,
    /// `[rows, features]`, where the clean samples are known.
    pub(crate) clean: Option<Array2<f32>>,
    /// `[rows, ...sample shape]`.
    pub(crate) denoised: ArrayD<f32>,
}
