//! Mutations of a graph that keep it a graph: other operators, attributes, shapes and connections.

use fastrand::Rng;
use narrows_bundle::onnx::{Attribute, DimensionValue, Graph, Model, Node, Tensor, attribute, element};
use prost::Message;

use crate::bytes::extreme;

/// Operators of the standard set, version 17: those that bundles use, and those whose output size, running time or
/// index depends on values.
const OPERATORS: &str = "\
    Abs Add And ArgMax AveragePool BatchNormalization BitShift BlackmanWindow Cast Ceil Celu Clip Compress \
    Concat Constant ConstantOfShape Conv ConvInteger ConvTranspose CumSum DFT DepthToSpace DequantizeLinear Det \
    Div Dropout DynamicQuantizeLinear Einsum Elu Equal Erf Exp Expand EyeLike Flatten GRU Gather GatherElements \
    GatherND Gemm GlobalAveragePool GridSample HannWindow Hardmax Identity InstanceNormalization LRN LSTM \
    LayerNormalization LeakyRelu LessOrEqual Log MatMul MatMulInteger Max MaxPool MaxUnpool MelWeightMatrix Mod \
    Mul NonMaxSuppression NonZero OneHot PRelu Pad Pow QLinearMatMul RNN Range ReduceLogSumExp ReduceMean \
    ReduceSum Relu Reshape Resize ReverseSequence RoiAlign STFT ScatterElements ScatterND SequenceAt Shape Size \
    Slice Softmax SpaceToDepth Split Squeeze Tile TopK Transpose Where";

/// Attributes that select axes, sizes and modes.
const ATTRIBUTES: &str = "\
    axis axes perm kernel_shape strides pads dilations group transA transB alpha beta keepdims to mode equation \
    auto_pad ceil_mode blocksize hidden_size direction k allowzero epsilon output_shape activations";

fn word_of(rng: &mut Rng, words: &str) -> String {
    let words: Vec<&str> = words.split_whitespace().collect();
    words[rng.usize(..words.len())].to_owned()
}

/// Changes an encoded model, and leaves bytes that are no model as they are.
pub(crate) fn mutate(rng: &mut Rng, bytes: &mut Vec<u8>) {
    let Ok(mut model) = Model::decode(bytes.as_slice()) else { return };
    let Some(graph) = &mut model.graph else { return };
    if graph.node.is_empty() {
        return;
    }
    for _ in 0..rng.u8(1..=2) {
        mutate_graph(rng, graph);
    }
    *bytes = model.encode_to_vec();
}

fn mutate_graph(rng: &mut Rng, graph: &mut Graph) {
    let names = names(graph);
    let (node, other) = (rng.usize(..graph.node.len()), rng.usize(..graph.node.len()));
    match rng.u8(..12) {
        0 | 1 => graph.node[node].op_type = word_of(rng, OPERATORS),
        2 => reconnect(rng, &mut graph.node[node], &names),
        3 | 4 => mutate_attribute(rng, &mut graph.node[node]),
        5 if graph.node.len() > 1 => graph.node.swap(node, other),
        6 => insert(rng, graph, node),
        7..10 if !graph.initializer.is_empty() => {
            let constant = rng.usize(..graph.initializer.len());
            mutate_constant(rng, &mut graph.initializer[constant]);
        }
        10 => mutate_port(rng, graph),
        _ => chain(rng, graph, node),
    }
}

/// Returns the names of all values.
fn names(graph: &Graph) -> Vec<String> {
    let computed = graph.node.iter().flat_map(|node| node.output.iter());
    let constants = graph.initializer.iter().map(|constant| &constant.name);
    computed.chain(constants).chain(graph.input.iter().map(|input| &input.name)).cloned().collect()
}

fn reconnect(rng: &mut Rng, node: &mut Node, names: &[String]) {
    let name = names[rng.usize(..names.len())].clone();
    match rng.u8(..4) {
        0 => node.input.push(name),
        1 => drop(node.input.pop()),
        _ if node.input.is_empty() => node.output.push(name),
        _ => {
            let index = rng.usize(..node.input.len());
            node.input[index] = if rng.u8(..8) == 0 { String::new() } else { name };
        }
    }
}

