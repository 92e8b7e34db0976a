//! The manifest of a classifier or regressor on a trained encoder.

use std::collections::BTreeMap;

use narrows_table::Layout;
use serde::{Deserialize, Serialize};

use crate::{
    CLASSIFIER, ClassifierKind, FileRecord, GraphParity, GraphPorts, HEAD, Kind, Port, REGRESSOR, Role, Sample,
    TrainingRecord, port::table_inputs,
};

/// The contents of `manifest.json` in a bundle of a classifier or regressor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifierManifest {
    /// Bundle format, [`FORMAT`](crate::FORMAT).
    pub format: u32,
    /// SHA-256 of this file in which the digest itself is replaced by zeros; set by [`Stage`](crate::Stage).
    pub digest: String,
    /// Classifier or regressor; this distinguishes the bundle from that of an autoencoder.
    pub kind: ClassifierKind,
    /// Shape, element type, range and columns of one sample.
    pub sample: Sample,
    /// Number of latent dimensions.
    pub latent_dim: usize,
    /// Class names in the order of the labels, at least two; classifiers only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
    /// Number of predicted targets; regressors only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets: Option<usize>,
    /// Names of the targets, if there are several; regressors only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_names: Option<Vec<String>>,
    /// The encoder that computes the codes.
    pub encoder: EncoderRecord,
    /// Ports of the two graphs.
    pub graphs: ClassifierPorts,
    /// Record of the training run of the head.
    pub training: TrainingRecord,
    /// Difference between the outputs of ONNX Runtime and those of the trainer.
    pub parity: Option<ClassifierParity>,
    /// Size and SHA-256 of every other file in the folder.
    pub files: BTreeMap<String, FileRecord>,
}

/// The autoencoder whose encoder computes the codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderRecord {
    /// Kind of the autoencoder; never a conditional one.
    pub kind: Kind,
    /// Digest of its manifest.
    pub digest: String,
    /// Whether the encoder was fine-tuned together with the head; otherwise its weights and codes are those of the
    /// autoencoder.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fine_tuned: bool,
}

/// The ports of both graphs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifierPorts {
    /// The head graph, from code to outputs.
    pub head: GraphPorts,
    /// The end-to-end graph, from sample to the same outputs.
    #[serde(rename = "whole")]
    pub end_to_end: GraphPorts,
}

impl ClassifierPorts {
    /// Returns the ports, for samples of shape `sample_shape`, `latent_dim` latent dimensions and `outputs` classes
    /// or targets.
    pub fn of(kind: ClassifierKind, sample_shape: &[usize], latent_dim: usize, outputs: usize) -> Self {
        Self::after(kind, vec![Port::floats("x", Role::Sample, sample_shape)], latent_dim, outputs)
    }

    /// Returns the ports for the rows of a mixed table, like [`Ports::of_table`](crate::Ports::of_table).
    pub fn of_table(kind: ClassifierKind, layout: &Layout, latent_dim: usize, outputs: usize) -> Self {
        Self::after(kind, table_inputs(layout), latent_dim, outputs)
    }

    fn after(kind: ClassifierKind, sample: Vec<Port>, latent_dim: usize, outputs: usize) -> Self {
        let output = |name, role| Port::floats(name, role, &[outputs]);
        let (file, outputs) = match kind {
            ClassifierKind::Classifier => {
                (CLASSIFIER, vec![output("logits", Role::Logits), output("probabilities", Role::Probabilities)])
            }
            ClassifierKind::Regressor => (REGRESSOR, vec![output("prediction", Role::Prediction)]),
        };
        let graph = |file: &str, inputs| GraphPorts {
            file: file.to_owned(),
            inputs,
            outputs: outputs.clone(),
            settings: Vec::new(),
        };
        ClassifierPorts {
            head: graph(HEAD, vec![Port::floats("z", Role::Latent, &[latent_dim])]),
            end_to_end: graph(file, sample),
        }
    }
}

/// The measured difference between the outputs of the trainer and those of ONNX Runtime.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifierParity {
    /// Batch sizes that were compared.
    pub batch_sizes: Vec<usize>,
    /// Largest difference over all outputs of the head.
    pub head: GraphParity,
    /// Largest difference over all outputs of the end-to-end graph.
    #[serde(rename = "whole")]
    pub end_to_end: GraphParity,
}
