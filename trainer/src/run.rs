//! The folder of a run: configuration, metrics and checkpoints.
//!
//! ```text
//! runs/vae/
//!   config.toml             the configuration, with a value for every option
//!   metrics.jsonl           one line per epoch
//!   events.out.tfevents.*   the same metrics for TensorBoard
//!   checkpoints/            the newest checkpoints, and the weights of the best epoch
//! ```
//!
//! Complete files are written atomically: to a temporary file, synced, then renamed. The metrics grow line by line.
//! Only one process at a time uses a run. The operating system releases the lock when the process ends, however it
//! ends.

mod cadence;
mod checkpoint;
mod cleanup;
mod error;
mod layout;
mod metrics;
mod resume;
mod tensorboard;

use std::{
    fs::{self, File},
    io::ErrorKind,
    path::{Path, PathBuf},
    time::Instant,
};

use narrows_bundle::{is_partial_file, make_folders, write_atomic};
use narrows_data::Dataset;

pub use cadence::{Cadence, Every};
pub(crate) use checkpoint::Checkpoint;
pub use error::RunError;
pub use resume::Resumed;

use crate::{Config, ConfigError, EpochRecord, Options, TrainError, descent::State, kinds::PcaFit};
use cleanup::{Cleanup, remove_partial_files};
use layout::{BEST, CHECKPOINTS, CONFIG, LOCK};
use metrics::Metrics;

/// The folder of a run, locked for this process.
#[derive(Debug)]
pub struct Run {
    folder: PathBuf,
    cadence: Cadence,
    metrics: Metrics,
    /// SHA-256 of the training data.
    fingerprint: String,
    /// The checkpoint to resume from.
    start: Option<Checkpoint<'static>>,
    saved: Saved,
    /// Deletes the new folder on drop; `None` once the folder contains something worth keeping.
    cleanup: Option<Cleanup>,
    /// Invalid checkpoints that are newer than `start`.
    passed_over: Vec<PathBuf>,
    /// Locked until the run is closed; `None` in a folder that cannot be written.
    _lock: Option<File>,
}

/// The last saved checkpoint.
#[derive(Debug)]
struct Saved {
    at: Instant,
    step: u64,
    best_epoch: Option<usize>,
}

impl Run {
    /// Starts a run in a new or empty folder. Creates the folder and its parents if they are missing.
    ///
    /// # Errors
    /// [`RunError::Occupied`] if the folder is not empty, [`RunError::Busy`] if another process uses it, and
    /// [`RunError::Io`] if it cannot be written.
    pub fn create(
        folder: impl Into<PathBuf>,
        config: &Config,
        data: &Dataset,
        cadence: Cadence,
    ) -> Result<Self, RunError> {
        let folder = folder.into();
        let fingerprint = data.fingerprint()?;
        let made = make_folders(&folder).map_err(RunError::io("create", &folder))?;
        let mut entries = fs::read_dir(&folder).map_err(RunError::io("read", &folder))?;
        // A process that was killed before it wrote the configuration leaves only a lock and partial files. That is
        // not a run, so the folder counts as empty.
        if entries
            .any(|entry| entry.is_ok_and(|entry| entry.file_name() != LOCK && !is_partial_file(&entry.file_name())))
        {
            return Err(RunError::Occupied { path: folder });
        }
        // Without a lock, another process may use what is in the folder, so only new and empty folders are removed.
        let lock = lock(&folder).inspect_err(|_| made.iter().for_each(|folder| drop(fs::remove_dir(folder))))?;
        let cleanup = Cleanup { folder: folder.clone(), made };
        remove_partial_files(&folder);
        // The configuration comes first: it makes the folder a run, whatever else is missing.
        write_config(&folder, config)?;
        let checkpoints = folder.join(CHECKPOINTS);
        fs::create_dir_all(&checkpoints).map_err(RunError::io("create", &checkpoints))?;
        let mut metrics = Metrics::default();
        metrics.begin(&folder)?;
        Ok(Run {
            metrics,
            folder,
            cadence,
            fingerprint,
            start: None,
            saved: Saved { at: Instant::now(), step: 0, best_epoch: None },
            cleanup: Some(cleanup),
            passed_over: Vec::new(),
            _lock: Some(lock),
        })
    }

