//! Inputs of a model: arrays of samples or codes in any layout, with optional labels.

use ndarray::{ArrayBase, ArrayView, ArrayViewD, Data, Dimension};

/// A batch of samples in the unit of the data, borrowed from an array of `f32` or `u8`.
///
/// The shape is `[batch, ...sample shape]`, or `[batch, features]` with each row in row-major order, so a table of
/// pixels needs no reshaping. Any layout is accepted; transposed and strided views are copied. `u8` is converted to
/// `f32`.
///
/// A conditional model also needs a label for every row: `Samples::from(&images).labelled(&labels)`.
#[derive(Debug, Clone)]
pub struct Samples<'a> {
    pub(crate) values: Values<'a>,
    pub(crate) labels: Option<&'a [i64]>,
}

/// A batch of codes, borrowed from an array of `f32` with the shape `[batch, latent]`.
///
/// The decoder of a conditional model also needs a label for every row:
/// `Codes::from(&codes).labelled(&labels)`.
#[derive(Debug, Clone)]
pub struct Codes<'a> {
    pub(crate) values: Values<'a>,
    pub(crate) labels: Option<&'a [i64]>,
}

#[derive(Debug, Clone)]
pub(crate) enum Values<'a> {
    Floats(ArrayViewD<'a, f32>),
    Bytes(ArrayViewD<'a, u8>),
}

impl Values<'_> {
    pub(crate) fn shape(&self) -> &[usize] {
        match self {
            Values::Floats(view) => view.shape(),
            Values::Bytes(view) => view.shape(),
        }
    }
}

impl<'a> Samples<'a> {
    /// Adds the label of every row: `labels[i]`, in `0..classes`, is the class of row `i`.
    #[must_use]
    pub fn labelled(mut self, labels: &'a [i64]) -> Self {
        self.labels = Some(labels);
        self
    }
}

impl<'a> Codes<'a> {
    /// Adds the label of every row: `labels[i]`, in `0..classes`, is the class of row `i`.
    #[must_use]
    pub fn labelled(mut self, labels: &'a [i64]) -> Self {
        self.labels = Some(labels);
        self
    }
}

impl<'a, D: Dimension> From<ArrayView<'a, f32, D>> for Samples<'a> {
    fn from(view: ArrayView<'a, f32, D>) -> Self {
        Samples { values: Values::Floats(view.into_dyn()), labels: None }
    }
}

impl<'a, D: Dimension> From<ArrayView<'a, u8, D>> for Samples<'a> {
    fn from(view: ArrayView<'a, u8, D>) -> Self {
        Samples { values: Values::Bytes(view.into_dyn()), labels: None }
    }
}

impl<'a, S: Data<Elem = f32>, D: Dimension> From<&'a ArrayBase<S, D, f32>> for Samples<'a> {
    fn from(array: &'a ArrayBase<S, D, f32>) -> Self {
        array.view().into()
    }
}

impl<'a, S: Data<Elem = u8>, D: Dimension> From<&'a ArrayBase<S, D, u8>> for Samples<'a> {
    fn from(array: &'a ArrayBase<S, D, u8>) -> Self {
        array.view().into()
    }
}

impl<'a, D: Dimension> From<ArrayView<'a, f32, D>> for Codes<'a> {
    fn from(view: ArrayView<'a, f32, D>) -> Self {
        Codes { values: Values::Floats(view.into_dyn()), labels: None }
    }
}

impl<'a, S: Data<Elem = f32>, D: Dimension> From<&'a ArrayBase<S, D, f32>> for Codes<'a> {
    fn from(array: &'a ArrayBase<S, D, f32>) -> Self {
        array.view().into()
    }
}
