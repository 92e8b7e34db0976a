//! Quality of generated samples, for models that generate.

use narrows_bundle::counted;
use narrows_evaluate::{ClassSpread, Components, FeatureSpace, RowSpace, SampleQuality, generated};
use narrows_runtime::Autoencoder;
use ndarray::Array2;

use super::{
    arguments::{Evaluate, Features},
    passes::{Evaluated, Training, stacked},
    synthetic::{Synthetic, judge},
    table_cells::GeneratedCells,
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
    /// Comparison of the cells of a mixed table.
    pub(super) cells: Option<GeneratedCells>,
}

/// Whether samples of a class look like that class.
pub(super) struct Conditional {
    /// Variance of generated samples around the mean of their class, divided by that of the real rows.
    pub(super) variance_ratio: Option<f64>,
    /// What classifiers make of the samples; `None` without the feature `train`.
    pub(super) synthetic: Option<Synthetic>,
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
    let row_space = RowSpace::of(model.manifest());
    let (space, name) = match (&arguments.features, reference) {
        (Features::Bundle(_), Some(reference)) => {
            (FeatureSpace::Encoder(reference), format!("codes of {}", arguments.features))
        }
        (Features::Pca, _) => {
            let rows = training.map_or(&evaluated.sample, |training| &training.sample);
            let components = Components::fit(row_space.points(stacked(rows, features)?.view()).view(), MAX_COMPONENTS);
            let (count, rows) = (components.len(), rows.len());
            let part = if training.is_some() { "training" } else { "evaluated" };
            (
                FeatureSpace::Components(row_space.clone(), components),
                format!("{} of {}", counted(count, "principal component"), counted(rows, &format!("{part} row"))),
            )
        }
        (Features::Pixels, _) | (Features::Bundle(_), None) => {
            let name = match &row_space {
                RowSpace::Scaled(_) => format!("{features} scaled values"),
                RowSpace::Table(space) => {
                    format!("{} dimensions of standardised numbers and one-hot categories", space.dimensions())
                }
            };
            (FeatureSpace::Pixels(row_space.clone()), name)
        }
    };
    let quality = SampleQuality::of(&space, real.view(), generated.view(), usize::from(arguments.neighbours))?;
    let conditional = match model.takes_labels() {
        true => Some(Conditional {
            variance_ratio: spread(&row_space, &generated, &labels).ratio(&evaluated.spread),
            synthetic: judge((arguments, model), (&generated, &labels), evaluated, training)?,
        }),
        false => None,
    };
    let cells = GeneratedCells::of(model.manifest(), real.view(), generated.view());
    Ok(Some(Sampled { quality, features: name, conditional, cells }))
}

fn spread(space: &RowSpace, rows: &Array2<f32>, labels: &[i64]) -> ClassSpread {
    let mut spread = ClassSpread::default();
    for (point, &label) in space.points(rows.view()).outer_iter().zip(labels) {
        spread.add(label as usize, point.iter().copied());
    }
    spread
}
