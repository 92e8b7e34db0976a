//! Named arrays in a safetensors file, the storage format of probes and mixtures.

use std::{collections::BTreeMap, path::Path};

use ndarray::ArrayD;
use safetensors::{Dtype, SafeTensorError, SafeTensors, tensor::TensorView};

use crate::BundleError;

/// Serialises named arrays as a safetensors file; the same arrays give the same bytes.
pub(crate) fn serialize<'a>(
    floats: impl IntoIterator<Item = (&'a str, &'a ArrayD<f32>)>,
    integers: impl IntoIterator<Item = (&'a str, &'a [i64])>,
) -> Result<Vec<u8>, SafeTensorError> {
    let floats = floats.into_iter().map(|(name, array)| {
        let bytes: Vec<u8> = array.iter().flat_map(|value| value.to_le_bytes()).collect();
        (name, (Dtype::F32, array.shape().to_vec(), bytes))
    });
    serialize_tensors(floats.chain(integer_tensors(integers)))
}

/// Serialises named arrays of 64-bit floats and of integers as a safetensors file; the same arrays give the same bytes.
pub(crate) fn serialize_doubles<'a>(
    arrays: impl IntoIterator<Item = (&'a str, &'a ArrayD<f64>)>,
    integers: Option<(&'a str, &'a [i64])>,
) -> Result<Vec<u8>, SafeTensorError> {
    let arrays = arrays.into_iter().map(|(name, array)| {
        let bytes: Vec<u8> = array.iter().flat_map(|value| value.to_le_bytes()).collect();
        (name, (Dtype::F64, array.shape().to_vec(), bytes))
    });
    serialize_tensors(arrays.chain(integer_tensors(integers)))
}

/// A tensor as it is stored: element type, shape and bytes.
type StoredTensor = (Dtype, Vec<usize>, Vec<u8>);

fn integer_tensors<'a>(
    integers: impl IntoIterator<Item = (&'a str, &'a [i64])>,
) -> impl Iterator<Item = (&'a str, StoredTensor)> {
    integers.into_iter().map(|(name, values)| {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        (name, (Dtype::I64, vec![values.len()], bytes))
    })
}

fn serialize_tensors<'a>(tensors: impl Iterator<Item = (&'a str, StoredTensor)>) -> Result<Vec<u8>, SafeTensorError> {
    let stored: BTreeMap<&str, _> = tensors.collect();
    let views = stored
        .iter()
        .map(|(name, (dtype, shape, bytes))| Ok((*name, TensorView::new(*dtype, shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>, SafeTensorError>>()?;
    safetensors::serialize(views, None)
}

/// An opened file of named arrays; `path` is for error messages.
pub(crate) struct Tensors<'a> {
    path: &'a Path,
    file: SafeTensors<'a>,
}

impl<'a> Tensors<'a> {
    pub(crate) fn open(path: &'a Path, bytes: &'a [u8]) -> Result<Self, BundleError> {
        let file = SafeTensors::deserialize(bytes)
            .map_err(|error| BundleError::invalid(path, format!("it is not a safetensors file ({error})")))?;
        Ok(Tensors { path, file })
    }

    /// Returns the float array `name`.
    pub(crate) fn floats(&self, name: &str) -> Result<ArrayD<f32>, BundleError> {
        let view = self.view(name, Dtype::F32)?;
        let (chunks, _) = view.data().as_chunks::<4>();
        let values = chunks.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        ArrayD::from_shape_vec(view.shape(), values).map_err(|error| self.invalid(format!("tensor `{name}`: {error}")))
    }

    /// Returns the array of 64-bit floats `name`.
    pub(crate) fn doubles(&self, name: &str) -> Result<ArrayD<f64>, BundleError> {
        let view = self.view(name, Dtype::F64)?;
        let (chunks, _) = view.data().as_chunks::<8>();
        let values = chunks.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
        ArrayD::from_shape_vec(view.shape(), values).map_err(|error| self.invalid(format!("tensor `{name}`: {error}")))
    }

    /// Returns the array of unsigned 64-bit integers `name`.
    pub(crate) fn counts(&self, name: &str) -> Result<Vec<u64>, BundleError> {
        let view = self.view(name, Dtype::U64)?;
        let (chunks, _) = view.data().as_chunks::<8>();
        Ok(chunks.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect())
    }

    /// Returns the first array that is not among `known`, in alphabetical order.
    pub(crate) fn unknown(&self, known: &[&str]) -> Option<&str> {
        self.file.names().into_iter().filter(|name| !known.contains(name)).min()
    }

    /// Returns whether the file contains the array `name`.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.file.names().contains(&name)
    }

    /// Returns the float arrays `names`.
    pub(crate) fn named(&self, names: &[String]) -> Result<BTreeMap<String, ArrayD<f32>>, BundleError> {
        names.iter().map(|name| Ok((name.clone(), self.floats(name)?))).collect()
    }

    /// Returns the integer array `name`, or `None` if the file does not contain it.
    pub(crate) fn integers(&self, name: &str) -> Result<Option<Vec<i64>>, BundleError> {
        if !self.contains(name) {
            return Ok(None);
        }
        let view = self.view(name, Dtype::I64)?;
        let (chunks, _) = view.data().as_chunks::<8>();
        Ok(Some(chunks.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect()))
    }

    /// Checks that the tensor `first` has rows, and that all others have as many.
    pub(crate) fn check_rows(
        &self,
        (first, rows): (&str, usize),
        others: impl IntoIterator<Item = usize>,
    ) -> Result<(), BundleError> {
        if rows == 0 {
            return Err(self.invalid(format!("its tensor `{first}` has no rows")));
        }
        if others.into_iter().all(|other| other == rows) {
            return Ok(());
        }
        Err(self.invalid(format!("its tensors have different numbers of rows ({rows} in `{first}`)")))
    }

    fn view(&self, name: &str, dtype: Dtype) -> Result<TensorView<'_>, BundleError> {
        let view = self.file.tensor(name).map_err(|_| self.invalid(format!("it has no tensor `{name}`")))?;
        if view.dtype() == dtype {
            Ok(view)
        } else {
            Err(self.invalid(format!("tensor `{name}` is {:?}, expected {dtype:?}", view.dtype())))
        }
    }

    fn invalid(&self, what: String) -> BundleError {
        BundleError::invalid(self.path, what)
    }
}

/// Returns the number of rows of an array, its first dimension.
pub(crate) fn rows_of(array: &ArrayD<f32>) -> usize {
    array.shape().first().copied().unwrap_or(0)
}
