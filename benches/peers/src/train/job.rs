//! Common input of the peers of a round, in a folder: the data, the initial weights and the order of the rows.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
};

use anyhow::{Context, Result, bail};
use candle_core::Device;
use narrows_bundle::{Kind, Likelihood};
use narrows_data::{Dataset, LoadOptions, Part, Reading, SampleKind, Values};
use narrows_trainer::{
    Config, Options,
    internals::{Convolutions, CoreGraphs, Descent, Method, Parameters, order_of},
    options::Corruption,
};
use serde::{Deserialize, Serialize};

use super::{
    row::{Row, Samples},
    series,
};

const JOB: &str = "job.json";

/// Settings of a run, as read by the peers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) kind: Kind,
    pub(crate) features: usize,
    /// Convolutional layers between a sample and the dense layers.
    pub(crate) convolutions: Option<ConvolutionsJob>,
    pub(crate) hidden: Vec<usize>,
    pub(crate) latent: usize,
    /// Number of classes that the encoder and the decoder receive; 0 if the model is not conditional.
    pub(crate) classes: usize,
    /// Likelihood of the pixels, given the logits.
    pub(crate) likelihood: Likelihood,
    /// Fraction of the pixels that are masked in training.
    pub(crate) masking: f64,
    pub(crate) batch_size: usize,
    pub(crate) epochs: usize,
    pub(crate) learning_rate: f64,
    /// Divisor of the bytes.
    pub(crate) scale: f32,
    pub(crate) rows: usize,
    pub(crate) seed: u64,
    /// Number of cores of the machine.
    pub(crate) cores: usize,
}

/// The convolutional layers of an encoder, which the decoder mirrors.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ConvolutionsJob {
    /// Number of channels of a sample.
    pub(crate) channels: usize,
    /// Whether the channels of a sample are its first dimension, as those of a series, or its last one.
    pub(crate) is_channels_first: bool,
    /// Number of output channels of each layer.
    pub(crate) filters: Vec<usize>,
    /// Height and width of the kernels.
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    /// Height and width of the map after each layer, beginning with those of the sample.
    pub(crate) sizes: Vec<[usize; 2]>,
    /// Number of residual blocks after each layer.
    pub(crate) blocks: usize,
}

impl ConvolutionsJob {
    fn of(convolutions: &Convolutions, is_channels_first: bool) -> Self {
        ConvolutionsJob {
            channels: convolutions.sample.channels,
            is_channels_first,
            filters: convolutions.filters.clone(),
            kernel: convolutions.kernel,
            stride: convolutions.stride,
            sizes: convolutions.sizes(),
            blocks: convolutions.blocks,
        }
    }

    /// Returns the number of features of the last map.
    pub(crate) fn features(&self) -> usize {
        let size = self.sizes.last().map_or(0, |[height, width]| height * width);
        size * self.filters.last().copied().unwrap_or(self.channels)
    }
}

impl Job {
    /// Writes the input files of one round of a row.
    ///
    /// # Errors
    /// If the data is missing.
    pub(crate) fn prepare(row: &Row, seed: u64, epochs: usize, folder: &Path) -> Result<()> {
        let options = row.options(seed, epochs, folder);
        match row.data {
            Samples::FashionMnist | Samples::Digits | Samples::Patches => {}
            Samples::Series => series::write(folder)?,
        }
        let load = |spec: &Option<String>| {
            let spec = spec.as_deref().unwrap_or_default();
            let sample = options.data.reading.sample;
            narrows_data::load(
                spec,
                &LoadOptions { reading: Reading { sample, ..Reading::default() }, ..LoadOptions::default() },
            )
        };
        let mut data = load(&options.data.reading.data)?;
        if options.data.test.is_some() {
            data.test = Some(load(&options.data.test)?.train);
        }
        let config = Config::check(&options, &data)?;
        let Method::Descent(descent) = &config.method else { bail!("{} is not trained by gradient descent", row.name) };
        let core = CoreGraphs::new(&config, &data)?;

        fs::write(config_file(folder), options.to_toml()?)?;
        fs::write(folder.join(JOB), serde_json::to_vec(&Job::of(&options, &config, descent, &data))?)?;
        write_initial(&core, seed, &initial_file(folder))?;
        write_order(data.train.values.rows(), seed, epochs, &order_file(folder))?;
        for (name, part) in [("train", Some(&data.train)), ("test", data.test.as_ref())] {
            write_part(part.with_context(|| format!("{} has no {name} part", data.name))?, name, folder)?;
        }
        Ok(())
    }

