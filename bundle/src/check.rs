//! Checks of a graph before an engine loads it.
//!
//! ONNX Runtime silently loads NaN weights and wrongly declared ports, and its checker accepts unknown opsets and
//! custom operators. Therefore this crate checks every graph itself, against the ports in the manifest.

use std::path::Path;

use prost::Message;

use crate::{
    BundleError, GraphPorts, Port, Setting,
    cost::check_sizes,
    onnx::{BATCH, DimensionValue, Graph, IR_VERSION, Model, Node, OPSET, Tensor, ValueInfo, element},
};

/// Decodes a graph and checks it against `ports`; `path` is used in errors.
///
/// The returned model contains exactly the fields that were checked; encode it again for the engine.
///
/// # Errors
/// [`BundleError::Invalid`] if
/// - the bytes are not an ONNX model,
/// - the model has another IR version, opset or operator domain,
/// - it uses random operators, functions, subgraphs or external data,
/// - a constant has the wrong length or is not finite,
/// - it has too many nodes, or a node whose result has an unknown size or more than 2^28 values for one row, or
/// - its inputs and outputs differ from the ports in the manifest.
pub fn checked_model(path: &Path, bytes: &[u8], ports: &GraphPorts) -> Result<Model, BundleError> {
    let model = Model::decode(bytes)
        .map_err(|error| BundleError::invalid(path, format!("it is not an ONNX model ({error})")))?;
    check_model(&model, ports).map_err(|what| BundleError::invalid(path, what))?;
    Ok(model)
}

fn check_model(model: &Model, ports: &GraphPorts) -> Result<(), String> {
    if model.ir_version != IR_VERSION {
        return Err(format!("it has IR version {}, expected {IR_VERSION}", model.ir_version));
    }
    match model.opset_import.as_slice() {
        [set] if is_standard(&set.domain) && set.version == OPSET => {}
        sets => {
            let found: Vec<_> = sets.iter().map(|set| format!("`{}` {}", set.domain, set.version)).collect();
            return Err(format!(
                "it imports the operator sets {found:?}, expected only the standard set, version {OPSET}"
            ));
        }
    }
    if !model.functions.is_empty() {
        return Err("it defines functions, which are not allowed".to_owned());
    }
    let graph = model.graph.as_ref().ok_or("it contains no graph")?;
    if !graph.sparse_initializer.is_empty() {
        return Err("it contains sparse constants, which are not allowed".to_owned());
    }
    graph.node.iter().try_for_each(check_node)?;
    graph.initializer.iter().try_for_each(check_constant)?;
    check_ports(graph, ports)?;
    check_sizes(model)
}

fn check_node(node: &Node) -> Result<(), String> {
    if !is_standard(&node.domain) {
        return Err(format!(
            "node `{}` uses an operator of domain `{}`, expected the standard domain",
            node.name, node.domain
        ));
    }
    let operator = node.op_type.as_str();
    if operator.starts_with("Random") || matches!(operator, "Bernoulli" | "Multinomial" | "If" | "Loop" | "Scan") {
        return Err(format!("node `{}` has the operator {operator}, which is not allowed in a bundle", node.name));
    }
    // Some optimisations of ONNX Runtime use an axis as an index before they check it, and crash.
    for attribute in &node.attribute {
        let mut values = [attribute.i].into_iter().chain(attribute.ints.iter().copied());
        if let Some(value) = values.find(|&value| i32::try_from(value).is_err()) {
            let Node { name, .. } = node;
            return Err(format!(
                "node `{name}` has the attribute `{}` with the impossible value {value}",
                attribute.name
            ));
        }
    }
    Ok(())
}

fn is_standard(domain: &str) -> bool {
    domain.is_empty() || domain == "ai.onnx"
}

