//! The data that a detector is fitted to and calibrated on, as the flags name it.

use std::path::Path;

use anyhow::{Context, bail};
use clap::{Arg, Args, ValueEnum};
use narrows_bundle::Manifest;
use narrows_data::{DataError, Dataset, Limits, Reading};
use narrows_trainer::{detector::DetectorOptions, options::DataOptions};

use super::AnomalyClass;
use crate::training::{LabelType, LoadContext, load_for_model, load_parts};
use crate::{misuse::misuse, report::note};

/// Default fraction of the rows that calibrate.
const FRACTION: f64 = 0.2;
/// Largest default fraction, where few rows are needed for a low false-alarm rate.
const LARGEST_FRACTION: f64 = 0.5;

/// The part of a data set that calibrates a detector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CalibrationPart {
    /// The test rows
    Test,
}

/// The data of a fit.
#[derive(Debug, Args)]
#[command(mut_args(with_help_of_fit))]
pub(crate) struct RowSources {
    #[command(flatten)]
    pub(crate) data: DataOptions,
    #[command(flatten)]
    pub(crate) limits: Limits,
    /// Data whose rows all calibrate the detector, in the same form as --data: normal rows that the model was not
    /// trained on [default: rows held out of --data]
    #[arg(
        long,
        value_name = "SPEC",
        help_heading = "Calibration",
        conflicts_with_all = ["calibration_fraction", "calibration_part"]
    )]
    pub(crate) calibration: Option<String>,
    /// File with one label per row of --calibration, in the same form as --labels [default: none]
    #[arg(long, value_name = "FILE", help_heading = "Calibration", requires = "calibration")]
    pub(crate) calibration_labels: Option<String>,
    /// Part of --data whose rows all calibrate the detector [default: rows held out of the training part]
    #[arg(long, value_name = "PART", help_heading = "Calibration", conflicts_with = "calibration_fraction")]
    pub(crate) calibration_part: Option<CalibrationPart>,
    /// Fraction of the rows to hold out for the calibration, in (0, 1): a random sample, or of windows the last ones in
    /// time; not for the data that the bundle was trained on, of which the rows calibrate that training held out
    /// [default: 0.2, or as much as --false-alarms needs, up to 0.5]
    #[arg(long, value_name = "FRACTION", help_heading = "Calibration", allow_negative_numbers = true)]
    pub(crate) calibration_fraction: Option<f64>,
    /// Label of anomalies: these rows neither fit nor calibrate the detector, and figures say how well it finds them
    /// [default: 1, if all labels are 0 or 1 and the model takes no labels]
    #[arg(long, value_name = "NAME", help_heading = "Calibration", allow_negative_numbers = true)]
    pub(crate) anomaly_class: Option<String>,
}

/// Returns the default fraction of `rows` rows to hold out. With `n` calibration rows, the false-alarm rate is
/// `level * (n + 1)` rounded down, divided by `n + 1`; the fraction is such that nothing is rounded.
fn default_fraction(rows: usize, options: &DetectorOptions) -> f64 {
    let rows = rows as f64;
    let step = 1.0 / options.level;
    let most = [FRACTION, LARGEST_FRACTION].map(|fraction| fraction * rows + 1.0);
    match most.into_iter().find(|&count| count >= step) {
        Some(count) => ((count / step).floor() * step - 1.0).ceil() / rows,
        // Too few rows for the level. The check of the calibration rows names the smallest level that is possible.
        None => LARGEST_FRACTION,
    }
}

/// Sets the help of the options that mean something else than in training.
fn with_help_of_fit(arg: Arg) -> Arg {
    let help = match arg.get_id().as_str() {
        "valid" => {
            "Validation data of the training, in the same form as --data, if the model was trained with --valid: it \
             calibrates the detector [default: none]"
        }
        "test" => {
            "Test data, in the same form as --data; pass it if the model was trained with --test, so that the data of the \
             training is recognised [default: the test part of --data, if it has one]"
        }
        _ => return arg,
    };
    arg.help(help)
}

/// The data of a fit in memory.
pub(crate) struct LoadedRows {
    pub(crate) data: Dataset,
    pub(crate) calibration: Option<Dataset>,
}

