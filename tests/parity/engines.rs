//! The engines in addition to ONNX Runtime: Candle, which runs a network, and candle-onnx, which runs an ONNX file.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};
use candle_onnx::{onnx::ModelProto, simple_eval};
use narrows_trainer::{
    Weights,
    internals::{Graph, Parameters, run},
    ndarray::ArrayD,
    options::Kernels,
};
use prost::Message;

/// Runs a network in Candle and returns its outputs by name.
pub(crate) fn in_candle(graph: &Graph, weights: &Weights, inputs: &[Tensor]) -> BTreeMap<String, ArrayD<f32>> {
    let parameters = Parameters::from_weights(weights, &Device::Cpu).expect("the weights fit in memory");
    let outputs = run(Kernels::Composed, graph, &parameters, inputs).expect("inputs of the graph's shapes");
    graph.outputs().iter().zip(&outputs).map(|((name, _), output)| (name.clone(), array(output))).collect()
}

/// Runs an ONNX file in candle-onnx and returns its outputs by name.
pub(crate) fn in_simple_eval(bytes: &[u8], inputs: &[(&str, Tensor)]) -> BTreeMap<String, ArrayD<f32>> {
    let model = ModelProto::decode(bytes).expect("a model that candle-onnx can read");
    let inputs = inputs.iter().map(|(name, tensor)| ((*name).to_owned(), tensor.clone())).collect();
    let outputs = simple_eval(&model, inputs).expect("operators that candle-onnx supports");
    outputs.iter().map(|(name, output)| (name.clone(), array(output))).collect()
}

pub(crate) fn floats(array: &ArrayD<f32>) -> Tensor {
    Tensor::from_vec(array.iter().copied().collect::<Vec<_>>(), array.shape(), &Device::Cpu)
        .expect("the array's own shape")
}

pub(crate) fn labels(labels: &[i64]) -> Tensor {
    Tensor::new(labels, &Device::Cpu).expect("the labels fit in memory")
}

fn array(tensor: &Tensor) -> ArrayD<f32> {
    // Labels are bytes in Candle.
    let floats = tensor.to_dtype(DType::F32).and_then(|tensor| tensor.flatten_all());
    let values = floats.and_then(|flat| flat.to_vec1()).expect("numbers");
    ArrayD::from_shape_vec(tensor.dims(), values).expect("the tensor's own shape")
}

/// Returns the largest absolute difference of two arrays of the same shape. A difference of NaN counts as infinite.
pub(crate) fn difference(actual: &ArrayD<f32>, expected: &ArrayD<f32>) -> f32 {
    assert_eq!(actual.shape(), expected.shape());
    let differences = actual.iter().zip(expected).map(|(actual, expected)| (actual - expected).abs());
    differences.map(|difference| if difference.is_nan() { f32::INFINITY } else { difference }).fold(0.0, f32::max)
}
