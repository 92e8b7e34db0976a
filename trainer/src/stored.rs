//! Float tensors for a safetensors file, converted to bytes one tensor at a time.

use std::borrow::Cow;

use ndarray::ArrayD;
use safetensors::{Dtype, View};

/// A tensor to write.
pub(crate) struct Stored<'a> {
    shape: Vec<usize>,
    values: Cow<'a, [f32]>,
}

impl<'a> Stored<'a> {
    pub(crate) fn array(array: &'a ArrayD<f32>) -> Self {
        let values = array.as_slice().map_or_else(|| array.iter().copied().collect(), Cow::Borrowed);
        Stored { shape: array.shape().to_vec(), values }
    }

    pub(crate) fn flat(values: &'a [f32]) -> Self {
        Stored { shape: vec![values.len()], values: Cow::Borrowed(values) }
    }
}

impl View for Stored<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let mut bytes = vec![0; self.data_len()];
        for (chunk, value) in bytes.as_chunks_mut().0.iter_mut().zip(self.values.iter()) {
            *chunk = value.to_le_bytes();
        }
        Cow::Owned(bytes)
    }

    fn data_len(&self) -> usize {
        size_of::<f32>() * self.values.len()
    }
}
