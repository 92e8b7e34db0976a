//! Where the files of a bundle come from: a folder, or a packed file.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{BundleError, MANIFEST, limited::read_limited, packed::Packed};

/// What errors call a packed bundle that no file holds.
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
    /// What lies at `path`.
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

    /// A packed file in memory.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, BundleError> {
        let path = PathBuf::from(IN_MEMORY);
        let form = Form::Packed(Packed::from_bytes(&path, bytes)?);
        Ok(Storage { path, form })
    }

    /// The folder, or the packed file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What errors call a file of the bundle.
    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The content of a file of at most `limit` bytes.
    pub(crate) fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>, BundleError> {
        let place = self.place(name);
        match &self.form {
            Form::Folder => read_limited(&place, limit),
            Form::Packed(packed) => match packed.file(name) {
                Some(bytes) if bytes.len() as u64 > limit => {
                    Err(BundleError::TooLarge { path: place, found: bytes.len() as u64, limit })
                }
                Some(bytes) => Ok(bytes.to_vec()),
                None => Err(BundleError::invalid(place, "the packed file does not hold it")),
            },
        }
    }

    /// Whether a file that the manifest lists should be there: in a folder all are.
    pub(crate) fn should_hold(&self, name: &str) -> bool {
        match &self.form {
            Form::Folder => true,
            Form::Packed(packed) => packed.file(name).is_some(),
        }
    }

    /// A name beside the manifest's that is packed and not among these.
    pub(crate) fn stranger(&self, is_listed: impl Fn(&str) -> bool) -> Option<&str> {
        match &self.form {
            Form::Folder => None,
            Form::Packed(packed) => packed.names().find(|name| *name != MANIFEST && !is_listed(name)),
        }
    }
}
