//! Which rows fit a detector, which calibrate it, and which are labelled as anomalies.

use anyhow::{Context, bail};
use narrows_bundle::{Manifest, counted};
use narrows_data::{Dataset, Part};
use narrows_trainer::{
    detector::{DetectorOptions, check, check_fitted_rows},
    split, split_for_detector,
};

use super::{
    anomaly_rows::{AnomalyRows, LabelUse},
    selected_rows::SelectedRows,
    sources::{CalibrationPart, LoadedRows, RowSources},
};
use crate::report::note;

/// The rows of a fit.
#[derive(Debug)]
pub(crate) struct Selection<'a> {
    pub(crate) fitted: SelectedRows<'a>,
    pub(crate) calibration: SelectedRows<'a>,
    /// Rows that are labelled as anomalies.
    pub(crate) anomalies: Vec<SelectedRows<'a>>,
    /// Whether the data is that on which the bundle was trained, so that its held-out rows are known.
    pub(crate) is_recognised: bool,
}

/// The model that a detector is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Trained<'a> {
    /// A bundle.
    Before(&'a Manifest),
    /// It will be trained on the fitted rows. Whether it takes labels.
    Later { takes_labels: bool },
}

impl Trained<'_> {
    fn labels(self) -> LabelUse {
        let takes_labels = match self {
            Trained::Before(manifest) => manifest.kind.is_conditional(),
            Trained::Later { takes_labels } => takes_labels,
        };
        if takes_labels { LabelUse::Input } else { LabelUse::Figures }
    }
}

impl<'a> Selection<'a> {
    /// Selects the rows and prints how.
    pub(crate) fn of(
        sources: &RowSources,
        loaded: &'a LoadedRows,
        model: Trained<'_>,
        options: &DetectorOptions,
    ) -> anyhow::Result<Self> {
        let data = &loaded.data;
        let spec = sources.spec();
        let held_out = match (&loaded.calibration, sources.calibration_part) {
            (Some(_), _) => Separate::File,
            (None, Some(CalibrationPart::Test)) => Separate::Test,
            (None, None) => Separate::None,
        };
        let training = match model {
            Trained::Before(manifest) => is_training_data(data, manifest)?.then_some(manifest),
            Trained::Later { .. } => None,
        };
        let all = || (0..data.train.values.rows()).collect::<Vec<_>>();
        let (fitted, held_out_rows) = match (training, held_out) {
            (Some(manifest), _) => {
                let (fraction, seed) = recorded_split(manifest)?;
                split(&data.train, fraction, seed)
            }
            (None, Separate::None) => split_normal(sources, data, model.labels(), options)?,
            (None, Separate::File | Separate::Test) => (all(), Vec::new()),
        };
        if training.is_some() && sources.calibration_fraction.is_some() {
            bail!(
                "`{spec}` is the data that the bundle was trained on, so the rows calibrate that training held out; leave \
                 --calibration-fraction out"
            );
        }
        let fitted = SelectedRows::of(&data.train, fitted, data, spec);
        let calibration = match (held_out, &loaded.calibration, &data.test, &data.valid) {
            (Separate::File, Some(calibration), _, _) => {
                let spec = sources.calibration.as_deref().unwrap_or_default();
                all_of(&calibration.train, calibration, spec)
            }
            (Separate::Test, _, Some(test), _) => all_of(test, data, spec),
            (Separate::Test, _, None, _) => bail!("`{spec}` has no test part; leave --calibration-part out"),
            (_, _, _, Some(valid)) if training.is_some() => {
                all_of(valid, data, sources.data.valid.as_deref().unwrap_or(spec))
            }
            _ => SelectedRows::of(&data.train, held_out_rows, data, spec),
        };
        if training.is_some() && calibration.rows.is_empty() {
            let test = if data.test.is_some() { ", or with --calibration-part test the test rows" } else { "" };
            bail!(
                "`{spec}` is the data that the bundle was trained on, and training held out no rows to calibrate on; pass \
                 other normal rows with --calibration FILE{test}, or train with --valid-fraction 0.25"
            );
        }
        let anomalies = AnomalyRows::of(sources, model.labels());
        let (fitted, calibration, anomalies) = anomalies.removed_from(fitted, calibration)?;
        let selection = Selection { fitted, calibration, anomalies, is_recognised: training.is_some() };
        selection.print(held_out, training);
        Ok(selection)
    }

