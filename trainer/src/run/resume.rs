//! Taking a run up again: from its newest valid checkpoint, if nothing else has changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use narrows_data::Dataset;
use toml::Table;

use super::{
    Cadence, Checkpoint, Run, RunError, Saved, checkpoint, cleanup::remove_litter, layout::CHECKPOINTS, lock,
    metrics::Metrics, write_config,
};
use crate::{Activation, Config, DataOptions, Kernels, Method, Options, Pretrain, descent::End, options::Group};

/// From where a run goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resumed {
    /// The checkpoint; `None` where there is none, and the run begins anew.
    pub checkpoint: Option<PathBuf>,
    /// Steps that are done.
    pub step: u64,
    /// Epochs that are complete.
    pub epoch: usize,
    /// Whether nothing is left to do.
    pub finished: bool,
    /// Newer checkpoints that cannot be gone on from, and why; once it goes on, they are renamed, out of the way.
    pub passed_over: Vec<(PathBuf, String)>,
}

impl Run {
    /// Opens the run in a folder to go on with it. The configuration may ask for more epochs, where that
    /// changes no step that is done.
    ///
    /// # Errors
    /// [`RunError`]: no run, another process in it, other data, another configuration, no valid checkpoint among
    /// those that there are. The folder is then as it was.
    pub fn resume(
        folder: impl Into<PathBuf>,
        config: &Config,
        data: &Dataset,
        cadence: Cadence,
    ) -> Result<(Self, Resumed), RunError> {
        let folder = folder.into();
        // Says what is wrong where there is no run, before anything is created in it.
        let before = Run::options(&folder)?;
        let lock = lock(&folder)?;
        let checkpoints = folder.join(CHECKPOINTS);
        let (mut start, passed_over) = checkpoint::newest(&checkpoints)?;
        let fingerprint = data.fingerprint()?;
        let differences = match &mut start {
            // Only its name tells what the data was.
            None if passed_over.is_empty() => differences(&before, &config.effective()).into_values().collect(),
            None => return Err(RunError::NoneValid { path: folder, passed_over }),
            Some((_, found)) if found.record.fingerprint != fingerprint => {
                let expected = found.record.fingerprint.clone();
                return Err(RunError::OtherData { path: folder, expected, found: fingerprint });
            }
            Some((_, found)) => found.go_on(config),
        };
        if !differences.is_empty() {
            return Err(RunError::OtherConfiguration { path: folder, differences });
        }
        let position = start.as_ref().map(|(_, found)| &found.record.position);
        let (step, epoch) = position.map_or((0, 0), |position| (position.step, position.epoch));
        let finished = match config.method {
            Method::ClosedForm(_) => start.is_some(),
            Method::Descent(_) => position.is_some_and(|position| position.end.is_some()),
        };
        let resumed =
            Resumed { checkpoint: start.as_ref().map(|(path, _)| path.clone()), step, epoch, finished, passed_over };
        let run = Run {
            metrics: Metrics::read(&folder, epoch),
            folder,
            cadence,
            fingerprint,
            start: start.map(|(_, found)| found),
            saved: Saved { at: Instant::now(), step, best_epoch: None },
            cleanup: None,
            passed_over: resumed.passed_over.iter().map(|(path, _)| path.clone()).collect(),
            _lock: lock,
        };
        Ok((run, resumed))
    }

    /// What to go on with: the options of the run in a folder, and those that are said anew. Those are few, since
    /// most would make it another run.
    ///
    /// # Errors
    /// Those of [`Run::options`], and [`RunError::OtherConfiguration`].
    pub fn options_with(folder: &Path, said: &Options) -> Result<Options, RunError> {
        let before = Run::options(folder)?;
        let now = said.or(&before);
        let mut differences = differences(&before, &now);
        // Whether there may be others is a matter of the schedule.
        differences.remove("epochs");
        // The data is known by its fingerprint, whatever it is called here.
        <DataOptions as Group>::keys().into_iter().for_each(|key| drop(differences.remove(key)));
        if differences.is_empty() {
            return Ok(now);
        }
        let differences = differences.into_values().collect();
        Err(RunError::OtherConfiguration { path: folder.to_owned(), differences })
    }