    /// Reads the configuration of the run in a folder.
    ///
    /// # Errors
    /// [`RunError::NotARun`] if there is no configuration, [`RunError::Io`] if it cannot be read, and
    /// [`RunError::Config`] if it is invalid.
    pub fn options(folder: &Path) -> Result<Options, RunError> {
        let path = folder.join(CONFIG);
        let text = fs::read_to_string(&path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
                RunError::NotARun { path: folder.to_owned() }
            }
            _ => RunError::Io { action: "read", path: path.clone(), source },
        })?;
        let options = Options::from_toml(&text).map_err(|source| RunError::Config { path, source })?;
        Ok(options.as_recorded())
    }

    /// Returns the folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Checks that the run has a checkpoint, and therefore a model.
    ///
    /// # Errors
    /// [`RunError::NoModel`] if it has none.
    pub fn check_model(&self) -> Result<(), RunError> {
        self.start.as_ref().map(|_| ()).ok_or_else(|| RunError::NoModel { path: self.folder.clone() })
    }

    /// Returns the records of the completed epochs.
    pub fn history(&self) -> &[EpochRecord] {
        self.metrics.records()
    }

    /// Loads the newest saved checkpoint again, after this process has trained the run. The metrics are cut at its
    /// epoch.
    pub(crate) fn reload_newest(&mut self) -> Result<(), RunError> {
        if self.start.is_none() && self.cleanup.is_none() {
            let (newest, _) = checkpoint::newest(&self.folder.join(CHECKPOINTS))?;
            self.start = newest.map(|(_, checkpoint)| checkpoint);
            let epochs = self.start.as_ref().map_or(0, |checkpoint| checkpoint.record.position.epoch);
            self.metrics = Metrics::read(&self.folder, epochs);
        }
        Ok(())
    }

    pub(crate) fn take_start(&mut self) -> Option<Checkpoint<'static>> {
        self.start.take()
    }

    pub(crate) fn save_solution(&mut self, config: &Config, fit: &PcaFit) -> Result<(), TrainError> {
        self.keep();
        let checkpoint = Checkpoint::solved(config, &self.fingerprint, &fit.weights, &fit.explained_variance_ratio);
        let path = self.folder.join(CHECKPOINTS).join(checkpoint::name(0));
        checkpoint.write(&path)
    }

    pub(crate) fn record(&mut self, record: &EpochRecord) -> Result<(), TrainError> {
        self.keep();
        Ok(self.metrics.append(record)?)
    }

    pub(crate) fn is_due_after_step(&self, step: u64) -> bool {
        match self.cadence.every {
            Every::Epoch => false,
            Every::Steps(steps) => step.is_multiple_of(steps.get()),
            Every::Seconds(seconds) => self.saved.at.elapsed().as_secs_f64() >= seconds,
        }
    }

    /// Whether to save after the current epoch. The first epoch is always saved, so that the run can be resumed. After
    /// that at most one checkpoint per second is written: short epochs must not wait for the disk.
    pub(crate) fn is_due_after_epoch(&self) -> bool {
        let is_late = self.saved.step == 0 || self.saved.at.elapsed().as_secs_f64() >= 1.0;
        matches!(self.cadence.every, Every::Epoch) && is_late
    }

    /// Saves a checkpoint and the best weights, and deletes the old checkpoints that need not be kept.
    pub(crate) fn save(&mut self, config: &Config, state: &State) -> Result<(), TrainError> {
        self.keep();
        self.metrics.sync()?;
        let step = state.position.step;
        let folder = self.folder.join(CHECKPOINTS);
        if let Some(best) = state.best.as_ref().filter(|best| self.saved.best_epoch != Some(best.epoch)) {
            let path = folder.join(BEST);
            let bytes = crate::export::weight_bytes(&best.weights)?;
            write_atomic(&path, &bytes).map_err(RunError::io("write", &path))?;
            self.saved.best_epoch = Some(best.epoch);
        }
        let path = folder.join(checkpoint::name(step));
        Checkpoint::of(config, &self.fingerprint, state)?.write(&path)?;
        (self.saved.at, self.saved.step) = (Instant::now(), step);
        let old = checkpoint::list(&folder)?.into_iter().filter(|&(other, _)| other < step);
        for (_, path) in old.skip(self.cadence.keep.get() - 1) {
            fs::remove_file(&path).map_err(RunError::io("remove", &path))?;
        }
        Ok(())
    }

    /// Cancels the clean-up, because the folder now contains something worth keeping.
    fn keep(&mut self) {
        if let Some(cleanup) = self.cleanup.take() {
            cleanup.keep();
        }
    }
}

fn write_config(folder: &Path, config: &Config) -> Result<(), RunError> {
    let path = folder.join(CONFIG);
    let text =
        config.effective().to_toml().map_err(|source: ConfigError| RunError::Config { path: path.clone(), source })?;
    write_atomic(&path, text.as_bytes()).map_err(RunError::io("write", &path))
}

/// Locks the folder of an existing run. In a folder that cannot be written, locks the file that is there, if there is
/// one. Returns whether the folder can be written.
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

/// Whether the folder of a run can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It can be written.
    Writable,
    /// It can only be read, so the run can be exported but not continued.
    ReadOnly,
}

/// Locks the folder until the returned file is closed.
fn lock(folder: &Path) -> Result<File, RunError> {
    let path = folder.join(LOCK);
    let file = File::create(&path).map_err(RunError::io("create", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        // Some network file systems do not support locks; there the run is not protected.
        Err(fs::TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Unsupported => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(RunError::Busy { path: folder.to_owned() }),
        Err(fs::TryLockError::Error(source)) => Err(RunError::Io { action: "lock", path, source }),
    }
}
