//! A bundle as one file: a safetensors file whose tensors, bytes in one dimension, are the bundle's files
//! under their names. Any reader of safetensors can take it apart again.

mod header;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    io::Read,
    ops::Range,
    path::Path,
    sync::Arc,
};

use safetensors::{Dtype, SafeTensorError, tensor::TensorView};

use crate::{BundleError, limited::open_limited};
use header::{FORMAT, HEADER_LIMIT, PREFIX, changed_length, files_in};

/// Bytes of a packed file at most.
const PACKED_LIMIT: u64 = 2 << 30;
/// Bytes of all files in it at most.
pub(crate) const CONTENT_LIMIT: u64 = PACKED_LIMIT - HEADER_LIMIT - PREFIX as u64;

/// A packed file in memory.
#[derive(Clone)]
pub(crate) struct Packed {
    bytes: Arc<Vec<u8>>,
    /// Where each file lies.
    files: BTreeMap<String, Range<usize>>,
}

impl Packed {
    /// Reads a packed file: its header first, so that nobody waits for gigabytes of something else.
    pub(crate) fn open(path: &Path) -> Result<Self, BundleError> {
        let (mut file, length) = open_limited(path, PACKED_LIMIT)?;
        let mut bytes = Vec::new();
        let head = PREFIX as u64 + HEADER_LIMIT;
        file.by_ref().take(head).read_to_end(&mut bytes).map_err(BundleError::io("read", path))?;
        let files = files_in(path, &bytes, length)?;
        file.take(length.saturating_sub(head)).read_to_end(&mut bytes).map_err(BundleError::io("read", path))?;
        // Somebody may be writing to it.
        if bytes.len() as u64 != length {
            return Err(changed_length(path, bytes.len() as u64, length));
        }
        Ok(Packed { bytes: Arc::new(bytes), files })
    }

    /// The same of bytes in memory; `path` is what errors call them.
    pub(crate) fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, BundleError> {
        let found = bytes.len() as u64;
        if found > PACKED_LIMIT {
            return Err(BundleError::TooLarge { path: path.to_owned(), found, limit: PACKED_LIMIT });
        }
        let files = files_in(path, bytes, found)?;
        Ok(Packed { bytes: Arc::new(bytes.to_vec()), files })
    }

    /// The content of a file, if there is one of that name.
    pub(crate) fn file(&self, name: &str) -> Option<&[u8]> {
        self.bytes.get(self.files.get(name)?.clone())
    }

    /// The names of all files.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }
}

impl fmt::Debug for Packed {
    /// Names alone: the content is large.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.files.keys()).finish()
    }
}

/// The bytes of a packed file that holds these files; the same files give the same bytes.
pub(crate) fn packed(files: &BTreeMap<&str, Vec<u8>>) -> Result<Vec<u8>, SafeTensorError> {
    let tensors = files
        .iter()
        .map(|(name, bytes)| Ok((*name, TensorView::new(Dtype::U8, vec![bytes.len()], bytes)?)))
        .collect::<Result<Vec<_>, SafeTensorError>>()?;
    let (key, value) = FORMAT;
    safetensors::serialize(tensors, Some(HashMap::from([(key.to_owned(), value.to_owned())])))
}
