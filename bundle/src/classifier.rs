//! What a classifier or regressor on a trained encoder is: its manifest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    CLASSIFIER, ClassifierKind, FileRecord, GraphParity, GraphPorts, HEAD, Kind, Port, REGRESSOR, Role, Sample,
    TrainingRecord,
};

/// The contents of `manifest.json` in a bundle of a classifier or regressor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifierManifest {
    /// Bundle format, [`FORMAT`](crate::FORMAT).
    pub format: u32,
    /// SHA-256 of this file with zeros in this place; filled in by [`Stage`](crate::Stage).
    pub digest: String,
    /// Classifier or regressor; this tells such a bundle from an autoencoder's.
    pub kind: ClassifierKind,
    /// What one sample looks like.
    pub sample: Sample,
    /// Numbers in a code.
    pub latent_dim: usize,
    /// Class names by label, two or more: of a classifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
    /// Numbers that are predicted of a sample: of a regressor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets: Option<usize>,
    /// The encoder that it was built on.
    pub encoder: EncoderRecord,
    /// Ports of the two graphs.
    pub graphs: ClassifierPorts,
    /// How the head came to be.
    pub training: TrainingRecord,
    /// How far the graphs in ONNX Runtime were from the trainer's own outputs.
    pub parity: Option<ClassifierParity>,
    /// Size and SHA-256 of every other file in the folder.
    pub files: BTreeMap<String, FileRecord>,
}

/// The autoencoder whose encoder makes the codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderRecord {
    /// Which model it is; none that takes a label.
    pub kind: Kind,
    /// The digest of its manifest.
    pub digest: String,
    /// Whether its weights were fitted further together with the head; otherwise they are those of the
    /// autoencoder, and so are the codes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fine_tuned: bool,
}

/// The ports of both graphs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifierPorts {
    /// Code to outputs.
    pub head: GraphPorts,
    /// Sample to the same outputs.
    pub whole: GraphPorts,
}

impl ClassifierPorts {
    /// The port table, for samples of `sample_shape`, codes of `latent_dim` numbers, and so many classes or
    /// targets.
    pub fn of(kind: ClassifierKind, sample_shape: &[usize], latent_dim: usize, outputs: usize) -> Self {
        let output = |name, role| Port::floats(name, role, &[outputs]);
        let (file, outputs) = match kind {
            ClassifierKind::Classifier => {
                (CLASSIFIER, vec![output("logits", Role::Logits), output("probabilities", Role::Probabilities)])
            }
            ClassifierKind::Regressor => (REGRESSOR, vec![output("prediction", Role::Prediction)]),
        };
        let graph =
            |file: &str, input| GraphPorts { file: file.to_owned(), inputs: vec![input], outputs: outputs.clone() };
        ClassifierPorts {
            head: graph(HEAD, Port::floats("z", Role::Latent, &[latent_dim])),
            whole: graph(file, Port::floats("x", Role::Sample, sample_shape)),
        }
    }
}

/// The measured difference between the trainer's outputs and ONNX Runtime's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifierParity {
    /// Batch sizes that were compared.
    pub batch_sizes: Vec<usize>,
    /// Over all outputs of the head.
    pub head: GraphParity,
    /// Over all outputs of the whole.
    pub whole: GraphParity,
}
