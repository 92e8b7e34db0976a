//! Small bundles built without the trainer, and reference implementations of their graphs in plain Rust.
#![allow(dead_code, reason = "each test binary uses only some of the items")]

pub(crate) mod detector;
pub(crate) mod heads;
pub(crate) mod mixed;
pub(crate) mod tables;

use std::{collections::BTreeMap, path::PathBuf};

use narrows_runtime::{
    bundle::{
        DECODER, DataRecord, ENCODER, FORMAT, Kind, Likelihood, Link, Manifest, PROBE, Ports, Prior, Probe, Sample,
        SampleType, Scaling, Stage, TrainingRecord,
        onnx::{
            Attribute, BATCH, Dimension, DimensionValue, Graph, IR_VERSION, Model, Node, OPSET, OperatorSet, Shape,
            Tensor, TensorType, Type, ValueInfo, attribute, element,
        },
    },
    bundle::{GraphPorts, Port},
    ndarray::{Array2, Array3, ArrayD, Axis, stack},
};
use prost::Message;
use tempfile::TempDir;

pub(crate) const SHAPE: [usize; 2] = [2, 3];
pub(crate) const FEATURES: usize = 6;
pub(crate) const LATENT: usize = 2;
pub(crate) const CLASSES: [&str; 3] = ["zero", "one", "7"];
/// Largest accepted difference: engines sum in another order than the loops here, and values are of the order of 10.
pub(crate) const CLOSE: f32 = 1e-5;

/// The content of a bundle that can be modified before it is written.
pub(crate) struct Draft {
    pub(crate) manifest: Manifest,
    pub(crate) encoder: Model,
    pub(crate) decoder: Model,
    pub(crate) probe: Probe,
    /// Further files by name.
    pub(crate) files: Vec<(&'static str, Vec<u8>)>,
}

/// A bundle on disk, removed when this is dropped.
pub(crate) struct Fixture {
    folder: TempDir,
}

impl Fixture {
    pub(crate) fn new(kind: Kind) -> Self {
        Self::modified(kind, |_| {})
    }

