//! The list of the graphs in a model card.

use narrows_bundle::{ElementType, GraphPorts, Port};

/// Formats the inputs and outputs of all graphs.
pub(crate) fn graph_lines<'a>(graphs: impl IntoIterator<Item = &'a GraphPorts>) -> Vec<String> {
    graphs.into_iter().map(graph_line).collect()
}

fn graph_line(graph: &GraphPorts) -> String {
    let names = |ports: &[Port]| {
        let names = ports.iter().map(|port| format!("`{}` {} {:?}", port.name, type_name(port.dtype), port.shape));
        names.collect::<Vec<_>>().join(", ")
    };
    format!("`{}`: {} -> {}", graph.file, names(&graph.inputs), names(&graph.outputs))
}

fn type_name(dtype: ElementType) -> &'static str {
    match dtype {
        ElementType::F32 => "float32",
        ElementType::I64 => "int64",
        ElementType::Bool => "bool",
    }
}
