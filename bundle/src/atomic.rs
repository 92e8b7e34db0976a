//! Atomic writing of files and creation of folders: complete, or not at all.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{
        self,
        ErrorKind::{InvalidInput, PermissionDenied, Unsupported},
        Seek, SeekFrom, Write,
    },
    path::{Path, PathBuf},
};

use crate::hidden::{State, create_sibling, leftovers, lock};

/// Writes a file atomically: writes a temporary file in the same folder, syncs it to disk and renames it.
///
/// At any time, `path` contains either the complete old file or the complete new one. After an error, the
/// temporary file is removed.
///
/// # Errors
/// The error of the operating system, for example a missing permission or a full disk.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(bytes)?;
    file.commit()
}

/// A file that is written in pieces, under a hidden name in the same folder.
///
/// [`AtomicFile::commit`] renames it to its final name, where it replaces an older file. Dropping it before
/// removes the hidden file.
#[derive(Debug)]
pub struct AtomicFile {
    file: File,
    partial: PathBuf,
    path: PathBuf,
    is_committed: bool,
}

impl AtomicFile {
    /// Creates the hidden file, and removes leftovers of killed processes that wrote the same file.
    ///
    /// # Errors
    /// The error of the operating system.
    pub fn create(path: &Path) -> io::Result<Self> {
        for leftover in leftovers(path, State::Partial) {
            let _ = fs::remove_file(leftover);
        }
        let (partial, file) = create_sibling(path, State::Partial, |hidden| File::create_new(hidden))?;
        lock(&file);
        Ok(AtomicFile { file, partial, path: path.to_owned(), is_committed: false })
    }

    /// Returns the path of the hidden file.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// Syncs the file to disk and renames it to its final name.
    ///
    /// # Errors
    /// The error of the operating system; the hidden file is then removed.
    pub fn commit(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        let folder = Folder::open(self.path.parent().unwrap_or(&self.path))?;
        fs::rename(&self.partial, &self.path)?;
        self.is_committed = true;
        folder.sync()
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if !self.is_committed {
            let _ = fs::remove_file(&self.partial);
        }
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for AtomicFile {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.file.seek(position)
    }
}

/// Returns whether this is the name of an incomplete file, left by a process that was killed during
/// [`write_atomic`].
pub fn is_partial_file(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with('.') && name.contains(".partial-")
}

/// Creates a folder and its parents, and returns the folders that did not exist before, the innermost first. If
/// one cannot be created, all new ones are removed.
///
/// # Errors
/// The error of the operating system.
pub fn make_folders(path: &Path) -> io::Result<Vec<PathBuf>> {
    // A path that is too long is refused at once. Otherwise each of its many ancestors would be looked up.
    path.try_exists()?;
    let missing: Vec<PathBuf> = path.ancestors().take_while(|folder| !folder.exists()).map(Path::to_owned).collect();
    let created = fs::create_dir_all(path)
        // A folder is durable when the folder that contains it is synced.
        .and_then(|()| missing.iter().try_for_each(|folder| sync_folder(folder.parent().unwrap_or(folder))));
    if created.is_err() {
        missing.iter().for_each(|folder| drop(fs::remove_dir(folder)));
    }
    created.map(|()| missing)
}

/// Syncs a folder to disk, so that renames in it are durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    Folder::open(path)?.sync()
}

/// A folder that is opened before names in it change, so that nothing has changed if it cannot be opened.
pub(crate) struct Folder(Option<File>);

impl Folder {
    /// Opens a folder. Systems other than Unix cannot open folders and need no sync, and one that can be written but
    /// not read is left to the system.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        if !cfg!(unix) {
            return Ok(Folder(None));
        }
        match File::open(path) {
            Ok(folder) => Ok(Folder(Some(folder))),
            Err(error) if error.kind() == PermissionDenied => Ok(Folder(None)),
            Err(error) => Err(error),
        }
    }

    /// Syncs it to disk. Some file systems cannot sync folders.
    pub(crate) fn sync(self) -> io::Result<()> {
        match self.0.map_or(Ok(()), |folder| folder.sync_all()) {
            Err(error) if matches!(error.kind(), InvalidInput | Unsupported) => Ok(()),
            outcome => outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hidden::sibling;

    fn entries(folder: &Path) -> usize {
        fs::read_dir(folder).expect("a readable folder").count()
    }

    #[test]
    fn a_file_is_replaced_atomically_and_a_failure_leaves_only_the_old_one() {
        let folder = tempfile::tempdir().expect("a writable temporary folder");
        let folder = folder.path();
        let path = folder.join("a");
        write_atomic(&path, b"old").expect("writable");
        write_atomic(&path, b"new").expect("writable");
        assert_eq!(fs::read(&path).expect("just written"), b"new");
        // A folder cannot be replaced by a file.
        let taken = folder.join("taken");
        fs::create_dir(&taken).expect("writable");
        assert!(write_atomic(&taken, b"x").is_err());
        assert_eq!(entries(folder), 2);
    }

    #[test]
    fn written_pieces_are_invisible_until_they_are_committed() {
        let folder = tempfile::tempdir().expect("a writable temporary folder");
        let folder = folder.path();
        let path = folder.join("a");
        write_atomic(&path, b"old").expect("writable");
        let mut file = AtomicFile::create(&path).expect("writable");
        file.write_all(b"____ whole").expect("writable");
        drop(file);
        assert_eq!((fs::read(&path).expect("there").as_slice(), entries(folder)), (&b"old"[..], 1));

        let mut file = AtomicFile::create(&path).expect("writable");
        file.write_all(b"____ whole").expect("writable");
        file.seek(SeekFrom::Start(0)).expect("a file");
        file.write_all(b"this").expect("writable");
        assert!(file.partial().exists());
        file.commit().expect("writable");
        assert_eq!((fs::read(&path).expect("there").as_slice(), entries(folder)), (&b"this whole"[..], 1));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_name_as_long_as_the_file_system_allows_is_written_and_its_leftovers_are_found() {
        let folder = tempfile::tempdir().expect("a writable temporary folder");
        let folder = folder.path();
        let name = "x".repeat(251) + ".csv";
        // No process has an id this high.
        let leftover = sibling(&folder.join(&name), State::Partial).to_string_lossy().into_owned();
        let own = format!(".partial-{}-", std::process::id());
        assert!(leftover.contains(&own), "{leftover}");
        let leftover = leftover.replace(&own, ".partial-4294967295-");
        fs::write(&leftover, "half").expect("writable");
        write_atomic(&folder.join(&name), b"whole").expect("writable");
        assert_eq!((fs::read(folder.join(&name)).expect("there").as_slice(), entries(folder)), (&b"whole"[..], 1));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn leftovers_of_a_killed_process_are_removed_by_the_next_write() {
        let folder = tempfile::tempdir().expect("a writable temporary folder");
        let folder = folder.path();
        // No process has an id this high.
        fs::write(folder.join(".a.partial-4294967295-0"), "half").expect("writable");
        write_atomic(&folder.join("a"), b"whole").expect("writable");
        assert_eq!(entries(folder), 1);
    }
}
