//! `narrows train-export`: from data to a proved bundle.

mod flags;
mod summary;

use std::{ops::ControlFlow, path::PathBuf, time::Instant};

use anyhow::{Context, bail};
use clap::Args;
use narrows_bundle::{Manifest, Stage};
use narrows_data::Dataset;
use narrows_runtime::{Autoencoder, proof::prove};
use narrows_trainer::{Config, Fitted, Method, TrainError, fit};

use crate::{
    card::card,
    input::DataArguments,
    progress::Progress,
    report::{Stopped, print},
    stop::Stop,
};

#[derive(Debug, Args)]
pub(crate) struct TrainExport {
    #[command(flatten)]
    model: flags::ModelFlags,
    #[command(flatten)]
    data: DataArguments,
    /// Folder to leave the bundle in [default: models/KIND]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &TrainExport) -> anyhow::Result<()> {
    let start = Instant::now();
    let stop = Stop::listen()?;
    let options = arguments.model.options();
    let out = arguments.out.clone().unwrap_or_else(|| PathBuf::from("models").join(options.kind.name()));

    let data = arguments.data.load()?;
    let config = Config::check(&options, &data)?;
    // Both are needed at the end only, and neither may be missed after an hour of training.
    narrows_runtime::library::locate(&narrows_runtime::Options::default())?;
    let mut stage = Stage::begin(&out)?;
    stop.remove_on_exit(stage.folder());
    summary::print_choices(&options, &config, &data, &out)?;

    let (fitted, progress) = fit_with_progress(&config, &data, &stop)?;
    let export = fitted.export(&data)?;
    let mut manifest = export.manifest;
    for (name, bytes) in &export.files {
        stage.write(name, bytes)?;
    }
    stage.write_manifest(&mut manifest)?;
    prove_stage(&mut stage, &mut manifest)?;
    if let Some(signal) = stop.asked() {
        bail!(Stopped { signal });
    }
    let bytes = stage.bytes();
    let bundle = stage.publish()?;

    let report = summary::Report {
        bundle: &bundle,
        data: &arguments.data,
        bytes,
        manifest: &manifest,
        fitted: &fitted,
        progress: &progress,
        total: start.elapsed(),
    };
    if arguments.json {
        print(format!("{:#}", report.json()))?;
    } else {
        print(report.text())?;
    }
    Ok(())
}

fn fit_with_progress(config: &Config, data: &Dataset, stop: &Stop) -> anyhow::Result<(Fitted, Progress)> {
    let epochs = match &config.method {
        Method::ClosedForm(_) => 1,
        Method::Descent(descent) => descent.epochs,
    };
    let mut progress = Progress::new(epochs, config.fitted_rows(data.train.values.rows()));
    let outcome = fit(config, data, &mut |event| {
        progress.show(event);
        if stop.asked().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    match (outcome, stop.asked()) {
        (Err(TrainError::Interrupted { .. }), Some(signal)) => bail!(Stopped { signal }),
        (outcome, _) => Ok((outcome?, progress)),
    }
}

/// Loads the written graphs in ONNX Runtime, compares them with the probe, and completes the bundle
/// with what only a running model can give: parity, pictures, the card.
fn prove_stage(stage: &mut Stage, manifest: &mut Manifest) -> anyhow::Result<()> {
    let bundle = narrows_bundle::Bundle::open(stage.folder())?;
    let model = Autoencoder::from_bundle(&bundle, &narrows_runtime::Options::default())?;
    let probe = bundle.probe()?;
    let parity = prove(&model, &probe)?;
    for (name, graph) in [("encoder", &parity.encoder), ("decoder", &parity.decoder)] {
        if !graph.holds() {
            bail!(
                "the {name} in ONNX Runtime differs from Candle by {graph}: no bundle was written (this is a defect of narrows or of the runtime library; please report the command)"
            );
        }
    }
    manifest.parity = Some(parity);
    if narrows_evaluate::is_picture(&manifest.sample.shape) {
        let reconstructions = narrows_evaluate::reconstructions(&model, &probe.samples.view(), probe.labels.as_deref());
        stage.write("reconstructions.png", &reconstructions.context("reconstructions.png")?)?;
        if manifest.prior.is_some() {
            stage.write("samples.png", &narrows_evaluate::samples(&model, 0).context("samples.png")?)?;
        }
    }
    stage.write("README.md", card(manifest).as_bytes())?;
    stage.write_manifest(manifest)?;
    Ok(())
}
