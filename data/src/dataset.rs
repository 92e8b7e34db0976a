//! What loading returns: values, labels and classes, in a training and a test part.

use ndarray::{Array2, Axis, CowArray, Ix2};

/// Rows of samples, each flattened row-major to one row: `[rows, features]`, in the data's own unit.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Bytes, as images come; kept narrow, a quarter of the memory.
    U8(Array2<u8>),
    /// Finite single-precision numbers.
    F32(Array2<f32>),
}

impl Values {
    /// The number of samples.
    pub fn rows(&self) -> usize {
        match self {
            Self::U8(values) => values.nrows(),
            Self::F32(values) => values.nrows(),
        }
    }

    /// The number of values in a sample, the product of its shape.
    pub fn features(&self) -> usize {
        match self {
            Self::U8(values) => values.ncols(),
            Self::F32(values) => values.ncols(),
        }
    }

    /// The rows with these numbers, in this order: `[rows.len(), features]`. A row may come twice.
    ///
    /// # Panics
    ///
    /// Where a number is not below [`rows`](Self::rows).
    pub fn select(&self, rows: &[usize]) -> Values {
        match self {
            Self::U8(values) => Self::U8(values.select(Axis(0), rows)),
            Self::F32(values) => Self::F32(values.select(Axis(0), rows)),
        }
    }

    /// The same numbers as `f32`, `[rows, features]`: bytes are widened, unscaled, and what is
    /// `f32` already is lent.
    pub fn to_f32(&self) -> CowArray<'_, f32, Ix2> {
        match self {
            Self::U8(values) => values.mapv(f32::from).into(),
            Self::F32(values) => values.view().into(),
        }
    }

    /// The smallest and largest value that the element type (bytes) or the data itself (`f32`) has.
    pub(crate) fn range(&self) -> (f32, f32) {
        match self {
            Self::U8(_) => (0.0, 255.0),
            Self::F32(values) => values
                .iter()
                .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &value| (low.min(value), high.max(value))),
        }
    }
}

/// Samples that are used together: to train on, or to test with.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The samples, `[rows, features]`.
    pub values: Values,
    /// One label a row, each an index into [`Dataset::classes`].
    pub labels: Option<Vec<u32>>,
}

/// A set of data as it was found: never empty, every value finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// `digits`, `mnist`, `fashion-mnist`, or the name of the file or folder without its extension.
    pub name: String,
    /// The shape of one sample: `[8, 8]`, `[28, 28]`, `[columns]`.
    pub sample_shape: Vec<usize>,
    /// The lowest and highest value, in the data's own unit: 0 to 255 for bytes, 0 to 16 for
    /// digits, and what the training part holds for `f32`.
    pub range: (f32, f32),
    /// What to train on.
    pub train: Part,
    /// What to test with, where the source sets it apart.
    pub test: Option<Part>,
    /// The names of the classes, where there are labels.
    pub classes: Option<Vec<String>>,
}

/// Cuts `values` into rows of `features` values; the caller has counted them.
pub(crate) fn matrix<T>(values: Vec<T>, features: usize) -> Array2<T> {
    let rows = values.len() / features;
    Array2::from_shape_vec((rows, features), values)
        .expect("callers pass a whole number of rows with at least one feature")
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn select_takes_rows_in_the_order_asked_for() {
        let values = Values::U8(array![[1, 2], [3, 4], [5, 6]]);
        let expected = Values::U8(array![[5, 6], [1, 2], [5, 6]]);
        assert_eq!(values.select(&[2, 0, 2]), expected);
    }

    #[test]
    fn widening_keeps_the_unit() {
        let bytes = Values::U8(array![[0, 255]]);
        assert_eq!(bytes.to_f32(), array![[0.0, 255.0]]);
        let floats = Values::F32(array![[0.5, -1.0]]);
        assert_eq!(floats.to_f32(), array![[0.5, -1.0]]);
    }

    #[test]
    fn range_is_that_of_the_type_for_bytes_and_observed_for_floats() {
        assert_eq!(Values::U8(array![[7]]).range(), (0.0, 255.0));
        assert_eq!(Values::F32(array![[0.5], [-2.0]]).range(), (-2.0, 0.5));
    }
}
