//! Trains and measures every model of a plan, one after the other, and keeps what is finished.

use std::path::PathBuf;

use narrows_bundle::Bundle;
use narrows_trainer::{Cadence, Every, TrainError};

use super::{
    Cell, Figures, Folder, Measurement, Plan,
    intact::{NeededFiles, check_files, move_unreadable},
    measure::measure,
    plan::Planned,
    speed::measure_speed,
    train::{check_stop, train},
};
use crate::report::{Stopped, described, note, warn};

/// Words an error of training.
pub(crate) type Explain<'a> = &'a dyn Fn(TrainError) -> anyhow::Error;

/// A plan, the folder of its results, and how they are measured.
pub(crate) struct Comparison<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) folder: &'a Folder,
    pub(crate) measurement: Measurement<'a>,
    pub(crate) checkpoint_every: Every,
}

/// The models of a comparison.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Finished models in the order of the plan.
    pub(crate) finished: Vec<(Cell, Figures)>,
    /// Failed models, each with the error.
    pub(crate) failed: Vec<(Cell, String)>,
}

/// A model of the plan, and where its results are.
struct Model<'a> {
    cell: &'a Cell,
    /// Folder of the figures.
    folder: PathBuf,
    bundle: PathBuf,
    /// What is trained; `None` for a loaded bundle.
    planned: Option<&'a Planned>,
}

/// A model whose time to encode may still be missing.
struct Measured<'a> {
    model: Model<'a>,
    figures: Figures,
}

impl Comparison<'_> {
    /// Trains and measures every model that is not finished. A model that fails does not stop the others; a signal
    /// does.
    pub(crate) fn run(&self, explain: Explain<'_>) -> anyhow::Result<Outcome> {
        let (mut measured, mut outcome) = (Vec::new(), Outcome::default());
        let models = self.models();
        let stored = models.iter().map(|model| self.stored(model)).collect::<anyhow::Result<Vec<_>>>()?;
        let (total, mut done) = (models.len(), stored.iter().flatten().count());
        if done > 0 {
            note(format_args!("{done} of {total} {} finished before", if done == 1 { "was" } else { "were" }));
        }
        for (model, stored) in models.into_iter().zip(stored) {
            check_stop(self.measurement.stop)?;
            if let Some(figures) = stored {
                measured.push(Measured { model, figures });
                continue;
            }
            done += 1;
            match self.measured(&model, explain) {
                Ok(figures) => {
                    note(format_args!("{done} of {total}: {}: {}", model.cell, sentence(&figures)));
                    measured.push(Measured { model, figures });
                }
                Err(error) => {
                    outcome.fail(model.cell, error)?;
                    note(format_args!("{done} of {total}: {}: failed", model.cell));
                }
            }
        }
        self.add_speeds(measured, &mut outcome)?;
        Ok(outcome)
    }

    /// Returns the models in the order of the plan.
    fn models(&self) -> Vec<Model<'_>> {
        let trained = self.plan.planned.iter().map(|planned| {
            let folder = self.folder.cell(&planned.cell);
            let bundle = Folder::bundle(&folder);
            Model { cell: &planned.cell, folder, bundle, planned: Some(planned) }
        });
        let loaded = self.plan.bundles.iter().enumerate().map(|(index, loaded)| Model {
            cell: &loaded.cell,
            folder: self.folder.loaded(index),
            bundle: loaded.bundle.path().to_owned(),
            planned: None,
        });
        trained.chain(loaded).collect()
    }

    /// Returns the figures of a finished model. A model whose bundle is missing or damaged is not finished.
    fn stored(&self, model: &Model<'_>) -> anyhow::Result<Option<Figures>> {
        check_stop(self.measurement.stop)?;
        let Some(figures) = Folder::figures(&model.folder)? else { return Ok(None) };
        let files = if model.planned.is_some() { NeededFiles::All } else { NeededFiles::Graphs };
        let Err(error) = check_files(&model.bundle, files) else { return Ok(Some(figures)) };
        if model.planned.is_some() {
            let kept = move_unreadable(&model.bundle)?;
            let kept = kept.map_or(String::new(), |path| format!("; its files are now in `{}`", path.display()));
            warn(format_args!("{}: the bundle is exported again, because {error}{kept}", model.cell));
        }
        Ok(None)
    }

    /// Trains a model if it is planned, measures it and stores its figures.
    fn measured(&self, model: &Model<'_>, explain: Explain<'_>) -> anyhow::Result<Figures> {
        let Model { cell, folder, bundle, planned } = model;
        let figures = match planned {
            Some(Planned { config, .. }) => {
                let cadence = Cadence { every: self.checkpoint_every, ..Cadence::default() };
                let (data, stop) = (self.measurement.data, self.measurement.stop);
                let (bundle, trained) = train(folder, config, data, cadence, stop, explain)?;
                measure(&bundle, &self.measurement, Some(config), Some(trained), cell.seed)?
            }
            None => measure(&Bundle::open(bundle)?, &self.measurement, None, None, cell.seed)?,
        };
        Folder::save(folder, &figures)?;
        Ok(figures)
    }

    /// Measures the time to encode of the models that have none yet, when nothing else runs.
    fn add_speeds(&self, measured: Vec<Measured<'_>>, outcome: &mut Outcome) -> anyhow::Result<()> {
        for Measured { model, mut figures } in measured {
            if figures.encode_microseconds.is_none() {
                let speed = measure_speed(&model.bundle, &self.measurement).and_then(|microseconds| {
                    figures.encode_microseconds = Some(microseconds);
                    Folder::save(&model.folder, &figures)
                });
                if let Err(error) = speed {
                    outcome.fail(model.cell, error)?;
                    continue;
                }
            }
            outcome.finished.push((model.cell.clone(), figures));
        }
        Ok(())
    }
}

impl Outcome {
    /// Records a failed model; an interruption is returned.
    fn fail(&mut self, cell: &Cell, error: anyhow::Error) -> anyhow::Result<()> {
        if error.is::<Stopped>() {
            return Err(error);
        }
        self.failed.push((cell.clone(), described(&error)));
        Ok(())
    }
}

/// Says what a finished model reached: `MSE 0.024891, NLL 24.25 nats, 0.6 s`.
fn sentence(figures: &Figures) -> String {
    let nll = figures.nll.map_or(String::new(), |nll| format!(", NLL {nll:.2} nats"));
    let seconds = figures.train_seconds.map_or(String::new(), |seconds| format!(", {seconds:.1} s"));
    format!("MSE {:.6}{nll}{seconds}", figures.mse)
}
