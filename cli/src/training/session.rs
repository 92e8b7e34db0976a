//! A run at work: data, configuration and folder, with progress shown and signals heard.

use std::{
    ops::ControlFlow,
    path::Path,
    time::{Duration, Instant},
};

use narrows_bundle::write_atomic;
use narrows_data::{Dataset, Limits, Reading};
use narrows_trainer::{
    Cadence, Config, DataOptions, EpochPlace, Fitted, Options, Resumed, Run, RunError, TrainError, fit_in, fitted_in,
};

use super::{
    TrainingArguments,
    choices::print_choices,
    curves::curves,
    data::{found_from_anywhere, loaded},
};
use crate::{
    progress::Progress,
    report::{Stopped, note, warn},
    stop::Stop,
};

/// A run, ready to go on.
pub(crate) struct Session {
    pub(crate) config: Config,
    pub(crate) data: Dataset,
    pub(crate) run: Run,
    pub(crate) stop: Stop,
    /// How to go on with it, as a command without the program's name.
    again: String,
    pub(crate) start: Instant,
    pub(crate) per_epoch: Vec<Duration>,
}

impl Session {
    /// Checks everything and starts or takes up the run. `verb` is how to go on after an interruption, and
    /// `claim` claims what the verb needs besides: it comes before anything is written.
    pub(crate) fn begin<T>(
        arguments: &TrainingArguments,
        verb: &str,
        claim: impl FnOnce(&Config, &Stop) -> anyhow::Result<T>,
    ) -> anyhow::Result<(Self, T)> {
        let start = Instant::now();
        let stop = Stop::listen()?;
        let options = arguments.options()?;
        let options = found_from_anywhere(&options);
        let data = loaded(&options, arguments.limits(), arguments.resumed())?;
        let config = Config::check(&options, &data)?;
        let claimed = claim(&config, &stop)?;
        let run = match arguments.resumed() {
            Some(folder) => {
                let (run, resumed) = Run::resume(folder, &config, &data, arguments.cadence())?;
                tell(folder, &resumed);
                run
            }
            None => created(arguments, &config, &data)?,
        };
        // Before the run is told: from then on somebody may know of it, and stop it.
        stop.watch_for();
        print_choices(&options, &config, &data, run.folder())?;
        let folder = crate::input::quoted(&run.folder().to_string_lossy());
        let again = format!("{verb}{}{} --resume {folder}", arguments.cadence_flags(), arguments.limit_flags());
        Ok((Session { config, data, run, stop, again, start, per_epoch: Vec::new() }, claimed))
    }

    /// Opens a run to export what it stands at.
    /// `again` are the words behind the program's name that do the same again.
    pub(crate) fn open(folder: &Path, data: Option<&str>, again: String) -> anyhow::Result<Self> {
        let start = Instant::now();
        let stop = Stop::listen()?;
        let reading = Reading { data: data.map(str::to_owned), ..Reading::default() };
        let data = DataOptions { reading, ..DataOptions::default() };
        let named = Options { data, ..Options::default() };
        let options = Run::options_with(folder, &named)?;
        let options = found_from_anywhere(&options);
        let data = loaded(&options, &Limits::default(), Some(folder))?;
        let config = Config::check(&options, &data)?;
        let (run, resumed) = Run::resume(folder, &config, &data, Cadence::default())?;
        run.check_model()?;
        tell(folder, &resumed);
        Ok(Session { config, data, run, stop, again, start, per_epoch: Vec::new() })
    }

    /// Fits to the end of the run, and leaves the curves in its folder.
    pub(crate) fn fit(&mut self) -> anyhow::Result<Fitted> {
        let mut progress = Progress::new(&self.config, self.config.fitted_rows(self.data.train.values.rows()));
        let stop = &self.stop;
        let outcome = fit_in(&mut self.run, &self.config, &self.data, &mut |event| {
            progress.show(event);
            if stop.asked().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        self.per_epoch = std::mem::take(&mut progress.per_epoch);
        let fitted = match (outcome, self.stop.asked()) {
            (Err(TrainError::Interrupted { epoch, step }), Some(_)) => {
                let EpochPlace { layer, epoch, .. } = progress.place_of(epoch);
                let layer = layer.map_or(String::new(), |layer| format!(" of layer {layer}"));
                return Err(self.interrupted(&format!("after step {step} (epoch {epoch}{layer})")));
            }
            (outcome, _) => outcome?,
        };
        fitted.remarks().iter().for_each(warn);
        if let Some(svg) = curves(&fitted)? {
            let path = self.run.folder().join("loss.svg");
            write_atomic(&path, svg.as_bytes())
                .map_err(|error| anyhow::Error::new(error).context(format!("cannot write `{}`", path.display())))?;
        }
        Ok(fitted)
    }

    /// The model that the run stands at, without another step.
    pub(crate) fn fitted(&mut self) -> anyhow::Result<Fitted> {
        self.stop.watch_for();
        let fitted = fitted_in(&mut self.run, &self.config, &self.data)?;
        fitted.remarks().iter().for_each(warn);
        Ok(fitted)
    }

    /// Ends the program if somebody asked for it; `place` is how far it got.
    pub(crate) fn check_stop(&self, place: &str) -> anyhow::Result<()> {
        if self.stop.asked().is_some() { Err(self.interrupted(place)) } else { Ok(()) }
    }

    /// The command that goes on with the run.
    pub(crate) fn again(&self) -> String {
        format!("{} {}", crate::input::program(), self.again)
    }

    fn interrupted(&self, place: &str) -> anyhow::Error {
        let signal = self.stop.asked().unwrap_or_default();
        Stopped { signal, told: format!("interrupted {place}; go on with: {}", self.again()) }.into()
    }
}

/// A new run, in the folder that was asked for, or in the first free one: another process may be looking for
/// one too.
fn created(arguments: &TrainingArguments, config: &Config, data: &Dataset) -> anyhow::Result<Run> {
    loop {
        let folder = arguments.new_run(config.kind().name());
        match Run::create(folder, config, data, arguments.cadence()) {
            Err(RunError::Busy { .. } | RunError::Occupied { .. }) if arguments.leaves_the_name_open() => {}
            outcome => return Ok(outcome?),
        }
    }
}

/// Says from where a run goes on.
fn tell(folder: &Path, resumed: &Resumed) {
    for (path, why) in &resumed.passed_over {
        warn(format_args!("passed over `{}`: {why}", path.display()));
    }
    match &resumed.checkpoint {
        Some(path) => note(format_args!(
            "run: `{}`, from `{}` (step {}, {} epochs complete{})",
            folder.display(),
            path.display(),
            resumed.step,
            resumed.epoch,
            if resumed.finished { ", nothing left to train" } else { "" }
        )),
        None => note(format_args!("run: `{}` has no checkpoint yet and begins anew", folder.display())),
    }
}
