//! Compares every primitive, in a small network, between three engines.

use std::collections::BTreeSet;

use narrows_bundle::Scaling;
use narrows_trainer::{
    GraphError,
    internals::{
        Add, AddChannels, Affine, BatchNorm, Clamp, Columns, Concat, Conv2d, Convolution, CountMean, Dense, FromMap,
        Graph, LabelRow, LayerNorm, LogRate, Order, Pool, Pooling, Primitive, Reshape, ScaleChannels, Softmax, ToMap,
        Value, Windows,
    },
    ndarray::ArrayD,
    options::Activation,
};

use crate::small_network::{CLASSES, SmallNetwork};

/// Eight units in the last place: engines sum in different orders, and each has its own `exp`.
const TOLERANCE: f32 = 1e-6;

/// The order of images.
const LAST: Order = Order::ChannelsLast;

type Build = fn(&mut Graph, Value) -> Result<Value, GraphError>;

/// Name, number of features, and how the code is computed from `x`.
const CASES: [(&str, usize, Build); 20] = [
    ("dense", 5, |graph, x| graph.node("a", Dense::new(5, 3), &[x])),
    ("dense with one input and one output", 1, |graph, x| graph.node("a", Dense::new(1, 1), &[x])),
    ("activation", 3, |graph, x| graph.node("a", Activation::Tanh, &[x])),
    ("add", 4, |graph, x| {
        let other = graph.node("a", Dense::new(4, 4), &[x])?;
        graph.node("b", Add, &[x, other])
    }),
    ("affine with one scale for all features", 3, |graph, x| {
        let scaled = graph.node("a", Affine::to_network(&scaling(&[0.3], &[7.0])), &[x])?;
        graph.node("b", Affine::to_data(&scaling(&[-2.0], &[0.1])), &[scaled])
    }),
    ("affine with one scale per feature", 3, |graph, x| {
        let scaled = graph.node("a", Affine::to_network(&scaling(&[0.3, -1.0, 2.0], &[7.0, 0.3, 1.0])), &[x])?;
        graph.node("b", Affine::to_data(&scaling(&[-2.0, 0.0, 1.5], &[0.1, 3.0, 1.0])), &[scaled])
    }),
    ("clamp", 6, |graph, x| graph.node("a", Clamp { low: -0.5, high: 1.25 }, &[x])),
    ("reshape", 6, |graph, x| {
        let table = graph.node("a", Reshape { shape: vec![2, 3] }, &[x])?;
        let doubled = graph.node("b", Add, &[table, table])?;
        graph.node("c", Reshape { shape: vec![6] }, &[doubled])
    }),
    ("convolution of an odd colour image with a stride", 7 * 6 * 3, |graph, x| {
        let map = graph.node("a", ToMap { channels: 3, height: 7, width: 6, order: LAST }, &[x])?;
        let map = graph.node("b", Conv2d::new(convolution([7, 6], 3, 2, [2, 2], [1, 1], [7, 6])), &[map])?;
        graph.node("c", FromMap { channels: 2, height: 4, width: 3, order: LAST }, &[map])
    }),
    ("convolution after cropped upsampling", 3 * 4, |graph, x| {
        let map = graph.node("a", ToMap { channels: 1, height: 3, width: 4, order: LAST }, &[x])?;
        let map = graph.node("b", Conv2d::new(convolution([3, 4], 1, 2, [1, 1], [2, 2], [5, 7])), &[map])?;
        graph.node("c", FromMap { channels: 2, height: 5, width: 7, order: LAST }, &[map])
    }),
    ("a series as a map and back", 2 * 5, |graph, x| {
        let order = Order::ChannelsFirst;
        let map = graph.node("a", ToMap { channels: 2, height: 1, width: 5, order }, &[x])?;
        let map = graph.node("b", Activation::Tanh, &[map])?;
        graph.node("c", FromMap { channels: 2, height: 1, width: 5, order }, &[map])
    }),
    ("maximum of windows of an odd map", 7 * 5 * 2, |graph, x| pooled(graph, x, Pooling::Max)),
    ("mean of windows of an odd map", 7 * 5 * 2, |graph, x| pooled(graph, x, Pooling::Average)),
    ("batch normalisation and scale of channels", 12, |graph, x| {
        let map = graph.node("a", ToMap { channels: 3, height: 2, width: 2, order: LAST }, &[x])?;
        let map = graph.node("b", BatchNorm { shape: vec![3, 2, 2] }, &[map])?;
        let map = graph.node("c", ScaleChannels { shape: vec![3, 2, 2] }, &[map])?;
        graph.node("d", FromMap { channels: 3, height: 2, width: 2, order: LAST }, &[map])
    }),
    ("layer normalisation of a map", 12, |graph, x| {
        let map = graph.node("a", ToMap { channels: 3, height: 2, width: 2, order: LAST }, &[x])?;
        let map = graph.node("b", LayerNorm { shape: vec![3, 2, 2] }, &[map])?;
        graph.node("c", FromMap { channels: 3, height: 2, width: 2, order: LAST }, &[map])
    }),
    ("normalisation of a vector", 6, |graph, x| {
        let x = graph.node("a", LayerNorm { shape: vec![6] }, &[x])?;
        let x = graph.node("b", BatchNorm { shape: vec![6] }, &[x])?;
        graph.node("c", ScaleChannels { shape: vec![6] }, &[x])
    }),
    ("values added to channels", 8, |graph, x| {
        let map = graph.node("a", ToMap { channels: 2, height: 2, width: 2, order: LAST }, &[x])?;
        let values = graph.node("b", Dense::new(8, 2), &[x])?;
        let map = graph.node("c", AddChannels { channels: 2 }, &[map, values])?;
        graph.node("d", FromMap { channels: 2, height: 2, width: 2, order: LAST }, &[map])
    }),
    ("softmax", 5, |graph, x| graph.node("a", Softmax, &[x])),
    ("columns in another order, and twice", 5, |graph, x| {
        let first = graph.node("a", Columns { columns: vec![3, 0, 3] }, &[x])?;
        let second = graph.node("b", Columns { columns: vec![4] }, &[x])?;
        graph.node("c", Concat, &[second, first])
    }),
    ("means of counts", 2, |graph, x| {
        let rates = vec![LogRate { mean: 0.3, deviation: 0.7 }, LogRate { mean: -0.5, deviation: 0.2 }];
        graph.node("a", CountMean { rates }, &[x])
    }),
];

