//! The run of a transfer: its flags, its folder, and the command that continues it.

use narrows_bundle::Manifest;
use narrows_data::{Dataset, is_standard_input};
use narrows_trainer::transfer::{Config, Identity, Options, Run};

use crate::{
    input::{absolute_word, program},
    misuse::misuse,
    report::{Stopped, note},
    stop::Stop,
    training::{RunArguments, absolute_path, note_renamed, report_resumed},
};

/// Creates or resumes the run of a transfer; `None` for a linear head on a frozen encoder, which is fitted in one step.
///
/// # Errors
/// An error if flags of a run are set and there is none.
pub(crate) fn open_run(
    arguments: &RunArguments,
    config: &Config,
    options: &Options,
    model: &Manifest,
    data: &Dataset,
) -> anyhow::Result<Option<Run>> {
    if !config.uses_gradient_descent() {
        return match arguments.set_flags().first() {
            Some(flag) => misuse!(
                "a linear head on a frozen encoder is fitted in one step and has no checkpoints; leave out {flag}, or \
                 pass --fine-tune or --head mlp:128"
            ),
            None => Ok(None),
        };
    }
    let identity = Identity::of(config, options, model, data)?;
    let Some(folder) = arguments.resume_folder() else {
        let absolute = Options { data: options.data.with_paths(absolute_path), ..options.clone() };
        let name = format!("{}-{}", model.kind, config.task.kind());
        let create = |folder| Run::create(folder, &absolute, identity.clone(), arguments.cadence());
        let run = arguments.create(&name, create)?;
        note(format_args!("run: {}", run.folder().display()));
        return Ok(Some(run));
    };
    let (run, resumed) = Run::resume(folder, identity, arguments.cadence())?;
    report_resumed(folder, &resumed);
    note_renamed(&resumed);
    Ok(Some(run))
}

/// Returns the error of an interrupted transfer, with the command that continues it if checkpoints are saved. `place`
/// says where it was interrupted, and `command` is the command without the flags of the run.
pub(crate) fn interrupted(place: &str, run: Option<&Run>, command: &str, options: &Options, stop: &Stop) -> Stopped {
    let signal = stop.signal().unwrap_or_default();
    let Some(run) = run.filter(|run| run.is_saved()) else {
        return Stopped { signal, message: format!("interrupted{place}; no bundle was written") };
    };
    let folder = absolute_word(run.folder());
    // Standard input cannot be read a second time.
    let data = options.data.reading.data.as_deref();
    let data = if data.is_some_and(is_standard_input) { " --data FILE" } else { "" };
    let message = format!("interrupted{place}; continue with: {} {command} --resume {folder}{data}", program());
    Stopped { signal, message }
}