    /// Checks the options and the numbers of rows, before anything is computed.
    pub(crate) fn check(&self, options: &DetectorOptions) -> anyhow::Result<()> {
        check_fitted_rows(options, self.fitted.rows.len()).with_context(|| format!("`{}`", self.fitted.spec))?;
        check(options, self.calibration.rows.len()).with_context(|| format!("`{}`", self.calibration.spec))
    }

    fn print(&self, separate: Separate, training: Option<&Manifest>) {
        let (fitted, calibration) = (self.fitted.rows.len(), self.calibration.rows.len());
        let (fitted, calibration) = (counted(fitted, "row"), counted(calibration, "row"));
        let spec = &self.fitted.spec;
        match (training, separate) {
            (Some(_), Separate::None) => note(format_args!(
                "`{spec}` is the data of the training: fitting the score to the {fitted} that training fitted, and \
                 calibrating on the {calibration} that it held out"
            )),
            (None, Separate::None) => note(format_args!(
                "fitting the score to {fitted} of `{spec}`, and calibrating on {calibration} held out of it"
            )),
            (_, Separate::File | Separate::Test) => note(format_args!(
                "fitting the score to {fitted} of `{spec}`, and calibrating on {calibration} of `{}`",
                self.calibration.spec
            )),
        }
    }
}

/// Separate rows for the calibration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Separate {
    None,
    File,
    Test,
}

fn all_of<'a>(part: &'a Part, data: &'a Dataset, spec: &str) -> SelectedRows<'a> {
    SelectedRows::of(part, (0..part.values.rows()).collect(), data, spec)
}

/// Splits the rows that are not labelled as anomalies, so that the number of calibration rows is exact. The anomalies
/// are among the rows to fit.
fn split_normal(
    sources: &RowSources,
    data: &Dataset,
    labels: LabelUse,
    options: &DetectorOptions,
) -> anyhow::Result<(Vec<usize>, Vec<usize>)> {
    let all = all_of(&data.train, data, sources.spec());
    let is_anomaly = AnomalyRows::of(sources, labels).among(&all)?;
    let (found, normal): (Vec<usize>, Vec<usize>) =
        all.rows.iter().copied().partition(|&row| is_anomaly.as_ref().is_some_and(|flags| flags[row]));
    if normal.is_empty() {
        return Ok((found, Vec::new()));
    }
    let fraction = sources.fraction(normal.len(), options)?;
    if found.is_empty() {
        return Ok(split_for_detector(&data.train, fraction, options.seed));
    }
    let kept = data.train.labels.as_ref();
    let kept = kept.map(|labels| normal.iter().filter_map(|&row| labels.get(row).copied()).collect());
    let part = Part { values: data.train.values.keep(&normal), labels: kept };
    let (fitted, calibration) = split_for_detector(&part, fraction, options.seed);
    let in_data = |positions: Vec<usize>| positions.into_iter().map(|position| normal[position]).collect::<Vec<_>>();
    let mut fitted: Vec<usize> = in_data(fitted).into_iter().chain(found).collect();
    fitted.sort_unstable();
    Ok((fitted, in_data(calibration)))
}

/// Returns whether the data is that on which the model was trained, with or without its labels.
fn is_training_data(data: &Dataset, manifest: &Manifest) -> anyhow::Result<bool> {
    let record = &manifest.training.data;
    if data.fingerprint()? == record.fingerprint {
        return Ok(true);
    }
    if data.classes.is_some() {
        let mut unlabelled = data.clone();
        for part in [Some(&mut unlabelled.train), unlabelled.valid.as_mut(), unlabelled.test.as_mut()] {
            part.into_iter().for_each(|part| part.labels = None);
        }
        if unlabelled.fingerprint()? == record.fingerprint {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns the fraction and the seed with which training held rows out.
fn recorded_split(manifest: &Manifest) -> anyhow::Result<(f64, u64)> {
    let configuration = &manifest.training.configuration;
    let fraction = configuration.get("valid_fraction").and_then(|value| value.as_f64());
    let seed = configuration.get("seed").and_then(|value| value.as_u64());
    let (Some(fraction), Some(seed)) = (fraction, seed) else {
        bail!("the manifest does not record which rows training held out; pass other normal rows with --calibration");
    };
    Ok((fraction, seed))
}
