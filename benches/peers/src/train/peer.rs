//! The peers that train, in the order of the table. Each runs in its own process.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use super::{
    child,
    job::config_file,
    outcome::{Measured, Outcome},
    row::{Layers, Row, Samples},
    stop::Stop,
};
use crate::locked::locked_version;

/// Run folder of `narrows` in the folder of the job.
const RUN: &str = "run";

/// The peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Narrows,
    PyTorch,
    /// PyTorch with the memory layout that oneDNN prefers for convolutions.
    PyTorchChannelsLast,
    Candle,
}

/// Environment of the peers.
pub(crate) struct Workspace<'a> {
    /// Python program with PyTorch.
    pub(crate) python: &'a Path,
    /// Folder of the job.
    pub(crate) folder: &'a Path,
    pub(crate) stop: &'a Stop,
}

impl Peer {
    pub(crate) const ALL: [Peer; 4] = [Peer::Narrows, Peer::PyTorch, Peer::PyTorchChannelsLast, Peer::Candle];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Peer::Narrows => "narrows train",
            Peer::PyTorch => "PyTorch",
            Peer::PyTorchChannelsLast => "PyTorch, channels last",
            Peer::Candle => "plain Candle",
        }
    }

    /// Returns whether the peer trains the row. Plain Candle has no convolutional row: its convolution has gradients of
    /// a wrong shape for some sizes. In dense networks PyTorch has no choice of memory layout.
    fn trains(self, row: &Row) -> bool {
        match (self, row.layers) {
            (Peer::Narrows | Peer::PyTorch, _)
            | (Peer::PyTorchChannelsLast, Layers::Convolutions(_) | Layers::Resnet(_))
            | (Peer::Candle, Layers::Dense(_)) => true,
            (Peer::PyTorchChannelsLast, Layers::Dense(_))
            | (Peer::Candle, Layers::Convolutions(_) | Layers::Resnet(_)) => false,
        }
    }

    /// Returns the number of rounds for a row, 0 if the peer does not train it. On images plain Candle is many times
    /// slower than the others, so one round with one epoch is enough.
    pub(crate) fn rounds(self, row: &Row) -> usize {
        if !self.trains(row) {
            return 0;
        }
        match self {
            Peer::Candle if row.data == Samples::FashionMnist => 1,
            Peer::Narrows | Peer::PyTorch | Peer::PyTorchChannelsLast | Peer::Candle => row.rounds,
        }
    }

    /// Returns the number of epochs per round.
    pub(crate) fn epochs(self, row: &Row) -> usize {
        match self {
            Peer::Candle if row.data == Samples::FashionMnist => 1,
            Peer::Narrows | Peer::PyTorch | Peer::PyTorchChannelsLast | Peer::Candle => row.epochs,
        }
    }

    /// Trains the prepared job.
    ///
    /// # Errors
    /// If the peer cannot be started or fails; the message is that of the peer.
    pub(crate) fn train(self, row: &Row, workspace: &Workspace<'_>) -> Result<Measured> {
        let mut command = match self {
            Peer::Narrows => narrows(workspace)?,
            Peer::PyTorch => torch("first", workspace)?,
            Peer::PyTorchChannelsLast => torch("last", workspace)?,
            Peer::Candle => own_command(&["candle", &self.epochs(row).to_string()], workspace)?,
        };
        let finished = child::run(&mut command, workspace.folder, workspace.stop)?;
        let outcome = match self {
            Peer::Narrows => {
                let metrics = fs::read_to_string(workspace.folder.join(RUN).join("metrics.jsonl"))?;
                Outcome::of_report(&finished.printed, &metrics, locked_version("narrows-trainer"))?
            }
            Peer::PyTorch | Peer::PyTorchChannelsLast | Peer::Candle => serde_json::from_str(&finished.printed)?,
        };
        Ok(Measured { outcome, peak: finished.peak })
    }
}

/// Returns a command that runs this program with these arguments and the folder of the job.
pub(crate) fn own_command(arguments: &[&str], workspace: &Workspace<'_>) -> Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args(arguments).arg(workspace.folder);
    Ok(command)
}

/// Returns the command of the `narrows` program, which the recipe built in the same folder as this program.
fn narrows(workspace: &Workspace<'_>) -> Result<Command> {
    let program = env::current_exe()?.with_file_name(format!("narrows{}", env::consts::EXE_SUFFIX));
    let run = cleared(workspace.folder.join(RUN))?;
    let mut command = Command::new(program);
    command.args(["--quiet", "train", "--json", "--config"]).arg(config_file(workspace.folder)).arg("--run").arg(run);
    Ok(command)
}

/// Removes a folder of an earlier round and returns its path.
fn cleared(folder: PathBuf) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(folder)
}

/// Returns the command of PyTorch; `layout` says whether the channels of maps are first or last in memory.
fn torch(layout: &str, workspace: &Workspace<'_>) -> Result<Command> {
    let script = workspace.folder.join("torch_peer.py");
    fs::write(&script, include_str!("torch_peer.py"))?;
    let mut command = Command::new(workspace.python);
    // Otherwise glibc returns the memory of large tensors to the system after every step and allocates it again.
    command.envs([("MALLOC_MMAP_THRESHOLD_", "4294967296"), ("MALLOC_TRIM_THRESHOLD_", "4294967296")]);
    // PyTorch creates a folder for its compiler among the temporary files and does not remove it.
    command.env("TMPDIR", workspace.folder).arg(script).arg(workspace.folder).arg(layout);
    Ok(command)
}
