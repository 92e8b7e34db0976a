//! Where ONNX Runtime is: the search for its shared library, with the feature `load-dynamic`.
//!
//! In this order, and never in the working directory:
//!
//! 1. the path in [`Options::library`](crate::Options::library),
//! 2. the path in the environment variable `ORT_DYLIB_PATH`,
//! 3. the folder of the running program,
//! 4. `.tools/onnxruntime/lib/` in that folder and in each folder above it,
//! 5. what the system's loader finds.
//!
//! Each candidate is examined before ONNX Runtime is started: a file that is none, is cut short, is
//! built for another machine or is too old is named with its reason. A path that somebody gave (1, 2)
//! is never passed over in silence.
//!
//! Nothing is looked for where there is an environment already
//! ([`Options::environment`](crate::Options::environment)), nor with the feature `download-binaries` alone:
//! then ONNX Runtime is part of the program.

#[cfg(feature = "load-dynamic")]
mod candidate;
mod error;
#[cfg(feature = "load-dynamic")]
mod image;
#[cfg(feature = "load-dynamic")]
mod places;
#[cfg(feature = "load-dynamic")]
mod probe;
#[cfg(feature = "load-dynamic")]
mod refusal;
mod running;
#[cfg(feature = "load-dynamic")]
mod search;

#[cfg(feature = "load-dynamic")]
pub use candidate::{Candidate, FoundBy, Located, Verdict};
pub use error::LibraryError;
#[cfg(feature = "load-dynamic")]
pub(crate) use probe::holding;
#[cfg(feature = "load-dynamic")]
pub use refusal::Refusal;
pub use running::{Origin, Running};
#[cfg(feature = "load-dynamic")]
pub use search::{candidates, locate};
