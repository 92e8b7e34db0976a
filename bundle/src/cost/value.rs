//! A value of a graph: its shape and, if it is a small constant, its elements.

use crate::onnx::{Tensor, element};

/// Longest constant whose elements are kept: shapes, axes and scales are short.
const LONGEST: usize = 64;

/// A value of a graph, for one row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Value {
    shape: Vec<u64>,
    count: u64,
    elements: Elements,
}

#[derive(Debug, Clone, PartialEq)]
enum Elements {
    Unknown,
    Integers(Vec<i64>),
    Floats(Vec<f32>),
}

impl Value {
    /// Creates a value that is computed. A number of elements that overflows is the largest number.
    pub(super) fn of_shape(shape: Vec<u64>) -> Self {
        let count =
            if shape.contains(&0) { 0 } else { shape.iter().fold(1, |count: u64, &size| count.saturating_mul(size)) };
        Value { shape, count, elements: Elements::Unknown }
    }

    /// Returns the value, unless the number of its elements overflows.
    pub(super) fn if_possible(self) -> Option<Self> {
        (self.count < u64::MAX).then_some(self)
    }

    /// Creates the value of a constant.
    pub(super) fn of_constant(tensor: &Tensor) -> Option<Self> {
        let shape = tensor.dims.iter().map(|&size| u64::try_from(size).ok()).collect::<Option<Vec<_>>>()?;
        let value = Self::of_shape(shape);
        let is_short = value.count <= LONGEST as u64;
        let elements = match tensor.data_type {
            element::INT64 if is_short => {
                let (integers, _) = tensor.raw_data.as_chunks::<8>();
                Elements::Integers(integers.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect())
            }
            element::FLOAT if is_short => {
                let (floats, _) = tensor.raw_data.as_chunks::<4>();
                Elements::Floats(floats.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
            }
            _ => Elements::Unknown,
        };
        Some(Value { elements, ..value })
    }

    pub(super) fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// Number of elements.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The elements of a short constant of integers.
    pub(super) fn integers(&self) -> Option<&[i64]> {
        match &self.elements {
            Elements::Integers(values) => Some(values),
            Elements::Floats(_) | Elements::Unknown => None,
        }
    }

    /// The elements of a short constant of floats.
    pub(super) fn floats(&self) -> Option<&[f32]> {
        match &self.elements {
            Elements::Floats(values) => Some(values),
            Elements::Integers(_) | Elements::Unknown => None,
        }
    }
}
