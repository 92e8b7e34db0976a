//! From a fitted head to a bundle that ONNX Runtime has proved.

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

/// Refuses a place that is that of the bundle that is transferred: its decoder would be lost.
pub(crate) fn check_apart(out: &Path, bundle: &Path) -> anyhow::Result<()> {
    if let (Ok(one), Ok(other)) = (fs::canonicalize(out), fs::canonicalize(bundle))
        && one == other
    {
        bail!("`{}` is the bundle that is transferred, and would be lost; name another folder by --out", out.display());
    }
    Ok(())
}

/// Writes, proves and publishes, with `others` beside the graphs: the bundle's folder, its size in bytes, and its
/// manifest.
pub(crate) fn published(
    mut destination: Destination,
    export: Export,
    others: &[(&str, Vec<u8>)],
    stop: &Stop,
) -> anyhow::Result<(PathBuf, u64, ClassifierManifest)> {
    let Export { mut manifest, files } = export;
    let files = files.iter().map(|(name, bytes)| (name.as_str(), bytes));
    for (name, bytes) in files.chain(others.iter().map(|(name, bytes)| (*name, bytes))) {
        destination.write(name, bytes)?;
    }
    destination.write_manifest(&mut manifest)?;
    let bundle = ClassifierBundle::open(destination.folder())?;
    let model = Classifier::from_bundle(&bundle, &Options::default())?;
    let parity = prove_classifier(&model, &bundle.probe()?)?;
    check_parity([("head", &parity.head), ("whole", &parity.whole)])?;
    manifest.parity = Some(parity);
    destination.write("README.md", card(&manifest).as_bytes())?;
    destination.write_manifest(&mut manifest)?;
    check_stop(stop)?;
    let (folder, bytes) = destination.publish(stop)?;
    Ok((folder, bytes, manifest))
}

/// Ends the program if somebody asked for it: whatever was staged goes, and nothing is left.
pub(crate) fn check_stop(stop: &Stop) -> anyhow::Result<()> {
    match stop.asked() {
        None => Ok(()),
        Some(signal) => Err(Stopped { signal, told: "interrupted; nothing was left behind".to_owned() }.into()),
    }
}
