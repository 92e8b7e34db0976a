//! Shape and multiply-adds of the result of each operator.

use super::value::Value;
use crate::onnx::Node;

/// Returns the result of a node and its multiply-adds, or `None` for an operator or an attribute that is unknown here.
pub(super) fn infer(node: &Node, inputs: &[Option<&Value>]) -> Option<(Value, u64)> {
    let first = inputs.first().copied().flatten()?;
    let (shape, multiply_adds) = match node.op_type.as_str() {
        "Conv" => return convolution(node, first, inputs.get(1).copied().flatten()?),
        "Gemm" => return gemm(node, first, inputs.get(1).copied().flatten()?),
        "MatMul" => return product(first, inputs.get(1).copied().flatten()?),
        "MaxPool" | "AveragePool" => (windows(node, first, &integers(node, "kernel_shape")?)?, 0),
        "GlobalAveragePool" | "GlobalMaxPool" => {
            let (kept, spatial) = first.shape().split_at_checked(2)?;
            (kept.iter().copied().chain(spatial.iter().map(|_| 1)).collect(), 0)
        }
        "Resize" => (resized(first, inputs)?, 0),
        "Slice" => (sliced(first, inputs)?, 0),
        "Flatten" => (flattened(node, first)?, 0),
        "Tile" => (tiled(first, inputs.get(1).copied().flatten()?)?, 0),
        "Reshape" => (reshaped(node, first, inputs.get(1).copied().flatten()?)?, 0),
        "Transpose" => (transposed(node, first)?, 0),
        "Gather" => (gathered(node, first, inputs.get(1).copied().flatten()?)?, 0),
        "GatherElements" => (inputs.get(1).copied().flatten()?.shape().to_vec(), 0),
        "Concat" => (concatenated(node, inputs)?, 0),
        "ReduceSum" => (summed(node, first, inputs.get(1).copied().flatten())?, 0),
        "TopK" => (largest(first, inputs.get(1).copied().flatten()?)?, 0),
        "ReduceMean" | "ReduceMax" | "ReduceMin" => (reduced(node, first)?, 0),
        "ArgMax" | "ArgMin" => (reduced_along(node, first, Some(&[integer(node, "axis").unwrap_or(0)]))?, 0),
        "Add" | "Sub" | "Mul" | "Div" | "Pow" | "Min" | "Max" | "Less" | "LessOrEqual" | "Greater"
        | "GreaterOrEqual" | "Equal" | "And" | "Or" | "Where" => (broadcast(inputs)?, 0),
        "Identity"
        | "Relu"
        | "LeakyRelu"
        | "Tanh"
        | "Sigmoid"
        | "Softmax"
        | "Softplus"
        | "Elu"
        | "Clip"
        | "Neg"
        | "Exp"
        | "Log"
        | "Erf"
        | "Sqrt"
        | "Cast"
        | "Abs"
        | "Not"
        | "IsNaN"
        | "CumSum"
        | "Reciprocal"
        | "BatchNormalization"
        | "InstanceNormalization"
        | "LayerNormalization" => (first.shape().to_vec(), 0),
        _ => return None,
    };
    Some((Value::of_shape(shape), multiply_adds))
}

/// `[1, in, ...]` and a weight of `[out, in / groups, ...kernel]`.
fn convolution(node: &Node, x: &Value, weight: &Value) -> Option<(Value, u64)> {
    let (&outputs, kernel) = weight.shape().split_first()?;
    let spatial = windows(node, x, kernel.get(1..)?)?;
    let shape: Vec<u64> = [1, outputs].into_iter().chain(spatial.into_iter().skip(2)).collect();
    let value = Value::of_shape(shape);
    let of_one = kernel.iter().fold(1, |product: u64, &size| product.saturating_mul(size));
    let multiply_adds = value.count().saturating_mul(of_one);
    Some((value, multiply_adds))
}

/// Returns the shape of `[batch, channels, ...positions]` of the windows of a map.
fn windows(node: &Node, x: &Value, kernel: &[u64]) -> Option<Vec<u64>> {
    let (kept, spatial) = x.shape().split_at_checked(2)?;
    let is_padded_automatically = node.attribute.iter().any(|of| of.name == "auto_pad" && of.s != b"NOTSET");
    let rounds_up = integer(node, "ceil_mode").unwrap_or(0) != 0;
    if kernel.len() != spatial.len() || is_padded_automatically || rounds_up {
        return None;
    }
    let axes = kernel.len();
    let of = |name: &str, count: usize, default: u64| match integers(node, name) {
        None => Some(vec![default; count]),
        Some(values) => Some(values).filter(|values| values.len() == count),
    };
    let (strides, dilations, pads) = (of("strides", axes, 1)?, of("dilations", axes, 1)?, of("pads", 2 * axes, 0)?);
    let mut shape = kept.to_vec();
    for axis in 0..axes {
        let reach = kernel[axis].checked_sub(1)?.checked_mul(dilations[axis])?.checked_add(1)?;
        let padded = spatial[axis].checked_add(pads[axis])?.checked_add(pads[axis + axes])?;
        shape.push(padded.checked_sub(reach)?.checked_div(strides[axis])?.checked_add(1)?);
    }
    Some(shape)
}

