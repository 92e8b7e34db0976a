//! Writing a bundle: beside its destination first, renamed into place when it is whole.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use crate::{BundleError, FileRecord, MANIFEST, Manifest, sha256_hex};

/// A bundle under construction, in a hidden folder beside its destination.
///
/// Dropped before [`Stage::publish`], it takes its folder with it: a bundle exists whole or not at
/// all.
#[derive(Debug)]
pub struct Stage {
    temporary: PathBuf,
    destination: PathBuf,
    files: BTreeMap<String, FileRecord>,
    published: bool,
}

impl Stage {
    /// Claims `destination`, and creates the temporary folder and missing parents.
    ///
    /// # Errors
    /// [`BundleError::Occupied`] if there is something else than a bundle or an empty folder,
    /// [`BundleError::Io`] if nothing can be written there.
    pub fn begin(destination: impl Into<PathBuf>) -> Result<Self, BundleError> {
        let destination = destination.into();
        if destination.symlink_metadata().is_ok() && !is_replaceable(&destination) {
            return Err(BundleError::Occupied { path: destination });
        }
        let parent = parent_of(&destination);
        fs::create_dir_all(&parent).map_err(BundleError::io("create", &parent))?;
        let temporary = sibling(&destination, "partial");
        // Only a dead process of the same number can have left one.
        let _ = fs::remove_dir_all(&temporary);
        fs::create_dir(&temporary).map_err(BundleError::io("create", &temporary))?;
        Ok(Stage { temporary, destination, files: BTreeMap::new(), published: false })
    }

    /// The folder as it stands: open it as a bundle after [`Stage::write_manifest`] to check what was
    /// written before anyone else can see it.
    pub fn folder(&self) -> &Path {
        &self.temporary
    }

    /// Writes one file and notes its size and hash for the manifest.
    ///
    /// # Errors
    /// [`BundleError::Io`], also when the disk is full.
    pub fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), BundleError> {
        write_synced(&self.temporary.join(name), bytes)?;
        self.files.insert(name.to_owned(), FileRecord { bytes: bytes.len() as u64, sha256: sha256_hex(bytes) });
        Ok(())
    }

    /// Writes the manifest, with the sizes and hashes of all files so far filled in; may be called
    /// again as files and figures come in.
    ///
    /// # Errors
    /// [`BundleError::Io`].
    pub fn write_manifest(&mut self, manifest: &mut Manifest) -> Result<(), BundleError> {
        manifest.files.clone_from(&self.files);
        let path = self.temporary.join(MANIFEST);
        let mut json = serde_json::to_vec_pretty(manifest)
            .map_err(|source| BundleError::Manifest { path: path.clone(), source })?;
        json.push(b'\n');
        write_synced(&path, &json)
    }

    /// Size of all files so far, in bytes, without the manifest.
    pub fn bytes(&self) -> u64 {
        self.files.values().map(|record| record.bytes).sum()
    }

    /// Moves the finished bundle to its destination, in the place of an older one if there is one.
    ///
    /// # Errors
    /// [`BundleError::Io`]; the older bundle is then where it was.
    pub fn publish(mut self) -> Result<PathBuf, BundleError> {
        let destination = self.destination.clone();
        sync_folder(&self.temporary)?;
        // A folder cannot be renamed onto one that is not empty: step aside, move in, then remove.
        let retired = sibling(&destination, "retired");
        let replaces = destination.exists();
        if replaces {
            fs::rename(&destination, &retired).map_err(BundleError::io("replace", &destination))?;
        }
        if let Err(source) = fs::rename(&self.temporary, &destination) {
            if replaces {
                let _ = fs::rename(&retired, &destination);
            }
            return Err(BundleError::Io { action: "create", path: destination, source });
        }
        self.published = true;
        if replaces {
            let _ = fs::remove_dir_all(&retired);
        }
        sync_folder(&parent_of(&destination))?;
        Ok(destination)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !self.published {
            let _ = fs::remove_dir_all(&self.temporary);
        }
    }
}

/// A bundle may be replaced by a newer one, an empty folder filled; anything else is somebody's.
fn is_replaceable(path: &Path) -> bool {
    let is_real_folder = path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
    let is_empty = || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    is_real_folder && (path.join(MANIFEST).is_file() || is_empty())
}

fn parent_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn sibling(path: &Path, state: &str) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    parent_of(path).join(format!(".{name}.{state}-{}", std::process::id()))
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), BundleError> {
    let mut file = File::create(path).map_err(BundleError::io("create", path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(BundleError::io("write", path))
}

/// Makes renames inside a folder durable; systems that cannot open folders do so by themselves.
fn sync_folder(path: &Path) -> Result<(), BundleError> {
    if cfg!(unix) {
        File::open(path).and_then(|folder| folder.sync_all()).map_err(BundleError::io("sync", path))
    } else {
        Ok(())
    }
}