fn check_constant(tensor: &Tensor) -> Result<(), String> {
    let name = &tensor.name;
    if tensor.data_location != 0 || !tensor.external_data.is_empty() {
        return Err(format!("constant `{name}` is stored in another file, which is not allowed"));
    }
    let width: usize = match tensor.data_type {
        element::FLOAT => 4,
        element::INT64 => 8,
        other => return Err(format!("constant `{name}` has element type {other}, expected f32 or i64")),
    };
    let expected = tensor
        .dims
        .iter()
        .try_fold(width, |total, &size| usize::try_from(size).ok().and_then(|size| total.checked_mul(size)))
        .ok_or_else(|| format!("constant `{name}` has the impossible shape {:?}", tensor.dims))?;
    if tensor.raw_data.len() != expected {
        return Err(format!(
            "constant `{name}` of shape {:?} needs {expected} bytes, got {}",
            tensor.dims,
            tensor.raw_data.len()
        ));
    }
    if tensor.data_type == element::FLOAT {
        let (floats, _) = tensor.raw_data.as_chunks::<4>();
        if let Some(index) = floats.iter().position(|bytes| !f32::from_le_bytes(*bytes).is_finite()) {
            return Err(format!("constant `{name}` is not finite at element {index}"));
        }
    }
    Ok(())
}

fn check_ports(graph: &Graph, ports: &GraphPorts) -> Result<(), String> {
    let (inputs, settings) = graph.input.split_at(graph.input.len().saturating_sub(ports.settings.len()));
    check_side("input", inputs, &ports.inputs)?;
    check_side("output", &graph.output, &ports.outputs)?;
    if settings.len() != ports.settings.len() {
        return Err(format!("the manifest lists {} settings, but the graph has fewer inputs", ports.settings.len()));
    }
    settings.iter().zip(&ports.settings).try_for_each(|(value, setting)| check_setting(graph, value, setting))
}

/// Checks that an input is a scalar with a default value, which is a constant of the same name.
fn check_setting(graph: &Graph, value: &ValueInfo, setting: &Setting) -> Result<(), String> {
    let Setting { name, default } = setting;
    let found = describe_value(value);
    if value.name != *name || found != describe(element::FLOAT, Vec::new()) {
        return Err(format!(
            "the manifest lists the setting `{name}`, a scalar of f32, but the graph has `{}`, {found}",
            value.name
        ));
    }
    let constant = graph.initializer.iter().find(|constant| constant.name == *name);
    match constant {
        Some(Tensor { dims, data_type: element::FLOAT, raw_data, .. })
            if dims.is_empty() && *raw_data == default.to_le_bytes() =>
        {
            Ok(())
        }
        Some(_) | None => Err(format!("the default of its input `{name}` is not {default}, the one in the manifest")),
    }
}

fn check_side(side: &str, found: &[ValueInfo], expected: &[Port]) -> Result<(), String> {
    let names = |list: Vec<&str>| list.join("`, `");
    if found.len() != expected.len() || found.iter().zip(expected).any(|(found, port)| found.name != port.name) {
        return Err(format!(
            "the manifest lists the {side}s `{}`, but the graph has `{}` (are two graphs swapped?)",
            names(expected.iter().map(|port| port.name.as_str()).collect()),
            names(found.iter().map(|value| value.name.as_str()).collect()),
        ));
    }
    found.iter().zip(expected).try_for_each(|(value, port)| {
        let (found, expected) = (describe_value(value), describe_port(port));
        if found == expected {
            Ok(())
        } else {
            Err(format!("the manifest lists {side} `{}` as {expected}, but the graph has {found}", port.name))
        }
    })
}

fn describe_port(port: &Port) -> String {
    let dtype = port.dtype.code();
    let dims = std::iter::once(BATCH.to_owned()).chain(port.shape.iter().map(usize::to_string)).collect();
    describe(dtype, dims)
}

fn describe_value(value: &ValueInfo) -> String {
    let Some(tensor) = value.r#type.as_ref().and_then(|r#type| r#type.tensor_type.as_ref()) else {
        return "no tensor".to_owned();
    };
    let dims = tensor.shape.iter().flat_map(|shape| &shape.dim).map(|dim| match &dim.value {
        Some(DimensionValue::Size(size)) => size.to_string(),
        Some(DimensionValue::Symbol(symbol)) => symbol.clone(),
        None => "?".to_owned(),
    });
    describe(tensor.elem_type, dims.collect())
}

