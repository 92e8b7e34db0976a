//! Trained weights by name, independent of Candle and ONNX.

use std::collections::BTreeMap;

use ndarray::ArrayD;

/// Parameter values by full name (such as `encoder.0.weight`), sorted by name.
pub type Weights = BTreeMap<String, ArrayD<f32>>;
