//! Whether the bundle of a finished model is still there and undamaged.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use narrows_bundle::{Bundle, BundleError};

/// The files of a bundle without which its figures do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NeededFiles {
    /// All files, for a bundle of the comparison.
    All,
    /// Those that are measured, for a bundle of the user.
    Graphs,
}

/// Opens a bundle and checks the sizes and hashes of its files. The files are read once, one after the other.
pub(super) fn check_files(path: &Path, files: NeededFiles) -> Result<(), BundleError> {
    let bundle = Bundle::open(path)?;
    let graphs = &bundle.manifest().graphs;
    let names: Vec<&str> = match files {
        NeededFiles::All => bundle.files().map(|(name, _)| name).collect(),
        NeededFiles::Graphs => [&graphs.encoder, &graphs.decoder].map(|ports| ports.file.as_str()).to_vec(),
    };
    names.into_iter().try_for_each(|name| bundle.read(name).map(drop))
}

/// Moves the content of a bundle folder that cannot be opened aside, because an export replaces bundles only. Returns
/// where it is now; `None` if there is nothing to move.
pub(super) fn move_unreadable(path: &Path) -> anyhow::Result<Option<PathBuf>> {
    if Bundle::open(path).is_ok() || path.symlink_metadata().is_err() {
        return Ok(None);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut names = (1..).map(|number: u64| path.with_file_name(format!("damaged-{name}-{number}")));
    let free = names.find(|path| path.symlink_metadata().is_err()).context("no name is left for a damaged bundle")?;
    fs::rename(path, &free).with_context(|| format!("cannot move `{}` to `{}`", path.display(), free.display()))?;
    Ok(Some(free))
}
