//! A temporary folder that is removed when its handle is dropped.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

/// Maximum number of tried names; killed processes may have left folders with some of them.
const ATTEMPTS: usize = 1000;

/// A private folder, removed with its content when this is dropped.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Creates an empty folder in the system's folder for temporary files.
    pub(crate) fn new() -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);

        let parent = env::temp_dir();
        let mut outcome = Err(io::ErrorKind::AlreadyExists.into());
        for _ in 0..ATTEMPTS {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let folder = parent.join(format!("narrows-{}-{number}", process::id()));
            outcome = create(&folder).map(|()| Scratch(folder));
            match &outcome {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                _ => break,
            }
        }
        outcome.map_err(|error| {
            let parent = parent.display();
            let text = format!("cannot create a folder in the temporary folder `{parent}`, which TMPDIR sets: {error}");
            io::Error::new(error.kind(), text)
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // An error cannot be reported here; the folder then remains.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Creates a folder that only this user can access; fails if the path exists.
fn create(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scratch_folder_is_new_and_is_removed_with_its_content() {
        let (one, other) = (Scratch::new().expect("a folder"), Scratch::new().expect("another"));
        assert_ne!(one.path(), other.path());
        let folder = one.path().to_owned();
        fs::write(folder.join("file"), "text").expect("a writable folder");
        drop(one);
        assert!(!folder.exists() && other.path().is_dir());
    }
}
