//! Trains the job of a folder in plain Candle, as its users do: with its layers, its optimizer, and losses composed
//! from its operations.

use std::{fs, path::Path, time::Instant};

use anyhow::Result;
use candle_core::{DType, Device, Module, Tensor};
use candle_nn::{
    AdamW, Embedding, Linear, Optimizer, ParamsAdamW, VarBuilder, VarMap, embedding, linear, ops::sigmoid,
};
use narrows_bundle::Likelihood;

use super::{
    job::{Job, initial_file, order_file},
    outcome::Outcome,
};
use crate::locked::locked_version;

/// Number of rows per evaluation batch.
const CHUNK: usize = 1000;

struct Mlp {
    body: Vec<Linear>,
    /// Embedding of the class, which is added to the first layer.
    label: Option<Embedding>,
    heads: Vec<Linear>,
}

struct Model<'a> {
    job: &'a Job,
    encoder: Mlp,
    decoder: Mlp,
}

/// Samples, and their labels if the model is conditional.
struct Part {
    x: Tensor,
    labels: Option<Tensor>,
}

/// Trains for `epochs` epochs.
///
/// # Errors
/// If a file of the job is missing.
pub(crate) fn train(folder: &Path, epochs: usize) -> Result<Outcome> {
    let job = &Job::read(folder)?;
    let (train, test) = (Part::read(job, folder, "train")?, Part::read(job, folder, "test")?);
    let mut variables = VarMap::new();
    let model = Model::new(job, &VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu))?;
    variables.load(initial_file(folder))?;
    // AdamW without weight decay is Adam.
    let settings = ParamsAdamW { lr: job.learning_rate, weight_decay: 0.0, ..ParamsAdamW::default() };
    let mut optimizer = AdamW::new(variables.all_vars(), settings)?;

    let order = fs::read(order_file(folder))?;
    let order: Vec<u32> = order.as_chunks().0.iter().map(|&bytes| u32::from_le_bytes(bytes)).collect();
    let (mut seconds, mut training_losses) = (Vec::new(), Vec::new());
    for rows in order.chunks(job.rows).take(epochs) {
        let (start, mut sum) = (Instant::now(), 0.0);
        for indices in rows.chunks(job.batch_size) {
            let batch = train.rows(indices)?;
            let encoder_input = model.masked(&batch.x)?;
            let loss = model.loss(&batch, &encoder_input)?;
            optimizer.backward_step(&loss)?;
            sum += f64::from(loss.to_scalar::<f32>()?) * indices.len() as f64;
        }
        seconds.push(start.elapsed().as_secs_f64());
        training_losses.push(sum / rows.len() as f64);
    }

    let rows: Vec<u32> = (0..test.x.dim(0)? as u32).collect();
    let loss = rows.chunks(CHUNK).try_fold(0.0, |sum, indices| -> Result<f64> {
        let batch = test.rows(indices)?;
        Ok(sum + f64::from(model.loss(&batch, &batch.x)?.to_scalar::<f32>()?) * indices.len() as f64)
    })?;
    Ok(Outcome {
        version: locked_version("candle-core").to_owned(),
        seconds,
        training_losses,
        test_losses: vec![loss / rows.len() as f64],
    })
}

