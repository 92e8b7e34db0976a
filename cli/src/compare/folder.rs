//! The folder of a comparison: its settings, and a folder for each cell.
//!
//! ```text
//! runs/compare/
//!   settings.json                what is compared; a folder of other settings is refused
//!   cells/vae-8-seed0/run/       the run: configuration, metrics and checkpoints
//!   cells/vae-8-seed0/bundle/    the exported model
//!   cells/vae-8-seed0/figures.json
//!   compare.json, compare.html, compare.svg, rate-distortion.svg
//! ```
//!
//! A cell is finished when its figures are there. All files are written atomically.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use narrows_bundle::{is_partial_file, make_folders, write_atomic};

use super::{Cell, Figures, differences::differences, train::BUNDLE};

pub(crate) use super::differences::Settings;

const SETTINGS: &str = "settings.json";
const CELLS: &str = "cells";
const FIGURES: &str = "figures.json";
const LOCK: &str = "lock";

/// The folder of a comparison, locked for this process.
pub(crate) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Opens the folder of a comparison with the same settings, or creates it.
    pub(crate) fn open(path: &Path, settings: &Settings) -> anyhow::Result<Self> {
        let file = path.join(SETTINGS);
        check_folder(path)?;
        match fs::read(&file) {
            Ok(bytes) => {
                let there: Settings = serde_json::from_slice(&bytes).with_context(|| {
                    format!(
                        "`{}` is damaged, so it is unknown what is compared there; pass another folder with --out, or \
                         remove this one to start again",
                        file.display()
                    )
                })?;
                let differences = differences(&there, settings);
                if !differences.is_empty() {
                    bail!(
                        "`{}` has a comparison with other settings: {}; pass the same options again, or another folder \
                         with --out",
                        path.display(),
                        differences.join(", ")
                    );
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => check_empty(path)?,
            Err(error) => return Err(error).with_context(|| format!("cannot read `{}`", file.display())),
        }
        make_folders(path).with_context(|| format!("cannot create `{}`", path.display()))?;
        let lock = lock(path)?;
        if !file.exists() {
            write(&file, &(serde_json::to_string_pretty(settings)? + "\n"))?;
        }
        Ok(Folder { path: path.to_owned(), _lock: lock })
    }

    /// Returns the path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the folder of a trained cell.
    pub(crate) fn cell(&self, cell: &Cell) -> PathBuf {
        self.path.join(CELLS).join(cell.folder_name())
    }

    /// Returns the folder for the figures of a loaded bundle, the `index`-th of the command line.
    pub(crate) fn loaded(&self, index: usize) -> PathBuf {
        self.path.join(CELLS).join(format!("bundle-{}", index + 1))
    }

    /// Returns the folder with the bundle of a trained cell.
    pub(crate) fn bundle(cell_folder: &Path) -> PathBuf {
        cell_folder.join(BUNDLE)
    }

    /// Reads the figures of a finished cell; `None` if it is not finished.
    pub(crate) fn figures(cell_folder: &Path) -> anyhow::Result<Option<Figures>> {
        let path = cell_folder.join(FIGURES);
        match fs::read(&path) {
            Ok(bytes) => {
                let figures = serde_json::from_slice(&bytes);
                Ok(Some(
                    figures.with_context(|| format!("`{}` is damaged; remove it to measure again", path.display()))?,
                ))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read `{}`", path.display())),
        }
    }

    /// Writes the figures of a cell.
    pub(crate) fn save(cell_folder: &Path, figures: &Figures) -> anyhow::Result<()> {
        make_folders(cell_folder).with_context(|| format!("cannot create `{}`", cell_folder.display()))?;
        write(&cell_folder.join(FIGURES), &(serde_json::to_string_pretty(figures)? + "\n"))
    }

    /// Writes a file of the report.
    pub(crate) fn write(&self, name: &str, text: &str) -> anyhow::Result<()> {
        write(&self.path.join(name), text)
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    write_atomic(path, text.as_bytes()).with_context(|| format!("cannot write `{}`", path.display()))
}

/// Refuses a path where no folder can be, because it or the start of it is a file.
fn check_folder(path: &Path) -> anyhow::Result<()> {
    match path.ancestors().find(|ancestor| ancestor.exists()) {
        Some(file) if !file.is_dir() => bail!(
            "`{}` is a file, and the models and the report need a folder; pass another one with --out",
            file.display()
        ),
        Some(_) | None => Ok(()),
    }
}

/// Refuses a folder with other content. A process that was killed early may have left a lock and partial files.
fn check_empty(path: &Path) -> anyhow::Result<()> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("cannot read `{}`", path.display())),
    };
    for entry in entries {
        let name = entry.with_context(|| format!("cannot read `{}`", path.display()))?.file_name();
        if name != LOCK && !is_partial_file(&name) {
            bail!("`{}` is not empty and has no comparison; pass another folder with --out", path.display());
        }
    }
    Ok(())
}

/// Locks the folder until the returned file is closed.
fn lock(folder: &Path) -> anyhow::Result<File> {
    let path = folder.join(LOCK);
    let file = File::create(&path).with_context(|| format!("cannot create `{}`", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        // Some network file systems do not support locks; there the folder is not protected.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("`{}` is in use by another process; wait for it, or pass another folder with --out", folder.display())
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock `{}`", path.display())),
    }
}
