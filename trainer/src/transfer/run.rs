//! The folder of a run of `transfer`: configuration, metrics and checkpoints.
//!
//! A transfer can train several networks, one after the other: a head for each candidate weight decay, and then the
//! encoder with the head. Each of them is a fit with a number and with checkpoints of its own. A transfer that resumes
//! repeats what takes seconds and has the same result every time: the codes and linear heads. It takes finished fits
//! from their last checkpoints.

use std::path::{Path, PathBuf};

use narrows_bundle::write_atomic;
use serde::Serialize;

use super::{
    Options,
    epoch::Epoch,
    head_checkpoint::{HeadCheckpoint, Position, Record},
    head_state::State,
    identity::{Identity, refuse_differences},
};
use crate::{
    ConfigError, TrainError,
    run::{
        BestRecord, Cadence, LearnerSteps, Resumed, RunError, RunFolder, Saved, StateFile, checkpoint_name, newest,
        remove_old, set_aside,
    },
};

const METRICS: &str = "metrics.jsonl";

/// The folder of a run, locked for this process.
#[derive(Debug)]
pub struct Run {
    folder: RunFolder,
    cadence: Cadence,
    identity: Identity,
    /// Number of fits that have begun.
    fits: usize,
    /// Epochs of the finished fits of this process.
    epochs: Vec<FitEpoch>,
    saved: Saved,
    /// Invalid checkpoints, which are renamed when the run continues.
    passed_over: Vec<PathBuf>,
}

/// A line of the metrics.
#[derive(Debug, Clone, Serialize)]
struct FitEpoch {
    /// Number of the fit, counted from 1.
    fit: usize,
    #[serde(flatten)]
    epoch: Epoch,
}

impl Run {
    /// Starts a run in a new or empty folder. Creates the folder and its parents if they are missing. The folder is
    /// removed again if nothing is saved in it. `options` are those of the user, with absolute paths.
    ///
    /// # Errors
    /// [`RunError::Occupied`] if the folder is not empty, [`RunError::Busy`] if another process uses it, and
    /// [`RunError::Io`] if it cannot be written.
    pub fn create(
        folder: impl Into<PathBuf>,
        options: &Options,
        identity: Identity,
        cadence: Cadence,
    ) -> Result<Self, RunError> {
        let path = folder.into();
        let invalid = |source: ConfigError| RunError::Config { path: path.clone(), source };
        let folder = RunFolder::create(path.clone(), &options.to_toml().map_err(invalid)?)?;
        Ok(Run { folder, cadence, identity, fits: 0, epochs: Vec::new(), saved: Saved::at(0), passed_over: Vec::new() })
    }

    /// Opens the run in a folder to resume it. The folder is left unchanged.
    ///
    /// # Errors
    /// [`RunError::NotARun`], [`RunError::Busy`], [`RunError::OtherData`], [`RunError::OtherBundle`] or
    /// [`RunError::OtherConfiguration`], or [`RunError::Io`] for files that cannot be read.
    pub fn resume(
        folder: impl Into<PathBuf>,
        identity: Identity,
        cadence: Cadence,
    ) -> Result<(Self, Resumed), RunError> {
        let path = folder.into();
        RunFolder::config(&path)?;
        let (folder, access) = RunFolder::open(path.clone())?;
        let mut resumed =
            Resumed { checkpoint: None, step: 0, epoch: 0, finished: false, passed_over: Vec::new(), access };
        for fit in 1.. {
            let (found, passed_over) = newest::<Record>(&folder.checkpoints(), &prefix(fit))?;
            resumed.passed_over.extend(passed_over);
            let Some((checkpoint, StateFile { record, .. })) = found else { break };
            identity.check(&record.identity, &path)?;
            let Position { step, epoch, finished, .. } = record.position;
            resumed = Resumed { checkpoint: Some(checkpoint), step, epoch, finished, ..resumed };
        }
        let passed_over = resumed.passed_over.iter().map(|(path, _)| path.clone()).collect();
        let saved = Saved::at(resumed.step);
        Ok((Run { folder, cadence, identity, fits: 0, epochs: Vec::new(), saved, passed_over }, resumed))
    }