fn mutate_attribute(rng: &mut Rng, node: &mut Node) {
    if node.attribute.is_empty() || rng.u8(..3) == 0 {
        let name = word_of(rng, ATTRIBUTES);
        let mut attribute = Attribute { name, ..Attribute::default() };
        match rng.u8(..4) {
            0 => (attribute.i, attribute.r#type) = (small(rng), attribute::INT),
            1 => (attribute.f, attribute.r#type) = (1e30, attribute::FLOAT),
            2 => (attribute.s, attribute.r#type) = (b"ij,jk->ik".to_vec(), attribute::STRING),
            _ => {
                attribute.ints = (0..rng.usize(1..5)).map(|_| small(rng)).collect();
                attribute.r#type = attribute::INTS;
            }
        }
        return node.attribute.push(attribute);
    }
    let index = rng.usize(..node.attribute.len());
    let attribute = &mut node.attribute[index];
    match rng.u8(..4) {
        0 => attribute.i = small(rng),
        1 if !attribute.ints.is_empty() => {
            let at = rng.usize(..attribute.ints.len());
            attribute.ints[at] = small(rng);
        }
        2 => attribute.ints.push(small(rng)),
        3 => attribute.r#type = rng.i32(0..15),
        _ => drop(node.attribute.remove(index)),
    }
}

/// Returns an extreme, or a number that may be a valid axis or size.
fn small(rng: &mut Rng) -> i64 {
    if rng.bool() { extreme(rng) } else { rng.i64(-4..9) }
}

/// Changes the shape or the elements of a constant. The number of bytes mostly fits the shape, so that the engine
/// receives it.
fn mutate_constant(rng: &mut Rng, constant: &mut Tensor) {
    match rng.u8(..5) {
        0 => constant.dims.reverse(),
        1 => {
            let count = constant.dims.iter().fold(1_i64, |product, &size| product.wrapping_mul(size));
            constant.dims = [vec![count], vec![1, count], vec![count, 1, 1], vec![1; 70]][rng.usize(..4)].clone();
        }
        2 if constant.data_type == element::INT64 => {
            let values = constant.raw_data.len() / 8;
            if let Some(at) = (values > 0).then(|| 8 * rng.usize(..values)) {
                constant.raw_data[at..at + 8].copy_from_slice(&small(rng).to_le_bytes());
            }
        }
        2 => {
            let at = rng.usize(..=constant.raw_data.len()) / 4 * 4;
            let value = [f32::MAX, -1.0, 0.0, 1e-40][rng.usize(..4)].to_le_bytes();
            constant.raw_data.iter_mut().skip(at).zip(value).for_each(|(byte, new)| *byte = new);
        }
        3 => {
            // An empty constant, or one of another size.
            let size = rng.i64(0..6);
            let width = if constant.data_type == element::INT64 { 8 } else { 4 };
            constant.dims = vec![size];
            constant.raw_data.resize(size as usize * width, 0);
        }
        _ => constant.dims.push(small(rng)),
    }
}

fn mutate_port(rng: &mut Rng, graph: &mut Graph) {
    let side = if rng.bool() { &mut graph.input } else { &mut graph.output };
    let Some(port) = side.first_mut() else { return };
    let tensor = port.r#type.as_mut().and_then(|of| of.tensor_type.as_mut());
    let Some(shape) = tensor.and_then(|tensor| tensor.shape.as_mut()) else { return };
    match rng.u8(..3) {
        0 => shape.dim.reverse(),
        1 => drop(shape.dim.pop()),
        _ => {
            if let Some(dim) = shape.dim.last_mut() {
                dim.value = Some(DimensionValue::Size(small(rng)));
            }
        }
    }
}

/// Inserts an operator on the output of a node, which the following nodes then read.
fn insert(rng: &mut Rng, graph: &mut Graph, node: usize) {
    let Some(name) = graph.node[node].output.first().cloned() else { return };
    let op_type = word_of(rng, OPERATORS);
    let before = format!("{name}-before");
    graph.node[node].output[0].clone_from(&before);
    let constants: Vec<String> = graph.initializer.iter().map(|constant| constant.name.clone()).collect();
    let mut input = vec![before];
    if !constants.is_empty() && rng.bool() {
        input.push(constants[rng.usize(..constants.len())].clone());
    } else if rng.bool() {
        let values: Vec<i64> = (0..rng.usize(1..4)).map(|_| small(rng)).collect();
        graph.initializer.push(Tensor::integers("inserted", &[values.len()], &values));
        input.push("inserted".to_owned());
    }
    graph.node.insert(node + 1, Node { op_type, input, output: vec![name], ..Node::default() });
}

/// Repeats an operator many times, each on the output of the one before: long graphs, and sizes that multiply.
fn chain(rng: &mut Rng, graph: &mut Graph, node: usize) {
    let Some(name) = graph.node[node].output.first().cloned() else { return };
    let count = [5, 40, 300][rng.usize(..3)];
    let op_type = ["Tile", "Expand", "Relu", "Concat", "MatMul", "Pad", "Add"][rng.usize(..7)].to_owned();
    graph.initializer.push(Tensor::integers("repeats", &[2], &[1, [2, 100][rng.usize(..2)]]));
    let named = |step: usize| if step == count { name.clone() } else { format!("{name}-{step}") };
    graph.node[node].output[0] = named(0);
    for step in 0..count {
        let second = match op_type.as_str() {
            "Tile" | "Expand" | "Pad" => Some("repeats".to_owned()),
            "Relu" => None,
            _ => Some(named(step)),
        };
        let input = std::iter::once(named(step)).chain(second).collect();
        let attribute = match op_type.as_str() {
            "Concat" => {
                vec![Attribute { name: "axis".to_owned(), i: 1, r#type: attribute::INT, ..Attribute::default() }]
            }
            _ => Vec::new(),
        };
        let repeated =
            Node { op_type: op_type.clone(), input, output: vec![named(step + 1)], attribute, ..Node::default() };
        graph.node.insert(node + 1 + step, repeated);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRAPH: &[u8] = include_bytes!("../../../models/zoo/pca/encoder.onnx");

    #[test]
    fn every_mutated_graph_is_a_model_and_most_differ() {
        let mut changed = 0;
        for seed in 0..500 {
            let mut bytes = GRAPH.to_vec();
            mutate(&mut Rng::with_seed(seed), &mut bytes);
            Model::decode(bytes.as_slice()).expect("a model");
            changed += usize::from(bytes != GRAPH);
        }
        assert!(changed > 450, "{changed}");
    }
}
