//! Trains an autoencoder on the fitted rows of a detector.

use std::{ops::ControlFlow, path::Path};

use narrows_bundle::{Kind, Manifest, counted};
use narrows_data::{Dataset, Part};
use narrows_trainer::{Config, Fitted, Options, TrainError, detector::training_options, fit, options::DataOptions};

use super::{Selection, computed::NOUN};
use crate::{
    config_file::options_of_file,
    problems::Sources,
    progress::Progress,
    report::{note, warn},
    rewrite::check_stop,
    stop::Stop,
    training::with_absolute_paths,
};

/// How the autoencoder is trained.
pub(crate) struct Recipe<'a> {
    /// Kind of model; `None` for that of the file, or a dae.
    pub(crate) kind: Option<Kind>,
    /// File with options.
    pub(crate) file: Option<&'a Path>,
    /// The data as the flags name it.
    pub(crate) data: &'a DataOptions,
    pub(crate) seed: u64,
}

impl Recipe<'_> {
    /// Returns the options of the file, without the defaults for detection.
    pub(crate) fn given(&self) -> anyhow::Result<Options> {
        let Some(path) = self.file else { return Ok(Options::default()) };
        options_of_file(path)
    }

    /// Returns the kind of model.
    pub(crate) fn kind(&self, given: &Options) -> Kind {
        self.kind.or(given.kind).unwrap_or(Kind::Dae)
    }
}

/// A model that was trained for a detector, and the rows that it was trained on.
pub(crate) struct TrainedModel {
    pub(crate) fitted: Fitted,
    pub(crate) data: Dataset,
}

/// Trains an autoencoder on the fitted rows.
pub(crate) fn train(
    recipe: &Recipe<'_>,
    given: &Options,
    data: &Dataset,
    selection: &Selection<'_>,
    stop: &Stop,
) -> anyhow::Result<TrainedModel> {
    let kind = recipe.kind(given);
    let data = only(data, selection, kind);
    let defaults = training_options(kind, data.train.values.rows(), &data.sample_shape);
    let options = Options { kind: Some(kind), data: recipe.data.clone(), ..given.clone() }.or(&defaults);
    let options = Options { seed: given.seed.or(Some(recipe.seed)), ..options };
    let sources = Sources { data: recipe.data, bundle: None, has_file: recipe.file.is_some() };
    let config = Config::check(&with_absolute_paths(&options), &data).map_err(|error| sources.explain(error.into()))?;
    config.remarks().iter().for_each(warn);
    let rows = counted(data.train.values.rows(), "row");
    note(format_args!("training the {kind} for the detector on {rows}"));
    let mut progress = Progress::new(&config, config.fitted_rows(&data.train.values));
    let outcome = fit(&config, &data, &mut |event| {
        progress.show(event);
        if stop.signal().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    if let Err(TrainError::Interrupted { .. }) = &outcome {
        check_stop(NOUN, stop)?;
    }
    let fitted = outcome.map_err(|error| sources.explain(error))?;
    let printed = config.remarks();
    fitted.remarks().iter().filter(|remark| !printed.contains(remark)).for_each(warn);
    Ok(TrainedModel { fitted, data })
}

/// Warns if a bundle was perhaps trained on the calibration rows: if its data has the same name and no more rows, but
/// is neither this data nor the fitted rows of it, on which `detect fit` without a bundle trains.
pub(crate) fn warn_of_seen_rows(data: &Dataset, selection: &Selection<'_>, manifest: &Manifest) -> anyhow::Result<()> {
    let record = &manifest.training.data;
    let trained = record.train_rows + record.valid_rows;
    let is_alike = data.name == record.name && data.train.values.rows() >= trained;
    let is_separate = !std::ptr::eq(selection.fitted.part, selection.calibration.part);
    if selection.is_recognised || !is_alike || is_separate {
        return Ok(());
    }
    if only(data, selection, manifest.kind).fingerprint()? != record.fingerprint {
        warn(format_args!(
            "`{}` has the name of the training data, but other rows, values, labels or parts; if the model was trained on \
             calibration rows, false alarms will be more frequent than asked for, so pass the same options as in training, \
             or other rows with --calibration",
            data.name
        ));
    }
    Ok(())
}

/// Returns the data with the selected rows as its training part. Labels of anomalies are no classes of a model.
fn only(data: &Dataset, selection: &Selection<'_>, kind: Kind) -> Dataset {
    let selected = &selection.fitted;
    let labels = data.train.labels.as_ref();
    let labels = labels.map(|labels| selected.rows.iter().filter_map(|&row| labels.get(row).copied()).collect());
    let train = Part { values: data.train.values.keep(&selected.rows), labels };
    let mut only = Dataset { train, valid: data.valid.clone(), test: data.test.clone(), ..described(data) };
    if !kind.is_conditional() && !selection.anomalies.is_empty() {
        only.classes = None;
        for part in [Some(&mut only.train), only.valid.as_mut(), only.test.as_mut()] {
            part.into_iter().for_each(|part| part.labels = None);
        }
    }
    only
}

/// Returns the description of the data without its rows.
fn described(data: &Dataset) -> Dataset {
    Dataset {
        name: data.name.clone(),
        sample_shape: data.sample_shape.clone(),
        sample_kind: data.sample_kind,
        range: data.range,
        columns: data.columns.clone(),
        fill: data.fill.clone(),
        date_columns: data.date_columns.clone(),
        table: data.table.clone(),
        train: Part { values: data.train.values.keep(&[]), labels: None },
        valid: None,
        test: None,
        classes: data.classes.clone(),
        notes: data.notes.clone(),
    }
}