    /// Returns the options with which to resume the run in a folder: those of its configuration, replaced by those set
    /// in `overrides`. Only the options that name the data may change.
    ///
    /// # Errors
    /// [`RunError::NotARun`], [`RunError::Config`] for an invalid configuration, and
    /// [`RunError::OtherConfiguration`] if any other option changes.
    pub fn options_with(folder: &Path, overrides: &Options) -> Result<Options, RunError> {
        let (path, text) = RunFolder::config(folder)?;
        let before = Options::from_toml(&text).map_err(|source| RunError::Config { path, source })?;
        let now = overrides.or(&before);
        refuse_differences(&before, &now, folder)?;
        Ok(now)
    }

    /// Returns the folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Whether the folder contains something worth keeping: a checkpoint, or a run that is resumed.
    pub fn is_saved(&self) -> bool {
        !self.folder.is_new()
    }

    /// Prepares the folder for training. Nothing changes in the folder of a resumed run before this call.
    pub(super) fn begin(&mut self) -> Result<(), RunError> {
        if !self.folder.is_new() {
            self.folder.clear()?;
            self.passed_over.drain(..).try_for_each(|path| set_aside(&path))?;
        }
        Ok(())
    }

    /// Returns the checkpoints of the next fit.
    pub(super) fn next_fit(&mut self) -> Checkpoints<'_> {
        self.fits += 1;
        Checkpoints { run: self }
    }
}

/// The checkpoints of the fit that a run is at.
pub(crate) struct Checkpoints<'r> {
    run: &'r mut Run,
}

impl Checkpoints<'_> {
    /// Reads the newest checkpoint; `None` for a fit that has not begun.
    pub(super) fn newest(&self) -> Result<Option<HeadCheckpoint<'static>>, RunError> {
        let (found, _) = newest(&self.run.folder.checkpoints(), &prefix(self.run.fits))?;
        Ok(found.map(|(_, checkpoint)| checkpoint))
    }

    pub(super) fn is_due_after_step(&self, step: u64) -> bool {
        self.run.cadence.is_due_after_step(step, &self.run.saved)
    }

    pub(super) fn is_due_after_epoch(&self) -> bool {
        self.run.cadence.is_due_after_epoch(&self.run.saved)
    }

    /// Saves the metrics and a checkpoint, and deletes the old checkpoints that need not be kept. A state with infinite
    /// weights or NaN is not saved: it would replace a good checkpoint.
    pub(super) fn save(&mut self, state: &State) -> Result<(), TrainError> {
        state.check_weights()?;
        let Run { folder, identity, fits, epochs, .. } = &mut *self.run;
        folder.keep();
        let current = state.history.iter().map(|epoch| FitEpoch { fit: *fits, epoch: epoch.clone() });
        let lines = epochs.iter().cloned().chain(current).map(|epoch| serde_json::to_string(&epoch));
        let lines: String = lines
            .map(|line| Ok(line? + "\n"))
            .collect::<Result<_, serde_json::Error>>()
            .map_err(candle_core::Error::wrap)?;
        let path = folder.path().join(METRICS);
        write_atomic(&path, lines.as_bytes()).map_err(RunError::io("write", &path))?;
        let record = Record {
            identity: identity.clone(),
            position: state.position.clone(),
            learner: LearnerSteps::of(state.learner.counts()),
            best: state.best.as_ref().map(|best| BestRecord { epoch: best.epoch, loss: best.loss }),
            history: state.history.clone(),
        };
        let best = state.best.as_ref().map(|best| &best.weights);
        let (step, prefix) = (state.position.step, prefix(*fits));
        let checkpoints = folder.checkpoints();
        StateFile::of(record, &state.parameters, state.learner.memory(), best)?
            .write(&checkpoints.join(checkpoint_name(&prefix, step)))?;
        self.run.saved = Saved::at(step);
        Ok(remove_old(&checkpoints, &prefix, step, self.run.cadence)?)
    }

    /// Keeps the epochs of the finished fit for the metrics.
    pub(super) fn finish(self, history: &[Epoch]) {
        let fit = self.run.fits;
        self.run.epochs.extend(history.iter().map(|epoch| FitEpoch { fit, epoch: epoch.clone() }));
    }
}

/// Returns the prefix of the names of a fit's checkpoints.
fn prefix(fit: usize) -> String {
    format!("fit-{fit}-")
}
