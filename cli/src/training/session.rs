//! A running training session: data, configuration, run folder, progress and signals.

use std::{
    ops::ControlFlow,
    path::Path,
    time::{Duration, Instant},
};

use narrows_bundle::write_atomic;
use narrows_data::{Dataset, Limits};
use narrows_trainer::{
    Cadence, Config, EpochPlace, Fitted, Options, Run, TrainError, fit_in, fitted_in, options::DataOptions,
};

use super::{
    TrainingArguments,
    arguments::limit_flags,
    choices::{Chosen, print_choices},
    curves::curves,
    data::{load_data, with_absolute_paths},
    resumed::{note_renamed, report_resumed},
};
use crate::{
    problems::Sources,
    progress::Progress,
    report::{Stopped, warn},
    stop::Stop,
};

/// An opened run, ready to train or to export.
pub(crate) struct Session {
    pub(crate) config: Config,
    pub(crate) data: Dataset,
    pub(crate) run: Run,
    pub(crate) stop: Stop,
    /// Number of damaged checkpoints that are newer than the one the run resumes from.
    pub(crate) skipped: usize,
    /// The data as the user named it.
    named_data: DataOptions,
    /// Whether options may come from a file or from the resumed run.
    has_file: bool,
    /// Command that continues the run, without the name of the program.
    resume_command: String,
    pub(crate) start: Instant,
    pub(crate) per_epoch: Vec<Duration>,
}

impl Session {
    /// Checks all inputs, and starts or resumes the run. `verb` is the start of the command that continues it after an
    /// interruption. `claim` claims the other outputs of the verb; it is called before anything is written.
    pub(crate) fn begin<T>(
        arguments: &TrainingArguments,
        verb: &str,
        claim: impl FnOnce(&Config, &Stop) -> anyhow::Result<T>,
    ) -> anyhow::Result<(Self, T)> {
        let start = Instant::now();
        let stop = Stop::listen()?;
        let options = arguments.options()?;
        let data = load_data(&options, arguments.limits(), arguments.run.resume_folder())?;
        let has_file = arguments.has_file();
        let (absolute, config) = checked(&options, &data, has_file)?;
        let claimed = claim(&config, &stop)?;
        let (run, skipped) = match arguments.run.resume_folder() {
            Some(folder) => {
                let (run, resumed) = Run::resume(folder, &config, &data, arguments.run.cadence())?;
                report_resumed(folder, &resumed);
                note_renamed(&resumed);
                (run, resumed.passed_over.len())
            }
            None => {
                let create = |folder| Run::create(folder, &config, &data, arguments.run.cadence());
                (arguments.run.create(config.kind().name(), create)?, 0)
            }
        };
        // Before the run folder is printed: from then on, other programs know of the run and may stop it.
        stop.defer_first_signal();
        print_choices(&Chosen { flags: arguments.flags(), options: &absolute }, &config, &data, run.folder())?;
        config.remarks().iter().for_each(warn);
        let folder = crate::input::absolute_word(run.folder());
        // Standard input cannot be read a second time.
        let is_standard_input = options.data.reading.data.as_deref().is_some_and(narrows_data::is_standard_input);
        let data_flag = if is_standard_input { " --data FILE" } else { "" };
        let resume_command = format!(
            "{verb}{}{} --resume {folder}{data_flag}",
            arguments.run.cadence_flags(),
            limit_flags(arguments.limits())
        );
        let session = Session {
            config,
            data,
            run,
            stop,
            skipped,
            named_data: options.data,
            has_file,
            resume_command,
            start,
            per_epoch: Vec::new(),
        };
        Ok((session, claimed))
    }

    /// Opens a run to export the model of its newest checkpoint. `moved` has the new paths of files that were
    /// moved, and `resume_command` is the command that repeats the export, without the name of the program.
    pub(crate) fn open(folder: &Path, moved: &Options, resume_command: String) -> anyhow::Result<Self> {
        let start = Instant::now();
        let stop = Stop::listen()?;
        let options = Run::options_with(folder, moved)?;
        let data = load_data(&options, &Limits::default(), Some(folder))?;
        let has_file = true;
        let (_, config) = checked(&options, &data, has_file)?;
        let (run, resumed) = Run::resume(folder, &config, &data, Cadence::default())?;
        run.check_model()?;
        report_resumed(folder, &resumed);
        let skipped = resumed.passed_over.len();
        Ok(Session {
            config,
            data,
            run,
            stop,
            skipped,
            named_data: options.data,
            has_file,
            resume_command,
            start,
            per_epoch: Vec::new(),
        })
    }

    /// Trains to the end of the run, and writes the loss curves to its folder.
    pub(crate) fn fit(&mut self) -> anyhow::Result<Fitted> {
        let mut progress = Progress::new(&self.config, self.config.fitted_rows(&self.data.train.values));
        let stop = &self.stop;
        let outcome = fit_in(&mut self.run, &self.config, &self.data, &mut |event| {
            progress.show(event);
            if stop.signal().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        self.per_epoch = std::mem::take(&mut progress.per_epoch);
        let fitted = match (outcome, self.stop.signal()) {
            (Err(TrainError::Interrupted { epoch, step }), Some(_)) => {
                let EpochPlace { layer, epoch, .. } = progress.place_of(epoch);
                let layer = layer.map_or(String::new(), |layer| format!(" of layer {layer}"));
                return Err(self.interrupted(&format!("after step {step} (epoch {epoch}{layer})")));
            }
            (outcome, _) => outcome.map_err(|error| self.explain(error))?,
        };
        // The remarks on the configuration were printed before training.
        let printed = self.config.remarks();
        fitted.remarks().iter().filter(|remark| !printed.contains(remark)).for_each(warn);
        if let Some(svg) = curves(&fitted)? {
            let path = self.run.folder().join("loss.svg");
            write_atomic(&path, svg.as_bytes())
                .map_err(|error| anyhow::Error::new(error).context(format!("cannot write `{}`", path.display())))?;
        }
        Ok(fitted)
    }

    /// Returns the model of the newest checkpoint, without training further.
    pub(crate) fn fitted(&mut self) -> anyhow::Result<Fitted> {
        self.stop.defer_first_signal();
        let fitted = fitted_in(&mut self.run, &self.config, &self.data).map_err(|error| self.explain(error))?;
        fitted.remarks().iter().for_each(warn);
        Ok(fitted)
    }

    fn explain(&self, error: TrainError) -> anyhow::Error {
        Sources { data: &self.named_data, bundle: None, has_file: self.has_file }.explain(error)
    }

    /// Returns an error if a signal was received. `progress` says how far the program got.
    pub(crate) fn check_stop(&self, progress: &str) -> anyhow::Result<()> {
        if self.stop.signal().is_some() { Err(self.interrupted(progress)) } else { Ok(()) }
    }

    /// Returns the command that continues the run.
    pub(crate) fn resume_command(&self) -> String {
        format!("{} {}", crate::input::program(), self.resume_command)
    }

    fn interrupted(&self, progress: &str) -> anyhow::Error {
        let signal = self.stop.signal().unwrap_or_default();
        let message = format!("interrupted {progress}; continue with: {}", self.resume_command());
        Stopped { signal, message }.into()
    }
}

/// Checks options against the data, with absolute paths. Errors name the data as the user named it.
fn checked(options: &Options, data: &Dataset, has_file: bool) -> anyhow::Result<(Options, Config)> {
    let absolute = with_absolute_paths(options);
    let sources = Sources { data: &options.data, bundle: None, has_file };
    let config = Config::check(&absolute, data).map_err(|error| sources.explain(error.into()))?;
    Ok((absolute, config))
}
