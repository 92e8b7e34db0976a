//! From a fitted head to a bundle that ONNX Runtime has proved.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::bail;
use narrows_bundle::{ClassifierBundle, ClassifierManifest, Stage};
use narrows_runtime::{Classifier, Options, proof::prove_classifier};
use narrows_trainer::transfer::Export;

use super::card::card;
use crate::{report::Stopped, stop::Stop};

/// A place for a bundle, claimed.
pub(crate) struct Place(Stage);

impl Place {
    /// Claims the place: it may not be missed after minutes of fitting.
    pub(crate) fn claim(out: &Path, stop: &Stop) -> anyhow::Result<Self> {
        let stage = Stage::begin(out)?;
        stop.remove_on_exit(stage.folder());
        Ok(Place(stage))
    }

    /// Refuses a place that is that of the bundle that is transferred: its decoder would be lost.
    pub(crate) fn check_apart(out: &Path, bundle: &Path) -> anyhow::Result<()> {
        if let (Ok(one), Ok(other)) = (fs::canonicalize(out), fs::canonicalize(bundle))
            && one == other
        {
            bail!(
                "`{}` is the bundle that is transferred, and would be lost; name another folder by --out",
                out.display()
            );
        }
        Ok(())
    }

    /// Writes, proves and publishes, with `others` beside the graphs: the bundle's folder, its size in bytes, and its
    /// manifest.
    pub(crate) fn fill(
        self,
        export: Export,
        others: &[(&str, Vec<u8>)],
        stop: &Stop,
    ) -> anyhow::Result<(PathBuf, u64, ClassifierManifest)> {
        let (mut stage, Export { mut manifest, files }) = (self.0, export);
        let files = files.iter().map(|(name, bytes)| (name.as_str(), bytes));
        for (name, bytes) in files.chain(others.iter().map(|(name, bytes)| (*name, bytes))) {
            stage.write(name, bytes)?;
        }
        stage.write_manifest(&mut manifest)?;
        let bundle = ClassifierBundle::open(stage.folder())?;
        let model = Classifier::from_bundle(&bundle, &Options::default())?;
        let parity = prove_classifier(&model, &bundle.probe()?)?;
        for (name, graph) in [("head", &parity.head), ("whole", &parity.whole)] {
            if !graph.holds() {
                bail!(
                    "the {name} in ONNX Runtime differs from Candle by {graph}: no bundle was written (this is a defect of narrows or of the runtime library; please report the command)"
                );
            }
        }
        manifest.parity = Some(parity);
        stage.write("README.md", card(&manifest).as_bytes())?;
        stage.write_manifest(&mut manifest)?;
        check_stop(stop)?;
        stop.keep();
        let bytes = stage.bytes();
        Ok((stage.publish()?, bytes, manifest))
    }
}

/// Ends the program if somebody asked for it: whatever was staged goes, and nothing is left.
pub(crate) fn check_stop(stop: &Stop) -> anyhow::Result<()> {
    match stop.asked() {
        None => Ok(()),
        Some(signal) => Err(Stopped { signal, told: "interrupted; nothing was left behind".to_owned() }.into()),
    }
}