    fn of(options: &Options, config: &Config, descent: &Descent, data: &Dataset) -> Self {
        let classes = data.classes.as_ref().map_or(0, Vec::len);
        Job {
            kind: config.kind(),
            features: data.train.values.features(),
            convolutions: descent
                .architecture
                .convolutions
                .as_ref()
                .map(|maps| ConvolutionsJob::of(maps, data.sample_kind == SampleKind::Series)),
            hidden: descent.architecture.hidden.clone(),
            latent: config.latent_dim,
            classes: if config.kind().is_conditional() { classes } else { 0 },
            likelihood: config.output_distribution.likelihood,
            masking: match config.effective().corruption.corruption {
                Some(Corruption::Masking(fraction)) => fraction,
                Some(Corruption::Gaussian(_) | Corruption::SaltAndPepper(_)) | None => 0.0,
            },
            batch_size: descent.steps.batch_size,
            epochs: descent.epochs,
            learning_rate: descent.learning_rate.peak,
            scale: data.range.1,
            rows: data.train.values.rows(),
            seed: options.seed.unwrap_or_default(),
            cores: thread::available_parallelism().map_or(1, usize::from),
        }
    }

    /// Reads the job in a folder.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        Ok(serde_json::from_slice(&fs::read(folder.join(JOB))?)?)
    }
}

/// Returns the path of the initial weights.
pub(crate) fn initial_file(folder: &Path) -> PathBuf {
    folder.join("initial.safetensors")
}

/// Returns the path of the configuration of `narrows`.
pub(crate) fn config_file(folder: &Path) -> PathBuf {
    folder.join("config.toml")
}

/// Returns the path of the row order: the row indices of all epochs, in `u32`.
pub(crate) fn order_file(folder: &Path) -> PathBuf {
    folder.join("order")
}

/// Writes the initial weights in the layout of the other peers, `[outputs, inputs]`. The layout of label tables is
/// the same for all peers.
fn write_initial(core: &CoreGraphs, seed: u64, path: &Path) -> Result<()> {
    let parameters = Parameters::initial(&[&core.encoder, &core.decoder], seed, &Device::Cpu)?;
    let transposed = parameters.iter().map(|(name, variable)| {
        let is_product = variable.rank() == 2 && !name.ends_with(".label.weight");
        let tensor = if is_product { variable.t()?.contiguous()? } else { variable.as_tensor().clone() };
        Ok((name.to_owned(), tensor))
    });
    let tensors = transposed.collect::<candle_core::Result<_>>()?;
    Ok(candle_core::safetensors::save(&tensors, path)?)
}

fn write_order(rows: usize, seed: u64, epochs: usize, path: &Path) -> Result<()> {
    let rows: Vec<usize> = (0..rows).collect();
    let order = (1..=epochs).flat_map(|epoch| order_of(&rows, seed, epoch));
    Ok(fs::write(path, order.flat_map(|row| (row as u32).to_le_bytes()).collect::<Vec<_>>())?)
}

/// Writes the samples as bytes and the labels in `u32`. Later rounds reuse the files: rewriting them would cause
/// disk writes while the first peer is timed.
fn write_part(part: &Part, name: &str, folder: &Path) -> Result<()> {
    let path = folder.join(name);
    if path.exists() {
        return Ok(());
    }
    let Values::U8(values) = &part.values else { bail!("the {name} part does not contain bytes") };
    let labels = part.labels.iter().flatten().flat_map(|label| label.to_le_bytes());
    fs::write(folder.join(format!("{name}-labels")), labels.collect::<Vec<_>>())?;
    Ok(fs::write(path, values.as_slice().context("rows in standard layout")?)?)
}
