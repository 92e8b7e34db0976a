//! The storage of a bundle's files: a folder or a packed file.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{BundleError, MANIFEST, limited::read_limited, packed::Packed};

/// Name of a packed bundle in memory, used in errors.
const IN_MEMORY: &str = "packed bundle";

/// A folder, or a packed file.
#[derive(Debug, Clone)]
pub(crate) struct Storage {
    path: PathBuf,
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    Folder,
    Packed(Packed),
}

impl Storage {
    /// Opens the folder or packed file at `path`.
    pub(crate) fn open(path: PathBuf) -> Result<Self, BundleError> {
        let form = match fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => Form::Packed(Packed::open(&path)?),
            Ok(metadata) if metadata.is_dir() => match fs::metadata(path.join(MANIFEST)) {
                Ok(_) => Form::Folder,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(BundleError::NotABundle { path }),
                Err(error) => return Err(BundleError::io("read", path.join(MANIFEST))(error)),
            },
            Ok(_) => return Err(BundleError::invalid(path, "it is neither a folder nor a regular file")),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Err(BundleError::Missing { path });
            }
            Err(error) => return Err(BundleError::io("read", path)(error)),
        };
        Ok(Storage { path, form })
    }

    /// Parses a packed file in memory.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, BundleError> {
        let path = PathBuf::from(IN_MEMORY);
        let form = Form::Packed(Packed::from_bytes(&path, bytes)?);
        Ok(Storage { path, form })
    }

    /// Returns the path of the folder or packed file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of a file of the bundle, used in errors.
    pub(crate) fn file_path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Returns the content of a file of at most `limit` bytes.
    pub(crate) fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>, BundleError> {
        let path = self.file_path(name);
        match &self.form {
            Form::Folder => read_limited(&path, limit),
            Form::Packed(packed) => match packed.file(name) {
                Some(bytes) if bytes.len() as u64 > limit => {
                    Err(BundleError::TooLarge { path, found: bytes.len() as u64, limit })
                }
                Some(bytes) => Ok(bytes.to_vec()),
                None => Err(BundleError::invalid(path, "the packed file does not contain it")),
            },
        }
    }

    /// Returns whether a file that the manifest lists is expected to exist: every one in a folder, the packed ones
    /// in a packed file.
    pub(crate) fn should_contain(&self, name: &str) -> bool {
        match &self.form {
            Form::Folder => true,
            Form::Packed(packed) => packed.file(name).is_some(),
        }
    }

    /// Returns the name of a packed file, other than the manifest, for which `is_listed` is false.
    pub(crate) fn unlisted_file(&self, is_listed: impl Fn(&str) -> bool) -> Option<&str> {
        match &self.form {
            Form::Folder => None,
            Form::Packed(packed) => packed.names().find(|name| *name != MANIFEST && !is_listed(name)),
        }
    }
}