fn gemm(node: &Node, a: &Value, b: &Value) -> Option<(Value, u64)> {
    let sides = |value: &Value, name: &str| match (value.shape(), integer(node, name).unwrap_or(0)) {
        (&[rows, columns], 0) => Some((rows, columns)),
        (&[rows, columns], _) => Some((columns, rows)),
        _ => None,
    };
    let ((rows, inner), (_, columns)) = (sides(a, "transA")?, sides(b, "transB")?);
    let value = Value::of_shape(vec![rows, columns]);
    let multiply_adds = value.count().saturating_mul(inner);
    Some((value, multiply_adds))
}

/// A matrix product of values with at least two dimensions; leading dimensions are broadcast.
fn product(a: &Value, b: &Value) -> Option<(Value, u64)> {
    let (before_a, &[rows, inner]) = a.shape().split_last_chunk::<2>()?;
    let (before_b, &[_, columns]) = b.shape().split_last_chunk::<2>()?;
    let shape = broadcast_shapes(before_a, before_b)?;
    let value = Value::of_shape(shape.into_iter().chain([rows, columns]).collect());
    let multiply_adds = value.count().saturating_mul(inner);
    Some((value, multiply_adds))
}

fn resized(x: &Value, inputs: &[Option<&Value>]) -> Option<Vec<u64>> {
    let constant = |index: usize| inputs.get(index).copied().flatten();
    if let Some(sizes) = constant(3).and_then(Value::integers) {
        return sizes.iter().map(|&size| u64::try_from(size).ok()).collect();
    }
    let scales = constant(2)?.floats().filter(|scales| scales.len() == x.shape().len())?;
    Some(x.shape().iter().zip(scales).map(|(&size, &scale)| (size as f64 * f64::from(scale)) as u64).collect())
}

fn sliced(x: &Value, inputs: &[Option<&Value>]) -> Option<Vec<u64>> {
    let constant = |index: usize| inputs.get(index).copied().flatten()?.integers();
    let (starts, ends) = (constant(1)?, constant(2)?);
    let all: Vec<i64> = (0..starts.len() as i64).collect();
    let (axes, ones) = (constant(3).unwrap_or(&all), vec![1; starts.len()]);
    let steps = constant(4).unwrap_or(&ones);
    let mut shape = x.shape().to_vec();
    for (((&start, &end), &axis), &step) in starts.iter().zip(ends).zip(axes).zip(steps) {
        let size = shape.get_mut(position(axis, x.shape().len())?)?;
        let length = i64::try_from(*size).ok()?;
        let inside = |index: i64| if index < 0 { index.checked_add(length) } else { Some(index) };
        let (start, end) = (inside(start)?.clamp(0, length), inside(end)?.clamp(0, length));
        let step = u64::try_from(step).ok().filter(|&step| step > 0)?;
        *size = u64::try_from(end - start).unwrap_or(0).div_ceil(step);
    }
    Some(shape)
}

/// Returns the shape with the dimensions before and from an axis as one dimension each.
fn flattened(node: &Node, x: &Value) -> Option<Vec<u64>> {
    let rank = x.shape().len();
    let (before, after) = x.shape().split_at_checked(position(integer(node, "axis").unwrap_or(1), rank)?)?;
    let product = |sizes: &[u64]| sizes.iter().fold(1, |product: u64, &size| product.saturating_mul(size));
    Some(vec![product(before), product(after)])
}

/// Returns the shape with each dimension repeated.
fn tiled(x: &Value, repeats: &Value) -> Option<Vec<u64>> {
    let repeats = repeats.integers().filter(|repeats| repeats.len() == x.shape().len())?;
    let pairs = x.shape().iter().zip(repeats);
    pairs.map(|(&size, &count)| Some(size.saturating_mul(u64::try_from(count).ok()?))).collect()
}

fn reshaped(node: &Node, x: &Value, shape: &Value) -> Option<Vec<u64>> {
    let keeps_zeros = integer(node, "allowzero").unwrap_or(0) != 0;
    let mut sizes = Vec::new();
    let mut inferred = None;
    for (axis, &size) in shape.integers()?.iter().enumerate() {
        sizes.push(match size {
            -1 => {
                inferred = Some(axis);
                1
            }
            0 if !keeps_zeros => *x.shape().get(axis)?,
            size => u64::try_from(size).ok()?,
        });
    }
    if let Some(axis) = inferred {
        let known = sizes.iter().fold(1_u64, |product, &size| product.saturating_mul(size));
        sizes[axis] = x.count().checked_div(known)?;
    }
    Some(sizes)
}

