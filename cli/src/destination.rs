//! A place for a bundle: claimed before anything takes time, filled, and published once what is in it is proved.

use std::path::{Path, PathBuf};

use anyhow::bail;
use narrows_bundle::{Contract, GraphParity, Stage};

use crate::stop::Stop;

/// A place for a bundle, claimed. Dropped, it leaves nothing.
pub(crate) struct Destination(Stage);

impl Destination {
    /// Claims the place, and makes sure that the bundle can be proved: neither may be missed after an hour
    /// of training.
    pub(crate) fn claim(out: &Path, stop: &Stop) -> anyhow::Result<Self> {
        narrows_runtime::library::locate(&narrows_runtime::Options::default())?;
        let stage = Stage::begin(out)?;
        stop.remove_on_exit(stage.folder());
        Ok(Destination(stage))
    }

    /// Where the bundle lies until it is published.
    pub(crate) fn folder(&self) -> &Path {
        self.0.folder()
    }

    pub(crate) fn write(&mut self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        Ok(self.0.write(name, bytes)?)
    }

    /// Writes the manifest with what is known of the files so far; from then on the bundle can be opened.
    pub(crate) fn write_manifest<M: Contract>(&mut self, manifest: &mut M) -> anyhow::Result<()> {
        Ok(self.0.write_manifest(manifest)?)
    }

    /// Puts the bundle in its place: its folder, and its size in bytes. No signal takes it back.
    pub(crate) fn publish(self, stop: &Stop) -> anyhow::Result<(PathBuf, u64)> {
        stop.keep();
        let bytes = self.0.bytes();
        Ok((self.0.publish()?, bytes))
    }
}

/// Refuses graphs, by name, that ONNX Runtime does not compute as Candle does.
pub(crate) fn check_parity(graphs: [(&str, &GraphParity); 2]) -> anyhow::Result<()> {
    for (name, graph) in graphs {
        if !graph.holds() {
            bail!(
                "the {name} in ONNX Runtime differs from Candle by {graph}: no bundle was written (this is a defect of narrows or of the runtime library; please report the command)"
            );
        }
    }
    Ok(())
}