/// Returns seven rows of values between -3 and 3.
fn rows(features: usize) -> ArrayD<f32> {
    let value = |index: usize| (index as f32 * 1.7 + 0.4).sin() * 3.0;
    ArrayD::from_shape_vec(vec![7, features], (0..7 * features).map(value).collect()).expect("7 values per feature")
}

/// Returns a convolution with a kernel of 3 x 3 and a padding of 1.
const fn convolution(
    input: [usize; 2],
    in_channels: usize,
    out_channels: usize,
    stride: [usize; 2],
    upsampling: [usize; 2],
    cropped: [usize; 2],
) -> Convolution {
    Convolution { input, in_channels, out_channels, kernel: [3, 3], stride, padding: [1, 1], upsampling, cropped }
}

fn pooled(graph: &mut Graph, x: Value, pooling: Pooling) -> Result<Value, GraphError> {
    let map = graph.node("a", ToMap { channels: 2, height: 7, width: 5, order: LAST }, &[x])?;
    let windows = Windows { input: [7, 5], window: [3, 2], channels: 2 };
    let map = graph.node("b", Pool { windows, pooling }, &[map])?;
    graph.node("c", FromMap { channels: 2, height: 3, width: 3, order: LAST }, &[map])
}

fn scaling(offset: &[f32], scale: &[f32]) -> Scaling {
    Scaling { offset: offset.to_vec(), scale: scale.to_vec() }
}

