//! Two models as one: what the first makes, the second goes on with.

use std::collections::BTreeSet;

use narrows_bundle::onnx::{Entry, Graph, Model};

/// A model that takes what `first` takes and gives what `second` gives, whose only input is `first`'s output `via`.
/// Nodes and constants of `first` stand in front, in their order and byte for byte as they were; behind them stand
/// those of `second`, which read `via`. Outputs of `first` are values like others.
///
/// # Errors
/// A sentence, where one of them has no graph, `via` is no output of `first`, `second` takes more than one input, or
/// both have a value of the same name.
pub fn join(first: &Model, second: &Model, via: &str, name: &str, metadata: Vec<Entry>) -> Result<Model, String> {
    let graph_of = |model: &Model| model.graph.clone().ok_or("a model has no graph".to_owned());
    let (front, mut back) = (graph_of(first)?, graph_of(second)?);
    if front.output.iter().all(|output| output.name != via) {
        return Err(format!("the first model has no output `{via}`"));
    }
    let [input] = back.input.as_slice() else {
        return Err(format!("the second model takes {} inputs, one can be joined", back.input.len()));
    };
    let input = input.name.clone();
    for read in back.node.iter_mut().flat_map(|node| &mut node.input) {
        if *read == input {
            via.clone_into(read);
        }
    }
    let known: BTreeSet<&str> = names(&front).collect();
    if let Some(name) = names(&back).find(|name| *name != input && known.contains(name)) {
        return Err(format!("both models have a value `{name}`"));
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

/// All values of a graph.
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
    fn the_second_reads_what_the_first_gives_and_the_first_stays_as_it_was() {
        let (first, second) = (model("x", "mu", "a"), model("z", "logits", "b"));
        let joined = join(&first, &second, "mu", "both", Vec::new()).expect("they fit").graph.expect("a graph");
        let before = first.graph.expect("a graph");
        assert_eq!((&joined.node[..1], &joined.initializer[..1]), (&before.node[..], &before.initializer[..]));
        assert_eq!(joined.node[1].input, ["mu", "b"]);
        assert_eq!((joined.input[0].name.as_str(), joined.output[0].name.as_str()), ("x", "logits"));
    }

    #[test]
    fn models_that_do_not_fit_are_refused_by_name() {
        let first = model("x", "mu", "a");
        let told = |second: &Model, via: &str| join(&first, second, via, "both", Vec::new()).expect_err("no fit");
        assert!(told(&model("z", "logits", "b"), "z").contains("no output `z`"));
        assert!(told(&model("z", "logits", "a"), "mu").contains("both models have a value `a`"));
        assert!(told(&model("z", "mu", "b"), "mu").contains("both models have a value `mu`"));
        assert!(told(&Model::default(), "mu").contains("no graph"));
    }
}