impl Model<'_> {
    fn new<'a>(job: &'a Job, builder: &VarBuilder<'_>) -> candle_core::Result<Model<'a>> {
        let heads: &[&str] = if job.kind.is_variational() { &["mu", "log_var"] } else { &["z"] };
        let encoder_widths: Vec<usize> = std::iter::once(job.features).chain(job.hidden.iter().copied()).collect();
        let decoder_widths: Vec<usize> = std::iter::once(job.latent).chain(job.hidden.iter().rev().copied()).collect();
        Ok(Model {
            job,
            encoder: Mlp::new(&encoder_widths, job.classes, heads, job.latent, &builder.pp("encoder"))?,
            decoder: Mlp::new(&decoder_widths, job.classes, &["logits"], job.features, &builder.pp("decoder"))?,
        })
    }

    /// Returns the masked input of the encoder in training.
    fn masked(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        if self.job.masking == 0.0 {
            return Ok(x.clone());
        }
        let kept = x.rand_like(0.0, 1.0)?.ge(self.job.masking)?;
        x * kept.to_dtype(DType::F32)?
    }

    /// Returns the loss, summed over pixels and averaged over rows.
    fn loss(&self, batch: &Part, encoder_input: &Tensor) -> candle_core::Result<Tensor> {
        let labels = batch.labels.as_ref();
        let code = self.encoder.forward(encoder_input, labels)?;
        let (z, kl) = match code.as_slice() {
            [mu, log_var] => {
                let z = (mu + (log_var * 0.5)?.exp()? * mu.randn_like(0.0, 1.0)?)?;
                let terms = (((log_var + 1.0)? - mu.sqr()?)? - log_var.exp()?)?;
                (z, Some((terms.sum_all()? * -0.5)?))
            }
            code => (code[0].clone(), None),
        };
        let logits = &self.decoder.forward(&z, labels)?[0];
        let error = match self.job.likelihood {
            // Candle's own function returns NaN for a saturated sigmoid.
            Likelihood::Bernoulli => {
                let softplus = (logits.abs()?.neg()?.exp()? + 1.0)?.log()?;
                ((logits.relu()? - (logits * &batch.x)?)? + softplus)?.sum_all()?
            }
            Likelihood::Gaussian => (sigmoid(logits)? - &batch.x)?.sqr()?.sum_all()?,
        };
        let total = match kl {
            Some(kl) => (error + kl)?,
            None => error,
        };
        total / batch.x.dim(0)? as f64
    }
}

impl Mlp {
    /// Creates hidden layers named by index, then the heads.
    fn new(
        widths: &[usize],
        classes: usize,
        heads: &[&str],
        outputs: usize,
        builder: &VarBuilder<'_>,
    ) -> candle_core::Result<Self> {
        let last = widths.last().copied().unwrap_or_default();
        let body = widths.windows(2).enumerate().map(|(index, pair)| linear(pair[0], pair[1], builder.pp(index)));
        let label = (classes > 0).then(|| embedding(classes, widths[1], builder.pp("0.label"))).transpose()?;
        let heads =
            heads.iter().map(|head| linear(last, outputs, builder.pp(head))).collect::<candle_core::Result<_>>()?;
        Ok(Mlp { body: body.collect::<candle_core::Result<_>>()?, label, heads })
    }

    fn forward(&self, x: &Tensor, labels: Option<&Tensor>) -> candle_core::Result<Vec<Tensor>> {
        let mut row = self.label.as_ref().zip(labels);
        let last = self.body.iter().try_fold(x.clone(), |x, layer| {
            let sum = layer.forward(&x)?;
            match row.take() {
                Some((table, labels)) => (sum + table.forward(labels)?)?.relu(),
                None => sum.relu(),
            }
        })?;
        self.heads.iter().map(|head| head.forward(&last)).collect()
    }
}

impl Part {
    fn read(job: &Job, folder: &Path, name: &str) -> Result<Self> {
        let pixels: Vec<f32> =
            fs::read(folder.join(name))?.into_iter().map(|byte| f32::from(byte) / job.scale).collect();
        let rows = pixels.len() / job.features;
        let x = Tensor::from_vec(pixels, (rows, job.features), &Device::Cpu)?;
        if job.classes == 0 {
            return Ok(Part { x, labels: None });
        }
        let labels = fs::read(folder.join(format!("{name}-labels")))?;
        let labels: Vec<u32> = labels.as_chunks().0.iter().map(|&bytes| u32::from_le_bytes(bytes)).collect();
        Ok(Part { x, labels: Some(Tensor::from_vec(labels, rows, &Device::Cpu)?) })
    }

    fn rows(&self, indices: &[u32]) -> candle_core::Result<Part> {
        let indices = Tensor::new(indices, &Device::Cpu)?;
        let labels = self.labels.as_ref().map(|labels| labels.index_select(&indices, 0)).transpose()?;
        Ok(Part { x: self.x.index_select(&indices, 0)?, labels })
    }
}
