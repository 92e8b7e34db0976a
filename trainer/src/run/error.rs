//! What can go wrong with the folder of a run.

use std::{io, path::PathBuf};

use crate::ConfigError;

/// An error while a run is saved, recorded or taken up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// There is no run at this place.
    #[error("`{}` is not a run: it has no config.toml (a run is a folder that `narrows train` leaves in runs/)", path.display())]
    NotARun {
        /// What was to be opened.
        path: PathBuf,
    },
    /// Something else stands where the run should go.
    #[error("`{}` is not empty, so no run is started in it (take a run up again by --resume, or choose another --run)", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// Another process works in it.
    #[error("another process works in the run `{}` (wait for it, or stop it)", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// A file could not be read or written.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The configuration in it is none.
    #[error("`{}`: {source}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// Everything that is wrong with it.
        source: ConfigError,
    },
    /// None of its checkpoints can be gone on from.
    #[error("no checkpoint of the run `{}` is valid: {} (start a new run)", path.display(), passed_over_in_words(passed_over))]
    NoneValid {
        /// The folder.
        path: PathBuf,
        /// The newest first, each with what is wrong with it.
        passed_over: Vec<(PathBuf, String)>,
    },
    /// The data lies in a file that cannot be read any more.
    #[error(transparent)]
    Reading(#[from] narrows_data::DataError),
    /// There is no model in it yet.
    #[error("the run `{}` has no checkpoint yet, so there is no model in it (go on with it by --resume first)", path.display())]
    NoModel {
        /// The folder.
        path: PathBuf,
    },
    /// The run was on other data.
    #[error("the run `{}` was on other data: fingerprint {expected}, this one has {found} (name the same data, or start a new run)", path.display())]
    OtherData {
        /// The folder.
        path: PathBuf,
        /// Fingerprint in the checkpoint.
        expected: String,
        /// Fingerprint of the data at hand.
        found: String,
    },
    /// The run has another configuration.
    #[error("the run `{}` cannot go on with another configuration: {} (leave it out, or start a new run)", path.display(), differences.join("; "))]
    OtherConfiguration {
        /// The folder.
        path: PathBuf,
        /// "`beta` was 1.0, now 2.0", for each.
        differences: Vec<String>,
    },
}

impl RunError {
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> RunError {
        let path = path.into();
        move |source| RunError::Io { action, path, source }
    }
}

fn passed_over_in_words(passed_over: &[(PathBuf, String)]) -> String {
    let words: Vec<String> = passed_over.iter().map(|(path, why)| format!("`{}`: {why}", path.display())).collect();
    words.join("; ")
}
