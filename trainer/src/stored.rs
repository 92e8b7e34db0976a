//! Float tensors for a safetensors file, converted to bytes one tensor at a time.

use std::{borrow::Cow, collections::HashMap};

use ndarray::ArrayD;
use safetensors::{
    Dtype, View,
    tensor::{Metadata, TensorInfo},
};

use crate::TrainError;

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

/// The tensors of a safetensors file that is written in pieces.
pub(crate) struct StoredTensors<'a> {
    /// Sorted by name.
    tensors: Vec<(String, Stored<'a>)>,
}

impl<'a> StoredTensors<'a> {
    pub(crate) fn new(tensors: impl IntoIterator<Item = (String, Stored<'a>)>) -> Self {
        let mut tensors: Vec<_> = tensors.into_iter().collect();
        tensors.sort_by(|(one, _), (other, _)| one.cmp(other));
        StoredTensors { tensors }
    }

    /// Returns the start of the file: the length of the header in 8 bytes, then the header, padded with spaces to a
    /// multiple of 8 bytes.
    pub(crate) fn header(&self, metadata: Option<HashMap<String, String>>) -> Result<Vec<u8>, TrainError> {
        let mut offset = 0;
        let info = |(name, tensor): &(String, Stored<'_>)| {
            let start = offset;
            offset += tensor.data_len();
            (name.clone(), TensorInfo { dtype: Dtype::F32, shape: tensor.shape.clone(), data_offsets: (start, offset) })
        };
        let header = Metadata::new(metadata, self.tensors.iter().map(info).collect())?;
        let mut text = serde_json::to_vec(&header).map_err(candle_core::Error::wrap)?;
        text.resize(text.len().next_multiple_of(8), b' ');
        Ok([&(text.len() as u64).to_le_bytes()[..], &text].concat())
    }

    /// Returns the rest of the file, one tensor at a time.
    pub(crate) fn chunks(&self) -> impl Iterator<Item = Cow<'_, [u8]>> {
        self.tensors.iter().map(|(_, tensor)| tensor.data())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_in_pieces_are_the_file_that_safetensors_writes() {
        let matrix = ArrayD::from_shape_fn(vec![3, 5], |index| (index[0] * 5 + index[1]) as f32);
        let tensors = || {
            [("weights/b", Stored::array(&matrix)), ("memory/a", Stored::flat(&[1.0, -2.0]))]
                .map(|(name, tensor)| (name.to_owned(), tensor))
        };
        let metadata = HashMap::from([("narrows".to_owned(), "{}".to_owned())]);
        let pieces = StoredTensors::new(tensors());
        let mut file = pieces.header(Some(metadata.clone())).expect("consistent sizes");
        pieces.chunks().for_each(|bytes| file.extend_from_slice(&bytes));
        assert_eq!(file, safetensors::serialize(tensors(), Some(metadata)).expect("consistent sizes"));
    }
}