fn describe(dtype: i32, dims: Vec<String>) -> String {
    let dtype = match dtype {
        element::FLOAT => "f32".to_owned(),
        element::INT64 => "i64".to_owned(),
        element::BOOL => "bool".to_owned(),
        other => format!("element type {other}"),
    };
    format!("{dtype} [{}]", dims.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Kind, Ports,
        onnx::{Attribute, Dimension, OperatorSet, Shape, TensorType, Type},
    };

    fn value(port: &Port) -> ValueInfo {
        let batch = Dimension { value: Some(DimensionValue::Symbol(BATCH.to_owned())) };
        let sizes = port.shape.iter().map(|&size| Dimension { value: Some(DimensionValue::Size(size as i64)) });
        let shape = Shape { dim: std::iter::once(batch).chain(sizes).collect() };
        let tensor_type = TensorType { elem_type: element::FLOAT, shape: Some(shape) };
        ValueInfo { name: port.name.clone(), r#type: Some(Type { tensor_type: Some(tensor_type) }) }
    }

    fn model(ports: &GraphPorts) -> Model {
        let input = ports.inputs.iter().map(|port| port.name.clone()).collect();
        let graph = Graph {
            node: vec![Node { op_type: "Flatten".to_owned(), input, ..Node::default() }],
            initializer: vec![Tensor::floats("weight", &[2], &[1.0, 2.0])],
            input: ports.inputs.iter().map(value).collect(),
            output: ports.outputs.iter().map(value).collect(),
            ..Graph::default()
        };
        let set = OperatorSet { domain: String::new(), version: OPSET };
        Model { ir_version: IR_VERSION, opset_import: vec![set], graph: Some(graph), ..Model::default() }
    }

    #[test]
    fn a_graph_with_the_listed_ports_passes_and_the_error_names_every_defect() {
        let ports = Ports::of(Kind::Ae, &[2, 2], 3);
        let good = model(&ports.encoder);
        assert_eq!(check_model(&good, &ports.encoder), Ok(()));

        type Corrupt = fn(&mut Model);
        let defects: [(&str, Corrupt); 9] = [
            ("IR version 9", |model| model.ir_version = 9),
            ("operator sets", |model| model.opset_import.clear()),
            ("functions", |model| model.functions.push(vec![])),
            ("no graph", |model| model.graph = None),
            ("RandomNormal", |model| with_graph(model, |graph| graph.node[0].op_type = "RandomNormal".to_owned())),
            ("domain `com.example`", |model| {
                with_graph(model, |graph| graph.node[0].domain = "com.example".to_owned())
            }),
            ("attribute `axis` with the impossible value -9223372036854775808", |model| {
                let axis = Attribute { name: "axis".to_owned(), i: i64::MIN, ..Attribute::default() };
                with_graph(model, |graph| graph.node[0].attribute.push(axis));
            }),
            ("not finite at element 1", |model| {
                with_graph(model, |graph| graph.initializer[0] = Tensor::floats("weight", &[2], &[0.0, f32::NAN]));
            }),
            ("needs 12 bytes", |model| with_graph(model, |graph| graph.initializer[0].dims = vec![3])),
        ];
        for (expected, corrupt) in defects {
            let mut bad = good.clone();
            corrupt(&mut bad);
            let error = check_model(&bad, &ports.encoder).expect_err(expected);
            assert!(error.contains(expected), "`{error}` should mention `{expected}`");
        }
    }

    fn with_graph(model: &mut Model, corrupt: impl FnOnce(&mut Graph)) {
        corrupt(model.graph.as_mut().expect("built with a graph"));
    }

    #[test]
    fn swapped_graphs_and_wrong_shapes_are_refused() {
        let ports = Ports::of(Kind::Ae, &[2, 2], 3);
        let swapped = check_model(&model(&ports.decoder), &ports.encoder).expect_err("swapped");
        assert!(swapped.contains("swapped"), "{swapped}");
        let wider = check_model(&model(&Ports::of(Kind::Ae, &[2, 3], 3).encoder), &ports.encoder).expect_err("wider");
        assert!(wider.contains("f32 [batch, 2, 2]") && wider.contains("f32 [batch, 2, 3]"), "{wider}");
    }
}
