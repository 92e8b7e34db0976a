//! A small network that tests run in three engines: Candle, ONNX Runtime and candle-onnx.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use narrows_bundle::{Cost, ENCODER, ElementType, Kind, Ports};
use narrows_data::{Dataset, Part, Values};
use narrows_runtime::{Autoencoder, Samples};
use narrows_tests::{fitted, staged};
use narrows_trainer::{
    GraphError, Options, Weights,
    internals::{Graph, Parameters, Value, to_model},
    ndarray::{Array2, ArrayD, Axis, Slice},
};
use prost::Message;

use crate::engines::{floats, in_candle, in_simple_eval, labels};

const BATCH_SIZES: [usize; 3] = [1, 2, 7];

/// The number of classes; labels are 0 to `CLASSES - 1`.
pub(crate) const CLASSES: usize = 3;

/// A network with random weights from `x: [features]`, or from `x` and a label, to a code.
pub(crate) struct SmallNetwork {
    pub(crate) graph: Graph,
    kind: Kind,
    weights: Weights,
}

impl SmallNetwork {
    /// Creates a network whose code is what `build` returns for `x`.
    pub(crate) fn new(
        features: usize,
        build: impl FnOnce(&mut Graph, Value) -> Result<Value, GraphError>,
    ) -> Result<Self, GraphError> {
        let mut graph = Graph::new();
        let x = graph.input("x", ElementType::F32, &[features]);
        let z = build(&mut graph, x)?;
        graph.output("z", z);
        Ok(SmallNetwork::with_weights(Kind::Ae, graph))
    }

    /// Creates a network whose `mu` and `log_var` are what `build` returns for `x` and a label. It is of a conditional
    /// VAE, because only that encoder takes a label.
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
        Ok(SmallNetwork::with_weights(Kind::Cvae, graph))
    }

    fn with_weights(kind: Kind, graph: Graph) -> Self {
        let parameters = Parameters::initial(&[&graph], 11, &Device::Cpu).expect("the weights fit in memory");
        SmallNetwork { graph, kind, weights: parameters.to_weights().expect("the weights are on the CPU") }
    }

    /// Returns the largest difference of ONNX Runtime and candle-onnx from Candle on the first 1, 2 and 7 rows of
    /// `x: [7, features]`. Differences are relative where the expected value is above 1, absolute elsewhere.
    pub(crate) fn largest_difference(&self, x: &ArrayD<f32>) -> f32 {
        let ports = Ports::of(self.kind, &[self.features()], self.latent_dim()).encoder;
        let model = to_model("alone", &self.graph, &self.weights, &ports.outputs, &[]);
        assert!(Cost::of(&model).is_some(), "the runtime must know the cost of every operator");
        let bytes = model.encode_to_vec();
        let engine = self.in_onnx_runtime(&bytes);
        let classes: Vec<i64> = (0..x.len_of(Axis(0))).map(|row| (row % CLASSES) as i64).collect();
        let differences = BATCH_SIZES.into_iter().map(|rows| {
            let x = x.slice_axis(Axis(0), Slice::from(..rows)).to_owned();
            let classes = self.kind.is_conditional().then(|| &classes[..rows]);
            let inputs: Vec<(&str, Tensor)> =
                std::iter::once(("x", floats(&x))).chain(classes.map(|classes| ("label", labels(classes)))).collect();
            let tensors: Vec<Tensor> = inputs.iter().map(|(_, tensor)| tensor.clone()).collect();
            let candle = in_candle(&self.graph, &self.weights, &tensors);
            let from_candle = |actual| difference(&actual, &candle);
            from_candle(in_simple_eval(&bytes, &inputs)).max(from_candle(outputs(&engine, &x, classes)))
        });
        differences.fold(0.0, f32::max)
    }

    /// Opens the graph as the encoder of a bundle. The other files of the bundle are from a model with the same ports.
    fn in_onnx_runtime(&self, encoder: &[u8]) -> Autoencoder {
        let rows = 8;
        let values = Array2::from_shape_fn((rows, self.features()), |(row, column)| ((row + column) % 2) as f32);
        let part =
            Part { values: Values::F32(values), labels: Some((0..rows).map(|row| (row % CLASSES) as u32).collect()) };
        let data = Dataset {
            name: "made up".to_owned(),
            sample_shape: vec![self.features()],
            sample_kind: narrows_data::SampleKind::default(),
            date_columns: None,
            table: None,
            notes: narrows_data::Notes::default(),
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
        None => [("z".to_owned(), engine.encode(samples).expect("rows of the graph's shape").into_dyn())].into(),
        Some(labels) => {
            let posterior = engine.posterior(samples.labelled(labels)).expect("rows of the graph's shape");
            let named = [("mu", posterior.mean), ("log_var", posterior.log_variance)];
            named.map(|(name, values)| (name.to_owned(), values.into_dyn())).into()
        }
    }
}

/// Returns the largest difference over all outputs: relative where the expected value is above 1, absolute elsewhere.
/// A difference of NaN counts as infinite.
fn difference(actual: &BTreeMap<String, ArrayD<f32>>, expected: &BTreeMap<String, ArrayD<f32>>) -> f32 {
    assert!(actual.keys().eq(expected.keys()), "{actual:?} for {expected:?}");
    let pairs = actual.values().zip(expected.values()).flat_map(|(actual, expected)| {
        assert_eq!(actual.shape(), expected.shape());
        actual.iter().zip(expected)
    });
    let differences = pairs.map(|(actual, expected)| (actual - expected).abs() / expected.abs().max(1.0));
    differences.map(|difference| if difference.is_nan() { f32::INFINITY } else { difference }).fold(0.0, f32::max)
}

#[test]
fn differences_are_relative_above_1_and_nan_counts_as_infinite() {
    let outputs = |value: f32| BTreeMap::from([("z".to_owned(), ArrayD::from_elem(vec![1, 1], value))]);
    let cases = [
        (0.5, 0.25, 0.25),
        (50.0, 100.0, 0.5),
        (f32::NAN, 0.0, f32::INFINITY),
        (0.0, f32::NAN, f32::INFINITY),
        (f32::NAN, f32::NAN, f32::INFINITY),
        (f32::INFINITY, f32::INFINITY, f32::INFINITY),
    ];
    for (actual, expected, result) in cases {
        assert_eq!(difference(&outputs(actual), &outputs(expected)), result, "{actual} for {expected}");
    }
}