    /// Creates a bundle that passes all checks of this project, but whose decoder ONNX Runtime refuses to load.
    pub(crate) fn unloadable() -> Self {
        Self::modified(Kind::Ae, |draft| {
            let graph = draft.decoder.graph.as_mut().expect("a graph");
            let name = "no_such_attribute".to_owned();
            graph.node[0].attribute.push(Attribute { name, r#type: attribute::INT, ..Attribute::default() });
        })
    }

    pub(crate) fn modified(kind: Kind, modify: impl FnOnce(&mut Draft)) -> Self {
        let mut draft = draft(kind);
        modify(&mut draft);
        Self::of(draft)
    }

    pub(crate) fn of(mut draft: Draft) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut stage = Stage::begin(folder.path().join("bundle")).expect("a free destination");
        stage.write(ENCODER, &draft.encoder.encode_to_vec()).expect("a writable folder");
        stage.write(DECODER, &draft.decoder.encode_to_vec()).expect("a writable folder");
        stage.write(PROBE, &draft.probe.to_bytes().expect("a valid probe")).expect("a writable folder");
        for (name, bytes) in &draft.files {
            stage.write(name, bytes).expect("a writable folder");
        }
        stage.write_manifest(&mut draft.manifest).expect("a writable folder");
        stage.publish().expect("a free destination");
        Fixture { folder }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("bundle")
    }
}

/// Returns samples whose values repeat every 17 rows.
pub(crate) fn samples(rows: usize) -> Array3<f32> {
    Array3::from_shape_fn((rows, SHAPE[0], SHAPE[1]), |(row, y, x)| ((row * 5 + y * 3 + x) % 17) as f32 / 4.0)
}

pub(crate) fn labels(rows: usize) -> Vec<i64> {
    (0..rows).map(|row| (row % CLASSES.len()) as i64).collect()
}

/// Computes the encoder's mean or code.
pub(crate) fn mean_of(kind: Kind, samples: &Array3<f32>, labels: &[i64]) -> Array2<f32> {
    linear(1, kind, &flat(samples), labels, LATENT)
}

/// Computes the encoder's log-variance, which does not depend on the label.
pub(crate) fn log_variance_of(samples: &Array3<f32>) -> Array2<f32> {
    linear(2, Kind::Vae, &flat(samples), &[], LATENT)
}

pub(crate) fn decoded(kind: Kind, codes: &Array2<f32>, labels: &[i64]) -> ArrayD<f32> {
    let rows = linear(3, kind, codes, labels, FEATURES);
    rows.into_shape_with_order((codes.nrows(), SHAPE[0], SHAPE[1])).expect("the same number of values").into_dyn()
}

pub(crate) fn assert_close<D: narrows_runtime::ndarray::Dimension>(
    computed: &narrows_runtime::ndarray::Array<f32, D>,
    expected: &narrows_runtime::ndarray::Array<f32, D>,
) {
    assert_eq!(computed.shape(), expected.shape());
    let largest =
        computed.iter().zip(expected).map(|(computed, expected)| (computed - expected).abs()).fold(0.0, f32::max);
    assert!(largest <= CLOSE, "largest difference {largest}: {computed}, expected {expected}");
}

fn flat(samples: &Array3<f32>) -> Array2<f32> {
    samples.to_shape((samples.len_of(Axis(0)), FEATURES)).expect("the same number of values").to_owned()
}

/// Returns a weight that depends on layer, row and column. Layer + 10 contains the biases, layer + 20 the classes.
fn weight(layer: usize, row: usize, column: usize) -> f32 {
    ((layer * 31 + row * 7 + column * 13) % 11) as f32 / 8.0 - 0.6
}

pub(crate) fn linear(layer: usize, kind: Kind, rows: &Array2<f32>, labels: &[i64], outputs: usize) -> Array2<f32> {
    let apply = |(row, values): (usize, _)| {
        let values: narrows_runtime::ndarray::ArrayView1<'_, f32> = values;
        let output = |column: usize| {
            let products = values.iter().enumerate().map(|(input, value)| value * weight(layer, input, column));
            let class = |label: i64| weight(layer + 20, label as usize, column);
            let class = if kind.is_conditional() { class(labels[row]) } else { 0.0 };
            products.sum::<f32>() + weight(layer + 10, 0, column) + class
        };
        (0..outputs).map(output).collect()
    };
    let rows: Vec<narrows_runtime::ndarray::Array1<f32>> = rows.axis_iter(Axis(0)).enumerate().map(apply).collect();
    let views: Vec<_> = rows.iter().map(|row| row.view()).collect();
    stack(Axis(0), &views).expect("at least one row")
}

fn draft(kind: Kind) -> Draft {
    let graphs = Ports::of(kind, &SHAPE, LATENT);
    let variational = kind.is_variational();
    let mut encoder = Builder::default();
    encoder.node("Flatten", &["x"], "flat", &[("axis", 1)]);
    if variational {
        encoder.linear(1, kind, "flat", "mu", [FEATURES, LATENT]);
        encoder.linear(2, Kind::Vae, "flat", "log_var", [FEATURES, LATENT]);
    } else {
        encoder.linear(1, kind, "flat", "z", [FEATURES, LATENT]);
    }
    let mut decoder = Builder::default();
    decoder.linear(3, kind, "z", "rows", [LATENT, FEATURES]);
    decoder.constant(Tensor::integers("shape", &[3], &[-1, 2, 3]));
    decoder.node("Reshape", &["rows", "shape"], "x_hat", &[]);

    let (samples, labels) = (samples(5), labels(5));
    let mean = mean_of(kind, &samples, &labels);
    let code = if variational { "mu" } else { "z" };
    let mut encoded = BTreeMap::from([(code.to_owned(), mean.clone().into_dyn())]);
    if variational {
        encoded.insert("log_var".to_owned(), log_variance_of(&samples).into_dyn());
    }
    let probe = Probe {
        encoded,
        decoded: BTreeMap::from([("x_hat".to_owned(), decoded(kind, &mean, &labels))]),
        codes: mean.into_dyn(),
        samples: samples.into_dyn(),
        labels: kind.is_conditional().then_some(labels),
    };
    Draft {
        encoder: encoder.model(&graphs.encoder),
        decoder: decoder.model(&graphs.decoder),
        manifest: manifest(kind, graphs),
        probe,
        files: Vec::new(),
    }
}

pub(crate) fn training() -> TrainingRecord {
    let data = DataRecord {
        name: "synthetic".to_owned(),
        fingerprint: String::new(),
        train_rows: 0,
        valid_rows: 0,
        test_rows: 0,
    };
    TrainingRecord {
        configuration: serde_json::Value::Null,
        data,
        progress: None,
        metrics: BTreeMap::new(),
        explained_variance_ratio: None,
        moments: None,
    }
}

fn sample() -> Sample {
    Sample {
        shape: SHAPE.to_vec(),
        dtype: SampleType::F32,
        range: (0.0, 4.0),
        columns: None,
        fill: None,
        kind: narrows_bundle::SampleKind::default(),
        windows: None,
        table: None,
    }
}

pub(crate) fn manifest(kind: Kind, graphs: Ports) -> Manifest {
    Manifest {
        format: FORMAT,
        digest: String::new(),
        kind,
        sample: sample(),
        latent_dim: LATENT,
        prior: kind.has_prior().then_some(Prior::StandardNormal),
        sampler: None,
        detector: None,
        classes: kind.is_conditional().then(|| CLASSES.map(str::to_owned).to_vec()),
        class_rows: None,
        likelihood: Likelihood::Gaussian,
        variance: None,
        cells: None,
        output_link: Link::Identity,
        scaling: Scaling { offset: vec![0.0], scale: vec![1.0] },
        graphs,
        training: training(),
        parity: None,
        files: BTreeMap::new(),
    }
}

/// The nodes and constants of a graph under construction.
#[derive(Default)]
pub(crate) struct Builder {
    graph: Graph,
}

impl Builder {
    pub(crate) fn node(&mut self, operator: &str, inputs: &[&str], output: &str, attributes: &[(&str, i64)]) {
        let attribute = attributes.iter().map(|&(name, i)| Attribute {
            name: name.to_owned(),
            i,
            r#type: attribute::INT,
            ..Attribute::default()
        });
        self.graph.node.push(Node {
            input: inputs.iter().map(ToString::to_string).collect(),
            output: vec![output.to_owned()],
            name: output.to_owned(),
            op_type: operator.to_owned(),
            attribute: attribute.collect(),
            ..Node::default()
        });
    }

