//! The manifest of an autoencoder: a JSON file that describes the bundle completely.
//!
//! It contains no time, host name or path, so that the same run gives the same bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    CellLikelihood, DetectorRecord, FileRecord, GraphParity, Kind, Likelihood, Link, Ports, Sample, SamplerRecord,
    Scaling, TrainingRecord,
};

/// The contents of `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Bundle format, [`FORMAT`](crate::FORMAT).
    pub format: u32,
    /// SHA-256 of this file in which the digest itself is replaced by zeros; set by [`Stage`](crate::Stage).
    pub digest: String,
    /// Kind of autoencoder.
    pub kind: Kind,
    /// Shape, element type, range and columns of one sample.
    pub sample: Sample,
    /// Number of latent dimensions.
    pub latent_dim: usize,
    /// Prior over codes of the likelihood, from which generation samples if there is no sampler; `None` for models
    /// without a prior.
    pub prior: Option<Prior>,
    /// Record of the sampler, a distribution over codes that was fitted after training and from which generation
    /// samples; the distribution is in the file [`SAMPLER`](crate::SAMPLER).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampler: Option<SamplerRecord>,
    /// Class names in the order of the labels, where the data had labels.
    pub classes: Option<Vec<String>>,
    /// The number of training rows of each class, in the order of the classes, where the data was a mixed table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_rows: Option<Vec<u64>>,
    /// The likelihood p(x|z), whose mean the decoder outputs.
    pub likelihood: Likelihood,
    /// Variance of a Gaussian likelihood, in squared scaled units, fixed or learned; `None` for models without
    /// one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variance: Option<f64>,
    /// The distribution of every cell of a mixed table, in the order of the cells; `None` for other data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cells: Option<Vec<CellLikelihood>>,
    /// The function between the decoder's last layer and the scaled reconstruction.
    pub output_link: Link,
    /// The affine scaling between the data's unit and the network's; the graphs apply it.
    pub scaling: Scaling,
    /// Ports of the two graphs.
    pub graphs: Ports,
    /// Record of the anomaly detector, where the bundle has one; its graph is in the file
    /// [`DETECTOR`](crate::DETECTOR).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detector: Option<DetectorRecord>,
    /// Record of the training run.
    pub training: TrainingRecord,
    /// Difference between the outputs of ONNX Runtime and those of the trainer on the probe.
    pub parity: Option<Parity>,
    /// Size and SHA-256 of every other file in the folder.
    pub files: BTreeMap<String, FileRecord>,
}

/// The prior over codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prior {
    /// Independent standard normal distributions, N(0, I).
    StandardNormal,
    /// A learned mixture of normal distributions with independent dimensions, in the file [`PRIOR`](crate::PRIOR)
    /// (Tomczak & Welling 2018, equation 9).
    Mixture {
        /// Number of components.
        components: usize,
    },
}

/// The measured difference between the outputs of the trainer and those of ONNX Runtime.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parity {
    /// Batch sizes that were compared.
    pub batch_sizes: Vec<usize>,
    /// Largest difference over all outputs of the encoder.
    pub encoder: GraphParity,
    /// Largest difference over the decoder's output.
    pub decoder: GraphParity,
}
