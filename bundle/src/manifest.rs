//! The manifest of an autoencoder: everything that a reader needs to know about a bundle, as one JSON file.
//!
//! It holds no time, host name or path, so that the same run gives the same bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{FileRecord, GraphParity, Kind, Likelihood, Link, Ports, Sample, Scaling, TrainingRecord};

/// The contents of `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Bundle format, [`FORMAT`](crate::FORMAT).
    pub format: u32,
    /// SHA-256 of this file with zeros in this place; filled in by [`Stage`](crate::Stage).
    pub digest: String,
    /// Which model was fitted.
    pub kind: Kind,
    /// What one sample looks like.
    pub sample: Sample,
    /// Numbers in a code.
    pub latent_dim: usize,
    /// The distribution to draw codes from when generating, where the model has one.
    pub prior: Option<Prior>,
    /// Class names by label, where the data had labels.
    pub classes: Option<Vec<String>>,
    /// The distribution over samples that the decoder parametrises.
    pub likelihood: Likelihood,
    /// Variance of a Gaussian likelihood around the reconstruction, in scaled units squared, where the
    /// model has one: as it was set, or as it was learned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variance: Option<f64>,
    /// The function between the decoder's last layer and the scaled reconstruction.
    pub output_link: Link,
    /// The affine map between the data's unit and the network's; it is part of the graphs.
    pub scaling: Scaling,
    /// Ports of the two graphs.
    pub graphs: Ports,
    /// How the model came to be.
    pub training: TrainingRecord,
    /// How far the graphs in ONNX Runtime were from the trainer's own outputs on the probe.
    pub parity: Option<Parity>,
    /// Size and SHA-256 of every other file in the folder.
    pub files: BTreeMap<String, FileRecord>,
}

/// The prior over codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prior {
    /// Independent unit normals.
    StandardNormal,
}

/// The measured difference between the trainer's outputs and ONNX Runtime's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parity {
    /// Batch sizes that were compared.
    pub batch_sizes: Vec<usize>,
    /// Over all outputs of the encoder.
    pub encoder: GraphParity,
    /// Over the decoder's output.
    pub decoder: GraphParity,
}
