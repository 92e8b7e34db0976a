//! What the peers of a round have in common, in a folder: the data, the first weights, the order of the rows.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
};

use anyhow::{Context, Result, bail};
use candle_core::Device;
use narrows_bundle::{Kind, Likelihood};
use narrows_data::{Dataset, LoadOptions, Part, Values};
use narrows_trainer::{Config, CoreGraphs, Corruption, Descent, Method, Options, candle::Parameters, order_of};
use serde::{Deserialize, Serialize};

use super::row::Row;

const JOB: &str = "job.json";

/// The settings, as the peers read them.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) kind: Kind,
    pub(crate) features: usize,
    pub(crate) hidden: Vec<usize>,
    pub(crate) latent: usize,
    /// Classes that both halves are told; 0 for none.
    pub(crate) classes: usize,
    /// Between the logits and the pixels.
    pub(crate) likelihood: Likelihood,
    /// Share of the pixels that the encoder does not see in training.
    pub(crate) masking: f64,
    pub(crate) batch_size: usize,
    pub(crate) epochs: usize,
    pub(crate) learning_rate: f64,
    /// What a byte is divided by.
    pub(crate) scale: f32,
    pub(crate) rows: usize,
    pub(crate) seed: u64,
    /// Cores of the machine.
    pub(crate) cores: usize,
}

impl Job {
    /// Writes what one round of a row needs.
    ///
    /// # Errors
    /// If the data is not there.
    pub(crate) fn prepare(row: Row, seed: u64, epochs: usize, folder: &Path) -> Result<()> {
        let options = row.options(seed, epochs);
        let data =
            narrows_data::load(options.data.reading.data.as_deref().unwrap_or_default(), &LoadOptions::default())?;
        let config = Config::check(&options, &data)?;
        let Method::Descent(descent) = &config.method else { bail!("{} is not trained in steps", row.name()) };
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
            hidden: descent.architecture.hidden.clone(),
            latent: config.latent_dim,
            classes: if config.kind().is_conditional() { classes } else { 0 },
            likelihood: config.output_distribution.likelihood,
            masking: match config.effective().corruption.corruption {
                Some(Corruption::Masking(share)) => share,
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

    /// The job in a folder.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        Ok(serde_json::from_slice(&fs::read(folder.join(JOB))?)?)
    }
}

/// The first weights.
pub(crate) fn initial_file(folder: &Path) -> PathBuf {
    folder.join("initial.safetensors")
}

/// The configuration of our own program.
pub(crate) fn config_file(folder: &Path) -> PathBuf {
    folder.join("config.toml")
}

/// The rows of all epochs as they come, in `u32`.
pub(crate) fn order_file(folder: &Path) -> PathBuf {
    folder.join("order")
}

/// Our first weights in the layout of the others: `[outputs, inputs]`. Tables of labels are the same for all.
fn write_initial(core: &CoreGraphs, seed: u64, path: &Path) -> Result<()> {
    let parameters = Parameters::initial(&[&core.encoder, &core.decoder], seed, &Device::Cpu)?;
    let turned = parameters.iter().map(|(name, variable)| {
        let is_product = variable.rank() == 2 && !name.ends_with(".label.weight");
        let turned = if is_product { variable.t()?.contiguous()? } else { variable.as_tensor().clone() };
        Ok((name.to_owned(), turned))
    });
    let tensors = turned.collect::<candle_core::Result<_>>()?;
    Ok(candle_core::safetensors::save(&tensors, path)?)
}

fn write_order(rows: usize, seed: u64, epochs: usize, path: &Path) -> Result<()> {
    let rows: Vec<usize> = (0..rows).collect();
    let order = (1..=epochs).flat_map(|epoch| order_of(&rows, seed, epoch));
    Ok(fs::write(path, order.flat_map(|row| (row as u32).to_le_bytes()).collect::<Vec<_>>())?)
}

/// Bytes as they are, labels in `u32`. A later round finds them there: written anew, they would be on their
/// way to the disk while the first peer is timed.
fn write_part(part: &Part, name: &str, folder: &Path) -> Result<()> {
    let path = folder.join(name);
    if path.exists() {
        return Ok(());
    }
    let Values::U8(values) = &part.values else { bail!("the {name} part is not of bytes") };
    let labels = part.labels.iter().flatten().flat_map(|label| label.to_le_bytes());
    fs::write(folder.join(format!("{name}-labels")), labels.collect::<Vec<_>>())?;
    Ok(fs::write(path, values.as_slice().context("rows in standard layout")?)?)
}
