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
mod checkpoint_files;
mod cleanup;
mod error;
mod folder;
mod layout;
mod metrics;
mod resume;
mod state_file;
mod tensorboard;

use std::path::{Path, PathBuf};

use narrows_bundle::write_atomic;
use narrows_data::Dataset;

pub(crate) use cadence::Saved;
pub use cadence::{Cadence, Every};
pub(crate) use checkpoint::Checkpoint;
pub(crate) use checkpoint_files::{name as checkpoint_name, newest, remove_old, set_aside};
pub use error::RunError;
pub use folder::Access;
pub(crate) use folder::RunFolder;
pub use resume::Resumed;
pub(crate) use resume::field_differences;
pub(crate) use state_file::{BestRecord, LearnerSteps, StateFile};

use crate::{Config, ConfigError, EpochRecord, Options, TrainError, descent::State, kinds::PcaFit};
use layout::BEST;
use metrics::Metrics;

/// Prefix of the names of the checkpoints.
const PREFIX: &str = "";

/// The folder of a run, locked for this process.
#[derive(Debug)]
pub struct Run {
    folder: RunFolder,
    cadence: Cadence,
    metrics: Metrics,
    /// SHA-256 of the training data.
    fingerprint: String,
    /// The checkpoint to resume from.
    start: Option<Checkpoint<'static>>,
    saved: Saved,
    /// The epoch of the best weights that were saved last.
    saved_best: Option<usize>,
    /// Invalid checkpoints that are newer than `start`.
    passed_over: Vec<PathBuf>,
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
        let fingerprint = data.fingerprint()?;
        let path = folder.into();
        let folder = RunFolder::create(path.clone(), &config_text(&path, config)?)?;
        let mut metrics = Metrics::default();
        metrics.begin(&path)?;
        Ok(Run {
            metrics,
            folder,
            cadence,
            fingerprint,
            start: None,
            saved: Saved::at(0),
            saved_best: None,
            passed_over: Vec::new(),
        })
    }

    /// Reads the configuration of the run in a folder.
    ///
    /// # Errors
    /// [`RunError::NotARun`] if there is no configuration, [`RunError::Io`] if it cannot be read, and
    /// [`RunError::Config`] if it is invalid.
    pub fn options(folder: &Path) -> Result<Options, RunError> {
        let (path, text) = RunFolder::config(folder)?;
        let options = Options::from_toml(&text).map_err(|source| RunError::Config { path, source })?;
        Ok(options.as_recorded())
    }

    /// Returns the folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Checks that the run has a checkpoint, and therefore a model.
    ///
    /// # Errors
    /// [`RunError::NoModel`] if it has none.
    pub fn check_model(&self) -> Result<(), RunError> {
        self.start.as_ref().map(|_| ()).ok_or_else(|| RunError::NoModel { path: self.folder().to_owned() })
    }

    /// Returns the records of the completed epochs.
    pub fn history(&self) -> &[EpochRecord] {
        self.metrics.records()
    }

    /// Loads the newest saved checkpoint again, after this process has trained the run. The metrics are cut at its
    /// epoch.
    pub(crate) fn reload_newest(&mut self) -> Result<(), RunError> {
        if self.start.is_none() && !self.folder.is_new() {
            let (newest, _) = newest(&self.folder.checkpoints(), PREFIX)?;
            self.start = newest.map(|(_, checkpoint)| checkpoint);
            let epochs = self.start.as_ref().map_or(0, |checkpoint| checkpoint.record.position.epoch);
            self.metrics = Metrics::read(self.folder(), epochs);
        }
        Ok(())
    }

    pub(crate) fn take_start(&mut self) -> Option<Checkpoint<'static>> {
        self.start.take()
    }

    pub(crate) fn save_solution(&mut self, config: &Config, fit: &PcaFit) -> Result<(), TrainError> {
        self.folder.keep();
        let checkpoint = Checkpoint::solved(config, &self.fingerprint, &fit.weights, &fit.explained_variance_ratio);
        let path = self.folder.checkpoints().join(checkpoint_name(PREFIX, 0));
        checkpoint.write(&path)
    }

    pub(crate) fn record(&mut self, record: &EpochRecord) -> Result<(), TrainError> {
        self.folder.keep();
        Ok(self.metrics.append(record)?)
    }

    pub(crate) fn is_due_after_step(&self, step: u64) -> bool {
        self.cadence.is_due_after_step(step, &self.saved)
    }

    pub(crate) fn is_due_after_epoch(&self) -> bool {
        self.cadence.is_due_after_epoch(&self.saved)
    }

    /// Saves a checkpoint and the best weights, and deletes the old checkpoints that need not be kept.
    pub(crate) fn save(&mut self, config: &Config, state: &State) -> Result<(), TrainError> {
        self.folder.keep();
        self.metrics.sync()?;
        let step = state.position.step;
        let folder = self.folder.checkpoints();
        if let Some(best) = state.best.as_ref().filter(|best| self.saved_best != Some(best.epoch)) {
            let path = folder.join(BEST);
            let bytes = crate::export::weight_bytes(&best.weights)?;
            write_atomic(&path, &bytes).map_err(RunError::io("write", &path))?;
            self.saved_best = Some(best.epoch);
        }
        let checkpoint = Checkpoint::of_state(config, &self.fingerprint, state)?;
        checkpoint.write(&folder.join(checkpoint_name(PREFIX, step)))?;
        self.saved = Saved::at(step);
        Ok(remove_old(&folder, PREFIX, step, self.cadence)?)
    }
}

/// Returns the text of the configuration file in the folder `folder`.
fn config_text(folder: &Path, config: &Config) -> Result<String, RunError> {
    let path = || folder.join(layout::CONFIG);
    config.effective().to_toml().map_err(|source: ConfigError| RunError::Config { path: path(), source })
}
