//! The training, validation and test rows of a transfer. The same rows select from codes and from samples.

use std::collections::BTreeMap;

use narrows_bundle::{Scaling, counted};
use narrows_data::{Dataset, Part, Values};
use ndarray::Array2;

use super::{
    Budget, ClassWeights, Codes, Config, Metrics, Targets,
    metrics::{compute_metrics, reported},
    objective::{Objective, balanced},
    outputs::{Inputs, outputs},
    train_head::Labelled,
};
use crate::{
    TrainError,
    candle::Parameters,
    network::Graph,
    split::{held_out, split_in_time},
};

/// Row indices of each part, with their targets.
pub(super) struct Parts {
    pub(super) train: Targets,
    /// Rows of the training part to train on, and the held-out rows.
    pub(super) fitted: Vec<usize>,
    pub(super) held_out: Vec<usize>,
    valid: Option<(Targets, Vec<usize>)>,
    test: Option<(Targets, Vec<usize>)>,
}

/// Values of each part: codes or samples.
#[derive(Clone, Copy)]
pub(super) struct PartValues<'a> {
    pub(super) train: &'a Values,
    pub(super) valid: Option<&'a Values>,
    pub(super) test: Option<&'a Values>,
}

impl Codes {
    pub(super) fn part_values(&self) -> PartValues<'_> {
        PartValues { train: &self.train, valid: self.valid.as_ref(), test: self.test.as_ref() }
    }
}

/// Samples of each part of a data set.
pub(super) fn sample_values(data: &Dataset) -> PartValues<'_> {
    PartValues {
        train: &data.train.values,
        valid: data.valid.as_ref().map(|part| &part.values),
        test: data.test.as_ref().map(|part| &part.values),
    }
}

/// Values with their targets, and the indices of the selected rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LabelledRows<'a> {
    pub(crate) values: &'a Values,
    pub(crate) targets: &'a Targets,
    pub(crate) rows: &'a [usize],
}

impl<'a> LabelledRows<'a> {
    /// Combines the rows with the scaling of a network and an objective.
    pub(super) fn labelled(self, scaling: &'a Scaling, objective: &'a Objective<'a>) -> Labelled<'a> {
        Labelled { inputs: Inputs { values: self.values, scaling }, objective, rows: self.rows }
    }
}

impl Parts {
    /// Selects the rows of each part according to the label budget and the validation split.
    ///
    /// # Errors
    /// [`TrainError::Data`] if labels are missing or do not suit the task.
    pub(super) fn of(config: &Config, data: &Dataset) -> Result<Self, TrainError> {
        let with_rows = |name, part: &Option<Part>| -> Result<_, TrainError> {
            let Some(part) = part else { return Ok(None) };
            let targets = Targets::of(config.task, &config.targets, data, name, part)?;
            let rows = (0..targets.len()).collect();
            Ok(Some((targets, rows)))
        };
        let train = Targets::of(config.task, &config.targets, data, "training", &data.train)?;
        let all: Vec<usize> = (0..train.len()).collect();
        let labelled = match config.budget {
            Budget::All => all,
            Budget::Fraction(fraction) => train.stratified_fraction(&all, fraction, config.seed),
            Budget::PerClass(count) => train.per_class(&all, count, config.seed),
        };
        // A linear head is solved exactly. It has no epochs, so it needs no rows for early stopping.
        let has_epochs = config.tuning.is_some() || !config.head.hidden().is_empty();
        let (fitted, held_out) = match (has_epochs, data.train.values.windows()) {
            (false, _) => (labelled, Vec::new()),
            (true, None) => train.split(&labelled, config.valid_fraction, config.seed),
            (true, Some(windows)) => split_in_time(windows, &labelled, held_out(labelled.len(), config.valid_fraction)),
        };
        if fitted.is_empty() {
            let what = "the validation rows leave no row to train on; pass a smaller --valid-fraction".to_owned();
            return Err(TrainError::Data { part: "training", what });
        }
        let (valid, test) = (with_rows("validation", &data.valid)?, with_rows("test", &data.test)?);
        if let Targets::Numbers(numbers) = &train
            && let Some(name) = numbers.constant_in(&fitted)
        {
            let rows = counted(fitted.len(), "labelled row");
            let value = if numbers.names().len() > 1 { format!(" of `{name}`") } else { String::new() };
            let what =
                format!("{rows} with a single target value{value} are too few; use more labels (--label-fraction)");
            return Err(TrainError::Data { part: "training", what });
        }
        Ok(Parts { train, fitted, held_out, valid, test })
    }

