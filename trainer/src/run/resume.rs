//! Resumes a run from its newest valid checkpoint, if data and configuration have not changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use narrows_data::Dataset;
use toml::Table;

use super::{
    Access, Cadence, Checkpoint, PREFIX, Run, RunError, RunFolder, Saved, checkpoint::Record, config_text,
    metrics::Metrics, newest, set_aside,
};
use crate::{
    Activation, Config, DataOptions, DeviceChoice, Kernels, Method, Options, Pretrain,
    descent::End,
    network::Normalisation,
    options::{DeviceOptions, ExportSamplerOptions, Group, MomentsOptions, PoolName},
};

/// The point from which a run resumes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resumed {
    /// The checkpoint; `None` if the run has none and starts from the beginning.
    pub checkpoint: Option<PathBuf>,
    /// Number of completed steps.
    pub step: u64,
    /// Number of completed epochs.
    pub epoch: usize,
    /// Whether the run is already finished.
    pub finished: bool,
    /// Newer checkpoints that are invalid, each with the reason. They are renamed when the run continues.
    pub passed_over: Vec<(PathBuf, String)>,
    /// Whether the folder can be written.
    pub access: Access,
}

impl Run {
    /// Opens the run in a folder to resume it. The configuration may change the number of epochs if that does not
    /// affect the completed steps.
    ///
    /// # Errors
    /// [`RunError::NotARun`], [`RunError::Busy`], [`RunError::OtherData`], [`RunError::OtherMoments`],
    /// [`RunError::OtherConfiguration`], [`RunError::NoneValid`], or [`RunError::Io`] and
    /// [`RunError::Config`] for files that cannot be read. The folder is left unchanged.
    pub fn resume(
        folder: impl Into<PathBuf>,
        config: &Config,
        data: &Dataset,
        cadence: Cadence,
    ) -> Result<(Self, Resumed), RunError> {
        let folder = folder.into();
        // Reads the configuration first, so that nothing is created in a folder that is not a run.
        let before = Run::options(&folder)?;
        let (locked, access) = RunFolder::open(folder.clone())?;
        let (mut start, passed_over) = newest::<Record>(&locked.checkpoints(), PREFIX)?;
        let fingerprint = data.fingerprint()?;
        let moments = config.moments.as_ref().map(|loaded| loaded.sha256.clone());
        let differences = match &mut start {
            // Without a checkpoint there is no fingerprint, so only the name of the data can be compared.
            None if passed_over.is_empty() => differences(&before, &config.effective()).into_values().collect(),
            None => return Err(RunError::NoneValid { path: folder, passed_over }),
            Some((_, checkpoint)) if checkpoint.record.fingerprint != fingerprint => {
                let expected = checkpoint.record.fingerprint.clone();
                return Err(RunError::OtherData { path: folder, expected, found: fingerprint });
            }
            Some((_, checkpoint)) if checkpoint.record.moments != moments => {
                let expected = checkpoint.record.moments.clone();
                return Err(RunError::OtherMoments { path: folder, expected, found: moments });
            }
            Some((_, checkpoint)) => checkpoint.set_epochs(config),
        };
        if !differences.is_empty() {
            return Err(RunError::OtherConfiguration { path: folder, differences });
        }
        let position = start.as_ref().map(|(_, checkpoint)| &checkpoint.record.position);
        let (step, epoch) = position.map_or((0, 0), |position| (position.step, position.epoch));
        let finished = match config.method {
            Method::ClosedForm(_) => start.is_some(),
            Method::Descent(_) => position.is_some_and(|position| position.end.is_some()),
        };
        let resumed = Resumed {
            checkpoint: start.as_ref().map(|(path, _)| path.clone()),
            step,
            epoch,
            finished,
            passed_over,
            access,
        };
        let run = Run {
            metrics: Metrics::read(&folder, epoch),
            folder: locked,
            cadence,
            fingerprint,
            start: start.map(|(_, checkpoint)| checkpoint),
            saved: Saved::at(step),
            saved_best: None,
            passed_over: resumed.passed_over.iter().map(|(path, _)| path.clone()).collect(),
        };
        Ok((run, resumed))
    }

