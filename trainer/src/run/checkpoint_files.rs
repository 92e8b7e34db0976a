//! The checkpoint files of a run: their names, the newest valid one, and which of them are kept.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;

use super::{Cadence, RunError, state_file::StateFile};

const ENDING: &str = ".safetensors";

/// The newest valid checkpoint with its path, and the newer files that are invalid, with the reason for each.
pub(crate) type Newest<R> = (Option<(PathBuf, StateFile<'static, R>)>, Vec<(PathBuf, String)>);

/// Returns the file name of the checkpoint after a step. The prefix is that of a sequence of checkpoints.
pub(crate) fn name(prefix: &str, step: u64) -> String {
    format!("{prefix}step-{step:09}{ENDING}")
}

/// Reads the newest valid checkpoint of a folder, and lists the newer ones that are invalid.
pub(crate) fn newest<R: DeserializeOwned>(folder: &Path, prefix: &str) -> Result<Newest<R>, RunError> {
    let mut passed_over = Vec::new();
    for (_, path) in list(folder, prefix)? {
        match StateFile::read(&path) {
            Ok(checkpoint) => return Ok((Some((path, checkpoint)), passed_over)),
            Err(why) => passed_over.push((path, why)),
        }
    }
    Ok((None, passed_over))
}

/// Deletes the checkpoints before `step` that need not be kept.
pub(crate) fn remove_old(folder: &Path, prefix: &str, step: u64, cadence: Cadence) -> Result<(), RunError> {
    let old = list(folder, prefix)?.into_iter().filter(|&(other, _)| other < step);
    for (_, path) in old.skip(cadence.keep.get() - 1) {
        fs::remove_file(&path).map_err(RunError::io("remove", &path))?;
    }
    Ok(())
}

/// Renames an invalid checkpoint. The steps after the newest valid one are repeated, and an invalid file must not look
/// newer than them.
pub(crate) fn set_aside(path: &Path) -> Result<(), RunError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    fs::rename(path, path.with_file_name(format!("passed-over-{name}"))).map_err(RunError::io("rename", path))
}

/// Lists the checkpoints of a folder with their steps, the newest first.
fn list(folder: &Path, prefix: &str) -> Result<Vec<(u64, PathBuf)>, RunError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(RunError::io("read", folder))?,
    };
    let mut checkpoints: Vec<(u64, PathBuf)> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_str()?;
            let step = name.strip_prefix(prefix)?.strip_prefix("step-")?.strip_suffix(ENDING)?.parse().ok()?;
            Some((step, path))
        })
        .collect();
    checkpoints.sort_unstable_by(|one, other| other.cmp(one));
    Ok(checkpoints)
}
