//! `narrows detect fit`: fits a detector on an autoencoder.

use std::path::{Path, PathBuf};

use clap::Args;
use narrows_bundle::{Bundle, Kind};
use narrows_runtime::{Autoencoder, Device, Options};

use crate::{
    destination::Destination,
    detect::{
        DetectorArguments, FitReport, Recipe, RowSources, Selection, Trained, fit_to, prove, train, warn_of_seen_rows,
    },
    model::needs_autoencoder,
    rewrite::{Addition, Form, SamplesPicture, check_stop, complete},
    stop::Stop,
    training::{data_flags_of_model, stage},
};

/// What an interruption leaves unwritten.
const NOUN: &str = "detector";

/// Fit an anomaly detector on an autoencoder, or train one for it
///
/// With BUNDLE, fits an anomaly score to normal rows and sets its threshold on other normal rows, the calibration rows,
/// so that at most --false-alarms of new normal rows are flagged (split-conformal prediction). Without BUNDLE, holds
/// the calibration rows out, trains an autoencoder on the other rows and writes its bundle with the detector. The
/// detector is only written if ONNX Runtime gives every stored row the same label at five batch sizes. Holds the rows
/// and their reconstructions in memory: 8 bytes for each value, and up to 8 bytes for each row times latent dimension;
/// --memory limits it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    narrows detect fit --data normal.csv --out models/detector\n  \
    narrows detect fit models/ae --data normal.csv --calibration later.csv\n  \
    narrows detect fit models/ae --data labelled.csv --label-column class --anomaly-class fraud --out models/fraud")]
pub(super) struct DetectFit {
    /// Bundle of an autoencoder: a folder, or a file written by `pack` [default: train one with --kind and --config]
    bundle: Option<PathBuf>,
    #[command(flatten)]
    rows: RowSources,
    #[command(flatten)]
    detector: DetectorArguments,
    /// Kind of model to train without BUNDLE: pca, ae, dae, wae, vae or cvae [default: dae]
    #[arg(long, value_name = "KIND", conflicts_with = "bundle", help_heading = "Training without BUNDLE")]
    kind: Option<Kind>,
    /// TOML file with options of the training without BUNDLE, as printed by `narrows config`; they replace the defaults
    /// for detection [default: none]
    #[arg(long, value_name = "FILE", conflicts_with = "bundle", help_heading = "Training without BUNDLE")]
    config: Option<PathBuf>,
    /// Device to compute on: cpu, cuda (the first NVIDIA GPU), cuda:N, or auto (a GPU if one is usable)
    #[arg(long, value_name = "DEVICE", default_value_t)]
    device: Device,
    /// Where to write the bundle with the detector: a folder for a folder, a file for a packed bundle; what is there is
    /// replaced [default: the bundle itself, or models/detector without BUNDLE]
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Print the report as one JSON object: `bundle`, `detector` as in the manifest, `left_out_rows`, `smallest_level`,
    /// `calibration_alarms` (a fraction), `guarantee`, and `labelled` with the figures of labelled anomalies, or null
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &DetectFit) -> anyhow::Result<()> {
    let stop = Stop::listen()?;
    match &arguments.bundle {
        Some(bundle) => fit_bundle(arguments, bundle, &stop),
        None => fit_new(arguments, &stop),
    }
}

