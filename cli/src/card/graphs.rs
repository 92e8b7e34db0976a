//! The list of the graphs in a model card.

use narrows_bundle::{ElementType, GraphPorts, Port};

/// Formats the inputs and outputs of both graphs.
pub(crate) fn graph_lines(graphs: [&GraphPorts; 2]) -> Vec<String> {
    graphs.map(graph_line).into()
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
    }
}
