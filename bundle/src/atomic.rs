//! Files that are whole or not there, and folders that are made or not.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use crate::place::left_by_the_dead;

/// Writes a file beside `path`, makes it durable and renames it into place, so that under its name there is
/// always the whole of the old or of the new one. After an error nothing is left of the new one.
///
/// # Errors
/// What the system says, when it does not let us write, or the disk is full.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(bytes)?;
    file.commit()
}

/// A file that is written a piece at a time, under a hidden name beside its own.
///
/// [`AtomicFile::commit`] gives it its name, in the place of an older one. Dropped before, it takes what was
/// written with it.
#[derive(Debug)]
pub struct AtomicFile {
    file: File,
    partial: PathBuf,
    path: PathBuf,
    is_committed: bool,
}

impl AtomicFile {
    /// Begins a file. What processes left that were killed over the same one is removed.
    ///
    /// # Errors
    /// What the system says, when it does not let us write.
    pub fn create(path: &Path) -> io::Result<Self> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let partial = path.with_file_name(format!(".{name}.partial-{}", std::process::id()));
        for litter in left_by_the_dead(path, "partial") {
            let _ = fs::remove_file(litter);
        }
        let file = File::create(&partial)?;
        Ok(AtomicFile { file, partial, path: path.to_owned(), is_committed: false })
    }

    /// Where it lies until it is whole.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// Makes it durable and renames it into place.
    ///
    /// # Errors
    /// What the system says; then nothing is left of it.
    pub fn commit(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.partial, &self.path)?;
        self.is_committed = true;
        sync_folder(self.path.parent().unwrap_or(&self.path))
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
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.file.seek(place)
    }
}

/// Whether a name is that of a file which [`write_atomic`] was killed over.
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

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("narrows-whole-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a writable temporary folder");
        folder
    }

    fn entries(folder: &Path) -> usize {
        fs::read_dir(folder).expect("ours").count()
    }

    #[test]
    fn a_file_is_replaced_as_a_whole_and_a_failure_leaves_the_old_one_and_no_litter() {
        let folder = folder("replaced");
        let path = folder.join("a");
        write_atomic(&path, b"old").expect("writable");
        write_atomic(&path, b"new").expect("writable");
        assert_eq!(fs::read(&path).expect("just written"), b"new");
        // A folder cannot be replaced by a file.
        let taken = folder.join("taken");
        fs::create_dir(&taken).expect("writable");
        assert!(write_atomic(&taken, b"x").is_err());
        assert_eq!(entries(&folder), 2);
        fs::remove_dir_all(&folder).expect("our own");
    }

    #[test]
    fn pieces_are_no_file_before_they_are_committed() {
        let folder = folder("pieces");
        let path = folder.join("a");
        write_atomic(&path, b"old").expect("writable");
        let mut file = AtomicFile::create(&path).expect("writable");
        file.write_all(b"____ whole").expect("writable");
        drop(file);
        assert_eq!((fs::read(&path).expect("there").as_slice(), entries(&folder)), (&b"old"[..], 1));

        let mut file = AtomicFile::create(&path).expect("writable");
        file.write_all(b"____ whole").expect("writable");
        file.seek(SeekFrom::Start(0)).expect("a file");
        file.write_all(b"this").expect("writable");
        assert!(file.partial().exists());
        file.commit().expect("writable");
        assert_eq!((fs::read(&path).expect("there").as_slice(), entries(&folder)), (&b"this whole"[..], 1));
        fs::remove_dir_all(&folder).expect("our own");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_a_killed_process_left_goes_with_the_next_file() {
        let folder = folder("killed");
        // No process has a number this high.
        fs::write(folder.join(".a.partial-4294967295"), "half").expect("writable");
        write_atomic(&folder.join("a"), b"whole").expect("writable");
        assert_eq!(entries(&folder), 1);
        fs::remove_dir_all(&folder).expect("our own");
    }
}
