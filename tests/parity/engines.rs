//! The engines beside ONNX Runtime: Candle on a network, candle-onnx on the bytes of a written file.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use candle_onnx::{onnx::ModelProto, simple_eval};
use narrows_trainer::{
    candle::{Kernels, Parameters, run},
    ndarray::ArrayD,
    network::{Graph, Weights},
};
use prost::Message;

/// The outputs of a network by name.
pub(crate) fn in_candle(graph: &Graph, weights: &Weights, inputs: &[Tensor]) -> BTreeMap<String, ArrayD<f32>> {
    let parameters = Parameters::from_weights(weights, &Device::Cpu).expect("weights are small");
    let outputs = run(Kernels::Composed, graph, &parameters, inputs).expect("inputs of the graph's shapes");
    graph.outputs().iter().zip(&outputs).map(|((name, _), output)| (name.clone(), array(output))).collect()
}

/// The outputs of a written graph by name, as candle-onnx computes them.
pub(crate) fn in_simple_eval(bytes: &[u8], inputs: &[(&str, Tensor)]) -> BTreeMap<String, ArrayD<f32>> {
    let model = ModelProto::decode(bytes).expect("a model that candle-onnx can read");
    let inputs = inputs.iter().map(|(name, tensor)| ((*name).to_owned(), tensor.clone())).collect();
    let outputs = simple_eval(&model, inputs).expect("operators that candle-onnx has");
    outputs.iter().map(|(name, output)| (name.clone(), array(output))).collect()
}

pub(crate) fn floats(array: &ArrayD<f32>) -> Tensor {
    Tensor::from_vec(array.iter().copied().collect::<Vec<_>>(), array.shape(), &Device::Cpu).expect("as many numbers")
}

pub(crate) fn labels(labels: &[i64]) -> Tensor {
    Tensor::new(labels, &Device::Cpu).expect("labels are few")
}

fn array(tensor: &Tensor) -> ArrayD<f32> {
    let values = tensor.flatten_all().and_then(|flat| flat.to_vec1()).expect("floats");
    ArrayD::from_shape_vec(tensor.dims(), values).expect("as many numbers")
}

/// The largest absolute difference of two arrays of one shape; not a number is infinitely far.
pub(crate) fn difference(found: &ArrayD<f32>, expected: &ArrayD<f32>) -> f32 {
    assert_eq!(found.shape(), expected.shape());
    let differences = found.iter().zip(expected).map(|(found, expected)| (found - expected).abs());
    differences.map(|difference| if difference.is_nan() { f32::INFINITY } else { difference }).fold(0.0, f32::max)
}
