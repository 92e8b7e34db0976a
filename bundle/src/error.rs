//! Errors of reading, checking and writing a bundle.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::quoted::readable;

/// An error while reading, checking or writing a bundle.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// There is nothing at the path.
    #[error("`{}` does not exist (a bundle is a folder written by `narrows train-export`, or a file written by `narrows pack`)", path.display())]
    Missing {
        /// The path that was opened.
        path: PathBuf,
    },
    /// The path is a folder without a manifest.
    #[error("`{}` is not a bundle: it has no manifest.json (a bundle is a folder written by `narrows train-export`, or a file written by `narrows pack`)", path.display())]
    NotABundle {
        /// The path that was opened.
        path: PathBuf,
    },
    /// The file is not a packed bundle.
    #[error("`{}` is not a bundle: {what} (a bundle is a folder written by `narrows train-export`, or a file written by `narrows pack`)", path.display())]
    NotPacked {
        /// The path that was opened.
        path: PathBuf,
        /// The reason.
        what: String,
    },
    /// The bundle has another type than the one requested.
    #[error("`{}` is {message}", path.display())]
    OtherType {
        /// The path that was opened.
        path: PathBuf,
        /// The kind in its manifest, such as `vae` or `classifier`.
        kind: String,
        /// The type of the bundle, and how to open it.
        message: String,
    },
    /// A file could not be read or written.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// The attempted action, as a verb: "read", "write", "create".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The manifest is not valid JSON or does not have the expected fields.
    #[error("`{}` is not a manifest: {} (export the model again)", path.display(), readable(&source.to_string()))]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// The error, with its line and column.
        source: serde_json::Error,
    },
    /// The bundle has a format version that this version of Narrows does not read.
    #[error("`{}` has bundle format {found}, this version reads format {supported} (update narrows)", path.display())]
    Format {
        /// The manifest.
        path: PathBuf,
        /// Format of the bundle.
        found: u32,
        /// Format that this version reads.
        supported: u32,
    },
    /// A file does not have the size or hash that was recorded at export.
    #[error("`{}` has changed since it was exported: {} (copy the bundle again, or export the model again)", path.display(), readable(what))]
    Changed {
        /// The file.
        path: PathBuf,
        /// Actual and expected size or hash.
        what: String,
    },
    /// A file has the recorded content, but with the line endings of Windows.
    #[error("`{}` has changed since it was exported: Git converted its line endings from LF to CRLF (put a file .gitattributes with the line `* -text` in the folder, commit it, delete the other files, and run `git checkout -- .` there)", path.display())]
    LineEndings {
        /// The file.
        path: PathBuf,
    },
    /// A file is a pointer of Git LFS to the content.
    #[error("`{}` is a Git LFS pointer, not the file itself (run `git lfs pull` in the repository, or copy the bundle again)", path.display())]
    LfsPointer {
        /// The file.
        path: PathBuf,
    },
    /// A file is larger than the size limit.
    #[error("`{}` has {found} bytes, the limit is {limit}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size, in bytes.
        found: u64,
        /// The limit, in bytes.
        limit: u64,
    },
    /// A graph, the probe or the manifest has invalid content.
    #[error("`{}` cannot be used: {what}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The destination is the working directory or contains it.
    #[error("a bundle cannot be written to `{}`: it {} (choose another folder)", path.display(), unsafe_reason(path))]
    UnsafeDestination {
        /// The destination.
        path: PathBuf,
    },
    /// The bundle to replace contains a file that its manifest does not list.
    #[error("`{}` contains `{file}`, which does not belong to the bundle there, so the folder is left alone (move the file away, or choose another --out)", path.display())]
    UnlistedFile {
        /// The destination.
        path: PathBuf,
        /// The file.
        file: String,
    },
    /// The destination exists and is neither a bundle nor an empty folder.
    #[error("`{}` exists and is not the folder of a bundle (a symbolic link is not followed), so it is left alone (choose another --out, or move it away)", path.display())]
    Occupied {
        /// The destination.
        path: PathBuf,
    },
}

/// Returns why no bundle can be written to a folder, as a predicate.
fn unsafe_reason(path: &Path) -> &'static str {
    let is_working_directory = path.canonicalize().ok().zip(std::env::current_dir().ok());
    match is_working_directory
        .is_some_and(|(path, current)| current.canonicalize().is_ok_and(|current| path == current))
    {
        true => "is the working directory",
        false => "contains the working directory",
    }
}

impl BundleError {
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> BundleError {
        let path = path.into();
        move |source| BundleError::Io { action, path, source }
    }

    pub(crate) fn invalid(path: impl Into<PathBuf>, what: impl Into<String>) -> BundleError {
        BundleError::Invalid { path: path.into(), what: readable(&what.into()) }
    }
}
