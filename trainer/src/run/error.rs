//! Errors of the folder of a run.

use std::{io, path::PathBuf};

use crate::ConfigError;

/// An error while a run is created, saved or resumed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The path is not the folder of a run.
    #[error("`{}` is not a run: it has no config.toml (a run is a folder that `narrows train` creates in runs/)", path.display())]
    NotARun {
        /// The path.
        path: PathBuf,
    },
    /// The folder for a new run is not empty.
    #[error("cannot start a run in `{}`: the folder is not empty; resume its run with --resume, or choose another folder with --run", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// Another process uses the run.
    #[error("another process uses the run `{}`; wait for it, or stop it", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// A file could not be read or written.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// The action that failed, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The configuration file of the run is invalid.
    #[error("`{}`: {source}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// All problems of the file.
        source: ConfigError,
    },
    /// The run has checkpoints, but none of them is valid.
    #[error("no checkpoint of the run `{}` is valid: {}; start a new run", path.display(), list_passed_over(passed_over))]
    NoneValid {
        /// The folder.
        path: PathBuf,
        /// The invalid checkpoints, each with the reason; the newest first.
        passed_over: Vec<(PathBuf, String)>,
    },
    /// The data is in a file that can no longer be read.
    #[error(transparent)]
    Reading(#[from] narrows_data::DataError),
    /// The run has no model yet.
    #[error("the run `{}` has no checkpoint yet, so it contains no model; continue it with --resume first", path.display())]
    NoModel {
        /// The folder.
        path: PathBuf,
    },
    /// The run was trained on other data.
    #[error("the run `{}` was trained on other data: expected fingerprint {expected}, got {found}; pass the same data, or start a new run", path.display())]
    OtherData {
        /// The folder.
        path: PathBuf,
        /// Fingerprint in the checkpoint.
        expected: String,
        /// Fingerprint of the data that was passed.
        found: String,
    },
    /// The run was fitted with other moments.
    #[error(
        "the run `{}` was fitted with other moments: expected a file with the SHA-256 {}, got {}; pass the same file with \
         --moments, or start a new run",
        path.display(),
        expected.as_deref().unwrap_or("none"),
        found.as_deref().unwrap_or("none")
    )]
    OtherMoments {
        /// The folder.
        path: PathBuf,
        /// SHA-256 in the checkpoint; `None` if the run has no moments.
        expected: Option<String>,
        /// SHA-256 of the file that was passed.
        found: Option<String>,
    },
    /// The run of a transfer was started with another bundle.
    #[error(
        "the run `{}` was started with another bundle: expected the digest {expected}, got {found}; pass the same bundle, \
         or start a new run",
        path.display()
    )]
    OtherBundle {
        /// The folder.
        path: PathBuf,
        /// Digest in the checkpoint.
        expected: String,
        /// Digest of the bundle that was passed.
        found: String,
    },
    /// The run has another configuration.
    #[error("cannot resume the run `{}` with another configuration: {} (omit the changed options, or start a new run)", path.display(), differences.join("; "))]
    OtherConfiguration {
        /// The folder.
        path: PathBuf,
        /// The changed options, each as "`beta` was 1.0, now 2.0".
        differences: Vec<String>,
    },
}

impl RunError {
    /// Returns a function that wraps an I/O error of `action` on `path`, for `map_err`.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> RunError {
        let path = path.into();
        move |source| RunError::Io { action, path, source }
    }
}

fn list_passed_over(passed_over: &[(PathBuf, String)]) -> String {
    let entries: Vec<String> = passed_over.iter().map(|(path, why)| format!("`{}`: {why}", path.display())).collect();
    entries.join("; ")
}
