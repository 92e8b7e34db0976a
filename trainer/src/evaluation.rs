//! Evaluation: metrics of a model on a part of the data.

use std::collections::BTreeMap;

use candle_core::{Result, Tensor};
use serde::{Deserialize, Serialize};

use crate::{
    kinds::{Batch, LossContext, Model, Network, objective_loss},
    samples::BatchSource,
    table::{CellSums, TableFigures},
};

/// Number of rows that are evaluated at a time; a row counts once for each of its latent samples.
const CHUNK: usize = 1000;

/// Largest number of values in the results of all layers for the rows that are evaluated at a time (256 MiB), unless a
/// single row has more.
const CHUNK_VALUES: usize = 1 << 26;

/// Variance of the latent mean over the data above which a latent dimension counts as active (Burda et al. 2016,
/// section 5.2).
const ACTIVE_VARIANCE: f64 = 0.01;

/// A loss and its components, averaged over rows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Averages {
    /// The loss that training minimises, per sample: nats, or squared error in scaled units.
    pub loss: f64,
    /// Components of the loss: `reconstruction`, `kl` for variational kinds, and penalties by the key of their option.
    #[serde(flatten)]
    pub parts: BTreeMap<String, f64>,
}

/// Metrics on a part of the data.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Figures {
    /// The loss that training minimises, per sample: nats, or squared error in scaled units.
    pub loss: f64,
    /// Mean squared error per feature, in scaled units, of the reconstruction from the code or its mean. Of a mixed
    /// table, only numbers that are there count.
    pub mse: f64,
    /// Number of active latent dimensions of a variational encoder: those whose mean has a variance above 0.01 over the
    /// rows. `None` for other kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_units: Option<usize>,
    /// How well the cells of a mixed table are reconstructed; `None` for other data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<TableFigures>,
    /// Components of the loss, as in [`Averages`].
    #[serde(flatten)]
    pub parts: BTreeMap<String, f64>,
}

impl Figures {
    /// Returns all metrics by name.
    pub fn named(&self) -> Vec<(&str, f64)> {
        let active = self.active_units.map(|units| ("active_units", units as f64));
        let of_table = self.table.iter().flat_map(|table| {
            let figures = [("cross_entropy", table.cross_entropy), ("accuracy", table.accuracy)];
            figures.into_iter().filter_map(|(name, value)| Some((name, value?)))
        });
        let totals = [("loss", self.loss), ("mse", self.mse)].into_iter().chain(active).chain(of_table);
        totals.chain(self.parts.iter().map(|(name, value)| (name.as_str(), *value))).collect()
    }
}

impl Averages {
    /// Returns all metrics by name.
    pub fn named(&self) -> Vec<(&str, f64)> {
        let parts = self.parts.iter().map(|(name, value)| (name.as_str(), *value));
        std::iter::once(("loss", self.loss)).chain(parts).collect()
    }

