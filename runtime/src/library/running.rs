//! The ONNX Runtime of the process.

use std::{fmt, path::PathBuf};

#[cfg(feature = "load-dynamic")]
use super::{FoundBy, Located};

/// The ONNX Runtime of the process. A process has at most one, from the first use until the process ends.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Running {
    /// Version, for example `1.28.0`; `None` if unknown.
    pub version: Option<String>,
    /// Path of the library; `None` if ONNX Runtime is linked into the program, or the path is unknown.
    pub path: Option<PathBuf>,
    /// How ONNX Runtime was loaded.
    pub origin: Origin,
}

/// How ONNX Runtime was loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// The search found the library.
    #[cfg(feature = "load-dynamic")]
    Found(FoundBy),
    /// The host had loaded it before.
    Host,
    /// It is linked into the program.
    Linked,
}

#[cfg(feature = "load-dynamic")]
impl From<&Located> for Running {
    fn from(located: &Located) -> Self {
        Running {
            version: Some(located.version.clone()),
            path: Some(located.path.clone()),
            origin: Origin::Found(located.found_by),
        }
    }
}

impl fmt::Display for Running {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ONNX Runtime")?;
        if let Some(version) = &self.version {
            write!(formatter, " {version}")?;
        }
        match (&self.path, self.origin) {
            (Some(path), _) => write!(formatter, " from `{}`", path.display()),
            (None, Origin::Linked) => formatter.write_str(" in this program"),
            (None, _) => formatter.write_str(" of its host"),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "load-dynamic")]
            Origin::Found(found_by) => found_by.fmt(formatter),
            Origin::Host => formatter.write_str("its host"),
            Origin::Linked => formatter.write_str("linking"),
        }
    }
}
