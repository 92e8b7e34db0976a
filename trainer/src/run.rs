//! The folder of a run: its configuration, its metrics, its checkpoints.
//!
//! ```text
//! runs/vae/
//!   config.toml             the configuration, with nothing left open
//!   metrics.jsonl           a line an epoch
//!   events.out.tfevents.*   the same for TensorBoard
//!   checkpoints/            the newest, and the weights of the best epoch
//! ```
//!
//! What is in it is whole or not there: files are written beside their place, synced and renamed. One
//! process at a time works in a run; the lock goes with the process, however it ends.

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
    path::{Path, PathBuf},
    time::Instant,
};

use narrows_bundle::{is_half_written, make_folders, write_atomic};
use narrows_data::Dataset;

pub use cadence::{Cadence, Every};
pub(crate) use checkpoint::Checkpoint;
pub use error::RunError;
pub use resume::Resumed;

use crate::{Config, ConfigError, EpochRecord, Options, TrainError, descent::State, kinds::PcaFit};
use cleanup::{Cleanup, remove_litter};
use layout::{BEST, CHECKPOINTS, CONFIG, LOCK};
use metrics::Metrics;

/// The folder of a run, for this process alone.
#[derive(Debug)]
pub struct Run {
    folder: PathBuf,
    cadence: Cadence,
    metrics: Metrics,
    /// SHA-256 over the data that is fitted.
    fingerprint: String,
    /// What to go on from.
    start: Option<Checkpoint<'static>>,
    saved: Saved,
    /// What there is of it, as long as nothing in it is worth keeping.
    cleanup: Option<Cleanup>,
    /// Checkpoints that are no good.
    passed_over: Vec<PathBuf>,
    _lock: File,
}

/// What was saved last.
#[derive(Debug)]
struct Saved {
    at: Instant,
    step: u64,
    best_epoch: Option<usize>,
}

impl Run {
    /// Starts a run in a folder of its own, which is created with the folders above it.
    ///
    /// # Errors
    /// [`RunError::Occupied`] if there is something in it, [`RunError::Io`] if nothing can be written there.
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
        // A process that was killed before there was a configuration began no run.
        if entries
            .any(|entry| entry.is_ok_and(|entry| entry.file_name() != LOCK && !is_half_written(&entry.file_name())))
        {
            return Err(RunError::Occupied { path: folder });
        }
        let lock = lock(&folder)?;
        let cleanup = Cleanup { folder: folder.clone(), made };
        remove_litter(&folder);
        // First: with a configuration it is a run, whatever else is missing.
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
            _lock: lock,
        })
    }

    /// The configuration of the run in a folder.
    ///
    /// # Errors
    /// [`RunError::NotARun`], [`RunError::Config`] for a file that was changed into nonsense.
    pub fn options(folder: &Path) -> Result<Options, RunError> {
        let path = folder.join(CONFIG);
        let text = fs::read_to_string(&path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
                RunError::NotARun { path: folder.to_owned() }
            }
            _ => RunError::Io { action: "read", path: path.clone(), source },
        })?;
        Options::from_toml(&text).map_err(|source| RunError::Config { path, source })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether there is a model in it.
    ///
    /// # Errors
    /// [`RunError::NoModel`].
    pub fn check_model(&self) -> Result<(), RunError> {
        self.start.as_ref().map(|_| ()).ok_or_else(|| RunError::NoModel { path: self.folder.clone() })
    }

    /// What happened so far, epoch by epoch.
    pub fn history(&self) -> &[EpochRecord] {
        self.metrics.records()
    }

    /// After work in this process, goes back to the newest state that was saved. The metrics go no further.
    pub(crate) fn catch_up(&mut self) -> Result<(), RunError> {
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
        Ok(write_atomic(&path, &checkpoint.to_bytes()?).map_err(RunError::io("write", &path))?)
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

    /// The first one, so that there is something to go back to. Then, many epochs can pass in a second, and
    /// none of them is worth waiting for the disk.
    pub(crate) fn is_due_after_epoch(&self) -> bool {
        let is_late = self.saved.step == 0 || self.saved.at.elapsed().as_secs_f64() >= 1.0;
        matches!(self.cadence.every, Every::Epoch) && is_late
    }

    /// Saves a state, and lets go of the oldest beyond those to keep.
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
        let bytes = Checkpoint::of(config, &self.fingerprint, state)?.to_bytes()?;
        write_atomic(&path, &bytes).map_err(RunError::io("write", &path))?;
        (self.saved.at, self.saved.step) = (Instant::now(), step);
        let old = checkpoint::list(&folder)?.into_iter().filter(|&(other, _)| other < step);
        for (_, path) in old.skip(self.cadence.keep.get() - 1) {
            fs::remove_file(&path).map_err(RunError::io("remove", &path))?;
        }
        Ok(())
    }

    /// From now on there is something in it.
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

/// Taken until the process ends.
fn lock(folder: &Path) -> Result<File, RunError> {
    let path = folder.join(LOCK);
    let file = File::create(&path).map_err(RunError::io("create", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        // Some network file systems have no locks, and are no worse than before for it.
        Err(fs::TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Unsupported => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(RunError::Busy { path: folder.to_owned() }),
        Err(fs::TryLockError::Error(source)) => Err(RunError::Io { action: "lock", path, source }),
    }
}
