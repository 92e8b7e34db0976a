//! Writes the bundle of a fitted head, runs the parity check in ONNX Runtime, and publishes the bundle.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::bail;
use narrows_bundle::{ClassifierBundle, ClassifierManifest};
use narrows_runtime::{Classifier, Options, proof::prove_classifier};
use narrows_trainer::transfer::Export;

use super::card::card;
use crate::{
    destination::{Destination, check_parity},
    report::Stopped,
    stop::Stop,
};

/// Refuses an output folder that is the source bundle itself: its decoder would be lost.
pub(crate) fn check_not_source(out: &Path, bundle: &Path) -> anyhow::Result<()> {
    if let (Ok(target), Ok(source)) = (fs::canonicalize(out), fs::canonicalize(bundle))
        && target == source
    {
        bail!("`{}` is the source bundle and would be lost; pass another folder with --out", out.display());
    }
    Ok(())
}

/// Writes the graphs and `extra_files`, runs the parity check and publishes the bundle. Returns its folder, its size in
/// bytes and its manifest.
pub(crate) fn publish(
    mut destination: Destination,
    export: Export,
    extra_files: &[(&str, Vec<u8>)],
    stop: &Stop,
) -> anyhow::Result<(PathBuf, u64, ClassifierManifest)> {
    let Export { mut manifest, files } = export;
    let files = files.iter().map(|(name, bytes)| (name.as_str(), bytes));
    for (name, bytes) in files.chain(extra_files.iter().map(|(name, bytes)| (*name, bytes))) {
        destination.write(name, bytes)?;
    }
    destination.write_manifest(&mut manifest)?;
    let bundle = ClassifierBundle::open(destination.folder())?;
    let model = Classifier::from_bundle(&bundle, &Options::default())?;
    let parity = prove_classifier(&model, &bundle.probe()?)?;
    check_parity([("head", &parity.head), (manifest.kind.name(), &parity.end_to_end)])?;
    manifest.parity = Some(parity);
    destination.write("README.md", card(&manifest)?.as_bytes())?;
    destination.write_manifest(&mut manifest)?;
    check_stop(stop)?;
    let (folder, bytes) = destination.publish(stop)?;
    Ok((folder, bytes, manifest))
}

/// Returns an error if a signal was received. The staged bundle is then removed.
pub(crate) fn check_stop(stop: &Stop) -> anyhow::Result<()> {
    match stop.signal() {
        None => Ok(()),
        Some(signal) => Err(Stopped { signal, message: "interrupted; no bundle was written".to_owned() }.into()),
    }
}