    /// Returns the options with which to resume the run in a folder: those of its configuration, replaced by those set
    /// in `overrides`. Only `epochs`, the device and the options that name the data may change. TF32 belongs to the
    /// device: another one has the default.
    ///
    /// # Errors
    /// The errors of [`Run::options`], and [`RunError::OtherConfiguration`] if any other option changes.
    pub fn options_with(folder: &Path, overrides: &Options) -> Result<Options, RunError> {
        let before = Run::options(folder)?;
        let mut now = overrides.or(&before);
        let device = |options: &Options| options.device.device.unwrap_or_default();
        if device(&now) != device(&before) {
            now.device = overrides.device.clone();
        }
        let mut differences = differences(&before, &now);
        // `Run::resume` decides whether the schedule allows another number of epochs.
        differences.remove("epochs");
        remove_ignored(&mut differences);
        if differences.is_empty() {
            return Ok(now);
        }
        let differences = differences.into_values().collect();
        Err(RunError::OtherConfiguration { path: folder.to_owned(), differences })
    }

    /// Prepares the folder for resuming: removes partial files, renames invalid checkpoints and rewrites the metrics.
    /// Nothing changes in the folder before this call.
    pub(crate) fn begin(&mut self, config: &Config) -> Result<(), RunError> {
        if self.folder.is_new() {
            return Ok(());
        }
        self.folder.clear()?;
        self.passed_over.drain(..).try_for_each(|path| set_aside(&path))?;
        let Run { metrics, folder, .. } = self;
        metrics.begin(folder.path())?;
        folder.write_config(&config_text(folder.path(), config)?)
    }
}

impl Checkpoint<'_> {
    /// Sets the number of epochs to that of `config`. A larger number reopens a completed run; a number equal to the
    /// completed epochs ends the run. Returns the differences between the configurations that prevent resuming.
    fn set_epochs(&mut self, config: &Config) -> Vec<String> {
        let mut differences = differences(&self.record.configuration, &config.recorded());
        remove_ignored(&mut differences);
        if let Method::Descent(descent) = &config.method
            && let Some(difference) = differences.remove("epochs")
        {
            let position = &mut self.record.position;
            let begun = position.epochs_begun().saturating_sub(descent.pretraining_epochs());
            if descent.learning_rate.schedule.depends_on_total_steps() {
                let why = format!("{difference}, and the schedule {} depends on it", descent.learning_rate.schedule);
                differences.insert("epochs".to_owned(), why);
            } else if descent.epochs < begun {
                differences.insert("epochs".to_owned(), format!("{difference}, but {begun} have already begun"));
            } else if position.end != Some(End::Early) {
                position.end = (descent.all_epochs() == position.epoch).then_some(End::Complete);
            }
        }
        differences.into_values().collect()
    }
}

/// Returns the options as recorded, by key. Old runs do not record the kernels and the device, so the defaults are
/// filled in.
fn recorded_fields(options: &Options) -> Table {
    let has_kernels = options.kind.is_some_and(|kind| Options::kinds_of("kernels").contains(&kind));
    let mut options = options.clone().as_recorded();
    options.kernels.kernels = options.kernels.kernels.or(has_kernels.then(Kernels::default));
    options.device.device = options.device.device.or(has_kernels.then(DeviceChoice::default));
    options.device.tf32 = options.device.tf32.or(has_kernels.then_some(false));
    // Options that are switched off are not recorded.
    options.architecture.pool = options.architecture.pool.filter(|&pool| pool != PoolName::None);
    let normalisation = options.architecture.normalisation;
    options.architecture.normalisation = normalisation.filter(|&normalisation| normalisation != Normalisation::None);
    options.pretrain.pretrain = options.pretrain.pretrain.filter(|&pretrain| pretrain != Pretrain::None);
    options.code.latent_activation =
        options.code.latent_activation.filter(|&activation| activation != Activation::Identity);
    options.fields()
}

/// Removes the differences that do not prevent resuming. The data and the moments are identified by their fingerprints,
/// not by their names, and only the export depends on the sampler. A run may continue on another device.
fn remove_ignored(differences: &mut BTreeMap<String, String>) {
    let (data, device) = (<DataOptions as Group>::keys(), DeviceOptions::keys());
    let ignored = [data, device, MomentsOptions::keys(), ExportSamplerOptions::keys()];
    ignored.concat().into_iter().for_each(|key| drop(differences.remove(key)));
}

/// Describes each option that differs, by key.
fn differences(before: &Options, now: &Options) -> BTreeMap<String, String> {
    field_differences(&recorded_fields(before), &recorded_fields(now))
}

