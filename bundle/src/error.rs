//! What can be wrong with a bundle.

use std::{io, path::PathBuf};

/// An error while reading, checking or writing a bundle.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// There is nothing at the path.
    #[error("`{}` does not exist (a bundle is the folder that `narrows train-export` leaves, or the file that `narrows pack` makes of it)", path.display())]
    Missing {
        /// What was to be opened.
        path: PathBuf,
    },
    /// The path is a folder without a manifest.
    #[error("`{}` is not a bundle: it has no manifest.json (a bundle is the folder that `narrows train-export` leaves, or the file that `narrows pack` makes of it)", path.display())]
    NotABundle {
        /// What was to be opened.
        path: PathBuf,
    },
    /// The file is no packed bundle.
    #[error("`{}` holds no bundle: {what} (a bundle is the folder that `narrows train-export` leaves, or the file that `narrows pack` makes of it)", path.display())]
    NotPacked {
        /// What was to be opened.
        path: PathBuf,
        /// What it is.
        what: String,
    },
    /// The bundle is of another sort than was asked for.
    #[error("`{}` is {message}", path.display())]
    OtherSort {
        /// What was to be opened.
        path: PathBuf,
        /// What it is, and what opens it.
        message: String,
    },
    /// A file could not be read or written.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried, as a verb: "read", "write", "create".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The manifest is not valid JSON of the expected form.
    #[error("`{}` is not a manifest: {source} (export the model again)", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Where and what.
        source: serde_json::Error,
    },
    /// The bundle was written by a newer version.
    #[error("`{}` has bundle format {found}, this version reads format {supported} (update narrows)", path.display())]
    Format {
        /// The manifest.
        path: PathBuf,
        /// Format found.
        found: u32,
        /// Format that this version reads.
        supported: u32,
    },
    /// A file differs from what the manifest says of it.
    #[error("`{}` has changed since it was exported: {what} (copy the bundle again, or export it anew)", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// Expected and found size or hash.
        what: String,
    },
    /// A file is larger than a reader is willing to take.
    #[error("`{}` has {found} bytes, the limit is {limit}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        found: u64,
        /// The limit, in bytes.
        limit: u64,
    },
    /// A graph, the probe or the manifest does not say what its place in the bundle demands.
    #[error("`{}` cannot be used: {what}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A bundle cannot stand there.
    #[error("`{}` is no place for a bundle: it is the working directory or holds it (name a folder of its own)", path.display())]
    Place {
        /// The destination.
        path: PathBuf,
    },
    /// The bundle to replace holds a file that is no part of it.
    #[error("`{}` holds `{file}`, which is no part of the bundle there, so it is left alone (move the file away, or choose another --out)", path.display())]
    Foreign {
        /// The destination.
        path: PathBuf,
        /// The file.
        file: String,
    },
    /// The place to write to holds something that is not a bundle.
    #[error("`{}` exists and is not a bundle's folder (one of its own, no link), so it is left alone (choose another --out, or move it away)", path.display())]
    Occupied {
        /// The destination.
        path: PathBuf,
    },
}

impl BundleError {
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> BundleError {
        let path = path.into();
        move |source| BundleError::Io { action, path, source }
    }

    pub(crate) fn invalid(path: impl Into<PathBuf>, what: impl Into<String>) -> BundleError {
        BundleError::Invalid { path: path.into(), what: what.into() }
    }
}