    /// Adds the averages of `rows` more rows, weighted by `rows`; [`Averages::over`] divides by the total afterwards.
    pub(crate) fn add(&mut self, loss: f64, parts: &[(&'static str, f64)], rows: usize) {
        self.loss += loss * rows as f64;
        for (name, value) in parts {
            *self.parts.entry((*name).to_owned()).or_default() += value * rows as f64;
        }
    }

    pub(crate) fn over(mut self, rows: usize) -> Self {
        let rows = rows.max(1) as f64;
        self.loss /= rows;
        self.parts.values_mut().for_each(|value| *value /= rows);
        self
    }
}

/// Returns the number of rows that are evaluated at a time, for a number of values in the results of all layers.
pub(crate) fn chunk_rows(values_per_row: usize, latent_samples: usize) -> usize {
    (CHUNK.min(CHUNK_VALUES / values_per_row.max(1)) / latent_samples.max(1)).max(1)
}

/// Evaluates `model` on the selected rows. Samples are not corrupted. The loss of a variational kind uses latent
/// samples from a separate random stream of the seed, and the weight of the KL term at the end of training.
pub(crate) fn evaluate(
    model: &dyn Model,
    l2: f64,
    network: &Network<'_>,
    source: &BatchSource<'_>,
    rows: &[usize],
    seed: u64,
) -> Result<Figures> {
    let (mut averages, mut squares) = (Averages::default(), 0.0);
    let mut spread = Spread::default();
    let mut cells = match network.table {
        Some(table) => Some((CellSums::new(table), table.likelihoods.logs(network.parameters)?)),
        None => None,
    };
    let chunk_rows = chunk_rows(network.values_per_row(), model.latent_samples());
    for (index, chunk) in rows.chunks(chunk_rows).enumerate() {
        let context = LossContext::Evaluation { seed, batch: index as u64 };
        let batch = source.batch(network, chunk, context)?;
        let loss = objective_loss(model, l2, network, &batch, context)?;
        let parts = loss.parts.iter().map(|(name, value)| Ok((*name, scalar(value)?))).collect::<Result<Vec<_>>>()?;
        averages.add(scalar(&loss.total)?, &parts, chunk.len());
        // Frees the intermediate values that are stored for the backward pass.
        drop(loss);
        let mean = mean_code(network, &batch)?;
        let logits = network.decode(&mean, batch.labels.as_ref())?;
        match &mut cells {
            Some((sums, parameters)) => sums.add(&logits, &batch.x, parameters)?,
            None => {
                let error = network.output_distribution.squared_error(network.kernels, &logits, &batch.x)?;
                squares += scalar(&error)? / batch.x.dim(1)?.max(1) as f64 * chunk.len() as f64;
            }
        }
        if network.is_variational() {
            spread.add(&mean.to_vec2()?);
        }
    }
    let Averages { loss, parts } = averages.over(rows.len());
    let active_units = network.is_variational().then(|| spread.active());
    let mse = cells.as_ref().map_or(squares / rows.len().max(1) as f64, |(sums, _)| sums.mse());
    let table = cells.map(|(sums, _)| sums.figures());
    Ok(Figures { loss, parts, mse, active_units, table })
}

/// Returns the code, or its mean for a variational encoder.
fn mean_code(network: &Network<'_>, batch: &Batch) -> Result<Tensor> {
    let encoded = network.encode(batch.inputs(), batch.labels.as_ref())?;
    match encoded.into_iter().next() {
        Some(mean) => Ok(mean),
        None => candle_core::bail!("the encoder has no output"),
    }
}

/// Sums and sums of squares of codes over rows, for each latent dimension.
#[derive(Default)]
struct Spread {
    rows: usize,
    sums: Vec<(f64, f64)>,
}

impl Spread {
    fn add(&mut self, codes: &[Vec<f32>]) {
        for code in codes {
            self.rows += 1;
            self.sums.resize(code.len(), (0.0, 0.0));
            for ((sum, squares), &value) in self.sums.iter_mut().zip(code) {
                *sum += f64::from(value);
                *squares += f64::from(value) * f64::from(value);
            }
        }
    }

    /// Counts the active dimensions. The cancellation error in `f64` is about 1e-16 of the squares, which is far below
    /// the threshold for any code.
    fn active(&self) -> usize {
        let rows = self.rows.max(1) as f64;
        let variance = |(sum, squares): &(f64, f64)| squares / rows - (sum / rows).powi(2);
        self.sums.iter().filter(|sums| variance(sums) > ACTIVE_VARIANCE).count()
    }
}

pub(crate) fn scalar(tensor: &Tensor) -> Result<f64> {
    Ok(f64::from(tensor.to_scalar::<f32>()?))
}

#[cfg(test)]
mod tests {
    use narrows_bundle::{Likelihood, Scaling};
    use narrows_data::{Part, PartName, Values};
    use ndarray::Array2;

    use super::*;
    use crate::{
        binarize::Binarize,
        kinds::{Ae, Bound, Vae, test_network::TestNetwork},
        store::Store,
    };

    /// Metrics on 2500 rows (three chunks) whose only column is a sine wave of variance 1/2.
    fn figures(model: &dyn Model, test_network: &TestNetwork, l2: f64) -> Figures {
        let wave = Array2::from_shape_fn((2500, 1), |(row, _)| (row as f32).sin());
        let part = Part { values: Values::F32(wave), labels: None };
        let scaling = Scaling { offset: vec![0.0], scale: vec![1.0] };
        let source = BatchSource {
            part: &part,
            name: PartName::Train,
            scaling: &scaling,
            augmentation: None,
            binarize: Binarize::None,
            store: &Store::Host,
        };
        let rows: Vec<usize> = (0..2500).collect();
        evaluate(model, l2, &test_network.network(), &source, &rows, 1).expect("shapes that fit")
    }

    #[test]
    fn active_units_are_the_dimensions_whose_mean_varies_with_the_data() {
        // Variances of 0.72, 0.0098 and 0 around a mean of 5.
        let test_network = TestNetwork::variational(1, 3, None, Likelihood::Gaussian)
            .with(&[("encoder.mu.weight", &[1.2, 0.14, 0.0]), ("encoder.mu.bias", &[5.0, 5.0, 5.0])]);
        let importance = Vae { bound: Bound::ImportanceWeighted { samples: 7 }, ..Vae::default() };
        for model in [Vae::default(), importance] {
            assert_eq!(figures(&model, &test_network, 0.0).active_units, Some(1));
        }
        assert_eq!(figures(&Ae::default(), &TestNetwork::gaussian(1, &[], 3), 0.0).active_units, None);
    }

    #[test]
    fn metrics_contain_every_component_of_the_loss() {
        let test_network = TestNetwork::variational(1, 2, None, Likelihood::Gaussian);
        let figures = figures(&Vae::default(), &test_network, 0.3);
        assert_eq!(figures.parts.keys().collect::<Vec<_>>(), ["kl", "l2", "reconstruction"]);
        let sum: f64 = figures.parts.values().sum();
        assert!((figures.loss - sum).abs() < 1e-5, "{} against {sum}", figures.loss);
    }
}
