//! What classifiers make of the samples of a conditional model: one that is trained on real rows judges generated ones,
//! and one that is trained on generated rows judges real ones.

use narrows_runtime::Autoencoder;
use ndarray::Array2;

use super::{
    arguments::Evaluate,
    passes::{Evaluated, Training},
};

/// Accuracies of classifiers of real and of generated rows.
pub(super) struct Synthetic {
    /// Fraction of the generated samples that get the class that they were generated for, by a classifier that was
    /// trained on real rows.
    pub(super) agreement: f64,
    /// Accuracy of this classifier on real rows that it was not trained on.
    pub(super) accuracy: f64,
    /// Number of rows that it was trained on.
    pub(super) fitted: usize,
    /// Accuracy on the same real rows of a classifier that was trained on as many generated rows of the same classes;
    /// `None` for images and series.
    pub(super) trained_on_generated: Option<f64>,
}

#[cfg(not(feature = "train"))]
pub(super) fn judge(
    _: (&Evaluate, &Autoencoder),
    _: (&Array2<f32>, &[i64]),
    _: &Evaluated,
    _: Option<&Training>,
) -> anyhow::Result<Option<Synthetic>> {
    Ok(None)
}

/// Added to the seed of the generated rows that a classifier is trained on, so that they are others than the compared
/// ones.
#[cfg(feature = "train")]
const TRAINING_SEED: u64 = 0x7379_6e74_6865_7469;

/// Trains classifiers on the training part, or on a random split of the evaluated rows, and on as many generated rows,
/// and judges them. `generated` are samples with their classes.
#[cfg(feature = "train")]
pub(super) fn judge(
    (arguments, model): (&Evaluate, &Autoencoder),
    (generated, labels): (&Array2<f32>, &[i64]),
    evaluated: &Evaluated,
    training: Option<&Training>,
) -> anyhow::Result<Option<Synthetic>> {
    use narrows_evaluate::TableSpace;
    use narrows_trainer::transfer::{LabelledSet, SampleClassifier};
    use ndarray::ArrayView2;

    use super::{judged::JUDGED_FRACTION, passes::stacked};

    let source = training.map_or(&evaluated.labelled, |training| &training.labelled);
    let highest = source.labels.iter().copied().chain(labels.iter().map(|&label| label as u32)).max();
    let classes = highest.map_or(0, |highest| highest as usize + 1);
    // A classifier takes the categories of a mixed table as one-hot vectors.
    let space = TableSpace::of(model.manifest());
    let set = |rows: ArrayView2<'_, f32>, labels: Vec<u32>| {
        LabelledSet::new(space.as_ref().map_or_else(|| rows.to_owned(), |space| space.points(rows)), labels, classes)
    };
    let of_samples = || labels.iter().map(|&label| label as u32).collect::<Vec<u32>>();
    let train = set(source.rows()?, source.labels.clone())?;
    let (train, test) = match training {
        Some(_) => (train, set(stacked(&evaluated.sample, generated.ncols())?.view(), of_samples())?),
        None => train.split(JUDGED_FRACTION, arguments.seed),
    };
    if train.classes() < 2 || test.is_empty() {
        return Ok(None);
    }
    let classifier = SampleClassifier::fit(&train, arguments.seed, &|| false)?;
    let agreement = classifier.accuracy(&set(generated.view(), of_samples())?)?;
    let trained_on_generated = match is_table(model) {
        true => {
            let labels: Vec<i64> = source.labels.iter().map(|&label| label.into()).collect();
            let rows = narrows_evaluate::generated(model, &labels, arguments.seed.wrapping_add(TRAINING_SEED))?;
            let rows = set(rows.view(), source.labels.clone())?;
            // The split depends on the labels and the seed, so it is that of the real rows.
            let rows = match training {
                Some(_) => rows,
                None => rows.split(JUDGED_FRACTION, arguments.seed).0,
            };
            Some(SampleClassifier::fit(&rows, arguments.seed, &|| false)?.accuracy(&test)?)
        }
        false => None,
    };
    let accuracy = classifier.accuracy(&test)?;
    Ok(Some(Synthetic { agreement, accuracy, fitted: train.len(), trained_on_generated }))
}

/// Returns whether a sample is a row of a table, and not an image or a series.
#[cfg(feature = "train")]
fn is_table(model: &Autoencoder) -> bool {
    use narrows_bundle::SampleKind;

    match model.manifest().sample.kind {
        SampleKind::Features => !narrows_evaluate::is_picture(model.sample_shape()),
        SampleKind::Series => false,
    }
}
