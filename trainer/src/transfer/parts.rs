//! Which rows are learned from, which are judged by, which are asked in the end: the same of codes and of samples.

use std::collections::BTreeMap;

use narrows_bundle::Scaling;
use narrows_data::{Dataset, Part, Values};

use super::{
    Answers, Budget, ClassWeights, Codes, Config, Targets,
    figures::answers,
    objective::{Objective, balanced},
    outputs::{Inputs, outputs},
    train_head::Labelled,
};
use crate::{TrainError, candle::Parameters, network::Graph};

/// Rows of every part by number, with their answers.
pub(super) struct Parts {
    pub(super) train: Targets,
    /// Rows of the training part to learn from, and those that are held out.
    pub(super) fitted: Vec<usize>,
    pub(super) held_out: Vec<usize>,
    valid: Option<(Targets, Vec<usize>)>,
    test: Option<(Targets, Vec<usize>)>,
}

/// The numbers of every part: codes, or samples.
#[derive(Clone, Copy)]
pub(super) struct Sides<'a> {
    pub(super) train: &'a Values,
    pub(super) valid: Option<&'a Values>,
    pub(super) test: Option<&'a Values>,
}

impl Codes {
    pub(super) fn sides(&self) -> Sides<'_> {
        Sides { train: &self.train, valid: self.valid.as_ref(), test: self.test.as_ref() }
    }
}

/// The samples of a set.
pub(super) fn sides_of(data: &Dataset) -> Sides<'_> {
    Sides {
        train: &data.train.values,
        valid: data.valid.as_ref().map(|part| &part.values),
        test: data.test.as_ref().map(|part| &part.values),
    }
}

/// Numbers with their answers, and which of the rows are meant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LabelledRows<'a> {
    pub(crate) values: &'a Values,
    pub(crate) targets: &'a Targets,
    pub(crate) rows: &'a [usize],
}

impl<'a> LabelledRows<'a> {
    /// The same on their way into a network.
    pub(super) fn labelled(self, scaling: &'a Scaling, objective: &'a Objective<'a>) -> Labelled<'a> {
        Labelled { inputs: Inputs { values: self.values, scaling }, objective, rows: self.rows }
    }
}

impl Parts {
    /// # Errors
    /// [`TrainError::Data`] for labels that are missing, or none for the task.
    pub(super) fn of(config: &Config, data: &Dataset) -> Result<Self, TrainError> {
        let with_rows = |name, part: &Option<Part>| -> Result<_, TrainError> {
            let Some(part) = part else { return Ok(None) };
            let targets = Targets::of(config.task, data, name, part)?;
            let rows = (0..targets.len()).collect();
            Ok(Some((targets, rows)))
        };
        let train = Targets::of(config.task, data, "training", &data.train)?;
        let all: Vec<usize> = (0..train.len()).collect();
        let labelled = match config.budget {
            Budget::All => all,
            Budget::Share(share) => train.share(&all, share, config.seed),
            Budget::PerClass(count) => train.per_class(&all, count, config.seed),
        };
        // What is solved in one go has no epochs to stop between.
        let descends = config.tuning.is_some() || !config.head.hidden().is_empty();
        let (fitted, held_out) =
            if descends { train.split(&labelled, config.valid_fraction, config.seed) } else { (labelled, Vec::new()) };
        let (valid, test) = (with_rows("validation", &data.valid)?, with_rows("test", &data.test)?);
        if let Targets::Numbers(numbers) = &train
            && fitted.iter().all(|&row| numbers[row] == numbers[fitted[0]])
        {
            let what = format!(
                "has {} rows to learn from, all with the same number; learn from more (--label-fraction)",
                fitted.len()
            );
            return Err(TrainError::Data { part: "training", what });
        }
        Ok(Parts { train, fitted, held_out, valid, test })
    }

    /// To learn from.
    pub(super) fn known<'a>(&'a self, sides: Sides<'a>) -> LabelledRows<'a> {
        LabelledRows { values: sides.train, targets: &self.train, rows: &self.fitted }
    }

    /// To choose and to stop by.
    pub(super) fn judged<'a>(&'a self, sides: Sides<'a>) -> Option<LabelledRows<'a>> {
        match (&self.valid, sides.valid) {
            (Some((targets, rows)), Some(values)) => Some(LabelledRows { values, targets, rows }),
            _ if self.held_out.is_empty() => None,
            _ => Some(LabelledRows { rows: &self.held_out, ..self.known(sides) }),
        }
    }

    /// To be asked in the end.
    pub(super) fn asked<'a>(&'a self, sides: Sides<'a>) -> Option<LabelledRows<'a>> {
        let ((targets, rows), values) = self.test.as_ref().zip(sides.test)?;
        Some(LabelledRows { values, targets, rows })
    }

    /// What rows of each class count, where that differs.
    pub(super) fn class_weights(&self, config: &Config) -> Option<Vec<f32>> {
        (config.class_weights == ClassWeights::Balanced).then(|| balanced(&self.train.counts(&self.fitted)))
    }

    /// The figures of every part that is there.
    ///
    /// # Errors
    /// Those of Candle, and of reading from disk.
    pub(super) fn figures(
        &self,
        sides: Sides<'_>,
        scaling: &Scaling,
        network: (&Graph, &Parameters),
        unit: &Scaling,
    ) -> Result<BTreeMap<&'static str, Answers>, TrainError> {
        let parts = [("train", Some(self.known(sides))), ("valid", self.judged(sides)), ("test", self.asked(sides))];
        let parts = parts.into_iter().filter_map(|(name, rows)| rows.map(|rows| (name, rows)));
        let figures = parts.map(|(name, LabelledRows { values, targets, rows })| {
            let told = outputs(network.0, network.1, Inputs { values, scaling }, rows)?;
            Ok((name, answers(&told, targets, rows, unit)))
        });
        figures.collect()
    }
}
