//! A bundle as one file, in the safetensors format: each file of the bundle is a one-dimensional `U8` tensor
//! under the file's name. Any safetensors reader can unpack it.

mod header;

use std::{collections::BTreeMap, fmt, io::Read, ops::Range, path::Path, sync::Arc};

use safetensors::{Dtype, SafeTensorError, tensor::TensorView};

use crate::{BundleError, limited::open_limited};
use header::{FORMAT, HEADER_LIMIT, PREFIX, changed_length, parse_header};

/// Largest size of a packed file, in bytes.
const PACKED_LIMIT: u64 = 2 << 30;
/// Largest total size of the files in it, in bytes.
pub(crate) const CONTENT_LIMIT: u64 = PACKED_LIMIT - HEADER_LIMIT - PREFIX as u64;

/// A packed file in memory.
#[derive(Clone)]
pub(crate) struct Packed {
    bytes: Arc<Vec<u8>>,
    /// Byte range of each file, by name.
    files: BTreeMap<String, Range<usize>>,
}

impl Packed {
    /// Reads a packed file: first its header, so that a large file of another format is refused without reading
    /// all of it.
    pub(crate) fn open(path: &Path) -> Result<Self, BundleError> {
        let (mut file, length) = open_limited(path, PACKED_LIMIT)?;
        let mut bytes = Vec::new();
        let header_end = PREFIX as u64 + HEADER_LIMIT;
        file.by_ref().take(header_end).read_to_end(&mut bytes).map_err(BundleError::io("read", path))?;
        let files = parse_header(path, &bytes, length)?;
        file.take(length.saturating_sub(header_end)).read_to_end(&mut bytes).map_err(BundleError::io("read", path))?;
        // Another process may be writing to the file.
        if bytes.len() as u64 != length {
            return Err(changed_length(path, bytes.len() as u64, length));
        }
        Ok(Packed { bytes: Arc::new(bytes), files })
    }

    /// Parses a packed file in memory; error messages refer to it as `path`.
    pub(crate) fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, BundleError> {
        let length = bytes.len() as u64;
        if length > PACKED_LIMIT {
            return Err(BundleError::TooLarge { path: path.to_owned(), found: length, limit: PACKED_LIMIT });
        }
        let files = parse_header(path, bytes, length)?;
        Ok(Packed { bytes: Arc::new(bytes.to_vec()), files })
    }

    /// Returns the content of a file, or `None` if there is no file of that name.
    pub(crate) fn file(&self, name: &str) -> Option<&[u8]> {
        self.bytes.get(self.files.get(name)?.clone())
    }

    /// Iterates over the names of all files.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }
}

impl fmt::Debug for Packed {
    /// Prints only the names, because the content is large.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.files.keys()).finish()
    }
}

/// Serialises these files as a packed file; the same files give the same bytes.
pub(crate) fn pack_files(files: &BTreeMap<&str, Vec<u8>>) -> Result<Vec<u8>, SafeTensorError> {
    let tensors = files
        .iter()
        .map(|(name, bytes)| Ok((*name, TensorView::new(Dtype::U8, vec![bytes.len()], bytes)?)))
        .collect::<Result<Vec<_>, SafeTensorError>>()?;
    let (key, value) = FORMAT;
    // Collected, because the type of the map depends on the feature `std` of safetensors.
    let metadata = [(key.to_owned(), value.to_owned())].into_iter().collect();
    safetensors::serialize(tensors, Some(metadata))
}
