//! `narrows transfer`: from a bundle and labels to a proved classifier or regressor.

use std::{fs, path::PathBuf, time::Instant};

use anyhow::{Context, bail};
use clap::Args;
use narrows_bundle::{Bundle, WEIGHTS};
use narrows_data::{Dataset, Limits};
use narrows_runtime::Autoencoder;
use narrows_trainer::{
    TrainError,
    transfer::{Config, Draws, Options, Origin, Start, Task, fit, label_efficiency},
};

use crate::{
    destination::Destination,
    model::ModelArguments,
    report::{note, warn},
    stop::Stop,
    training::flags,
    transfer::{Material, Report, Table, check_apart, check_stop, published, tell},
};

#[derive(Debug, Args)]
pub(crate) struct Transfer {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    limits: Limits,
    /// Configuration file with the flags of Data, Head, Fine-tuning and Training as keys; flags win over it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Also tell what linear heads learn from 10, 100, 1000 and all labels, of raw samples, of principal components
    /// and of the codes, each over so many draws of the labels
    #[arg(long, value_name = "DRAWS", num_args = 0..=1, require_equals = true, default_missing_value = "20", value_parser = clap::value_parser!(u16).range(1..))]
    label_efficiency: Option<u16>,
    /// Folder to leave the bundle in [default: models/KIND-classifier, or models/KIND-regressor]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Transfer) -> anyhow::Result<()> {
    let start = Instant::now();
    let stop = Stop::listen()?;
    let options = options(arguments)?;
    let bundle = Bundle::open(arguments.model.bundle())?;
    let model = Autoencoder::from_bundle(&bundle, &arguments.model.options())?;
    let manifest = bundle.manifest();
    // From here on a signal is heard, and what was staged goes.
    stop.watch_for();
    let (material, (config, destination)) = Material::load(&options, &arguments.limits, &model, &stop, |data| {
        let config = Config::check(&options, manifest, data)?;
        if arguments.label_efficiency.is_some() {
            check_table(&config, data)?;
        }
        let kind = config.task.kind();
        let out = arguments.out.clone().unwrap_or_else(|| PathBuf::from(format!("models/{}-{kind}", manifest.kind)));
        check_apart(&out, arguments.model.bundle())?;
        Ok((config, Destination::claim(&out, &stop)?))
    })?;
    let Material { data, codes } = &material;
    note(format_args!(
        "encoder: {} of {} with {} latent numbers, on {} rows of {}",
        manifest.kind,
        manifest.training.data.name,
        manifest.latent_dim,
        data.train.values.rows(),
        data.name
    ));
    let needs_weights = config.tuning.is_some_and(|tuning| tuning.start == Start::Bundle);
    // The fit says what to do where there are none.
    let has_weights = bundle.files().any(|(name, _)| name == WEIGHTS);
    let weights = (needs_weights && has_weights).then(|| bundle.read(WEIGHTS)).transpose()?;
    let is_asked = || stop.asked().is_some();
    let fitted = fit(&config, manifest, weights.as_deref(), data, codes, &is_asked, &mut tell);
    let fitted = unless_stopped(fitted, &stop)?;
    fitted.remarks().iter().for_each(warn);
    let efficiency = match arguments.label_efficiency {
        None => None,
        Some(count) => {
            let draws = Draws { count: usize::from(count), seed: config.seed };
            let mut told = |row: &_| note(format_args!("label efficiency: {}", Table::row(row)));
            let table = label_efficiency(draws, manifest, data, codes, &is_asked, &mut told);
            Some(unless_stopped(table, &stop)?)
        }
    };
    let (encoder, probe) = (bundle.graph(&manifest.graphs.encoder)?, bundle.probe()?);
    let export = fitted.export(Origin { manifest, encoder: &encoder, probe: &probe }, data, &options)?;
    let title = format!("linear heads on {}", data.name);
    let others = efficiency.as_ref().map(|efficiency| Table(efficiency).files(&title)).transpose()?.unwrap_or_default();
    let bundle = published(destination, export, &others, &stop)?;
    let (efficiency, data) = (efficiency.as_ref(), flags(&options.data.reading));
    Report { fitted: &fitted, bundle: &bundle, efficiency, data, time: start.elapsed() }.print(arguments.json)
}

/// Refuses a table of accuracies where there are none, before anything takes time.
fn check_table(config: &Config, data: &Dataset) -> anyhow::Result<()> {
    match config.task {
        Task::Regression => bail!("--label-efficiency is a table of accuracies, and a regression has none"),
        Task::Classification if data.test.is_none() => bail!("--label-efficiency needs rows to test with (--test)"),
        Task::Classification => Ok(()),
    }
}

/// A fit that stopped since somebody asked for it says so.
fn unless_stopped<T>(outcome: Result<T, TrainError>, stop: &Stop) -> anyhow::Result<T> {
    check_stop(stop)?;
    Ok(outcome?)
}

/// What was asked for: by flags, then by the file that they name.
fn options(arguments: &Transfer) -> anyhow::Result<Options> {
    let Some(path) = &arguments.config else { return Ok(arguments.options.clone()) };
    let text = fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let file = Options::from_toml(&text).with_context(|| format!("`{}`", path.display()))?;
    Ok(arguments.options.or(&file))
}
