//! Where a bundle may be put, and what earlier runs may have left there.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{BundleError, MANIFEST};

/// Checks that nothing of somebody's own would be lost at `absolute`: a bundle may be replaced by a newer
/// one, an empty folder filled. `named` is how the caller calls it.
pub(crate) fn check_place(named: &Path, absolute: &Path) -> Result<(), BundleError> {
    let holds_us = std::env::current_dir().is_ok_and(|current| current.starts_with(absolute));
    if absolute.file_name().is_none() || holds_us {
        return Err(BundleError::Place { path: named.to_owned() });
    }
    let Ok(metadata) = absolute.symlink_metadata() else { return Ok(()) };
    let occupied = || BundleError::Occupied { path: named.to_owned() };
    if !metadata.is_dir() {
        return Err(occupied());
    }
    let entries = fs::read_dir(absolute).map_err(BundleError::io("read", named))?;
    let entries: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.file_name()).collect();
    if entries.is_empty() {
        return Ok(());
    }
    let listed = files_of_a_bundle(absolute).ok_or_else(occupied)?;
    let foreign = entries.iter().find(|name| !listed.iter().any(|listed| name.as_os_str() == listed.as_str()));
    match foreign {
        None => Ok(()),
        Some(name) => Err(BundleError::Foreign { path: named.to_owned(), file: name.to_string_lossy().into_owned() }),
    }
}

/// The names of a bundle's files, of any format; `None` if there is no manifest of ours.
fn files_of_a_bundle(folder: &Path) -> Option<Vec<String>> {
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(folder.join(MANIFEST)).ok()?).ok()?;
    manifest.get("format")?.as_u64()?;
    manifest.get("graphs")?.as_object()?;
    let files = manifest.get("files")?.as_object()?;
    Some(files.keys().cloned().chain([MANIFEST.to_owned()]).collect())
}

/// A hidden name beside an absolute path, for this process alone.
pub(crate) fn sibling(path: &Path, state: &str) -> PathBuf {
    path.with_file_name(format!("{}{}", prefix(path, state), std::process::id()))
}

fn prefix(path: &Path, state: &str) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!(".{name}.{state}-")
}

/// Clears up after processes that were killed: puts an older bundle back that had stepped aside, and
/// removes what was half-written. Only where the system tells which processes live.
pub(crate) fn clear_up(path: &Path) {
    for retired in left_by_the_dead(path, "retired") {
        if path.exists() || fs::rename(&retired, path).is_err() {
            let _ = fs::remove_dir_all(&retired);
        }
    }
    for partial in left_by_the_dead(path, "partial") {
        let _ = fs::remove_dir_all(partial);
    }
}

/// Siblings of `path` that belong to processes which are no more; none where the system does not tell.
pub(crate) fn left_by_the_dead(path: &Path, state: &str) -> Vec<PathBuf> {
    if !Path::new("/proc/self").exists() {
        return Vec::new();
    }
    let prefix = prefix(path, state);
    let folder = path.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    let entries = folder.and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten();
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let is_dead = |name: &String| {
        let process = name.strip_prefix(&prefix).and_then(|process| process.parse::<u32>().ok());
        process.is_some_and(|process| !Path::new("/proc").join(process.to_string()).exists())
    };
    names.filter(is_dead).map(|name| path.with_file_name(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("narrows-place-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a writable temporary folder");
        folder
    }

    #[test]
    fn a_bundle_gives_way_and_anything_of_somebodys_own_does_not() {
        let folder = folder("own");
        let check = || check_place(&folder, &folder);
        assert!(check().is_ok(), "an empty folder");
        fs::write(folder.join(MANIFEST), r#"{"manifest_version": 3}"#).expect("writable");
        assert!(matches!(check(), Err(BundleError::Occupied { .. })), "somebody else's manifest");
        fs::write(folder.join(MANIFEST), r#"{"format": 1, "graphs": {}, "files": {"a": {}}}"#).expect("writable");
        fs::write(folder.join("a"), "").expect("writable");
        assert!(check().is_ok(), "a bundle");
        fs::write(folder.join("notes.txt"), "mine").expect("writable");
        assert!(matches!(check(), Err(BundleError::Foreign { file, .. }) if file == "notes.txt"));
        fs::remove_dir_all(&folder).expect("our own");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_a_killed_process_left_is_cleared_up_and_the_older_bundle_comes_back() {
        let folder = folder("killed");
        // No process has a number this high.
        for state in ["partial", "retired"] {
            fs::create_dir(folder.join(format!(".vae.{state}-4294967295"))).expect("writable");
        }
        fs::create_dir(folder.join(format!(".vae.partial-{}", std::process::id()))).expect("writable");
        clear_up(&folder.join("vae"));
        let mut left: Vec<_> =
            fs::read_dir(&folder).expect("ours").map(|entry| entry.expect("ours").file_name()).collect();
        left.sort();
        assert_eq!(left, [format!(".vae.partial-{}", std::process::id()).as_str(), "vae"]);
        fs::remove_dir_all(&folder).expect("our own");
    }
}
