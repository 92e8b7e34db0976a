//! Joins two ONNX models: the second model receives an output of the first.

use std::collections::BTreeSet;

use narrows_bundle::onnx::{Entry, Graph, Model};

/// Returns a model with the inputs of `first` and the outputs of `second`. The only input of `second` is replaced
/// by the output `via` of `first`. The result contains the nodes and constants of `first`, unchanged and in their
/// order, then those of `second`. The outputs of `first` become intermediate values.
///
/// # Errors
/// If a model has no graph, `first` has no output `via`, `second` does not have exactly one input, or both models
/// have a value of the same name.
pub(crate) fn join(
    first: &Model,
    second: &Model,
    via: &str,
    name: &str,
    metadata: Vec<Entry>,
) -> Result<Model, String> {
    let graph_of = |model: &Model| model.graph.clone().ok_or("a model has no graph".to_owned());
    let (front, mut back) = (graph_of(first)?, graph_of(second)?);
    if front.output.iter().all(|output| output.name != via) {
        return Err(format!("the first model has no output `{via}`"));
    }
    let [input] = back.input.as_slice() else {
        return Err(format!(
            "the second model has {} inputs; models with exactly 1 input can be joined",
            back.input.len()
        ));
    };
    let input = input.name.clone();
    for name in back.node.iter_mut().flat_map(|node| &mut node.input) {
        if *name == input {
            via.clone_into(name);
        }
    }
    let front_names: BTreeSet<&str> = names(&front).collect();
    if let Some(name) = names(&back).find(|name| *name != input && front_names.contains(name)) {
        return Err(format!("both models have a value named `{name}`"));
    }
    let graph = Graph {
        name: name.to_owned(),
        node: front.node.into_iter().chain(back.node).collect(),
        initializer: front.initializer.into_iter().chain(back.initializer).collect(),
        input: front.input,
        output: back.output,
        ..Graph::default()
    };
    Ok(Model { graph: Some(graph), metadata_props: metadata, ..second.clone() })
}

/// Returns the names of all values of a graph.
fn names(graph: &Graph) -> impl Iterator<Item = &str> {
    let values = graph.input.iter().map(|input| input.name.as_str());
    let constants = graph.initializer.iter().map(|constant| constant.name.as_str());
    values.chain(constants).chain(graph.node.iter().flat_map(|node| node.output.iter().map(String::as_str)))
}

#[cfg(test)]
mod tests {
    use narrows_bundle::onnx::{Node, Tensor, ValueInfo};

    use super::*;

    fn model(input: &str, output: &str, constant: &str) -> Model {
        let value = |name: &str| ValueInfo { name: name.to_owned(), ..ValueInfo::default() };
        let node = Node {
            input: vec![input.to_owned(), constant.to_owned()],
            output: vec![output.to_owned()],
            op_type: "Mul".to_owned(),
            ..Node::default()
        };
        let graph = Graph {
            node: vec![node],
            initializer: vec![Tensor::floats(constant, &[1], &[2.0])],
            input: vec![value(input)],
            output: vec![value(output)],
            ..Graph::default()
        };
        Model { graph: Some(graph), ..Model::default() }
    }

    #[test]
    fn the_second_model_reads_the_output_of_the_unchanged_first_model() {
        let (first, second) = (model("x", "mu", "a"), model("z", "logits", "b"));
        let joined =
            join(&first, &second, "mu", "both", Vec::new()).expect("compatible models").graph.expect("a graph");
        let before = first.graph.expect("a graph");
        assert_eq!((&joined.node[..1], &joined.initializer[..1]), (&before.node[..], &before.initializer[..]));
        assert_eq!(joined.node[1].input, ["mu", "b"]);
        assert_eq!((joined.input[0].name.as_str(), joined.output[0].name.as_str()), ("x", "logits"));
    }

    #[test]
    fn incompatible_models_are_rejected() {
        let first = model("x", "mu", "a");
        let message =
            |second: &Model, via: &str| join(&first, second, via, "both", Vec::new()).expect_err("incompatible models");
        assert!(message(&model("z", "logits", "b"), "z").contains("no output `z`"));
        assert!(message(&model("z", "logits", "a"), "mu").contains("both models have a value named `a`"));
        assert!(message(&model("z", "mu", "b"), "mu").contains("both models have a value named `mu`"));
        assert!(message(&Model::default(), "mu").contains("no graph"));
    }
}
