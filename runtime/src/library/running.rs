//! The ONNX Runtime that a process runs.

use std::{fmt, path::PathBuf};

#[cfg(feature = "load-dynamic")]
use super::{FoundBy, Located};

/// The ONNX Runtime of a process: there is one, from when it is first used until the process ends.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Running {
    /// Its version, as in `1.28.0`, where it tells.
    pub version: Option<String>,
    /// The file, where it is one and the system tells which.
    pub path: Option<PathBuf>,
    /// How it came into the process.
    pub origin: Origin,
}

/// How ONNX Runtime came into a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// The search led to its library.
    #[cfg(feature = "load-dynamic")]
    Found(FoundBy),
    /// The host had loaded it before.
    Host,
    /// It was linked into the program when that was built.
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