    /// Rows to train on.
    pub(super) fn train_rows<'a>(&'a self, values: PartValues<'a>) -> LabelledRows<'a> {
        LabelledRows { values: values.train, targets: &self.train, rows: &self.fitted }
    }

    /// Validation rows, for early stopping and for choosing the weight decay.
    pub(super) fn valid_rows<'a>(&'a self, values: PartValues<'a>) -> Option<LabelledRows<'a>> {
        match (&self.valid, values.valid) {
            (Some((targets, rows)), Some(values)) => Some(LabelledRows { values, targets, rows }),
            _ if self.held_out.is_empty() => None,
            _ => Some(LabelledRows { rows: &self.held_out, ..self.train_rows(values) }),
        }
    }

    /// Test rows.
    pub(super) fn test_rows<'a>(&'a self, values: PartValues<'a>) -> Option<LabelledRows<'a>> {
        let ((targets, rows), values) = self.test.as_ref().zip(values.test)?;
        Some(LabelledRows { values, targets, rows })
    }

    /// Weight of a row of each class; `None` for equal weights.
    pub(super) fn class_weights(&self, config: &Config) -> Option<Vec<f32>> {
        (config.class_weights == ClassWeights::Balanced).then(|| balanced(&self.train.counts(&self.fitted)))
    }

    /// Computes the metrics of the best constant guess for each part of the data. `unit` holds the mean of the targets
    /// of a regression.
    pub(super) fn constant_figures(&self, unit: &Scaling) -> BTreeMap<&'static str, Metrics> {
        let guess = match &self.train {
            // Unit variance and mean 0 in the unit of the head.
            Targets::Numbers(_) => vec![0.0; self.train.outputs()],
            Targets::Classes { .. } => {
                let counts = self.train.counts(&self.fitted);
                counts.iter().map(|&count| (count as f32 / self.fitted.len().max(1) as f32).ln()).collect()
            }
        };
        let held_out = (&self.train, &self.held_out);
        let valid = self.valid.as_ref().map(|(targets, rows)| (targets, rows));
        let valid = valid.or((!self.held_out.is_empty()).then_some(held_out));
        let test = self.test.as_ref().map(|(targets, rows)| (targets, rows));
        let parts = [("train", Some((&self.train, &self.fitted))), ("valid", valid), ("test", test)];
        let parts = parts.into_iter().filter_map(|(name, part)| part.map(|part| (name, part)));
        let figures = parts.map(|(name, (targets, rows))| {
            let outputs = Array2::from_shape_fn((rows.len(), guess.len()), |(_, output)| guess[output]);
            (name, reported(compute_metrics(&outputs, targets, rows, unit)))
        });
        figures.collect()
    }

    /// Computes the metrics of each part of the data.
    ///
    /// # Errors
    /// Errors of Candle, and of reading from disk.
    pub(super) fn figures(
        &self,
        values: PartValues<'_>,
        scaling: &Scaling,
        network: (&Graph, &Parameters),
        unit: &Scaling,
    ) -> Result<BTreeMap<&'static str, Metrics>, TrainError> {
        let train = Some(self.train_rows(values));
        let parts = [("train", train), ("valid", self.valid_rows(values)), ("test", self.test_rows(values))];
        let parts = parts.into_iter().filter_map(|(name, rows)| rows.map(|rows| (name, rows)));
        let figures = parts.map(|(name, LabelledRows { values, targets, rows })| {
            let outputs = outputs(network.0, network.1, Inputs { values, scaling }, rows)?;
            Ok((name, reported(compute_metrics(&outputs, targets, rows, unit))))
        });
        figures.collect()
    }
}
