//! Checks of the destination of a bundle.

use std::{ffi::OsString, fs, io, path::Path};

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
    if !metadata.is_dir() {
        return Err(BundleError::Occupied { path: named.to_owned() });
    }
    let mut verdict = Ok(());
    for _ in 0..MAX_READS {
        let entries = match entries_of(absolute) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(BundleError::io("read", named))?,
        };
        let manifest = fs::read(absolute.join(MANIFEST));
        verdict = check_entries(named, &entries, manifest.as_deref().unwrap_or_default());
        // Another process may have moved the bundle aside while it was read here, and put its own in its place.
        let is_gone = manifest.is_err() && entries.iter().any(|name| name == MANIFEST);
        let is_replaced = || is_gone || entries_of(absolute).ok().is_none_or(|now| now != entries);
        if verdict.is_ok() || !is_replaced() {
            break;
        }
    }
    verdict
}

/// How often a folder is read that seems to be replaced meanwhile.
const MAX_READS: usize = 100;

/// Returns the names of all files of a folder, sorted.
fn entries_of(folder: &Path) -> io::Result<Vec<OsString>> {
    let mut names: Vec<_> = fs::read_dir(folder)?.filter_map(Result::ok).map(|entry| entry.file_name()).collect();
    names.sort_unstable();
    Ok(names)
}

/// Checks that a folder with these files, and with these bytes as its manifest, is empty or a bundle.
fn check_entries(named: &Path, entries: &[OsString], manifest: &[u8]) -> Result<(), BundleError> {
    if entries.is_empty() {
        return Ok(());
    }
    let listed = listed_files(manifest).ok_or_else(|| BundleError::Occupied { path: named.to_owned() })?;
    let unlisted = entries.iter().find(|name| !listed.iter().any(|listed| name.as_os_str() == listed.as_str()));
    match unlisted {
        None => Ok(()),
        Some(name) => {
            Err(BundleError::UnlistedFile { path: named.to_owned(), file: name.to_string_lossy().into_owned() })
        }
    }
}

/// Returns the names of a bundle's files, for any format version, with those that the manifest does not list; `None` if
/// it is no manifest of Narrows.
fn listed_files(manifest: &[u8]) -> Option<Vec<String>> {
    let manifest: serde_json::Value = serde_json::from_slice(manifest).ok()?;
    manifest.get("format")?.as_u64()?;
    manifest.get("graphs")?.as_object()?;
    let files = manifest.get("files")?.as_object()?;
    Some(files.keys().cloned().chain([MANIFEST, ATTRIBUTES].map(str::to_owned)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_may_be_replaced_and_unrelated_files_may_not() {
        let folder = tempfile::tempdir().expect("a writable temporary folder");
        let folder = folder.path();
        let check = || check_destination(folder, folder);
        assert!(check().is_ok(), "an empty folder");
        fs::write(folder.join(MANIFEST), r#"{"manifest_version": 3}"#).expect("writable");
        assert!(matches!(check(), Err(BundleError::Occupied { .. })), "a manifest of another program");
        fs::write(folder.join(MANIFEST), r#"{"format": 1, "graphs": {}, "files": {"a": {}}}"#).expect("writable");
        fs::write(folder.join("a"), "").expect("writable");
        assert!(check().is_ok(), "a bundle");
        fs::write(folder.join("notes.txt"), "mine").expect("writable");
        assert!(matches!(check(), Err(BundleError::UnlistedFile { file, .. }) if file == "notes.txt"));
    }
}
