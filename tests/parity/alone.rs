//! A small network of its own in three engines: Candle, ONNX Runtime and candle-onnx.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use narrows_bundle::{ENCODER, ElementType, Kind, Ports};
use narrows_data::{Dataset, Part, Values};
use narrows_runtime::{Autoencoder, Samples};
use narrows_tests::{fitted, staged};
use narrows_trainer::{
    Options,
    candle::Parameters,
    ndarray::{Array2, ArrayD, Axis, Slice},
    network::{Graph, GraphError, Value, Weights},
    onnx::to_model,
};
use prost::Message;

use crate::engines::{floats, in_candle, in_simple_eval, labels};

const BATCH_SIZES: [usize; 3] = [1, 2, 7];

/// Labels go from 0 to one less.
pub(crate) const CLASSES: usize = 3;

/// A network from `x: [features]` (and a label) to a code, with random weights.
pub(crate) struct Alone {
    pub(crate) graph: Graph,
    kind: Kind,
    weights: Weights,
}

impl Alone {
    /// The network that `build` makes of `x`.
    pub(crate) fn new(
        features: usize,
        build: impl FnOnce(&mut Graph, Value) -> Result<Value, GraphError>,
    ) -> Result<Self, GraphError> {
        let mut graph = Graph::new();
        let x = graph.input("x", ElementType::F32, &[features]);
        let z = build(&mut graph, x)?;
        graph.output("z", z);
        Ok(Alone::with_weights(Kind::Ae, graph))
    }

    /// The network whose `mu` and `log_var` are what `build` makes of `x` and a label: only a variational
    /// encoder takes one.
    pub(crate) fn with_label(
        features: usize,
        build: impl FnOnce(&mut Graph, Value, Value) -> Result<[Value; 2], GraphError>,
    ) -> Result<Self, GraphError> {
        let mut graph = Graph::new();
        let x = graph.input("x", ElementType::F32, &[features]);
        let label = graph.input("label", ElementType::I64, &[]);
        let [mu, log_var] = build(&mut graph, x, label)?;
        graph.output("mu", mu);
        graph.output("log_var", log_var);
        Ok(Alone::with_weights(Kind::Cvae, graph))
    }

    fn with_weights(kind: Kind, graph: Graph) -> Self {
        let parameters = Parameters::initial(&[&graph], 11, &Device::Cpu).expect("weights are small");
        Alone { graph, kind, weights: parameters.to_weights().expect("on the CPU") }
    }

    /// How far ONNX Runtime and candle-onnx are from Candle on the first rows of `x: [7, features]`, in
    /// units of the result where that is more than 1.
    pub(crate) fn largest_difference(&self, x: &ArrayD<f32>) -> f32 {
        let ports = Ports::of(self.kind, &[self.features()], self.latent_dim()).encoder;
        let bytes = to_model("alone", &self.graph, &self.weights, &ports.outputs, &[]).encode_to_vec();
        let engine = self.in_onnx_runtime(&bytes);
        let classes: Vec<i64> = (0..x.len_of(Axis(0))).map(|row| (row % CLASSES) as i64).collect();
        let differences = BATCH_SIZES.into_iter().map(|rows| {
            let x = x.slice_axis(Axis(0), Slice::from(..rows)).to_owned();
            let classes = self.kind.is_conditional().then(|| &classes[..rows]);
            let inputs: Vec<(&str, Tensor)> =
                std::iter::once(("x", floats(&x))).chain(classes.map(|classes| ("label", labels(classes)))).collect();
            let tensors: Vec<Tensor> = inputs.iter().map(|(_, tensor)| tensor.clone()).collect();
            let candle = in_candle(&self.graph, &self.weights, &tensors);
            let from_candle = |found| distance(&found, &candle);
            from_candle(in_simple_eval(&bytes, &inputs)).max(from_candle(outputs(&engine, &x, classes)))
        });
        differences.fold(0.0, f32::max)
    }

    /// The graph as the encoder of a bundle, whose other files come from a model of the same ports.
    fn in_onnx_runtime(&self, encoder: &[u8]) -> Autoencoder {
        let rows = 8;
        let values = Array2::from_shape_fn((rows, self.features()), |(row, column)| ((row + column) % 2) as f32);
        let part =
            Part { values: Values::F32(values), labels: Some((0..rows).map(|row| (row % CLASSES) as u32).collect()) };
        let data = Dataset {
            name: "made up".to_owned(),
            sample_shape: vec![self.features()],
            range: (0.0, 1.0),
            columns: None,
            fill: None,
            valid: None,
            train: part,
            test: None,
            classes: Some((0..CLASSES).map(|class| class.to_string()).collect()),
        };
        let options = Options { latent: Some(self.latent_dim()), ..Options::new(self.kind) }
            .with(|options| options.length.epochs = Some(1));
        let mut export = fitted(&options, &data).export(&data).expect("an export");
        for (name, bytes) in &mut export.files {
            if *name == ENCODER {
                encoder.clone_into(bytes);
            }
        }
        let (_folder, bundle) = staged(export);
        Autoencoder::from_bundle(&bundle, &narrows_runtime::Options::default()).expect("a graph with these ports")
    }

    fn features(&self) -> usize {
        self.graph.inputs().iter().flat_map(|input| &input.shape).product()
    }

    fn latent_dim(&self) -> usize {
        self.graph.outputs().first().map_or(0, |(_, code)| self.graph.shape(*code).iter().product())
    }
}

fn outputs(engine: &Autoencoder, x: &ArrayD<f32>, labels: Option<&[i64]>) -> BTreeMap<String, ArrayD<f32>> {
    let samples = Samples::from(x);
    match labels {
        None => [("z".to_owned(), engine.encode(samples).expect("rows that fit").into_dyn())].into(),
        Some(labels) => {
            let posterior = engine.posterior(samples.labelled(labels)).expect("rows that fit");
            let named = [("mu", posterior.mean), ("log_var", posterior.log_variance)];
            named.map(|(name, values)| (name.to_owned(), values.into_dyn())).into()
        }
    }
}

/// The largest difference over all outputs, each in units of the expected number where that is more than
/// 1; not a number is infinitely far.
fn distance(found: &BTreeMap<String, ArrayD<f32>>, expected: &BTreeMap<String, ArrayD<f32>>) -> f32 {
    assert!(found.keys().eq(expected.keys()), "{found:?} {expected:?}");
    let pairs = found.values().zip(expected.values()).flat_map(|(found, expected)| {
        assert_eq!(found.shape(), expected.shape());
        found.iter().zip(expected)
    });
    let differences = pairs.map(|(found, expected)| (found - expected).abs() / expected.abs().max(1.0));
    differences.map(|difference| if difference.is_nan() { f32::INFINITY } else { difference }).fold(0.0, f32::max)
}

#[test]
fn differences_are_relative_beyond_1_and_what_is_no_number_is_infinitely_far() {
    let outputs = |value: f32| BTreeMap::from([("z".to_owned(), ArrayD::from_elem(vec![1, 1], value))]);
    let cases = [
        (0.5, 0.25, 0.25),
        (50.0, 100.0, 0.5),
        (f32::NAN, 0.0, f32::INFINITY),
        (0.0, f32::NAN, f32::INFINITY),
        (f32::NAN, f32::NAN, f32::INFINITY),
        (f32::INFINITY, f32::INFINITY, f32::INFINITY),
    ];
    for (found, expected, difference) in cases {
        assert_eq!(distance(&outputs(found), &outputs(expected)), difference, "{found} for {expected}");
    }
}
