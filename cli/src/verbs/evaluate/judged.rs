//! Classifiers on the codes, where the data has labels.

use narrows_evaluate::Evaluator;
use narrows_runtime::Autoencoder;

use super::{
    arguments::Evaluate,
    passes::{Evaluated, Training},
};

/// Accuracies of classifiers on the codes.
pub(super) struct Judged {
    /// Accuracy of a linear classifier.
    pub(super) probe: f64,
    /// Accuracy of the nearest neighbours.
    pub(super) knn: f64,
    /// L2 penalty of the linear classifier, chosen on held-out rows.
    pub(super) weight_decay: f64,
    /// Number of rows that the classifiers were fitted on.
    pub(super) fitted: usize,
    /// Number of rows that they were judged on.
    pub(super) judged: usize,
    /// Whether the rows are a random split of the evaluated rows, instead of the training and the test part.
    pub(super) split: Split,
}

/// Where the fitted and the judged rows come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Split {
    /// Fitted on the training part, judged on the test part.
    Parts,
    /// A random split of the evaluated rows.
    Random,
}

impl Split {
    /// Returns the name in the JSON output.
    pub(super) fn name(self) -> &'static str {
        match self {
            Split::Parts => "parts",
            Split::Random => "random",
        }
    }
}

/// The result of judging the codes.
pub(super) enum Outcome {
    /// The data has no labels.
    NoLabels,
    /// Why there are no accuracies although the data has labels.
    Skipped(&'static str),
    /// The accuracies.
    Judged(Judged),
}

/// Fraction of the rows to judge on if the data has no test part.
#[cfg(feature = "train")]
pub(super) const JUDGED_FRACTION: f64 = 0.2;

#[cfg(not(feature = "train"))]
pub(super) fn judge(
    _: &Evaluate,
    _: &Autoencoder,
    _: &Evaluator<'_>,
    evaluated: &Evaluated,
    _: Option<&Training>,
) -> anyhow::Result<Outcome> {
    if evaluated.labels.is_empty() {
        return Ok(Outcome::NoLabels);
    }
    Ok(Outcome::Skipped("this program is built without training, so it fits no classifiers"))
}

#[cfg(feature = "train")]
pub(super) fn judge(
    arguments: &Evaluate,
    _: &Autoencoder,
    evaluator: &Evaluator<'_>,
    evaluated: &Evaluated,
    training: Option<&Training>,
) -> anyhow::Result<Outcome> {
    use narrows_trainer::transfer::{LabelledSet, probe};

    let classes = evaluated.classes.len();
    if evaluated.labels.is_empty() || training.is_some_and(|training| training.labels.is_empty()) {
        return Ok(Outcome::NoLabels);
    }
    let all = LabelledSet::new(evaluator.codes().to_owned(), evaluated.labels.clone(), classes)?;
    let (train, test, split) = match training {
        Some(training) => {
            (LabelledSet::new(training.codes.clone(), training.labels.clone(), classes)?, all, Split::Parts)
        }
        None => {
            let (train, test) = all.split(JUDGED_FRACTION, arguments.seed);
            (train, test, Split::Random)
        }
    };
    if train.classes() < 2 {
        return Ok(Outcome::Skipped("all rows have the same class"));
    }
    if train.classes() * 2 > train.len() || test.is_empty() {
        return Ok(Outcome::Skipped("most rows have a class of their own, so the labels are no classes"));
    }
    let accuracies = probe(&train, &test, usize::from(arguments.neighbours), arguments.seed, &|| false)?;
    Ok(Outcome::Judged(Judged {
        probe: accuracies.linear_accuracy,
        knn: accuracies.knn_accuracy,
        weight_decay: accuracies.weight_decay,
        fitted: train.len(),
        judged: test.len(),
        split,
    }))
}
