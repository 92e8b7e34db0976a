//! Reading of untrusted files: only regular files, only up to a size limit.

use std::{
    fs::{self, File},
    io::Read,
    path::Path,
};

use crate::BundleError;

/// Opens a regular file of at most `limit` bytes, and returns it with its length.
pub(crate) fn open_limited(path: &Path, limit: u64) -> Result<(File, u64), BundleError> {
    let metadata = fs::metadata(path).map_err(BundleError::io("read", path))?;
    // Opening a pipe would wait for a writer.
    if !metadata.is_file() {
        return Err(BundleError::invalid(path, "it is not a regular file"));
    }
    let (file, length) = (File::open(path).map_err(BundleError::io("read", path))?, metadata.len());
    if length > limit {
        return Err(BundleError::TooLarge { path: path.to_owned(), found: length, limit });
    }
    Ok((file, length))
}

/// Reads a regular file of at most `limit` bytes.
pub(crate) fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>, BundleError> {
    let (file, _) = open_limited(path, limit)?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(BundleError::io("read", path))?;
    Ok(bytes)
}
