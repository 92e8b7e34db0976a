//! Files that are whole or not there, and folders that are made or not.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Writes a file beside `path`, makes it durable and renames it into place, so that under its name there is
/// always the whole of the old or of the new one. After an error nothing is left of the new one.
///
/// # Errors
/// What the system says, when it does not let us write, or the disk is full.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let partial = path.with_file_name(format!(".{name}.partial-{}", std::process::id()));
    let written = File::create(&partial)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        let _ = fs::remove_file(&partial);
    }
    written.and_then(|()| sync_folder(path.parent().unwrap_or(path)))
}

/// Whether a name is that of a file which [`write_whole`] was killed over.
pub fn is_half_written(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with('.') && name.contains(".partial-")
}

/// Creates a folder and those above it, and returns the ones that were missing, the innermost first. If one
/// cannot be made, none stays.
///
/// # Errors
/// What the system says.
pub fn make_folders(path: &Path) -> io::Result<Vec<PathBuf>> {
    let missing: Vec<PathBuf> = path.ancestors().take_while(|folder| !folder.exists()).map(Path::to_owned).collect();
    let made = fs::create_dir_all(path);
    if made.is_err() {
        missing.iter().for_each(|folder| drop(fs::remove_dir(folder)));
    }
    made.map(|()| missing)
}

/// Makes renames inside a folder durable; systems that cannot open folders do so by themselves.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    if cfg!(unix) { File::open(path).and_then(|folder| folder.sync_all()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_a_failure_leaves_the_old_one_and_no_litter() {
        let folder = std::env::temp_dir().join(format!("narrows-whole-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a writable temporary folder");
        let path = folder.join("a");
        write_whole(&path, b"old").expect("writable");
        write_whole(&path, b"new").expect("writable");
        assert_eq!(fs::read(&path).expect("just written"), b"new");
        // A folder cannot be replaced by a file.
        let taken = folder.join("taken");
        fs::create_dir(&taken).expect("writable");
        assert!(write_whole(&taken, b"x").is_err());
        assert_eq!(fs::read_dir(&folder).expect("ours").count(), 2);
        fs::remove_dir_all(&folder).expect("our own");
    }
}
