//! Folds the scaling of the data into the dense layer next to it, and batch normalisation into the layer before it, so
//! that both cost nothing in the exported graph.

use std::collections::BTreeMap;

use ndarray::{Array1, Array2, Ix1, Ix2};

use super::{Affine, Graph, GraphError, Node, Primitive, Value, Weights, channels::channels};
use crate::numeric::EPSILON;

/// Largest offset that is folded, in units of the scale. Folding replaces `(x - offset) / scale`, which has one
/// rounding error, by a sum of products of unscaled values. The additional error grows with this ratio. At 8 it is
/// about 5e-7, well below the tolerance of the parity check.
const MAX_SHIFT: f64 = 8.0;

/// Returns an equivalent graph and its weights without scaling and without batch normalisation. A scaling node is kept
/// if no dense layer is next to it, or if folding would cost too much precision.
///
/// # Errors
/// [`GraphError`] never occurs for a valid graph.
pub fn folded(graph: &Graph, weights: &Weights) -> Result<(Graph, Weights), GraphError> {
    let mut folded = Graph::new();
    let mut weights = weights.clone();
    for input in graph.inputs() {
        folded.input(&input.name, input.dtype, &input.shape);
    }
    let mut folded_values: Vec<Value> = Vec::with_capacity(graph.nodes().len());
    let folded_value = |values: &[Value], value: Value| match value {
        Value::Node(index) => values.get(index).copied().unwrap_or(value),
        Value::Input(_) => value,
    };
    for (index, node) in graph.nodes().iter().enumerate() {
        let inputs: Vec<Value> = node.inputs.iter().map(|&value| folded_value(&folded_values, value)).collect();
        let is_absorbed = match &node.primitive {
            Primitive::Affine(affine) => absorb(graph, index, affine, &mut weights),
            Primitive::BatchNorm(_) | Primitive::ScaleChannels(_) => absorb_channels(graph, index, &mut weights),
            Primitive::Dense(_)
            | Primitive::Activation(_)
            | Primitive::LabelRow(_)
            | Primitive::Add(_)
            | Primitive::Clamp(_)
            | Primitive::Reshape(_)
            | Primitive::Softmax(_)
            | Primitive::Conv2d(_)
            | Primitive::AddChannels(_)
            | Primitive::Pool(_)
            | Primitive::ToMap(_)
            | Primitive::FromMap(_)
            | Primitive::LayerNorm(_)
            | Primitive::TableRow(_)
            | Primitive::Columns(_)
            | Primitive::Concat(_)
            | Primitive::CountMean(_)
            | Primitive::Level(_) => false,
        };
        let absorbed = inputs.first().copied().filter(|_| is_absorbed);
        folded_values.push(match absorbed {
            Some(input) => input,
            None => folded.node(node.name.clone(), node.primitive.clone(), &inputs)?,
        });
    }
    for (name, value) in graph.outputs() {
        folded.output(name, folded_value(&folded_values, *value));
    }
    Ok((folded, weights))
}

/// Folds the affine node into the weights of the dense layer after or before it. Returns whether there is such a layer.
fn absorb(graph: &Graph, index: usize, affine: &Affine, weights: &mut Weights) -> bool {
    let features = graph.shape(Value::Node(index)).iter().product();
    let map = affine.slopes_and_intercepts(features);
    if map.iter().any(|(slope, intercept)| shift(affine, *slope, *intercept) > MAX_SHIFT) {
        return false;
    }
    if let Some(dense) = only_reader(graph, Value::Node(index)).filter(|&reader| is_dense(graph, reader)) {
        return rewrite(graph, dense, weights, |weight, bias| {
            for (mut row, (slope, intercept)) in weight.rows_mut().into_iter().zip(&map) {
                *bias += &(&row * *intercept);
                row *= *slope;
            }
        });
    }
    match graph.nodes().get(index).and_then(|node| node.inputs.first()) {
        Some(&Value::Node(source))
            if is_dense(graph, source) && only_reader(graph, Value::Node(source)) == Some(index) =>
        {
            rewrite(graph, source, weights, |weight, bias| {
                for ((mut column, bias), (slope, intercept)) in weight.columns_mut().into_iter().zip(bias).zip(&map) {
                    column *= *slope;
                    *bias = *bias * *slope + *intercept;
                }
            })
        }
        _ => false,
    }
}

