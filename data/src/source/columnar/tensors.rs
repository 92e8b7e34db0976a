//! Arrow's extension type of tensors: a list of a fixed length per row, whose metadata has the shape of the tensor.

use std::path::Path;

use arrow_schema::{DataType, Field};
use serde::Deserialize;

use crate::{content_error::ContentError, error::DataError};

const NAME_KEY: &str = "ARROW:extension:name";
const METADATA_KEY: &str = "ARROW:extension:metadata";
const FIXED_SHAPE: &str = "arrow.fixed_shape_tensor";

/// The metadata of the extension.
#[derive(Deserialize)]
struct Metadata {
    /// The sizes in the order of the values in memory.
    shape: Vec<usize>,
    /// The order of the dimensions for the reader, if it is not that in memory.
    permutation: Option<Vec<usize>>,
}

/// Returns the shape of the tensors of a column, or `None` if it does not contain tensors.
///
/// # Errors
/// Metadata that is not valid or does not fit the lists, and dimensions in another order than in memory.
pub(super) fn tensor_shape(path: &Path, field: &Field) -> Result<Option<Vec<usize>>, DataError> {
    let (name, metadata) = (field.metadata().get(NAME_KEY), field.metadata().get(METADATA_KEY));
    let DataType::FixedSizeList(_, length) = field.data_type() else { return Ok(None) };
    if name.map(String::as_str) != Some(FIXED_SHAPE) {
        return Ok(None);
    }
    let refused = |fault: &'static str| {
        let (path, column) = (path.to_owned(), field.name().clone());
        Err(DataError::content(ContentError::Tensor { path, column, fault }))
    };
    let parsed = metadata.and_then(|text| serde_json::from_str::<Metadata>(text).ok());
    let Some(Metadata { shape, permutation }) = parsed else { return refused("metadata that cannot be read") };
    let size = shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
    if shape.is_empty() || size != usize::try_from(*length).ok() {
        return refused("a shape that does not fit the length of its lists");
    }
    if permutation.is_some_and(|order| !order.iter().copied().eq(0..order.len())) {
        return refused("dimensions in another order than in memory");
    }
    Ok(Some(shape))
}
