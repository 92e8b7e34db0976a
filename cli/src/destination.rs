//! Output folder of a bundle: claimed before training, filled, and published after the parity check.

use std::path::{Path, PathBuf};

use anyhow::bail;
use narrows_bundle::{Contract, GraphParity, MANIFEST, Stage};

use crate::{report::note, stop::Stop};

/// Claimed output folder of a bundle. If it is dropped before it is published, nothing remains on disk.
pub(crate) struct Destination(Stage);

impl Destination {
    /// Claims the folder and checks that ONNX Runtime is there for the parity check, with the memory to start, so that
    /// nothing of this fails after an hour of training.
    pub(crate) fn claim(out: &Path, stop: &Stop) -> anyhow::Result<Self> {
        let options = narrows_runtime::Options::default();
        narrows_runtime::check_engine_memory(&options)?;
        narrows_runtime::library::locate(&options)?;
        let destination = Self::stage(out, stop)?;
        if out.join(MANIFEST).is_file() {
            note(format_args!("the bundle in `{}` will be replaced", out.display()));
        }
        Ok(destination)
    }

    /// Claims the folder without a note, for a verb that rewrites a bundle in place.
    pub(crate) fn stage(out: &Path, stop: &Stop) -> anyhow::Result<Self> {
        let stage = Stage::begin(out)?;
        stop.remove_on_exit(stage.folder());
        Ok(Destination(stage))
    }

    /// Returns the staging folder, which contains the bundle until it is published.
    pub(crate) fn folder(&self) -> &Path {
        self.0.folder()
    }

    pub(crate) fn write(&mut self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        Ok(self.0.write(name, bytes)?)
    }

    /// Writes the manifest with the records of the files written so far. After that, the bundle can be opened.
    pub(crate) fn write_manifest<M: Contract>(&mut self, manifest: &mut M) -> anyhow::Result<()> {
        Ok(self.0.write_manifest(manifest)?)
    }

    /// Moves the bundle to its final folder, and returns that folder and the size in bytes. A later signal does not
    /// remove it.
    pub(crate) fn publish(self, stop: &Stop) -> anyhow::Result<(PathBuf, u64)> {
        stop.keep_output();
        let bytes = self.0.bytes();
        Ok((self.0.publish()?, bytes))
    }
}

/// Refuses graphs for which ONNX Runtime and Candle give different results. Names the graph.
pub(crate) fn check_parity(graphs: [(&str, &GraphParity); 2]) -> anyhow::Result<()> {
    for (name, graph) in graphs {
        if !graph.holds() {
            bail!(
                "parity check of the {name} failed: ONNX Runtime differs from Candle by {graph}, so no bundle was written; if the loss of the run is not huge, this is a defect of narrows or of the ONNX Runtime library, please report the command"
            );
        }
    }
    Ok(())
}