fn transposed(node: &Node, x: &Value) -> Option<Vec<u64>> {
    match integers(node, "perm") {
        None => Some(x.shape().iter().rev().copied().collect()),
        Some(order) => order.iter().map(|&axis| x.shape().get(usize::try_from(axis).ok()?).copied()).collect(),
    }
}

fn gathered(node: &Node, data: &Value, indices: &Value) -> Option<Vec<u64>> {
    let axis = position(integer(node, "axis").unwrap_or(0), data.shape().len())?;
    let (before, after) = (data.shape().get(..axis)?, data.shape().get(axis + 1..)?);
    Some([before, indices.shape(), after].concat())
}

fn concatenated(node: &Node, inputs: &[Option<&Value>]) -> Option<Vec<u64>> {
    let values = inputs.iter().copied().collect::<Option<Vec<_>>>()?;
    let mut shape = values.first()?.shape().to_vec();
    let axis = position(integer(node, "axis")?, shape.len())?;
    let sizes = values.iter().map(|value| value.shape().get(axis).copied());
    *shape.get_mut(axis)? = sizes.into_iter().try_fold(0_u64, |sum, size| Some(sum.saturating_add(size?)))?;
    Some(shape)
}

/// Reduces the axes in an attribute, or all axes without it.
fn reduced(node: &Node, x: &Value) -> Option<Vec<u64>> {
    let axes = node.attribute.iter().find(|attribute| attribute.name == "axes");
    reduced_along(node, x, axes.map(|axes| axes.ints.as_slice()))
}

/// Reduces the axes in the second input, or all axes without it.
fn summed(node: &Node, x: &Value, axes: Option<&Value>) -> Option<Vec<u64>> {
    match axes {
        None => reduced_along(node, x, None),
        Some(axes) => reduced_along(node, x, Some(axes.integers()?)),
    }
}

/// Returns the shape of the largest or smallest values along the last axis; their number is the second input.
fn largest(x: &Value, count: &Value) -> Option<Vec<u64>> {
    let (&count, kept) = (count.integers()?.first()?, x.shape().split_last()?.1);
    Some(kept.iter().copied().chain([u64::try_from(count).ok()?]).collect())
}

fn reduced_along(node: &Node, x: &Value, axes: Option<&[i64]>) -> Option<Vec<u64>> {
    let rank = x.shape().len();
    let axes = match axes {
        None => (0..rank).collect(),
        Some(axes) => axes.iter().map(|&axis| position(axis, rank)).collect::<Option<Vec<_>>>()?,
    };
    let keeps_axes = integer(node, "keepdims").unwrap_or(1) != 0;
    let sizes = x.shape().iter().enumerate().map(|(axis, &size)| match (axes.contains(&axis), keeps_axes) {
        (false, _) => Some(size),
        (true, true) => Some(1),
        (true, false) => None,
    });
    Some(sizes.flatten().collect())
}

fn broadcast(inputs: &[Option<&Value>]) -> Option<Vec<u64>> {
    inputs.iter().try_fold(Vec::new(), |shape, value| broadcast_shapes(&shape, (*value)?.shape()))
}

fn broadcast_shapes(a: &[u64], b: &[u64]) -> Option<Vec<u64>> {
    let rank = a.len().max(b.len());
    let size = |shape: &[u64], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(1, |axis| shape[axis]);
    let sizes = (0..rank).map(|axis| match (size(a, axis), size(b, axis)) {
        (a, b) if a == b || b == 1 => Some(a),
        (1, b) => Some(b),
        _ => None,
    });
    sizes.collect()
}

/// Returns the index of an axis, which counts from the end if it is negative.
fn position(axis: i64, rank: usize) -> Option<usize> {
    let rank = i64::try_from(rank).ok()?;
    let axis = if axis < 0 { axis.checked_add(rank)? } else { axis };
    usize::try_from(axis).ok().filter(|_| axis < rank)
}

fn integer(node: &Node, name: &str) -> Option<i64> {
    node.attribute.iter().find(|attribute| attribute.name == name).map(|attribute| attribute.i)
}

/// Returns an attribute of sizes.
fn integers(node: &Node, name: &str) -> Option<Vec<u64>> {
    let attribute = node.attribute.iter().find(|attribute| attribute.name == name)?;
    attribute.ints.iter().map(|&size| u64::try_from(size).ok()).collect()
}