/// Describes each field that differs, by key, such as "`beta` was 1.0, now 2.0".
pub(crate) fn field_differences(before: &Table, now: &Table) -> BTreeMap<String, String> {
    let text = |value: Option<&toml::Value>| value.map_or("not set".to_owned(), ToString::to_string);
    let keys: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    let differing = keys.into_iter().filter(|key| before.get(*key) != now.get(*key));
    differing
        .map(|key| (key.clone(), format!("`{key}` was {}, now {}", text(before.get(key)), text(now.get(key)))))
        .collect()
}

#[cfg(test)]
mod tests {
    use narrows_bundle::Kind;

    use super::*;
    use crate::{device::Device, options::ArchitectureName};

    #[test]
    fn explicitly_disabled_option_equals_an_unset_option() {
        let before = Options::new(Kind::Ae);
        let off = before.clone().with(|off| {
            off.architecture.normalisation = Some(Normalisation::None);
            off.pretrain.pretrain = Some(Pretrain::None);
            off.code.latent_activation = Some(Activation::Identity);
        });
        assert!(differences(&before, &off).is_empty());
        let on = off.with(|on| on.pretrain.pretrain = Some(Pretrain::Layerwise));
        assert_eq!(differences(&before, &on).keys().collect::<Vec<_>>(), ["pretrain"]);
    }

    #[test]
    fn a_run_older_than_convolutions_has_dense_layers() {
        let old = Options::new(Kind::Ae);
        let with = |name| old.clone().with(|options| options.architecture.architecture = Some(name));
        assert!(differences(&old, &with(ArchitectureName::Mlp)).is_empty());
        let differing = differences(&old, &with(ArchitectureName::Conv));
        assert_eq!(differing.keys().collect::<Vec<_>>(), ["architecture"]);
        assert!(differences(&Options::new(Kind::Pca), &Options::new(Kind::Pca)).is_empty());
    }

    #[test]
    fn another_device_does_not_prevent_resuming() {
        let on = |device, kernels| {
            Options::new(Kind::Vae).with(|options| {
                (options.device.device, options.kernels.kernels) = (Some(device), Some(kernels));
            })
        };
        let remaining = |before: &Options, now: &Options| {
            let mut differences = differences(before, now);
            remove_ignored(&mut differences);
            differences.into_keys().collect::<Vec<_>>()
        };
        let [cpu, gpu] = [Device::Cpu, Device::Cuda(1)].map(DeviceChoice);
        assert!(remaining(&on(cpu, Kernels::Fused), &on(gpu, Kernels::Fused)).is_empty());
        assert_eq!(remaining(&on(cpu, Kernels::Fused), &on(gpu, Kernels::Composed)), ["kernels"]);
        let old = Options::new(Kind::Vae);
        assert!(differences(&old, &on(cpu, Kernels::Fused)).is_empty(), "a record older than devices");

        let folder = tempfile::tempdir().expect("a temporary folder");
        let recorded = on(gpu, Kernels::Composed).with(|options| options.device.tf32 = Some(true));
        std::fs::write(folder.path().join("config.toml"), recorded.to_toml().expect("valid")).expect("writable");
        let resumed = |overrides: &Options| Run::options_with(folder.path(), overrides).expect("a run");
        let moved = resumed(&Options::default().with(|options| options.device.device = Some(cpu)));
        assert_eq!(
            (moved.device.device, moved.device.tf32, moved.kernels.kernels),
            (Some(cpu), None, Some(Kernels::Composed))
        );
        let same = resumed(&Options::default());
        assert_eq!((same.device, same.kernels), (recorded.device, recorded.kernels));
    }

    #[test]
    fn run_without_recorded_kernels_uses_the_default_kernels() {
        for kind in [Kind::Vae, Kind::Pca] {
            let old = Options::new(kind);
            assert!(differences(&old, &old).is_empty());
            let kernels = |kernels| old.clone().with(|options| options.kernels.kernels = Some(kernels));
            let differing = differences(&old, &kernels(Kernels::Composed));
            assert_eq!(differing.keys().collect::<Vec<_>>(), ["kernels"]);
            assert_eq!(differences(&old, &kernels(Kernels::Fused)).is_empty(), kind == Kind::Vae);
        }
    }
}