/// Folds a linear function of each channel into the layer before it: batch normalisation by its running statistics, or
/// the scale and shift after it. Returns whether that is possible.
///
/// The layer is a dense layer or a convolution, and possibly the row of a label that is added to it, which is scaled as
/// well.
fn absorb_channels(graph: &Graph, index: usize, weights: &mut Weights) -> bool {
    let Some((slopes, intercepts)) = graph.nodes().get(index).and_then(|node| of_channels(node, weights)) else {
        return false;
    };
    let Some(layer) = layer_before(graph, index) else { return false };
    let Some(node) = graph.nodes().get(layer) else { return false };
    let label = match &node.primitive {
        Primitive::Dense(_) | Primitive::Conv2d(_) => None,
        // A label is added to the layer: both are scaled, and only the layer is shifted.
        Primitive::Add(_) | Primitive::AddChannels(_) => match *node.inputs.as_slice() {
            [Value::Node(linear), Value::Node(row)] if is_linear(graph, linear) && is_label_row(graph, row) => {
                Some((linear, row))
            }
            _ => return false,
        },
        _ => return false,
    };
    let linear = label.map_or(layer, |(linear, _)| linear);
    if let Some((_, row)) = label {
        let name = format!("{}.weight", graph.nodes()[row].name);
        let Some(mut table) = weights.get(&name).and_then(|table| table.clone().into_dimensionality::<Ix2>().ok())
        else {
            return false;
        };
        for (mut column, slope) in table.columns_mut().into_iter().zip(&slopes) {
            column.mapv_inplace(|value| (f64::from(value) * slope) as f32);
        }
        weights.insert(name, table.into_dyn());
    }
    rewrite(graph, linear, weights, |weight, bias| {
        let channels = weight.columns_mut().into_iter().zip(bias).zip(slopes.iter().zip(&intercepts));
        for ((mut column, bias), (slope, intercept)) in channels {
            column *= *slope;
            *bias = *bias * *slope + *intercept;
        }
    })
}

/// Returns the slope and the intercept of each channel of batch normalisation, or of a scale and shift.
fn of_channels(node: &Node, weights: &Weights) -> Option<(Vec<f64>, Vec<f64>)> {
    let values = |name: &str| {
        let values = weights.get(&format!("{}.{name}", node.name))?;
        (values.len() == channels(&node.shape)).then(|| values.iter().map(|&value| f64::from(value)).collect())
    };
    match &node.primitive {
        Primitive::BatchNorm(_) => {
            let (mean, variance): (Vec<f64>, Vec<f64>) = (values("mean")?, values("variance")?);
            let slopes: Vec<f64> =
                variance.iter().map(|variance| 1.0 / (variance + f64::from(EPSILON)).sqrt()).collect();
            let intercepts = mean.iter().zip(&slopes).map(|(mean, slope)| -mean * slope).collect();
            Some((slopes, intercepts))
        }
        Primitive::ScaleChannels(_) => Some((values("weight")?, values("bias")?)),
        _ => None,
    }
}

/// Returns the node whose value reaches the node `index` without any change but batch normalisation, which has been
/// folded before. Nothing else reads the values between them.
fn layer_before(graph: &Graph, index: usize) -> Option<usize> {
    let Some(&Value::Node(before)) = graph.nodes().get(index)?.inputs.first() else { return None };
    if only_reader(graph, Value::Node(before)) != Some(index) {
        return None;
    }
    match graph.nodes().get(before)?.primitive {
        Primitive::BatchNorm(_) => layer_before(graph, before),
        _ => Some(before),
    }
}

fn is_linear(graph: &Graph, index: usize) -> bool {
    let primitive = graph.nodes().get(index).map(|node| &node.primitive);
    matches!(primitive, Some(Primitive::Dense(_) | Primitive::Conv2d(_)))
        && only_reader(graph, Value::Node(index)).is_some()
}

fn is_label_row(graph: &Graph, index: usize) -> bool {
    graph.nodes().get(index).is_some_and(|node| matches!(node.primitive, Primitive::LabelRow(_)))
        && only_reader(graph, Value::Node(index)).is_some()
}

/// Returns the offset in units of the scale.
fn shift(affine: &Affine, slope: f64, intercept: f64) -> f64 {
    if affine.is_to_network() { intercept.abs() } else { (intercept / slope).abs() }
}

fn is_dense(graph: &Graph, index: usize) -> bool {
    graph.nodes().get(index).is_some_and(|node| matches!(node.primitive, Primitive::Dense(_)))
}

/// Returns the node that reads a value, if there is exactly one and the value is not an output of the graph.
fn only_reader(graph: &Graph, value: Value) -> Option<usize> {
    let mut readers = graph.nodes().iter().enumerate().filter(|(_, node)| node.inputs.contains(&value));
    let first = readers.next()?.0;
    let is_output = graph.outputs().iter().any(|(_, output)| *output == value);
    (readers.next().is_none() && !is_output).then_some(first)
}

/// Applies `change` to the weight `[inputs, outputs]` and the bias `[outputs]` of a dense layer in `f64`. Returns
/// `false` and changes nothing if the weights are missing.
fn rewrite(
    graph: &Graph,
    index: usize,
    weights: &mut Weights,
    change: impl FnOnce(&mut Array2<f64>, &mut Array1<f64>),
) -> bool {
    let Some(node) = graph.nodes().get(index) else { return false };
    let (weight_name, bias_name) = (format!("{}.weight", node.name), format!("{}.bias", node.name));
    let as_f64 = |name: &str| weights.get(name).map(|array| array.mapv(f64::from));
    let weight = as_f64(&weight_name).and_then(|array| array.into_dimensionality::<Ix2>().ok());
    let bias = as_f64(&bias_name).and_then(|array| array.into_dimensionality::<Ix1>().ok());
    let (Some(mut weight), Some(mut bias)) = (weight, bias) else { return false };
    change(&mut weight, &mut bias);
    let replaced: BTreeMap<_, _> = [(weight_name, weight.into_dyn()), (bias_name, bias.into_dyn())].into();
    weights.extend(replaced.into_iter().map(|(name, array)| (name, array.mapv(|value| value as f32))));
    true
}
