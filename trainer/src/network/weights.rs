//! Trained tensors by name, outside any engine.

use std::collections::BTreeMap;

use ndarray::ArrayD;

/// Full parameter names (`encoder.0.weight`) with their values, in the order of the names.
pub type Weights = BTreeMap<String, ArrayD<f32>>;