    /// Puts the folder in the state that the run goes on from. Until then it is as it was found.
    pub(crate) fn begin(&mut self, config: &Config) -> Result<(), RunError> {
        if self.cleanup.is_some() {
            // Just created.
            return Ok(());
        }
        let checkpoints = self.folder.join(CHECKPOINTS);
        fs::create_dir_all(&checkpoints).map_err(RunError::io("create", &checkpoints))?;
        remove_litter(&checkpoints);
        remove_litter(&self.folder);
        // What comes after the newest valid one is run again, and must not be taken for newer.
        for path in self.passed_over.drain(..) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let aside = path.with_file_name(format!("passed-over-{name}"));
            fs::rename(&path, aside).map_err(RunError::io("rename", &path))?;
        }
        self.metrics.begin(&self.folder)?;
        write_config(&self.folder, config)
    }
}

impl Checkpoint<'_> {
    /// Asks for the epochs of a configuration: more than there were reopen a run that had come to its end, as
    /// many as are done end it. Returns what stands in the way.
    fn go_on(&mut self, config: &Config) -> Vec<String> {
        let mut differences = differences(&self.record.configuration, &config.recorded());
        for key in <DataOptions as Group>::keys() {
            differences.remove(key);
        }
        if let Method::Descent(descent) = &config.method
            && let Some(told) = differences.remove("epochs")
        {
            let position = &mut self.record.position;
            let begun = position.begun().saturating_sub(descent.pretraining_epochs());
            if descent.learning_rate.schedule.sees_the_end() {
                let why = format!("{told}, and the schedule {} depends on it", descent.learning_rate.schedule);
                differences.insert("epochs".to_owned(), why);
            } else if descent.epochs < begun {
                differences.insert("epochs".to_owned(), format!("{told}, with {begun} begun"));
            } else if position.end != Some(End::Early) {
                position.end = (descent.all_epochs() == position.epoch).then_some(End::Complete);
            }
        }
        differences.into_values().collect()
    }
}

/// What was said, by key, as it is recorded. Runs that were begun before there was a choice of kernels do not name them.
fn said(options: &Options) -> Table {
    let has_kernels = options.kind.is_some_and(|kind| Options::kinds_of("kernels").contains(&kind));
    let mut options = options.clone();
    options.kernels.kernels = options.kernels.kernels.or(has_kernels.then(Kernels::default));
    // What is off is not recorded.
    options.pretrain.pretrain = options.pretrain.pretrain.filter(|&way| way != Pretrain::None);
    options.code.latent_activation =
        options.code.latent_activation.filter(|&activation| activation != Activation::Identity);
    options.fields()
}

/// "`beta` was 1.0, now 2.0", for each key that differs.
fn differences(before: &Options, now: &Options) -> BTreeMap<String, String> {
    let (before, now) = (said(before), said(now));
    let word = |value: Option<&toml::Value>| value.map_or("not set".to_owned(), ToString::to_string);
    let keys: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    let differing = keys.into_iter().filter(|key| before.get(*key) != now.get(*key));
    differing
        .map(|key| (key.clone(), format!("`{key}` was {}, now {}", word(before.get(key)), word(now.get(key)))))
        .collect()
}

#[cfg(test)]
mod tests {
    use narrows_bundle::Kind;

    use super::*;

    #[test]
    fn to_say_that_something_is_off_changes_nothing() {
        let before = Options::new(Kind::Ae);
        let off = before.clone().with(|off| {
            off.pretrain.pretrain = Some(Pretrain::None);
            off.code.latent_activation = Some(Activation::Identity);
        });
        assert!(differences(&before, &off).is_empty());
        let on = off.with(|on| on.pretrain.pretrain = Some(Pretrain::Layerwise));
        assert_eq!(differences(&before, &on).keys().collect::<Vec<_>>(), ["pretrain"]);
    }

    #[test]
    fn a_run_that_names_no_kernels_had_the_usual_ones() {
        for kind in [Kind::Vae, Kind::Pca] {
            let old = Options::new(kind);
            assert!(differences(&old, &old).is_empty());
            let kernels = |kernels| old.clone().with(|of| of.kernels.kernels = Some(kernels));
            let told = differences(&old, &kernels(Kernels::Composed));
            assert_eq!(told.keys().collect::<Vec<_>>(), ["kernels"]);
            assert_eq!(differences(&old, &kernels(Kernels::Fused)).is_empty(), kind == Kind::Vae);
        }
    }
}