    pub(crate) fn constant(&mut self, tensor: Tensor) {
        self.graph.initializer.push(tensor);
    }

    fn table(&mut self, layer: usize, name: &str, dims: &[usize]) {
        let (rows, columns) = if let [rows, columns] = dims { (*rows, *columns) } else { (1, dims[0]) };
        let values: Vec<_> =
            (0..rows).flat_map(|row| (0..columns).map(move |column| weight(layer, row, column))).collect();
        self.constant(Tensor::floats(name, dims, &values));
    }

    pub(crate) fn linear(&mut self, layer: usize, kind: Kind, input: &str, output: &str, [rows, columns]: [usize; 2]) {
        let name = |part: &str| format!("{output}.{part}");
        self.table(layer, &name("weight"), &[rows, columns]);
        self.table(layer + 10, &name("bias"), &[columns]);
        let products = if kind.is_conditional() { name("unconditional") } else { output.to_owned() };
        self.node("Gemm", &[input, &name("weight"), &name("bias")], &products, &[]);
        if kind.is_conditional() {
            self.table(layer + 20, &name("classes"), &[CLASSES.len(), columns]);
            self.node("Gather", &[&name("classes"), "label"], &name("class"), &[("axis", 0)]);
            self.node("Add", &[&products, &name("class")], output, &[]);
        }
    }

    pub(crate) fn model(mut self, ports: &GraphPorts) -> Model {
        "graph".clone_into(&mut self.graph.name);
        let settings = ports.settings.iter().map(|setting| value_of(&setting.name, element::FLOAT, Vec::new()));
        self.graph.input = ports.inputs.iter().map(value).chain(settings).collect();
        self.graph.output = ports.outputs.iter().map(value).collect();
        let set = OperatorSet { domain: String::new(), version: OPSET };
        Model { ir_version: IR_VERSION, opset_import: vec![set], graph: Some(self.graph), ..Model::default() }
    }
}

fn value(port: &Port) -> ValueInfo {
    let sizes = port.shape.iter().map(|&count| DimensionValue::Size(count as i64));
    let dims = std::iter::once(DimensionValue::Symbol(BATCH.to_owned())).chain(sizes).collect();
    value_of(&port.name, port.dtype.code(), dims)
}

fn value_of(name: &str, elem_type: i32, dims: Vec<DimensionValue>) -> ValueInfo {
    let dim = dims.into_iter().map(|value| Dimension { value: Some(value) }).collect();
    let tensor_type = Some(TensorType { elem_type, shape: Some(Shape { dim }) });
    ValueInfo { name: name.to_owned(), r#type: Some(Type { tensor_type }) }
}
