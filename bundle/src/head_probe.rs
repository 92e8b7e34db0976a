//! The probe of a classifier or regressor: rows, their codes, and the outputs of the trainer's own head.

use std::{collections::BTreeMap, path::Path};

use ndarray::ArrayD;

use crate::{
    BundleError, SAMPLES,
    tensors::{Tensors, rows_of, serialize},
};

/// Name of the tensor with the codes, which are the input of the head.
pub const HEAD_INPUT: &str = "z";

/// Rows, their codes, and the outputs that both graphs must reproduce: the head from the codes, the end-to-end
/// graph from the rows.
///
/// On disk: one safetensors file with `x`, `z` and one tensor for each output (`logits` and `probabilities`, or
/// `prediction`).
#[derive(Debug, Clone, PartialEq)]
pub struct HeadProbe {
    /// Samples in the data's own unit, `[rows, ...sample shape]`.
    pub samples: ArrayD<f32>,
    /// The trainer's codes of the samples, `[rows, latent]`.
    pub codes: ArrayD<f32>,
    /// The outputs by port name, each `[rows, classes or targets]`.
    pub outputs: BTreeMap<String, ArrayD<f32>>,
}

impl HeadProbe {
    /// Serialises the probe as a safetensors file.
    ///
    /// # Errors
    /// Errors of the safetensors format; none for arrays of the documented shapes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, safetensors::SafeTensorError> {
        let outputs = self.outputs.iter().map(|(name, array)| (name.as_str(), array));
        serialize([(SAMPLES, &self.samples), (HEAD_INPUT, &self.codes)].into_iter().chain(outputs), [])
    }

    /// Parses a probe; `outputs` are the names of the outputs that both graphs have.
    ///
    /// # Errors
    /// [`BundleError::Invalid`] if a tensor is missing or has the wrong type, if the tensors have different
    /// numbers of rows, or if there are no rows.
    pub fn from_bytes(path: &Path, bytes: &[u8], outputs: &[String]) -> Result<Self, BundleError> {
        let tensors = Tensors::open(path, bytes)?;
        let probe = HeadProbe {
            samples: tensors.floats(SAMPLES)?,
            codes: tensors.floats(HEAD_INPUT)?,
            outputs: tensors.named(outputs)?,
        };
        let others = probe.outputs.values().chain([&probe.codes]).map(rows_of);
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

    fn probe() -> HeadProbe {
        let array = |shape: &[usize]| ArrayD::from_shape_fn(shape, |at| at.slice().iter().sum::<usize>() as f32);
        HeadProbe {
            samples: array(&[3, 2, 2]),
            codes: array(&[3, 5]),
            outputs: ["logits", "probabilities"].map(|name| (name.to_owned(), array(&[3, 4]))).into(),
        }
    }

    fn read(bytes: &[u8], outputs: &[&str]) -> Result<HeadProbe, String> {
        let outputs: Vec<_> = outputs.iter().map(ToString::to_string).collect();
        HeadProbe::from_bytes(Path::new("p"), bytes, &outputs).map_err(|error| error.to_string())
    }

    #[test]
    fn a_probe_round_trips_and_the_same_probe_gives_the_same_bytes() {
        let bytes = probe().to_bytes().expect("valid shapes");
        assert_eq!(bytes, probe().to_bytes().expect("valid shapes"));
        assert_eq!(read(&bytes, &["logits", "probabilities"]), Ok(probe()));
    }

    #[test]
    fn an_invalid_probe_is_refused_and_the_error_names_the_defect() {
        type Corrupt = fn(&mut HeadProbe);
        let cases: [(&str, Corrupt); 5] = [
            ("its tensors have different numbers of rows (3 in `x`)", |probe| probe.codes = ArrayD::zeros(vec![2, 5])),
            ("its tensors have different numbers of rows (3 in `x`)", |probe| {
                probe.outputs.insert("logits".to_owned(), ArrayD::zeros(vec![4, 4]));
            }),
            ("its tensor `x` has no rows", |probe| {
                probe.samples = ArrayD::zeros(vec![0, 2, 2]);
                probe.codes = ArrayD::zeros(vec![0, 5]);
                probe.outputs.values_mut().for_each(|output| *output = ArrayD::zeros(vec![0, 4]));
            }),
            ("its tensor `x` has no rows", |probe| probe.samples = ArrayD::zeros(vec![])),
            ("it has no tensor `probabilities`", |probe| drop(probe.outputs.remove("probabilities"))),
        ];
        for (expected, corrupt) in cases {
            let mut bad = probe();
            corrupt(&mut bad);
            let error = read(&bad.to_bytes().expect("a file"), &["logits", "probabilities"]).expect_err(expected);
            assert_eq!(error, format!("`p` cannot be used: {expected}"));
        }
        let bytes = probe().to_bytes().expect("valid shapes");
        let truncated = read(bytes.get(..bytes.len() - 1).unwrap_or_default(), &["logits"]).expect_err("truncated");
        assert!(truncated.contains("not a safetensors file"), "{truncated}");
        let integers = serialize([], [(SAMPLES, &[1, 2][..])]).expect("a file");
        assert_eq!(read(&integers, &[]).expect_err("integers"), "`p` cannot be used: tensor `x` is I64, expected F32");
    }
}
