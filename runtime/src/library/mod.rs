//! The search for the shared library of ONNX Runtime, with the feature `load-dynamic`.
//!
//! The search order is as follows. The working directory is never searched.
//!
//! 1. the path in [`Options::library`](crate::Options::library),
//! 2. the path in the environment variable `ORT_DYLIB_PATH`,
//! 3. the folder of the running program,
//! 4. in that folder and in each folder above it, `.tools/onnxruntime-cuda/lib/`, if it exists, and
//!    `.tools/onnxruntime/lib/`,
//! 5. the search path of the system's loader.
//!
//! Each candidate is checked before ONNX Runtime starts: a file that is not a library, is truncated, is built for
//! another processor or is too old is reported with the reason. If an explicit path (1, 2) cannot be used, the search
//! ends with an error; it is never silently skipped.
//!
//! There is no search if an environment exists already ([`Options::environment`](crate::Options::environment)), or
//! if only the feature `download-binaries` is enabled, because ONNX Runtime is then part of the program.

#[cfg(feature = "load-dynamic")]
mod candidate;
mod error;
#[cfg(feature = "load-dynamic")]
mod image;
mod needed;
#[cfg(feature = "load-dynamic")]
mod probe;
#[cfg(feature = "load-dynamic")]
mod refusal;
mod running;
#[cfg(feature = "load-dynamic")]
mod search;
#[cfg(feature = "load-dynamic")]
mod search_paths;

#[cfg(feature = "load-dynamic")]
pub use candidate::{Candidate, FoundBy, Located, Verdict};
pub use error::LibraryError;
pub(crate) use needed::needed;
#[cfg(feature = "load-dynamic")]
pub(crate) use probe::library_at;
#[cfg(feature = "load-dynamic")]
pub use refusal::Refusal;
pub use running::{Origin, Running};
#[cfg(feature = "load-dynamic")]
pub use search::{candidates, locate};
