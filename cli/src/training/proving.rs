//! From a fitted model to a bundle that ONNX Runtime has proved.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use narrows_bundle::{Bundle, Manifest, Stage};
use narrows_data::Dataset;
use narrows_runtime::{Autoencoder, proof::prove};
use narrows_trainer::{Config, Fitted};

use super::{Session, report::curves};
use crate::{card::card, stop::Stop};

/// A place for a bundle, claimed.
pub(crate) struct Destination {
    stage: Stage,
}

impl Destination {
    /// Claims the place, and makes sure that the bundle can be proved: neither may be missed after an hour
    /// of training.
    pub(crate) fn claim(out: Option<&Path>, config: &Config, stop: &Stop) -> anyhow::Result<Self> {
        let out = out.map_or_else(|| Path::new("models").join(config.kind().name()), Path::to_owned);
        narrows_runtime::library::locate(&narrows_runtime::Options::default())?;
        let stage = Stage::begin(&out)?;
        stop.remove_on_exit(stage.folder());
        Ok(Destination { stage })
    }

    /// Writes, proves and publishes: the bundle's folder, its size in bytes, and its manifest.
    pub(crate) fn fill(
        mut self,
        fitted: &Fitted,
        data: &Dataset,
        session: &Session,
    ) -> anyhow::Result<(PathBuf, u64, Manifest)> {
        let export = fitted.export(data)?;
        let mut manifest = export.manifest;
        for (name, bytes) in &export.files {
            self.stage.write(name, bytes)?;
        }
        if let Some(svg) = curves(fitted)? {
            self.stage.write("loss.svg", svg.as_bytes())?;
        }
        self.stage.write_manifest(&mut manifest)?;
        prove_stage(&mut self.stage, &mut manifest)?;
        session.check_stop("before the bundle was whole")?;
        session.stop.keep();
        let bytes = self.stage.bytes();
        Ok((self.stage.publish()?, bytes, manifest))
    }
}

/// Loads the written graphs in ONNX Runtime, compares them with the probe, and completes the bundle
/// with what only a running model can give: parity, pictures, the card.
fn prove_stage(stage: &mut Stage, manifest: &mut Manifest) -> anyhow::Result<()> {
    let bundle = Bundle::open(stage.folder())?;
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
