//! The folder of a run, locked for one process, and the files that every run has.

use std::{
    fs::{self, File},
    io::ErrorKind,
    path::{Path, PathBuf},
};

use narrows_bundle::{is_partial_file, make_folders, write_atomic};

use super::{
    RunError,
    cleanup::{Cleanup, remove_partial_files},
    layout::{CHECKPOINTS, CONFIG, LOCK},
};

/// The folder of a run, locked until it is dropped.
#[derive(Debug)]
pub(crate) struct RunFolder {
    path: PathBuf,
    /// Deletes the new folder on drop; `None` once it contains something worth keeping.
    cleanup: Option<Cleanup>,
    /// `None` in a folder that cannot be written and has no file to lock.
    _lock: Option<File>,
}

/// Whether the folder of a run can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It can be written.
    Writable,
    /// It can only be read, so the run can be exported but not continued.
    ReadOnly,
}

impl RunFolder {
    /// Creates the folder and its parents if they are missing, locks it and writes the configuration.
    ///
    /// # Errors
    /// [`RunError::Occupied`] if the folder is not empty, [`RunError::Busy`] if another process uses it, and
    /// [`RunError::Io`] if it cannot be written.
    pub(crate) fn create(path: PathBuf, config: &str) -> Result<Self, RunError> {
        let made = make_folders(&path).map_err(RunError::io("create", &path))?;
        let mut entries = fs::read_dir(&path).map_err(RunError::io("read", &path))?;
        // A process that was killed before it wrote the configuration leaves only a lock and partial files. That is
        // not a run, so the folder counts as empty.
        if entries
            .any(|entry| entry.is_ok_and(|entry| entry.file_name() != LOCK && !is_partial_file(&entry.file_name())))
        {
            return Err(RunError::Occupied { path });
        }
        // Without a lock, another process may use what is in the folder, so only new and empty folders are removed.
        let lock = lock(&path).inspect_err(|_| made.iter().for_each(|folder| drop(fs::remove_dir(folder))))?;
        let cleanup = Cleanup { folder: path.clone(), made };
        remove_partial_files(&path);
        let folder = RunFolder { path, cleanup: Some(cleanup), _lock: Some(lock) };
        // The configuration comes first: it makes the folder a run, whatever else is missing.
        folder.write_config(config)?;
        folder.create_checkpoints()?;
        Ok(folder)
    }

    /// Locks the folder of an existing run. In a folder that cannot be written, locks the file that is there, if there
    /// is one.
    ///
    /// # Errors
    /// [`RunError::Busy`] if another process uses the folder, and [`RunError::Io`] if it cannot be locked.
    pub(crate) fn open(path: PathBuf) -> Result<(Self, Access), RunError> {
        let (lock, access) = lock_existing(&path)?;
        Ok((RunFolder { path, cleanup: None, _lock: lock }, access))
    }

    /// Reads the text of the configuration in the folder of a run.
    ///
    /// # Errors
    /// [`RunError::NotARun`] if there is none, and [`RunError::Io`] if it cannot be read.
    pub(crate) fn config(folder: &Path) -> Result<(PathBuf, String), RunError> {
        let path = folder.join(CONFIG);
        match fs::read_to_string(&path) {
            Ok(text) => Ok((path, text)),
            Err(source) if matches!(source.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                Err(RunError::NotARun { path: folder.to_owned() })
            }
            Err(source) => Err(RunError::Io { action: "read", path, source }),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn checkpoints(&self) -> PathBuf {
        self.path.join(CHECKPOINTS)
    }

    /// Whether the folder was just created and contains nothing worth keeping.
    pub(crate) fn is_new(&self) -> bool {
        self.cleanup.is_some()
    }

    /// Cancels the clean-up, because the folder now contains something worth keeping.
    pub(crate) fn keep(&mut self) {
        if let Some(cleanup) = self.cleanup.take() {
            cleanup.keep();
        }
    }

    /// Creates the folder of checkpoints if it is missing, and removes the partial files of a killed process.
    pub(crate) fn clear(&self) -> Result<(), RunError> {
        self.create_checkpoints()?;
        remove_partial_files(&self.checkpoints());
        remove_partial_files(&self.path);
        Ok(())
    }

    pub(crate) fn write_config(&self, text: &str) -> Result<(), RunError> {
        let path = self.path.join(CONFIG);
        write_atomic(&path, text.as_bytes()).map_err(RunError::io("write", &path))
    }

    fn create_checkpoints(&self) -> Result<(), RunError> {
        let checkpoints = self.checkpoints();
        fs::create_dir_all(&checkpoints).map_err(RunError::io("create", &checkpoints))
    }
}

/// Locks the folder of an existing run. Returns the lock and whether the folder can be written.
fn lock_existing(folder: &Path) -> Result<(Option<File>, Access), RunError> {
    let refused = match lock(folder) {
        Ok(lock) => return Ok((Some(lock), Access::Writable)),
        Err(error) => error,
    };
    let is_read_only = |kind| matches!(kind, ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem);
    match &refused {
        RunError::Io { source, .. } if is_read_only(source.kind()) => {}
        _ => return Err(refused),
    }
    let Ok(file) = File::open(folder.join(LOCK)) else { return Ok((None, Access::ReadOnly)) };
    match file.try_lock() {
        Err(fs::TryLockError::WouldBlock) => Err(RunError::Busy { path: folder.to_owned() }),
        Ok(()) | Err(fs::TryLockError::Error(_)) => Ok((Some(file), Access::ReadOnly)),
    }
}

/// Locks the folder until the returned file is closed.
fn lock(folder: &Path) -> Result<File, RunError> {
    let path = folder.join(LOCK);
    let file = File::create(&path).map_err(RunError::io("create", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        // Some network file systems do not support locks; there the run is not protected.
        Err(fs::TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(RunError::Busy { path: folder.to_owned() }),
        Err(fs::TryLockError::Error(source)) => Err(RunError::Io { action: "lock", path, source }),
    }
}