fn label_row() -> Result<SmallNetwork, GraphError> {
    SmallNetwork::with_label(2, |graph, x, label| {
        let row = graph.node("a", LabelRow { classes: CLASSES, outputs: 4, fan_in: 6 }, &[label])?;
        Ok([row, graph.node("b", Dense::new(2, 4), &[x])?])
    })
}

#[test]
fn every_primitive_has_the_same_values_in_three_engines() {
    for (name, features, build) in CASES {
        let difference = SmallNetwork::new(features, build).expect(name).largest_difference(&rows(features));
        assert!(difference <= TOLERANCE, "{name}: differs by {difference:e}");
    }
}

#[test]
fn a_label_selects_the_same_row_in_three_engines() {
    let difference = label_row().expect("a label row").largest_difference(&rows(2));
    assert!(difference <= TOLERANCE, "differs by {difference:e}");
}

#[test]
fn an_output_may_be_an_input_of_the_graph_or_of_another_node() {
    let cases: [(&str, Build); 2] = [
        ("the input itself", |_, x| Ok(x)),
        ("input of another node", |graph, x| {
            let z = graph.node("a", Activation::Sigmoid, &[x])?;
            graph.node("b", Activation::Relu, &[z])?;
            Ok(z)
        }),
    ];
    for (name, build) in cases {
        let difference = SmallNetwork::new(3, build).expect(name).largest_difference(&rows(3));
        assert!(difference <= TOLERANCE, "{name}: differs by {difference:e}");
    }
}

#[test]
fn one_value_may_be_the_output_of_two_ports() {
    let network =
        SmallNetwork::with_label(3, |graph, x, _| graph.node("a", Dense::new(3, 3), &[x]).map(|value| [value; 2]));
    let difference = network.expect("a layer").largest_difference(&rows(3));
    assert!(difference <= TOLERANCE, "differs by {difference:e}");
}

#[test]
fn the_cases_cover_every_primitive() {
    let graphs = CASES.into_iter().map(|(_, features, build)| SmallNetwork::new(features, build)).chain([label_row()]);
    let networks: Vec<SmallNetwork> = graphs.collect::<Result<_, _>>().expect("layers of matching shapes");
    let nodes = networks.iter().flat_map(|network| network.graph.nodes());
    let covered: BTreeSet<&str> = nodes.map(|node| name_of(&node.primitive)).collect();
    assert_eq!(
        covered,
        BTreeSet::from([
            "activation",
            "add",
            "add channels",
            "affine",
            "batch norm",
            "clamp",
            "columns",
            "concat",
            "conv2d",
            "count mean",
            "dense",
            "from map",
            "label row",
            "layer norm",
            "pool",
            "reshape",
            "scale channels",
            "softmax",
            "to map",
        ])
    );
}

/// Names a primitive. A new primitive does not compile here: name it, and add it to the list above and to the cases.
fn name_of(primitive: &Primitive) -> &'static str {
    match primitive {
        Primitive::Dense(_) => "dense",
        Primitive::Activation(_) => "activation",
        Primitive::LabelRow(_) => "label row",
        Primitive::Add(_) => "add",
        Primitive::Affine(_) => "affine",
        Primitive::Clamp(_) => "clamp",
        Primitive::Reshape(_) => "reshape",
        Primitive::Softmax(_) => "softmax",
        Primitive::Conv2d(_) => "conv2d",
        Primitive::AddChannels(_) => "add channels",
        Primitive::ToMap(_) => "to map",
        Primitive::FromMap(_) => "from map",
        Primitive::Pool(_) => "pool",
        Primitive::BatchNorm(_) => "batch norm",
        Primitive::LayerNorm(_) => "layer norm",
        Primitive::ScaleChannels(_) => "scale channels",
        Primitive::Columns(_) => "columns",
        Primitive::Concat(_) => "concat",
        Primitive::CountMean(_) => "count mean",
        // Its result is an integer, and the input of the other is one: models of mixed tables cover both.
        Primitive::Level(_) => "level",
        Primitive::TableRow(_) => "table row",
    }
}
