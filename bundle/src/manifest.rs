//! The manifest: everything that a reader needs to know about a bundle, as one JSON file.
//!
//! It holds no time, host name or path, so that the same run gives the same bytes.

use std::{collections::BTreeMap, fmt, path::Path};

use serde::{Deserialize, Serialize};

use crate::{
    BundleError, Contract, GraphPorts, Kind, Likelihood, Link, Ports, Probe, Sort, consistency::check_manifest,
};

/// The bundle format that this version writes and reads.
pub const FORMAT: u32 = 1;

/// The contents of `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Bundle format, [`FORMAT`].
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

impl Contract for Manifest {
    type Probe = Probe;

    const SORT: Sort = Sort::Autoencoder;

    fn digest(&self) -> &str {
        &self.digest
    }

    fn records(&self) -> &BTreeMap<String, FileRecord> {
        &self.files
    }

    fn complete(&mut self, digest: &str, records: &BTreeMap<String, FileRecord>) {
        digest.clone_into(&mut self.digest);
        self.files.clone_from(records);
    }

    fn graphs(&self) -> [&GraphPorts; 2] {
        [&self.graphs.encoder, &self.graphs.decoder]
    }

    fn graph_names(&self) -> [&'static str; 2] {
        ["encoder", "decoder"]
    }

    fn parity(&self) -> Option<[&GraphParity; 2]> {
        self.parity.as_ref().map(|parity| [&parity.encoder, &parity.decoder])
    }

    fn kind_name(&self) -> &'static str {
        self.kind.name()
    }

    fn sample(&self) -> &Sample {
        &self.sample
    }

    fn latent_dim(&self) -> usize {
        self.latent_dim
    }

    fn training(&self) -> &TrainingRecord {
        &self.training
    }

    fn probe(&self, path: &Path, bytes: &[u8]) -> Result<Probe, BundleError> {
        let Ports { encoder, decoder } = &self.graphs;
        Probe::from_bytes(path, bytes, &encoder.output_names(), &decoder.output_names())
    }

    fn check(&self) -> Result<(), String> {
        check_manifest(self)
    }
}

/// What one sample looks like in the file that it came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// Shape without the batch dimension.
    pub shape: Vec<usize>,
    /// Element type in the file; the graphs take `f32` in the same unit.
    pub dtype: SampleType,
    /// Smallest and largest value: the unit's own for images, as observed in training for tables.
    pub range: (f32, f32),
    /// The names of the features in their order, where the data was a table that names its columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// What stood for a missing value of each feature in training, where missing values were filled in. The
    /// graphs know nothing of it: whoever runs them puts these numbers in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<Vec<f32>>,
}

impl Sample {
    /// Numbers in one sample.
    pub fn features(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether these are the names of its columns in another order: taken as they stand, every feature would be
    /// another one, and nobody would see it.
    pub fn stands_in_another_order(&self, found: &[String]) -> bool {
        let sorted = |names: &[String]| {
            let mut names = names.to_vec();
            names.sort_unstable();
            names
        };
        self.columns.as_ref().is_some_and(|known| known != found && sorted(known) == sorted(found))
    }

    /// Width of the range, the yardstick of the decoder's parity.
    pub fn span(&self) -> f32 {
        self.range.1 - self.range.0
    }
}

/// Element type of the data that a model was fitted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SampleType {
    /// Unsigned bytes.
    U8,
    /// 32-bit floats.
    F32,
}

/// The prior over codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prior {
    /// Independent unit normals.
    StandardNormal,
}

/// `scaled = (x - offset) / scale`, for all features at once or for each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scaling {
    /// One number for all features, or one a feature, in the data's unit.
    pub offset: Vec<f32>,
    /// As many as offsets, in the data's unit; never zero.
    pub scale: Vec<f32>,
}

/// How a model came to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingRecord {
    /// The full effective configuration.
    pub configuration: serde_json::Value,
    /// What it was fitted on.
    pub data: DataRecord,
    /// How far training went; nothing where weights have a closed form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<ProgressRecord>,
    /// Named figures: `test.loss`, `test.mse`, `train.loss` and so on.
    pub metrics: BTreeMap<String, f64>,
    /// PCA only: the share of the training variance that each component explains, in falling order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explained_variance_ratio: Option<Vec<f64>>,
}

/// The data set that a model was fitted on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataRecord {
    /// Name of the set.
    pub name: String,
    /// SHA-256 over shapes, element types, values and labels.
    pub fingerprint: String,
    /// Rows that were fitted on.
    pub train_rows: usize,
    /// Rows held out from the training part, which the figures named `valid` come from.
    pub valid_rows: usize,
    /// Rows of the set's own test part, which the figures named `test` come from.
    pub test_rows: usize,
}

/// How far training went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgressRecord {
    /// Complete passes over the training rows.
    pub epochs: usize,
    /// Steps of the optimizer.
    pub steps: u64,
    /// The epoch whose weights these are, where the best were gone back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_epoch: Option<usize>,
    /// Whether the run came to its end; a run that was broken off can be exported as well.
    pub finished: bool,
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

/// Parity of one graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphParity {
    /// Largest absolute difference seen: of a latent number, or of a sample in the data's unit; in units
    /// of each column's scale where columns were scaled apart. Of a head in units of its logits or of each
    /// target, where probabilities count tenfold.
    pub max_abs_difference: f32,
    /// What was allowed.
    pub tolerance: f32,
}

impl fmt::Display for GraphParity {
    /// `1.9e-6, allowed 1.6e-4`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.max_abs_difference {
            0.0 => write!(formatter, "0, allowed {:.1e}", self.tolerance),
            difference => write!(formatter, "{difference:.1e}, allowed {:.1e}", self.tolerance),
        }
    }
}

impl GraphParity {
    /// Whether the difference is a number within the tolerance.
    pub fn holds(&self) -> bool {
        self.max_abs_difference <= self.tolerance
    }
}

/// A file of the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRecord {
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256 of the content, in lower-case hexadecimal.
    pub sha256: String,
}
