//! Checks of the destination of a bundle.

use std::{fs, io, path::Path};

use crate::{BundleError, MANIFEST, git::ATTRIBUTES};

/// Checks that writing a bundle to `absolute` deletes no unrelated file: a destination may be a bundle, which is
/// replaced, or an empty folder. `named` is the caller's name of the destination, used in errors.
pub(crate) fn check_destination(named: &Path, absolute: &Path) -> Result<(), BundleError> {
    let contains_working_directory = std::env::current_dir().is_ok_and(|current| current.starts_with(absolute));
    if absolute.file_name().is_none() || contains_working_directory {
        return Err(BundleError::UnsafeDestination { path: named.to_owned() });
    }
    let metadata = match absolute.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::InvalidFilename => {
            return Err(BundleError::Io { action: "create", path: named.to_owned(), source: error });
        }
        Err(_) => return Ok(()),
    };
    let occupied = || BundleError::Occupied { path: named.to_owned() };
    if !metadata.is_dir() {
        return Err(occupied());
    }
    let entries = fs::read_dir(absolute).map_err(BundleError::io("read", named))?;
    let entries: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.file_name()).collect();
    if entries.is_empty() {
        return Ok(());
    }
    let listed = listed_files(absolute).ok_or_else(occupied)?;
    let unlisted = entries.iter().find(|name| !listed.iter().any(|listed| name.as_os_str() == listed.as_str()));
    match unlisted {
        None => Ok(()),
        Some(name) => {
            Err(BundleError::UnlistedFile { path: named.to_owned(), file: name.to_string_lossy().into_owned() })
        }
    }
}

/// Returns the names of a bundle's files, for any format version, with those that the manifest does not list; `None` if
/// the folder has no manifest of Narrows.
fn listed_files(folder: &Path) -> Option<Vec<String>> {
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(folder.join(MANIFEST)).ok()?).ok()?;
    manifest.get("format")?.as_u64()?;
    manifest.get("graphs")?.as_object()?;
    let files = manifest.get("files")?.as_object()?;
    Some(files.keys().cloned().chain([MANIFEST, ATTRIBUTES].map(str::to_owned)).collect())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("narrows-destination-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a writable temporary folder");
        folder
    }

    #[test]
    fn a_bundle_may_be_replaced_and_unrelated_files_may_not() {
        let folder = folder("own");
        let check = || check_destination(&folder, &folder);
        assert!(check().is_ok(), "an empty folder");
        fs::write(folder.join(MANIFEST), r#"{"manifest_version": 3}"#).expect("writable");
        assert!(matches!(check(), Err(BundleError::Occupied { .. })), "a manifest of another program");
        fs::write(folder.join(MANIFEST), r#"{"format": 1, "graphs": {}, "files": {"a": {}}}"#).expect("writable");
        fs::write(folder.join("a"), "").expect("writable");
        assert!(check().is_ok(), "a bundle");
        fs::write(folder.join("notes.txt"), "mine").expect("writable");
        assert!(matches!(check(), Err(BundleError::UnlistedFile { file, .. }) if file == "notes.txt"));
        fs::remove_dir_all(&folder).expect("the folder of this test");
    }
}
