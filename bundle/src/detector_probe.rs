//! The probe of a detector: stored rows with the scores and labels of the fitted detector, with which anyone can repeat
//! the check of its graph.

use std::path::Path;

use ndarray::{Array1, ArrayD, Ix1};

use crate::{
    BundleError, LABELS, SAMPLES,
    tensors::{Tensors, rows_of, serialize},
};

/// Rows and the detector's outputs for them: those of the bundle's probe, and all fitted and calibration rows whose
/// scores are close to the threshold.
///
/// On disk: one safetensors file with `x`, `label` if the graph takes labels, `score`, `p_value` and `is_anomaly`
/// (0 or 1).
#[derive(Debug, Clone, PartialEq)]
pub struct DetectorProbe {
    /// Samples in the data's own unit, `[rows, ...sample shape]`.
    pub samples: ArrayD<f32>,
    /// The class of every row, if the graph takes labels.
    pub labels: Option<Vec<i64>>,
    /// Anomaly scores, `[rows]`.
    pub scores: Array1<f32>,
    /// Conformal p-values, `[rows]`.
    pub p_values: Array1<f32>,
    /// Whether each row is an anomaly at the default level, `[rows]`.
    pub are_anomalies: Vec<bool>,
}

impl DetectorProbe {
    /// Serialises the probe as a safetensors file.
    ///
    /// # Errors
    /// Errors of the safetensors format; none for arrays of the documented shapes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, safetensors::SafeTensorError> {
        let (scores, p_values) = (self.scores.clone().into_dyn(), self.p_values.clone().into_dyn());
        let are_anomalies: Vec<i64> = self.are_anomalies.iter().map(|&is_anomaly| i64::from(is_anomaly)).collect();
        let floats = [(SAMPLES, &self.samples), ("score", &scores), ("p_value", &p_values)];
        let labels = self.labels.iter().map(|labels| (LABELS, labels.as_slice()));
        serialize(floats, labels.chain([("is_anomaly", are_anomalies.as_slice())]))
    }

    /// Parses a probe; `path` is used in errors.
    ///
    /// # Errors
    /// [`BundleError::Invalid`] if a tensor is missing or has the wrong type or shape, if the tensors have different
    /// numbers of rows, or if there are no rows.
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, BundleError> {
        let tensors = Tensors::open(path, bytes)?;
        let vector = |name: &str| {
            tensors
                .floats(name)?
                .into_dimensionality::<Ix1>()
                .map_err(|error| BundleError::invalid(path, format!("tensor `{name}` is not a vector: {error}")))
        };
        let are_anomalies = tensors
            .integers("is_anomaly")?
            .ok_or_else(|| BundleError::invalid(path, "it has no tensor `is_anomaly`"))?;
        let probe = DetectorProbe {
            samples: tensors.floats(SAMPLES)?,
            labels: tensors.integers(LABELS)?,
            scores: vector("score")?,
            p_values: vector("p_value")?,
            are_anomalies: are_anomalies.into_iter().map(|value| value != 0).collect(),
        };
        let others = [probe.scores.len(), probe.p_values.len(), probe.are_anomalies.len()];
        tensors.check_rows((SAMPLES, probe.rows()), others.into_iter().chain(probe.labels.iter().map(Vec::len)))?;
        Ok(probe)
    }

    /// Returns the number of rows.
    pub fn rows(&self) -> usize {
        rows_of(&self.samples)
    }
}
