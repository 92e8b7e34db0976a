//! What an exported autoencoder *is*: a folder with two ONNX graphs, a manifest that says what goes
//! in and what comes out, and the proof that the graphs compute what was trained; or one file with all
//! of it. A classifier or regressor on an encoder is the same with two other graphs.
//!
//! The trainer writes bundles, the runtime reads them, and neither needs to know the other. This
//! crate holds no engine: nothing here trains a network or runs one.

mod any;
mod atomic;
mod check;
mod classifier;
mod consistency;
mod contract;
mod digest;
mod error;
mod head_probe;
mod kind;
mod likelihood;
mod limited;
mod manifest;
pub mod onnx;
mod opened;
mod packed;
mod place;
mod port;
mod probe;
mod records;
mod sample;
mod seal;
mod stage;
mod storage;
mod tensors;

pub use any::AnyBundle;
pub use atomic::{AtomicFile, is_half_written, make_folders, write_atomic};
pub use check::checked_model;
pub use classifier::{ClassifierManifest, ClassifierParity, ClassifierPorts, EncoderRecord};
pub use contract::{Contract, FORMAT, Sort};
pub use digest::{sha256_hex, sha256_hex_of};
pub use error::BundleError;
pub use head_probe::{HEAD_INPUT, HeadProbe};
pub use kind::{ClassifierKind, Kind};
pub use likelihood::{Likelihood, Link};
pub use manifest::{Manifest, Parity, Prior};
pub use ndarray;
pub use opened::{Bundle, ClassifierBundle, Opened};
pub use port::{ElementType, GraphPorts, Port, Ports, Role};
pub use probe::{DECODER_INPUT, LABELS, Probe, SAMPLES};
pub use records::{DataRecord, FileRecord, GraphParity, ProgressRecord, TrainingRecord};
pub use sample::{Sample, SampleType, Scaling};
pub use seal::sealed;
pub use stage::Stage;

/// File name of the encoder graph inside a bundle.
pub const ENCODER: &str = "encoder.onnx";
/// File name of the decoder graph inside a bundle.
pub const DECODER: &str = "decoder.onnx";
/// File name of the graph of a classifier's or regressor's head, from codes.
pub const HEAD: &str = "head.onnx";
/// File name of the graph of a whole classifier, from samples.
pub const CLASSIFIER: &str = "classifier.onnx";
/// File name of the graph of a whole regressor, from samples.
pub const REGRESSOR: &str = "regressor.onnx";
/// File name of the manifest inside a bundle.
pub const MANIFEST: &str = "manifest.json";
/// File name of the stored rows and outputs that prove the graphs.
pub const PROBE: &str = "probe.safetensors";
/// File name of the trained weights, to fine-tune or pretrain from.
pub const WEIGHTS: &str = "weights.safetensors";