/// Adds a detector to a bundle.
fn fit_bundle(arguments: &DetectFit, path: &Path, stop: &Stop) -> anyhow::Result<()> {
    let mut options = arguments.detector.checked_options()?;
    let bundle = Bundle::open(path).map_err(needs_autoencoder)?;
    if bundle.manifest().sample.table.is_some() {
        options = arguments.detector.for_mixed_table(options)?;
    }
    let model = Autoencoder::from_bundle(&bundle, &arguments.runtime())?;
    // Claimed before anything is computed, so that a wrong path is reported at once.
    let form = Form::claim(&bundle, arguments.out.as_deref().unwrap_or(path), stop)?;
    stop.defer_first_signal();
    let loaded = arguments.rows.load_for(bundle.manifest())?;
    let trained = Trained::Before(bundle.manifest());
    let mut selection = Selection::of(&arguments.rows, &loaded, trained, &options)?;
    warn_of_seen_rows(&loaded.data, &selection, bundle.manifest())?;
    selection.check(&options)?;
    let left_out =
        selection.keep_typical(options.contamination, options.seed, bundle.manifest().sample.table.as_ref())?;
    let limits = &arguments.rows.limits;
    let fitted = fit_to(&bundle, &model, &selection, &loaded.data.name, &options, limits, stop)?;
    let mut manifest = bundle.manifest().clone();
    manifest.detector = Some(fitted.record.clone());
    let (mut proven, mut labelled) = (None, None);
    let addition = Addition {
        noun: NOUN,
        manifest,
        files: fitted.files.clone(),
        samples: SamplesPicture::Keep,
        check: &mut |written, manifest| {
            labelled = prove(written, manifest, &selection, &model, stop)?;
            proven = manifest.detector.clone();
            Ok(())
        },
    };
    let written = form.write(&bundle, addition, stop)?;
    let record = proven.as_ref().unwrap_or(&fitted.record);
    let is_recording = bundle.manifest().sample.windows.is_some();
    let (fitted, labelled) = (&fitted, labelled.as_ref());
    let data = data_flags_of_model(&arguments.rows.data.reading);
    FitReport { fitted, record, labelled, left_out, is_recording, data, bundle: &written }.print(arguments.json)
}

/// Trains an autoencoder, and writes its bundle with a detector.
fn fit_new(arguments: &DetectFit, stop: &Stop) -> anyhow::Result<()> {
    let mut options = arguments.detector.checked_options()?;
    let recipe = Recipe {
        kind: arguments.kind,
        file: arguments.config.as_deref(),
        data: &arguments.rows.data,
        seed: arguments.detector.seed(),
    };
    let given = recipe.given()?;
    let out = arguments.out.clone().unwrap_or_else(|| PathBuf::from("models/detector"));
    let mut destination = Destination::claim(&out, stop)?;
    stop.defer_first_signal();
    let loaded = arguments.rows.load_new()?;
    if loaded.data.table.is_some() {
        options = arguments.detector.for_mixed_table(options)?;
    }
    let later = Trained::Later { takes_labels: recipe.kind(&given).is_conditional() };
    let mut selection = Selection::of(&arguments.rows, &loaded, later, &options)?;
    selection.check(&options)?;
    let left_out = selection.keep_typical(options.contamination, options.seed, loaded.data.table.as_ref())?;
    let trained = train(&recipe, &given, &loaded.data, &selection, stop)?;
    let mut manifest = stage(&mut destination, &trained.fitted, &trained.data)?;
    check_stop(NOUN, stop)?;
    let bundle = Bundle::open(destination.folder())?;
    let model = Autoencoder::from_bundle(&bundle, &arguments.runtime())?;
    let limits = &arguments.rows.limits;
    let fitted = fit_to(&bundle, &model, &selection, &loaded.data.name, &options, limits, stop)?;
    manifest.detector = Some(fitted.record.clone());
    for (name, bytes) in &fitted.files {
        destination.write(name, bytes)?;
    }
    destination.write_manifest(&mut manifest)?;
    let labelled = prove(&Bundle::open(destination.folder())?, &mut manifest, &selection, &model, stop)?;
    complete(&mut destination, &mut manifest)?;
    check_stop(NOUN, stop)?;
    let (written, _) = destination.publish(stop)?;
    let record = manifest.detector.as_ref().unwrap_or(&fitted.record);
    let is_recording = manifest.sample.windows.is_some();
    let (fitted, labelled) = (&fitted, labelled.as_ref());
    let data = data_flags_of_model(&arguments.rows.data.reading);
    FitReport { fitted, record, labelled, left_out, is_recording, data, bundle: &written }.print(arguments.json)
}

impl DetectFit {
    fn runtime(&self) -> Options {
        Options::default().device(self.device)
    }
}