impl RowSources {
    pub(crate) fn spec(&self) -> &str {
        self.data.reading.data.as_deref().unwrap_or("digits")
    }

    pub(crate) fn anomaly_class(&self) -> AnomalyClass {
        AnomalyClass::of(self.anomaly_class.as_deref())
    }

    /// Returns the fraction of `rows` rows to hold out.
    pub(crate) fn fraction(&self, rows: usize, options: &DetectorOptions) -> anyhow::Result<f64> {
        let fraction = self.calibration_fraction.unwrap_or_else(|| default_fraction(rows, options));
        if !(fraction > 0.0 && fraction < 1.0) {
            misuse!("--calibration-fraction is {fraction}, expected a fraction in (0, 1)");
        }
        Ok(fraction)
    }

    /// Refuses calibration rows that are also fitted.
    fn check_calibration(&self) -> anyhow::Result<()> {
        let Some(calibration) = &self.calibration else { return Ok(()) };
        let same = |one: &str, other: &str| match (Path::new(one).canonicalize(), Path::new(other).canonicalize()) {
            (Ok(one), Ok(other)) => one == other,
            _ => one == other,
        };
        if same(calibration, self.spec()) {
            misuse!(
                "--calibration and --data are both `{calibration}`; rows that are fitted must not calibrate, so leave \
                 --calibration out (a part of --data is then held out) or name other rows"
            );
        }
        Ok(())
    }

    /// Loads the rows as a model was trained on them, with the label column of its training if the user named none.
    pub(crate) fn load_for(&self, model: &Manifest) -> anyhow::Result<LoadedRows> {
        self.check_calibration()?;
        if self.data.reading.data.is_none() && model.training.data.name != "digits" {
            bail!("this model was not trained on the embedded digits; name the rows with --data");
        }
        let recorded = model.training.configuration.get("label_column").and_then(|value| value.as_str());
        let reading = &self.data.reading;
        let like_training = match (recorded, &reading.labels, &reading.label_column) {
            (Some(column), None, None) => Some(Reading { label_column: Some(column.to_owned()), ..reading.clone() }),
            _ => None,
        };
        let load = |source: &DataOptions| load_for_model(source, &self.limits, model, LabelType::Classes);
        let reading = like_training.unwrap_or_else(|| reading.clone());
        match self.load(&reading, load) {
            // The data has no labels; training had some.
            Err(error) if reading != self.data.reading && is_about_columns(&error) => {
                self.load(&self.data.reading, load)
            }
            outcome => outcome,
        }
    }

    /// Loads the rows for a training.
    pub(crate) fn load_new(&self) -> anyhow::Result<LoadedRows> {
        self.check_calibration()?;
        if self.data.reading.data.is_none() {
            note("no --data: training on the embedded digits");
        }
        let context = LoadContext::default();
        self.load(&self.data.reading, |source| load_parts(source, &self.limits, &context))
    }

    fn load(
        &self,
        reading: &Reading,
        load: impl Fn(&DataOptions) -> anyhow::Result<Dataset>,
    ) -> anyhow::Result<LoadedRows> {
        let data = load(&DataOptions { reading: reading.clone(), ..self.data.clone() })?;
        let calibration = self.calibration.as_ref().map(|spec| {
            let labels = self.calibration_labels.clone();
            let reading = Reading { data: Some(spec.clone()), labels, ..reading.clone() };
            load(&DataOptions { reading, ..DataOptions::default() }).context("--calibration")
        });
        Ok(LoadedRows { data, calibration: calibration.transpose()? })
    }
}

fn is_about_columns(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(DataError::ColumnUnknown { .. } | DataError::OptionUnused { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_calibration_rows_give_the_exact_false_alarm_rate() {
        let count = |rows: usize, level: f64| {
            let options = DetectorOptions { level, ..DetectorOptions::default() };
            (rows as f64 * default_fraction(rows, &options)).round() as usize
        };
        assert_eq!([2000, 1000, 500, 300].map(|rows| count(rows, 0.01)), [399, 199, 99, 99]);
        assert_eq!([2000, 100, 33].map(|rows| count(rows, 0.05)), [399, 19, 17]);
    }
}
