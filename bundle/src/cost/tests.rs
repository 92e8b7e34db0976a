use super::{sizes::MAX_NODES, *};
use crate::onnx::{Attribute, Dimension, Node, Shape, Tensor, TensorType, Type, attribute, element};

fn value(name: &str, sizes: &[i64]) -> ValueInfo {
    let batch = Dimension { value: Some(DimensionValue::Symbol("batch".to_owned())) };
    let sizes = sizes.iter().map(|&size| Dimension { value: Some(DimensionValue::Size(size)) });
    let shape = Shape { dim: std::iter::once(batch).chain(sizes).collect() };
    let tensor_type = TensorType { elem_type: element::FLOAT, shape: Some(shape) };
    ValueInfo { name: name.to_owned(), r#type: Some(Type { tensor_type: Some(tensor_type) }) }
}

fn node(operator: &str, inputs: &[&str], output: &str, attributes: &[(&str, &[i64])]) -> Node {
    let attribute = |&(name, ints): &(&str, &[i64])| Attribute {
        name: name.to_owned(),
        r#type: attribute::INTS,
        i: ints[0],
        ints: ints.to_vec(),
        ..Attribute::default()
    };
    Node {
        input: inputs.iter().map(ToString::to_string).collect(),
        output: vec![output.to_owned()],
        op_type: operator.to_owned(),
        attribute: attributes.iter().map(attribute).collect(),
        ..Node::default()
    }
}

fn cost(input: &[i64], constants: Vec<Tensor>, nodes: Vec<Node>) -> Option<Cost> {
    let graph = Graph {
        input: vec![value("x", input)],
        output: nodes.last().map(|node| value(&node.output[0], &[])).into_iter().collect(),
        node: nodes,
        initializer: constants,
        ..Graph::default()
    };
    Cost::of(&Model { graph: Some(graph), ..Model::default() })
}

fn zeros(name: &str, dims: &[usize]) -> Tensor {
    Tensor::floats(name, dims, &vec![0.0; dims.iter().product()])
}

#[test]
fn a_dense_graph_costs_its_weights_and_holds_its_hidden_layer_before_and_after_the_activation() {
    let found = cost(
        &[6],
        vec![zeros("w", &[6, 5]), zeros("v", &[5, 2])],
        vec![
            node("Gemm", &["x", "w"], "a", &[]),
            node("Relu", &["a"], "b", &[]),
            node("MatMul", &["b", "v"], "y", &[]),
        ],
    );
    assert_eq!(found, Some(Cost { multiply_adds: 6 * 5 + 5 * 2, intermediate_values: 10 }));
}

#[test]
fn a_convolution_costs_its_kernel_at_every_position() {
    let found = cost(
        &[9, 7, 4],
        vec![zeros("w", &[6, 2, 3, 3])],
        vec![
            node("Transpose", &["x"], "map", &[("perm", &[0, 3, 1, 2])]),
            node("Conv", &["map", "w"], "y", &[("strides", &[2, 2]), ("pads", &[1, 1, 1, 1]), ("group", &[2])]),
        ],
    );
    assert_eq!(found, Some(Cost { multiply_adds: 6 * 5 * 4 * (2 * 3 * 3), intermediate_values: 9 * 7 * 4 }));
}

#[test]
fn an_upsampled_and_cropped_map_is_the_largest_value_of_a_decoder() {
    let found = cost(
        &[12],
        vec![
            Tensor::integers("shape", &[4], &[-1, 3, 2, 2]),
            Tensor::floats("scales", &[4], &[1.0, 1.0, 2.0, 2.0]),
            Tensor::integers("starts", &[2], &[0, 0]),
            Tensor::integers("ends", &[2], &[3, 4]),
            Tensor::integers("axes", &[2], &[2, 3]),
            Tensor::integers("flat", &[2], &[0, -1]),
            zeros("w", &[1, 3, 1, 1]),
        ],
        vec![
            node("Reshape", &["x", "shape"], "map", &[]),
            node("Resize", &["map", "", "scales"], "large", &[]),
            node("Slice", &["large", "starts", "ends", "axes"], "cropped", &[]),
            node("Conv", &["cropped", "w"], "z", &[]),
            node("Reshape", &["z", "flat"], "y", &[]),
        ],
    );
    assert_eq!(found, Some(Cost { multiply_adds: 3 * 4 * 3, intermediate_values: 3 * 4 * 4 + 3 * 3 * 4 }));
}

#[test]
fn pooling_and_normalisation_keep_the_channels() {
    let pool = [("kernel_shape", [2, 2].as_slice()), ("strides", [2, 2].as_slice())];
    let found = cost(
        &[3, 8, 8],
        vec![zeros("scale", &[3]), zeros("w", &[5, 3, 4, 4])],
        vec![
            node("InstanceNormalization", &["x", "scale", "scale"], "a", &[]),
            node("AveragePool", &["a"], "b", &pool),
            node("Conv", &["b", "w"], "c", &[]),
            node("ReduceMean", &["c"], "y", &[("axes", &[2, 3])]),
        ],
    );
    assert_eq!(found, Some(Cost { multiply_adds: 5 * 3 * 4 * 4, intermediate_values: 3 * 8 * 8 + 3 * 4 * 4 }));
}

#[test]
fn unknown_operators_and_impossible_sizes_have_no_cost() {
    let product = || node("MatMul", &["x", "w"], "y", &[]);
    assert_eq!(cost(&[4], vec![], vec![node("FancyOperator", &["x"], "y", &[])]), None);
    assert_eq!(cost(&[4], vec![], vec![product()]), None, "there is no value `w`");
    let huge = Tensor { dims: vec![1 << 40, 1 << 40], ..zeros("w", &[1]) };
    assert_eq!(cost(&[4], vec![huge], vec![product()]), None);
    let conv = |attributes: &[(&str, &[i64])]| {
        cost(&[1, 4, 4], vec![zeros("w", &[1, 1, 3, 3])], vec![node("Conv", &["x", "w"], "y", attributes)])
    };
    assert!(conv(&[]).is_some());
    assert_eq!(conv(&[("strides", &[0, 0])]), None);
    assert_eq!(conv(&[("strides", &[1])]), None);
    assert_eq!(conv(&[("auto_pad", &[0])]), None);
    assert_eq!(conv(&[("dilations", &[i64::MAX, 1])]), None);
}

#[test]
fn a_graph_whose_values_grow_without_bound_is_refused_with_the_node() {
    let doubled = |name: &str, times: usize| {
        let mut input = "x".to_owned();
        let nodes = (0..times).map(|index| {
            let output = format!("{name}{index}");
            let node = node("Concat", &[&input, &input], &output, &[("axis", &[1])]);
            input = output;
            Node { name: format!("double{index}"), ..node }
        });
        nodes.collect::<Vec<_>>()
    };
    let model = |nodes: Vec<Node>, constants| {
        let graph = Graph { input: vec![value("x", &[2])], node: nodes, initializer: constants, ..Graph::default() };
        Model { graph: Some(graph), ..Model::default() }
    };
    assert_eq!(check_sizes(&model(doubled("a", 27), vec![])), Ok(()));
    for times in [28, 40, 300] {
        let error = check_sizes(&model(doubled("a", times), vec![])).expect_err("2^29 values");
        assert!(error.starts_with("node `double27` (Concat) has a result of shape [1, 536870912]"), "{error}");
    }
    let huge = Tensor::integers("n", &[2], &[1, i64::MAX]);
    let tile = node("Tile", &["x", "n"], "y", &[]);
    assert!(check_sizes(&model(vec![tile], vec![huge])).is_err_and(|error| error.contains("(Tile)")));
    let relu = node("Relu", &["x"], "y", &[]);
    let error = check_sizes(&model(vec![relu; MAX_NODES + 1], vec![])).expect_err("too many");
    assert!(error.contains("131073 nodes"), "{error}");
}

#[test]
fn an_axis_that_a_value_does_not_have_is_refused() {
    let model = |axis: i64| {
        let softmax = node("Softmax", &["x"], "y", &[("axis", &[axis])]);
        let graph = Graph { input: vec![value("x", &[2])], node: vec![softmax], ..Graph::default() };
        Model { graph: Some(graph), ..Model::default() }
    };
    assert!([-2, -1, 0, 1].iter().all(|&axis| check_sizes(&model(axis)) == Ok(())));
    for axis in [-9, 7] {
        let error = check_sizes(&model(axis)).expect_err("two axes");
        assert!(error.contains(&format!("(Softmax) has the axis {axis}, and its input has 2 axes")), "{error}");
    }
}

#[test]
fn a_shape_that_is_computed_or_has_another_number_of_axes_is_refused() {
    let resize = |scales: &str, constants: Vec<Tensor>| {
        let nodes = vec![node("Relu", &["x"], "a", &[]), node("Resize", &["x", "", scales], "y", &[])];
        let graph =
            Graph { input: vec![value("x", &[3, 4, 4])], node: nodes, initializer: constants, ..Graph::default() };
        check_sizes(&Model { graph: Some(graph), ..Model::default() })
    };
    let scales = |count: usize| Tensor::floats("s", &[count], &vec![1.0; count]);
    assert_eq!(resize("s", vec![scales(4)]), Ok(()));
    let error = resize("a", vec![]).expect_err("a computed shape");
    assert!(error.ends_with("(Resize) has a shape that depends on `a`, which is not a constant"), "{error}");
    for count in [3, 48, 100] {
        let error = resize("s", vec![scales(count)]).expect_err("four axes");
        assert!(error.ends_with(&format!("(Resize) has {count} sizes for 4 axes")), "{error}");
    }
}

#[test]
fn a_node_whose_result_has_an_unknown_size_is_refused() {
    for (operator, inputs) in
        [("NonZero", &["x"][..]), ("Relu", &["missing"]), ("Range", &["x", "x", "x"]), ("Add", &[])]
    {
        let unknown = Node { name: "odd".to_owned(), ..node(operator, inputs, "y", &[]) };
        let graph = Graph { input: vec![value("x", &[2])], node: vec![unknown], ..Graph::default() };
        let error = check_sizes(&Model { graph: Some(graph), ..Model::default() }).expect_err("unknown");
        assert!(error.starts_with(&format!("the size of the result of node `odd` ({operator}) is unknown")), "{error}");
    }
}

#[test]
fn a_graph_with_the_largest_number_of_nodes_and_as_many_constants_is_checked() {
    let names = (0..MAX_NODES).map(|index| format!("shape{index}"));
    let constants = names.clone().map(|name| Tensor::integers(&name, &[2], &[-1, 2])).collect();
    let nodes = names.map(|name| node("Reshape", &["x", &name], "y", &[])).collect();
    let graph = Graph { input: vec![value("x", &[2])], node: nodes, initializer: constants, ..Graph::default() };
    assert_eq!(check_sizes(&Model { graph: Some(graph), ..Model::default() }), Ok(()));
}
