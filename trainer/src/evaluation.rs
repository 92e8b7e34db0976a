//! Figures of a fitted model on a part of the data.

use std::collections::BTreeMap;

use candle_core::Result;

use crate::{
    kinds::{Batch, Draw, Model, Network},
    likelihood::squared_error,
};
use narrows_bundle::Scaling;
use narrows_data::Part;

/// Rows that are evaluated at a time.
const CHUNK: usize = 1000;

/// Averages over a part of the data.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figures {
    /// What training minimises, per sample: nats, or squared error in scaled units.
    pub loss: f64,
    /// What the loss is made of: `reconstruction`, and `kl` for variational kinds.
    pub parts: BTreeMap<&'static str, f64>,
    /// Squared error per feature, in scaled units, of the reconstruction from the code or its mean.
    pub mse: f64,
}

impl Figures {
    /// Adds the averages of `rows` more rows, to be divided by [`Figures::over`].
    pub(crate) fn add(&mut self, loss: f64, parts: &[(&'static str, f64)], rows: usize) {
        self.loss += loss * rows as f64;
        for (name, value) in parts {
            *self.parts.entry(name).or_default() += value * rows as f64;
        }
    }

    pub(crate) fn over(mut self, rows: usize) -> Self {
        let rows = rows.max(1) as f64;
        self.loss /= rows;
        self.parts.values_mut().for_each(|value| *value /= rows);
        self.mse /= rows;
        self
    }
}

/// The figures of `model` on the chosen rows. Nothing is corrupted; a variational kind draws one code a
/// sample for the loss, from the seed's own stream.
pub(crate) fn evaluate(
    model: &dyn Model,
    network: &Network<'_>,
    part: &Part,
    rows: &[usize],
    scaling: &Scaling,
    seed: u64,
) -> Result<Figures> {
    let mut figures = Figures::default();
    for (index, chunk) in rows.chunks(CHUNK).enumerate() {
        let batch = network.batch(part, chunk, scaling)?;
        let loss = model.loss(network, &batch, Draw::Evaluation { seed, batch: index as u64 })?;
        let parts = loss.parts.iter().map(|(name, value)| Ok((*name, scalar(value)?))).collect::<Result<Vec<_>>>()?;
        figures.add(scalar(&loss.total)?, &parts, chunk.len());
        figures.mse += scalar(&mean_error(network, &batch)?)? / part.values.features() as f64 * chunk.len() as f64;
    }
    Ok(figures.over(rows.len()))
}

fn mean_error(network: &Network<'_>, batch: &Batch) -> Result<candle_core::Tensor> {
    let encoded = network.encode(&batch.x, batch.labels.as_ref())?;
    let Some(mean) = encoded.first() else { candle_core::bail!("the encoder has no output") };
    let logits = network.decode(mean, batch.labels.as_ref())?;
    squared_error(&network.observation.mean(&logits)?, &batch.x)
}

pub(crate) fn scalar(tensor: &candle_core::Tensor) -> Result<f64> {
    Ok(f64::from(tensor.to_scalar::<f32>()?))
}
