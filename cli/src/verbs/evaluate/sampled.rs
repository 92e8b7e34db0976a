//! Quality of generated samples, for models that generate.

use narrows_bundle::counted;
use narrows_evaluate::{ClassSpread, Columns, Components, FeatureSpace, SampleQuality, generated};
use narrows_runtime::Autoencoder;
use ndarray::Array2;

use super::{
    arguments::{Evaluate, Features},
    passes::{Evaluated, Training, stacked},
};

/// Largest number of principal components.
const MAX_COMPONENTS: usize = 64;

/// Figures of generated samples.
pub(super) struct Sampled {
    /// Comparison with real rows.
    pub(super) quality: SampleQuality,
    /// The feature space, in words.
    pub(super) features: String,
    /// Figures of a conditional model.
    pub(super) conditional: Option<Conditional>,
}

/// Whether samples of a class look like that class.
pub(super) struct Conditional {
    /// Variance of generated samples around the mean of their class, divided by that of the real rows.
    pub(super) variance_ratio: Option<f64>,
    /// Agreement with a classifier; `None` without the feature `train`.
    pub(super) agreement: Option<Agreement>,
}

/// Agreement of generated samples with a classifier that was trained on real rows.
pub(super) struct Agreement {
    /// Fraction of the generated samples that get the class that they were generated for.
    pub(super) agreement: f64,
    /// Accuracy of the classifier on real rows that it was not trained on.
    pub(super) accuracy: f64,
    /// Number of rows that it was trained on.
    pub(super) fitted: usize,
}

/// Generates samples and compares them with real rows. `None` for models that generate nothing.
pub(super) fn compare(
    arguments: &Evaluate,
    model: &Autoencoder,
    reference: Option<&Autoencoder>,
    evaluated: &Evaluated,
    training: Option<&Training>,
) -> anyhow::Result<Option<Sampled>> {
    if !model.is_generative() || evaluated.sample.is_empty() {
        return Ok(None);
    }
    let features = model.manifest().sample.features();
    let real = stacked(&evaluated.sample, features)?;
    let labels: Vec<i64> = evaluated.sample.iter().map(|(_, class)| *class).collect();
    let generated = generated(model, &labels, arguments.seed)?;
    let columns = Columns::of(model.manifest());
    let (space, name) = match (&arguments.features, reference) {
        (Features::Bundle(_), Some(reference)) => {
            (FeatureSpace::Encoder(reference), format!("codes of {}", arguments.features))
        }
        (Features::Pca, _) => {
            let rows = training.map_or(&evaluated.sample, |training| &training.sample);
            let components =
                Components::fit(columns.scaled_rows(stacked(rows, features)?.view()).view(), MAX_COMPONENTS);
            let (count, rows) = (components.len(), rows.len());
            let part = if training.is_some() { "training" } else { "evaluated" };
            (
                FeatureSpace::Components(columns.clone(), components),
                format!("{} of {}", counted(count, "principal component"), counted(rows, &format!("{part} row"))),
            )
        }
        (Features::Pixels, _) | (Features::Bundle(_), None) => {
            (FeatureSpace::Pixels(columns.clone()), format!("{features} scaled values"))
        }
    };
    let quality = SampleQuality::of(&space, real.view(), generated.view(), usize::from(arguments.neighbours))?;
    let conditional = match model.takes_labels() {
        true => Some(Conditional {
            variance_ratio: spread(&columns, &generated, &labels).ratio(&evaluated.spread),
            agreement: agreement(arguments, &generated, &labels, evaluated, training)?,
        }),
        false => None,
    };
    Ok(Some(Sampled { quality, features: name, conditional }))
}

fn spread(columns: &Columns, rows: &Array2<f32>, labels: &[i64]) -> ClassSpread {
    let mut spread = ClassSpread::default();
    for (row, &label) in rows.outer_iter().zip(labels) {
        spread.add(label as usize, columns.scaled(row.iter().copied()));
    }
    spread
}

#[cfg(not(feature = "train"))]
fn agreement(
    _: &Evaluate,
    _: &Array2<f32>,
    _: &[i64],
    _: &Evaluated,
    _: Option<&Training>,
) -> anyhow::Result<Option<Agreement>> {
    Ok(None)
}

/// Trains a classifier on the training part, or on a random split of the evaluated rows, and judges generated samples.
#[cfg(feature = "train")]
fn agreement(
    arguments: &Evaluate,
    generated: &Array2<f32>,
    labels: &[i64],
    evaluated: &Evaluated,
    training: Option<&Training>,
) -> anyhow::Result<Option<Agreement>> {
    use narrows_trainer::transfer::{LabelledSet, SampleClassifier};

    use super::judged::JUDGED_FRACTION;

    let source = training.map_or(&evaluated.labelled, |training| &training.labelled);
    let highest = source.labels.iter().copied().chain(labels.iter().map(|&label| label as u32)).max();
    let classes = highest.map_or(0, |highest| highest as usize + 1);
    let train = LabelledSet::new(source.rows()?.to_owned(), source.labels.clone(), classes)?;
    let (train, test) = match training {
        Some(_) => {
            let features = generated.ncols();
            let real = stacked(&evaluated.sample, features)?;
            (train, LabelledSet::new(real, labels.iter().map(|&label| label as u32).collect(), classes)?)
        }
        None => train.split(JUDGED_FRACTION, arguments.seed),
    };
    if train.classes() < 2 || test.is_empty() {
        return Ok(None);
    }
    let classifier = SampleClassifier::fit(&train, arguments.seed, &|| false)?;
    let labels = labels.iter().map(|&label| label as u32).collect();
    let generated = LabelledSet::new(generated.clone(), labels, classes)?;
    let agreement = classifier.accuracy(&generated)?;
    Ok(Some(Agreement { agreement, accuracy: classifier.accuracy(&test)?, fitted: train.len() }))
}
