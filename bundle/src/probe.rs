//! The probe of an autoencoder: stored rows and the trainer's outputs for them, with which anyone can repeat the
//! parity check.

use std::{collections::BTreeMap, path::Path};

use ndarray::ArrayD;

use crate::{
    BundleError,
    tensors::{Tensors, rows_of, serialize},
};

/// Name of the tensor with the decoder's input: the encoder's codes of the same rows.
pub const DECODER_INPUT: &str = "decoder.z";
/// Name of the tensor with the samples.
pub const SAMPLES: &str = "x";
/// Name of the tensor with the labels.
pub const LABELS: &str = "label";

/// Rows, the encoder's outputs for them, and the decoder's outputs for their codes.
///
/// On disk: one safetensors file with `x`, `label` if the graphs take labels, one tensor for each
/// output of the encoder (`z`, or `mu` and `log_var`), `decoder.z` and the decoder's `x_hat`.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// Samples in the data's own unit, `[rows, ...sample shape]`.
    pub samples: ArrayD<f32>,
    /// The class of every row, if the graphs take labels.
    pub labels: Option<Vec<i64>>,
    /// The encoder's outputs by port name, each `[rows, latent]`.
    pub encoded: BTreeMap<String, ArrayD<f32>>,
    /// The decoder's input, `[rows, latent]`.
    pub codes: ArrayD<f32>,
    /// The decoder's outputs by port name, each `[rows, ...sample shape]`.
    pub decoded: BTreeMap<String, ArrayD<f32>>,
}

impl Probe {
    /// Serialises the probe as a safetensors file.
    ///
    /// # Errors
    /// Errors of the safetensors format; none for arrays of the documented shapes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, safetensors::SafeTensorError> {
        let outputs = self.encoded.iter().chain(&self.decoded).map(|(name, array)| (name.as_str(), array));
        let floats = [(SAMPLES, &self.samples), (DECODER_INPUT, &self.codes)].into_iter().chain(outputs);
        serialize(floats, self.labels.iter().map(|labels| (LABELS, labels.as_slice())))
    }

    /// Parses a probe; `encoder` and `decoder` are the names of the graphs' outputs.
    ///
    /// # Errors
    /// [`BundleError::Invalid`] if a tensor is missing or has the wrong type, if the tensors have different
    /// numbers of rows, or if there are no rows.
    pub fn from_bytes(path: &Path, bytes: &[u8], encoder: &[String], decoder: &[String]) -> Result<Self, BundleError> {
        let tensors = Tensors::open(path, bytes)?;
        let probe = Probe {
            samples: tensors.floats(SAMPLES)?,
            labels: tensors.integers(LABELS)?,
            encoded: tensors.named(encoder)?,
            codes: tensors.floats(DECODER_INPUT)?,
            decoded: tensors.named(decoder)?,
        };
        let arrays = probe.encoded.values().chain(probe.decoded.values()).chain([&probe.codes]);
        let others = arrays.map(rows_of).chain(probe.labels.iter().map(Vec::len));
        tensors.check_rows((SAMPLES, probe.rows()), others)?;
        Ok(probe)
    }

    /// Returns the number of rows.
    pub fn rows(&self) -> usize {
        rows_of(&self.samples)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Dimension;

    use super::*;

    fn probe() -> Probe {
        let array = |shape: &[usize]| ArrayD::from_shape_fn(shape, |at| at.slice().iter().sum::<usize>() as f32);
        Probe {
            samples: array(&[3, 2, 2]),
            labels: Some(vec![0, 1, 0]),
            encoded: BTreeMap::from([("mu".to_owned(), array(&[3, 5])), ("log_var".to_owned(), array(&[3, 5]))]),
            codes: array(&[3, 5]),
            decoded: BTreeMap::from([("x_hat".to_owned(), array(&[3, 2, 2]))]),
        }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_probe_round_trips_and_the_same_probe_gives_the_same_bytes() {
        let bytes = probe().to_bytes().expect("valid shapes");
        assert_eq!(bytes, probe().to_bytes().expect("valid shapes"));
        let parsed = Probe::from_bytes(Path::new("p"), &bytes, &names(&["mu", "log_var"]), &names(&["x_hat"]))
            .expect("just written");
        assert_eq!(parsed, probe());
    }

    #[test]
    fn a_missing_tensor_and_a_truncated_file_are_reported() {
        let bytes = probe().to_bytes().expect("valid shapes");
        let missing = Probe::from_bytes(Path::new("p"), &bytes, &names(&["z"]), &names(&["x_hat"])).expect_err("no z");
        assert!(missing.to_string().contains("no tensor `z`"), "{missing}");
        let truncated =
            Probe::from_bytes(Path::new("p"), &bytes[..bytes.len() - 1], &names(&["mu"]), &names(&["x_hat"]))
                .expect_err("truncated");
        assert!(truncated.to_string().contains("not a safetensors file"), "{truncated}");
    }
}
