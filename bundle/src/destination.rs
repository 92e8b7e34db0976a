//! Checks of the destination of a bundle, and the clean-up of leftover files of killed processes.

use std::{
    borrow::Cow,
    fs,
    path::{Path, PathBuf},
};

use crate::{BundleError, MANIFEST, git::ATTRIBUTES, sha256_hex};

/// Checks that writing a bundle to `absolute` deletes no unrelated file: a destination may be a bundle, which is
/// replaced, or an empty folder. `named` is the caller's name of the destination, used in errors.
pub(crate) fn check_destination(named: &Path, absolute: &Path) -> Result<(), BundleError> {
    let contains_working_directory = std::env::current_dir().is_ok_and(|current| current.starts_with(absolute));
    if absolute.file_name().is_none() || contains_working_directory {
        return Err(BundleError::UnsafeDestination { path: named.to_owned() });
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

/// Returns a hidden path in the same folder as `path`, unique to this process.
pub(crate) fn sibling(path: &Path, state: &str) -> PathBuf {
    path.with_file_name(format!("{}{}", prefix(path, state), std::process::id()))
}

fn prefix(path: &Path, state: &str) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!(".{}.{state}-", shortened(&name))
}

/// Shortens a name to which the hidden path adds more than a file system allows, which is 255 bytes. A part of its hash
/// keeps shortened names different.
fn shortened(name: &str) -> Cow<'_, str> {
    /// Leaves room for the state and the number of a process.
    const LONGEST: usize = 200;
    const KEPT: usize = 64;
    const DIGITS: usize = 16;
    if name.len() <= LONGEST {
        return Cow::Borrowed(name);
    }
    let start = name.get(..name.floor_char_boundary(KEPT)).unwrap_or_default();
    let hash = sha256_hex(name.as_bytes());
    Cow::Owned(format!("{start}~{}", hash.get(..DIGITS).unwrap_or(&hash)))
}

/// Cleans up after killed processes: restores an older bundle that was moved aside, and removes incomplete ones.
/// Does nothing on systems without `/proc`, which do not list the running processes.
pub(crate) fn clean_up(path: &Path) {
    for retired in leftovers_of_killed_processes(path, "retired") {
        if path.exists() || fs::rename(&retired, path).is_err() {
            let _ = fs::remove_dir_all(&retired);
        }
    }
    for partial in leftovers_of_killed_processes(path, "partial") {
        let _ = fs::remove_dir_all(partial);
    }
}

/// Returns the hidden siblings of `path` whose process no longer runs; none on systems without `/proc`.
pub(crate) fn leftovers_of_killed_processes(path: &Path, state: &str) -> Vec<PathBuf> {
    if !Path::new("/proc/self").exists() {
        return Vec::new();
    }
    let prefix = prefix(path, state);
    let folder = path.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    let entries = folder.and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten();
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let is_leftover = |name: &String| {
        let process_id = name.strip_prefix(&prefix).and_then(|digits| digits.parse::<u32>().ok());
        process_id.is_some_and(|process_id| !Path::new("/proc").join(process_id.to_string()).exists())
    };
    names.filter(is_leftover).map(|name| path.with_file_name(name)).collect()
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn the_hidden_sibling_of_a_long_name_is_short_and_different_names_stay_different() {
        let long = |last: &str| PathBuf::from("folder").join("ä".repeat(120) + last);
        let [one, other] = ["a.csv", "b.csv"].map(|last| sibling(&long(last), "retired"));
        for hidden in [&one, &other] {
            let name = hidden.file_name().expect("a name").to_string_lossy();
            assert!(name.len() < 130 && name.starts_with(".ä") && name.contains(".retired-"), "{name}");
        }
        assert_ne!(one, other);
        let short = sibling(Path::new("folder/z.csv"), "partial");
        assert_eq!(short, PathBuf::from(format!("folder/.z.csv.partial-{}", std::process::id())));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn leftovers_of_a_killed_process_are_removed_and_the_older_bundle_is_restored() {
        let folder = folder("killed");
        // No process has an id this high.
        for state in ["partial", "retired"] {
            fs::create_dir(folder.join(format!(".vae.{state}-4294967295"))).expect("writable");
        }
        fs::create_dir(folder.join(format!(".vae.partial-{}", std::process::id()))).expect("writable");
        clean_up(&folder.join("vae"));
        let mut remaining: Vec<_> = fs::read_dir(&folder)
            .expect("a readable folder")
            .map(|entry| entry.expect("a readable folder").file_name())
            .collect();
        remaining.sort();
        assert_eq!(remaining, [format!(".vae.partial-{}", std::process::id()).as_str(), "vae"]);
        fs::remove_dir_all(&folder).expect("the folder of this test");
    }
}
