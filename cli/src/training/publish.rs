//! Writes the bundle of a fitted model, runs the parity check in ONNX Runtime, and publishes the bundle.

use std::path::{Path, PathBuf};

use anyhow::Context;
use narrows_bundle::{Bundle, Manifest};
use narrows_data::Dataset;
use narrows_evaluate::Picture;
use narrows_runtime::{Autoencoder, proof::prove};
use narrows_trainer::{Config, Fitted};

use super::{Session, curves::curves};
use crate::{
    card::card,
    destination::{Destination, check_parity},
    report::note,
};

/// Returns the output folder for the bundle of a run.
pub(crate) fn bundle_folder(out: Option<&Path>, config: &Config) -> PathBuf {
    out.map_or_else(|| Path::new("models").join(config.kind().name()), Path::to_owned)
}

/// Writes the bundle, runs the parity check and publishes the bundle. Returns its folder, its size in bytes and its
/// manifest.
pub(crate) fn publish(
    mut destination: Destination,
    fitted: &Fitted,
    data: &Dataset,
    session: &Session,
) -> anyhow::Result<(PathBuf, u64, Manifest)> {
    let manifest = stage(&mut destination, fitted, data)?;
    session.check_stop("before the bundle was complete")?;
    let (folder, bytes) = destination.publish(&session.stop)?;
    Ok((folder, bytes, manifest))
}

/// Writes the files of the bundle to the staging folder and runs the parity check. Returns the manifest.
pub(crate) fn stage(destination: &mut Destination, fitted: &Fitted, data: &Dataset) -> anyhow::Result<Manifest> {
    let export = fitted.export(data)?;
    export.remarks.iter().for_each(note);
    let mut manifest = export.manifest;
    for (name, bytes) in &export.files {
        destination.write(name, bytes)?;
    }
    if let Some(svg) = curves(fitted)? {
        destination.write("loss.svg", svg.as_bytes())?;
    }
    destination.write_manifest(&mut manifest)?;
    complete_staged(destination, &mut manifest)?;
    Ok(manifest)
}

/// Loads the written graphs in ONNX Runtime, compares their outputs with those of training, and adds the files that
/// need a running model: the parity record, the images and the model card.
fn complete_staged(destination: &mut Destination, manifest: &mut Manifest) -> anyhow::Result<()> {
    let bundle = Bundle::open(destination.folder())?;
    let model = Autoencoder::from_bundle(&bundle, &narrows_runtime::Options::default())?;
    let probe = bundle.probe()?;
    let parity = prove(&model, &probe)?;
    check_parity([("encoder", &parity.encoder), ("decoder", &parity.decoder)])?;
    manifest.parity = Some(parity);
    if Picture::of(&manifest.sample).accepts(&manifest.sample.shape) {
        let reconstructions = narrows_evaluate::reconstructions(&model, &probe.samples.view(), probe.labels.as_deref());
        destination.write("reconstructions.png", &reconstructions.context("reconstructions.png")?)?;
        if manifest.prior.is_some() || manifest.sampler.is_some() {
            destination.write("samples.png", &narrows_evaluate::samples(&model, 0).context("samples.png")?)?;
        }
    }
    // The card shows the pictures that the manifest lists.
    destination.write_manifest(manifest)?;
    destination.write("README.md", card(manifest)?.as_bytes())?;
    destination.write_manifest(manifest)
}
