//! The format of an exported model, called a bundle.
//!
//! The bundle of an autoencoder is a folder with two ONNX graphs (encoder and decoder), a manifest that
//! describes their inputs and outputs, and a probe: stored rows with the trainer's outputs for them, which
//! prove that the graphs compute the trained model. A bundle can also be packed into one file. The bundle of
//! a classifier or regressor on an encoder has the same structure with two other graphs.
//!
//! The trainer writes bundles and the runtime reads them; neither depends on the other. This crate contains
//! no engine: it neither trains networks nor runs them.

mod any;
mod atomic;
mod calibration;
mod check;
mod class_mixtures;
mod classifier;
mod consistency;
mod constants;
mod contract;
mod cost;
mod counted;
mod destination;
mod detector;
mod detector_probe;
mod digest;
mod error;
mod extended;
mod git;
mod head_probe;
mod hidden;
mod kind;
mod likelihood;
mod limited;
mod manifest;
mod mixture;
mod mixture_density;
mod mixture_file;
mod moments;
mod moments_file;
pub mod onnx;
mod opened;
mod packed;
mod port;
mod probe;
mod quoted;
mod records;
mod sample;
mod sampler;
mod seal;
mod stage;
mod storage;
mod tensors;

pub use any::AnyBundle;
pub use atomic::{AtomicFile, is_partial_file, make_folders, write_atomic};
pub use calibration::{Calibration, ColumnQuantiles};
pub use check::checked_model;
pub use class_mixtures::Sampler;
pub use classifier::{ClassifierManifest, ClassifierParity, ClassifierPorts, EncoderRecord};
pub use constants::{Detached, FloatConstant, detach_weights};
pub use contract::{BundleType, Contract, FORMAT};
pub use cost::{CheckedGraph, Cost};
#[doc(hidden)]
pub use counted::{counted, described_bytes};
pub use detector::{AnomalyScore, DetectorParity, DetectorRecord};
pub use detector_probe::DetectorProbe;
pub use digest::{Fingerprint, sha256_hex, sha256_hex_of};
pub use error::BundleError;
pub use head_probe::{HEAD_INPUT, HeadProbe};
pub use kind::{ClassifierKind, Kind};
pub use likelihood::{CellLikelihood, Distribution, Likelihood, Link, SMALLEST_PROBABILITY};
pub use manifest::{Manifest, Parity, Prior};
pub use mixture::{Covariance, Covariances, Mixture};
pub use mixture_density::{MixtureDensity, log_sum_exp};
pub use moments::Moments;
pub use narrows_table as table;
pub use ndarray;
pub use opened::{Bundle, ClassifierBundle, Opened};
pub use port::{ElementType, GraphPorts, Port, Ports, Role, Setting};
pub use probe::{DECODER_INPUT, LABELS, Probe, SAMPLES};
#[doc(hidden)]
pub use quoted::{quoted, quoted_list};
pub use records::{DataRecord, FileRecord, GraphParity, MomentsRecord, ProgressRecord, TrainingRecord};
pub use sample::{Sample, SampleKind, SampleType, Scaling, Windows};
pub use sampler::{SamplerMethod, SamplerRecord};
pub use seal::sealed;
pub use stage::Stage;

/// File name of the encoder graph inside a bundle.
pub const ENCODER: &str = "encoder.onnx";
/// File name of the decoder graph inside a bundle.
pub const DECODER: &str = "decoder.onnx";
/// File name of the head graph of a classifier or regressor, whose input is the code.
pub const HEAD: &str = "head.onnx";
/// File name of the end-to-end graph of a classifier, whose input is the sample.
pub const CLASSIFIER: &str = "classifier.onnx";
/// File name of the end-to-end graph of a regressor, whose input is the sample.
pub const REGRESSOR: &str = "regressor.onnx";
/// File name of the manifest inside a bundle.
pub const MANIFEST: &str = "manifest.json";
/// File name of the probe: stored rows and outputs for the parity check of the graphs.
pub const PROBE: &str = "probe.safetensors";
/// File name of a learned prior, a mixture over codes.
pub const PRIOR: &str = "prior.safetensors";
/// File name of a fitted sampler, a mixture over codes, or one mixture per class.
pub const SAMPLER: &str = "sampler.safetensors";
/// File name of the detector graph, from a sample to its anomaly score.
pub const DETECTOR: &str = "detector.onnx";
/// File name of the stored rows and outputs for the check of the detector graph.
pub const DETECTOR_PROBE: &str = "detector-probe.safetensors";
/// File name of the scores and the column quantiles of the rows that calibrated a detector.
pub const CALIBRATION: &str = "calibration.safetensors";
/// File name of the trained weights, for fine-tuning or pretraining.
pub const WEIGHTS: &str = "weights.safetensors";
