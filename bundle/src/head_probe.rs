//! The probe of a classifier or regressor: rows, their codes, and what the trainer's own head told of them.

use std::{collections::BTreeMap, path::Path};

use ndarray::ArrayD;

use crate::{
    BundleError, SAMPLES,
    tensors::{Tensors, rows_of, written},
};

/// Name of the codes among the tensors: what the head was given.
pub const HEAD_INPUT: &str = "z";

/// Rows, their codes, and what the head makes of the codes and the whole of the rows alike.
///
/// On disk: one safetensors file with `x`, `z` and one tensor for each output (`logits` and `probabilities`, or
/// `prediction`).
#[derive(Debug, Clone, PartialEq)]
pub struct HeadProbe {
    /// Samples in the data's own unit, `[rows, ...sample shape]`.
    pub samples: ArrayD<f32>,
    /// Their codes by the trainer, `[rows, latent]`.
    pub codes: ArrayD<f32>,
    /// The outputs by port name, each `[rows, classes or targets]`.
    pub outputs: BTreeMap<String, ArrayD<f32>>,
}

impl HeadProbe {
    /// The file's bytes.
    ///
    /// # Errors
    /// Never for arrays that the shapes above hold for; a refusal of the format is passed on.
    pub fn to_bytes(&self) -> Result<Vec<u8>, safetensors::SafeTensorError> {
        let told = self.outputs.iter().map(|(name, array)| (name.as_str(), array));
        written([(SAMPLES, &self.samples), (HEAD_INPUT, &self.codes)].into_iter().chain(told), [])
    }

    /// Reads a probe back; `outputs` are the names of the outputs that both graphs have.
    ///
    /// # Errors
    /// [`BundleError::Invalid`] naming the tensor that is missing or of another type, or if the tensors have
    /// different numbers of rows, or none.
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

    /// Rows in the probe.
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
    fn a_probe_comes_back_as_it_was_written_and_the_same_probe_gives_the_same_bytes() {
        let bytes = probe().to_bytes().expect("valid shapes");
        assert_eq!(bytes, probe().to_bytes().expect("valid shapes"));
        assert_eq!(read(&bytes, &["logits", "probabilities"]), Ok(probe()));
    }

    #[test]
    fn a_hostile_probe_is_refused_with_what_is_wrong() {
        type Spoil = fn(&mut HeadProbe);
        let cases: [(&str, Spoil); 5] = [
            ("no common number of rows (3 in `x`)", |probe| probe.codes = ArrayD::zeros(vec![2, 5])),
            ("no common number of rows (3 in `x`)", |probe| {
                probe.outputs.insert("logits".to_owned(), ArrayD::zeros(vec![4, 4]));
            }),
            ("no common number of rows (0 in `x`)", |probe| {
                probe.samples = ArrayD::zeros(vec![0, 2, 2]);
                probe.codes = ArrayD::zeros(vec![0, 5]);
                probe.outputs.values_mut().for_each(|told| *told = ArrayD::zeros(vec![0, 4]));
            }),
            ("no common number of rows (0 in `x`)", |probe| probe.samples = ArrayD::zeros(vec![])),
            ("it has no tensor `probabilities`", |probe| drop(probe.outputs.remove("probabilities"))),
        ];
        for (expected, spoil) in cases {
            let mut bad = probe();
            spoil(&mut bad);
            let error = read(&bad.to_bytes().expect("a file"), &["logits", "probabilities"]).expect_err(expected);
            assert_eq!(
                error,
                format!("`p` cannot be used: {}", expected.replace("no common", "its tensors have no common"))
            );
        }
        let bytes = probe().to_bytes().expect("valid shapes");
        let cut = read(bytes.get(..bytes.len() - 1).unwrap_or_default(), &["logits"]).expect_err("cut");
        assert!(cut.contains("not a safetensors file"), "{cut}");
        let integers = written([], [(SAMPLES, &[1, 2][..])]).expect("a file");
        assert_eq!(read(&integers, &[]).expect_err("integers"), "`p` cannot be used: tensor `x` is I64, expected F32");
    }
}
