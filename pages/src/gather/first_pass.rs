//! The pass through the shown rows: figures, errors, random rows, and the best and worst ones.

use narrows_evaluate::{EvaluatedRow, Evaluator, Reservoir};
use narrows_runtime::{Autoencoder, Samples, ScoreOptions};
use ndarray::{Array1, ArrayView2, Axis};

use super::{classes::Classes, extremes::Extremes, options::GatherOptions};
use crate::gathered::{Reconstructed, Row};

/// Number of random rows with their reconstructions.
const RANDOM: usize = 16;
/// Number of the best rows, and of the worst ones.
const EXTREMES: usize = 8;
/// Added to the seed of the random rows with reconstructions, so that they are not the first points.
const RANDOM_SEED: u64 = 0x7265_636f_6e73_7472;

/// Some of the shown rows.
#[derive(Debug, Clone, Copy)]
pub struct ShownRows<'a> {
    /// The rows as the model takes them, `[rows, features]`, in the unit of the data.
    pub values: ArrayView2<'a, f32>,
    /// The rows as they are in the data, `[rows, features]`: the same, except for binarised rows.
    pub originals: ArrayView2<'a, f32>,
    /// One label per row, for a conditional model.
    pub conditions: Option<&'a [i64]>,
    /// The names of the classes of the rows, if the data has labels.
    pub labels: Option<&'a [String]>,
}

/// Gathers what a page shows. Keeps the codes of all rows (for a variational model their posteriors too, in all 12
/// bytes per row and latent dimension), their errors, and [`GatherOptions::points`] rows twice.
///
/// The order is: [`Gatherer::add`] for all shown rows, [`Comparison::start`](crate::Comparison::start),
/// [`Comparison::add`](crate::Comparison::add) for all rows that samples are compared with, and
/// [`Comparison::gathered`](crate::Comparison::gathered).
#[derive(Debug)]
pub struct Gatherer<'m> {
    pub(crate) model: &'m Autoencoder,
    pub(crate) options: GatherOptions,
    pub(crate) evaluator: Evaluator<'m>,
    pub(crate) errors: Vec<f64>,
    pub(crate) classes: Classes,
    pub(crate) points: Reservoir<Row>,
    pub(crate) random: Reservoir<Reconstructed>,
    pub(crate) best: Extremes<Reconstructed>,
    pub(crate) worst: Extremes<Reconstructed>,
}

impl<'m> Gatherer<'m> {
    /// Starts with no rows.
    pub fn new(model: &'m Autoencoder, options: GatherOptions) -> Self {
        Gatherer {
            model,
            evaluator: Evaluator::new(model, ScoreOptions::default().seed(options.seed)),
            errors: Vec::new(),
            classes: Classes::default(),
            points: Reservoir::new(options.points, options.seed),
            random: Reservoir::new(RANDOM, options.seed ^ RANDOM_SEED),
            best: Extremes::smallest(EXTREMES),
            worst: Extremes::largest(EXTREMES),
            options,
        }
    }

    /// Adds rows of the data, in their order.
    ///
    /// # Errors
    /// Those of [`Evaluator::add`].
    pub fn add(&mut self, rows: ShownRows<'_>) -> Result<(), narrows_runtime::Error> {
        let Gatherer { evaluator, errors, classes, points, random, best, worst, .. } = self;
        // The squared error of a row of a mixed table is that of its numbers alone, so such a row has its loss.
        let losses = self.model.manifest().sample.table.as_ref().map(|_| {
            let samples = Samples::from(rows.values);
            self.model.cell_errors(match rows.conditions.filter(|_| self.model.takes_labels()) {
                Some(conditions) => samples.labelled(conditions),
                None => samples,
            })
        });
        let losses = losses.transpose()?.map(|errors| errors.sum_axis(Axis(1)));
        let mut index = 0;
        evaluator.add_each(rows.values, rows.conditions, |evaluated| {
            let EvaluatedRow { code, reconstruction, squared_error } = evaluated;
            let error = losses.as_ref().and_then(|losses| losses.get(index)).copied().unwrap_or(squared_error);
            let class = rows.labels.and_then(|labels| labels.get(index)).map(|label| classes.index_of(label));
            let row = |number| Row {
                number,
                values: rows.values.row(index).to_owned(),
                original: rows.originals.row(index).to_owned(),
                class,
                condition: rows.conditions.and_then(|conditions| conditions.get(index)).copied(),
                code: code.to_owned(),
                error,
            };
            let number = errors.len();
            let reconstructed = || Reconstructed {
                row: row(number),
                reconstruction: reconstruction.iter().copied().collect::<Array1<f32>>(),
            };
            points.add(|| row(number));
            random.add(reconstructed);
            best.add(error, reconstructed);
            worst.add(error, reconstructed);
            errors.push(error);
            index += 1;
        })
    }
}
