//! Trains one cell in its folder, or resumes it, and exports the bundle.

use std::{ops::ControlFlow, path::Path, time::Instant};

use narrows_trainer::{
    Cadence, Config, Run, RunError, TrainError, bundle::Bundle, data::Dataset, fit_in, internals::Method,
};

use crate::{
    destination::Destination,
    progress::Progress,
    report::{Stopped, can_draw_bar, warn},
    stop::Stop,
    training::stage,
};

/// Name of the folder of a run within that of its cell.
const RUN: &str = "run";
/// Name of the folder of a bundle within that of its cell.
pub(super) const BUNDLE: &str = "bundle";

/// A trained cell.
pub(crate) struct Trained {
    /// Duration of training in seconds: of the steps of all epochs, also those before an interruption, or of the
    /// solution in closed form.
    pub(super) seconds: f64,
    /// Warnings about the model.
    pub(super) remarks: Vec<String>,
}

/// Trains a model in `folder`, from the newest checkpoint if there is one, and writes the bundle there.
pub(crate) fn train(
    folder: &Path,
    config: &Config,
    data: &Dataset,
    cadence: Cadence,
    stop: &Stop,
    explain: &dyn Fn(TrainError) -> anyhow::Error,
) -> anyhow::Result<(Bundle, Trained)> {
    let mut run = open_run(&folder.join(RUN), config, data, cadence)?;
    let mut destination = Destination::stage(&folder.join(BUNDLE), stop)?;
    let start = Instant::now();
    let mut progress = can_draw_bar().then(|| Progress::new(config, config.fitted_rows(&data.train.values)));
    let fitted = fit_in(&mut run, config, data, &mut |event| {
        if let Some(progress) = &mut progress {
            progress.show(event);
        }
        if stop.signal().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    check_stop(stop)?;
    let fitted = fitted.map_err(explain)?;
    let seconds = match config.method {
        Method::ClosedForm(_) => start.elapsed().as_secs_f64(),
        Method::Descent(_) => fitted.history.iter().map(|record| record.seconds).sum(),
    };
    stage(&mut destination, &fitted, data)?;
    check_stop(stop)?;
    let (bundle, _) = destination.publish(stop)?;
    Ok((Bundle::open(bundle)?, Trained { seconds, remarks: fitted.remarks() }))
}

/// Opens the run in a folder, or creates it.
fn open_run(folder: &Path, config: &Config, data: &Dataset, cadence: Cadence) -> Result<Run, RunError> {
    match Run::resume(folder, config, data, cadence) {
        Ok((run, resumed)) => {
            for (path, why) in &resumed.passed_over {
                warn(format_args!("skipped the checkpoint `{}`: {why}", path.display()));
            }
            Ok(run)
        }
        Err(RunError::NotARun { .. }) => Run::create(folder, config, data, cadence),
        Err(error) => Err(error),
    }
}

/// Returns an error if a signal was received.
pub(crate) fn check_stop(stop: &Stop) -> anyhow::Result<()> {
    match stop.signal() {
        None => Ok(()),
        Some(signal) => {
            let message = "interrupted; run the same command again to go on where the comparison was".to_owned();
            Err(Stopped { signal, message }.into())
        }
    }
}
