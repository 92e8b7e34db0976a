//! The error of this crate.

use std::{fmt, path::PathBuf};

use datafusion::error::DataFusionError;
use narrows_runtime::bundle::BundleError;

/// What went wrong while a function was planned or run.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text that names a bundle is malformed.
    #[error("`{reference}` does not name a bundle: {what}")]
    Reference {
        /// The text.
        reference: String,
        /// What is wrong with it.
        what: String,
    },
    /// No folder has the bundle.
    #[error("there is no bundle `{reference}`; searched {}", paths(.searched))]
    Missing {
        /// The name or path.
        reference: String,
        /// The paths that were tried.
        searched: Vec<PathBuf>,
    },
    /// The bundle at the path is another one than the query was planned with.
    #[error("`{}` is another bundle than the query needs: its digest is {found}, expected {expected}", .path.display())]
    Digest {
        /// Path of the bundle.
        path: PathBuf,
        /// Its digest.
        found: String,
        /// The digest after `@`.
        expected: String,
    },
    /// The bundle cannot be read.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The model cannot be opened or run.
    #[error(transparent)]
    Runtime(#[from] narrows_runtime::Error),
    /// The bundle cannot be downloaded.
    #[error("cannot download the bundle from {url}: {what}")]
    Download {
        /// Its address.
        url: String,
        /// The cause.
        what: String,
    },
    /// A downloaded bundle cannot be stored.
    #[error("cannot write `{}`", .path.display())]
    Write {
        /// Path of the file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A function was called with arguments that do not fit the model.
    #[error("{function}: {what}")]
    Arguments {
        /// Name of the function.
        function: &'static str,
        /// What does not fit.
        what: String,
    },
    /// A table does not have the columns that a model takes.
    #[error("{what}")]
    Columns {
        /// What is missing or ambiguous.
        what: String,
    },
    /// A moments file cannot be made of a result.
    #[error("these are not the results of narrows_moments: {what}")]
    Moments {
        /// What is wrong with them.
        what: String,
    },
    /// An error on a machine of a cluster.
    #[error("on {machine}: {source}")]
    On {
        /// The machine, as its process was told to call itself.
        machine: String,
        /// The error.
        source: Box<Error>,
    },
}

/// Ballista sends errors to its client in their debugging form, so that is the message, between marks by which
/// [`Error::in_text`] finds it.
impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{START}{self}{END}")
    }
}

const START: &str = "[[narrows: ";
const END: &str = "]]";

impl Error {
    /// Returns the message of an error of this crate in the text of another, for example of a failed job of Ballista.
    pub fn in_text(text: &str) -> Option<&str> {
        let (_, message) = text.split_once(START)?;
        message.split_once(END).map(|(message, _)| message)
    }
}

impl From<Error> for DataFusionError {
    fn from(error: Error) -> Self {
        DataFusionError::External(Box::new(error))
    }
}

fn paths(paths: &[PathBuf]) -> String {
    let quoted: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
    quoted.join(", ")
}
