//! Small bundles, built without the trainer.

use std::{collections::BTreeMap, path::Path};

use narrows_bundle::{
    AnomalyScore, CALIBRATION, Calibration, ClassifierKind, ClassifierManifest, ClassifierPorts, Contract, DETECTOR,
    DETECTOR_PROBE, DataRecord, DetectorProbe, DetectorRecord, ElementType, EncoderRecord, FORMAT, GraphPorts,
    HeadProbe, Kind, Likelihood, Link, Manifest, PROBE, Port, Ports, Prior, Probe, Sample, SampleType, Scaling,
    Setting, Stage, TrainingRecord, WEIGHTS,
    ndarray::{Array1, Array2, ArrayD},
    onnx::{
        BATCH, Dimension, DimensionValue, Graph, IR_VERSION, Model, OPSET, OperatorSet, Shape, Tensor, TensorType,
        Type, ValueInfo,
    },
};
use prost::Message;
use tempfile::TempDir;

pub(crate) const SHAPE: [usize; 2] = [2, 3];
pub(crate) const LATENT: usize = 2;

/// Returns a temporary folder that contains the bundle `model`.
pub(crate) fn autoencoder(kind: Kind) -> TempDir {
    let manifest = manifest(kind);
    let probe = probe(&manifest.graphs).to_bytes().expect("valid shapes");
    written(manifest, &[(PROBE, probe), (WEIGHTS, vec![7; 100]), ("README.md", b"# A model".to_vec())])
}

/// Returns a manifest with a detector, and the files that the detector adds.
pub(crate) fn with_detector(kind: Kind) -> (Manifest, Vec<(&'static str, Vec<u8>)>) {
    let mut manifest = manifest(kind);
    let record = DetectorRecord {
        graph: DetectorRecord::ports(&SHAPE, kind.is_conditional(), 0.01),
        score: AnomalyScore::Whitened,
        level: 0.01,
        threshold: 2.5,
        data: "d".to_owned(),
        fingerprint: "f".to_owned(),
        fitted_rows: 3,
        calibration_rows: 99,
        contamination: 0.0,
        seed: 0,
        parity: None,
    };
    let probe = DetectorProbe {
        samples: ArrayD::zeros(&[2, 2, 3][..]),
        labels: kind.is_conditional().then(|| vec![0, 1]),
        scores: Array1::from(vec![1.0, 3.0]),
        p_values: Array1::from(vec![0.5, 0.01]),
        are_anomalies: vec![false, true],
    };
    let columns = Array2::from_shape_fn((6, 4), |(column, quantile)| (column + quantile) as f32);
    let calibration = Calibration { scores: Array1::from(vec![0.5, 1.0, 2.0]), columns: Some(columns) };
    let model_probe = crate::support::probe(&manifest.graphs);
    let files = vec![
        (PROBE, model_probe.to_bytes().expect("valid shapes")),
        (DETECTOR, graph(&record.graph)),
        (DETECTOR_PROBE, probe.to_bytes().expect("valid shapes")),
        (CALIBRATION, calibration.to_bytes().expect("valid shapes")),
    ];
    manifest.detector = Some(record);
    (manifest, files)
}

fn manifest(kind: Kind) -> Manifest {
    Manifest {
        format: FORMAT,
        digest: String::new(),
        kind,
        graphs: Ports::of(kind, &SHAPE, LATENT),
        sample: sample(),
        latent_dim: LATENT,
        prior: kind.has_prior().then_some(Prior::StandardNormal),
        sampler: None,
        detector: None,
        classes: kind.is_conditional().then(|| names(&["a", "b"])),
        class_rows: None,
        likelihood: Likelihood::Gaussian,
        variance: None,
        cells: None,
        output_link: Link::Identity,
        scaling: Scaling { offset: vec![0.0], scale: vec![1.0] },
        training: training(),
        parity: None,
        files: BTreeMap::new(),
    }
}

/// Returns the manifest of a classifier with three classes or of a regressor with three targets.
pub(crate) fn classifier_manifest(kind: ClassifierKind) -> ClassifierManifest {
    ClassifierManifest {
        format: FORMAT,
        digest: String::new(),
        kind,
        sample: sample(),
        latent_dim: LATENT,
        classes: (kind == ClassifierKind::Classifier).then(|| names(&["a", "b", "c"])),
        targets: (kind == ClassifierKind::Regressor).then_some(3),
        target_names: None,
        encoder: EncoderRecord { kind: Kind::Vae, digest: "0".repeat(64), fine_tuned: false },
        graphs: ClassifierPorts::of(kind, &SHAPE, LATENT, 3),
        training: training(),
        parity: None,
        files: BTreeMap::new(),
    }
}

/// Returns a temporary folder that contains the bundle `model`.
pub(crate) fn classifier(kind: ClassifierKind) -> TempDir {
    let manifest = classifier_manifest(kind);
    let probe = head_probe(&manifest.graphs).to_bytes().expect("valid shapes");
    written(manifest, &[(PROBE, probe), ("README.md", b"# A model".to_vec())])
}

/// Returns a temporary folder that contains the bundle `model` with this manifest, matching graphs, and `files`.
pub(crate) fn written(mut manifest: impl Contract, files: &[(&str, Vec<u8>)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut stage = Stage::begin(folder.path().join("model")).expect("a free destination");
    for ports in manifest.graphs() {
        stage.write(&ports.file, &graph(ports)).expect("a writable folder");
    }
    for (name, bytes) in files {
        stage.write(name, bytes).expect("a writable folder");
    }
    stage.write_manifest(&mut manifest).expect("a writable folder");
    stage.publish().expect("a free destination");
    folder
}

/// Returns the bytes of a safetensors file with any header, valid or not.
pub(crate) fn with_header(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
}

/// Returns the content of every file in a folder, by name.
pub(crate) fn content(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a folder").path());
    let name = |path: &Path| path.file_name().expect("a file").to_string_lossy().into_owned();
    entries.map(|path| (name(&path), std::fs::read(&path).expect("a file"))).collect()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn sample() -> Sample {
    Sample {
        shape: SHAPE.to_vec(),
        dtype: SampleType::F32,
        range: (0.0, 1.0),
        columns: None,
        fill: None,
        kind: narrows_bundle::SampleKind::default(),
        windows: None,
        table: None,
    }
}

fn training() -> TrainingRecord {
    let data = DataRecord { name: "d".into(), fingerprint: "f".into(), train_rows: 1, valid_rows: 0, test_rows: 0 };
    TrainingRecord {
        configuration: serde_json::Value::Null,
        data,
        progress: None,
        metrics: BTreeMap::new(),
        explained_variance_ratio: None,
        moments: None,
    }
}

fn probe(ports: &Ports) -> Probe {
    let array = |port: &Port| ArrayD::zeros([&[2], port.shape.as_slice()].concat());
    let named = |ports: &[Port]| ports.iter().map(|port| (port.name.clone(), array(port))).collect();
    Probe {
        samples: array(&ports.encoder.inputs[0]),
        labels: None,
        encoded: named(&ports.encoder.outputs),
        codes: array(&ports.decoder.inputs[0]),
        decoded: named(&ports.decoder.outputs),
    }
}

fn head_probe(ports: &ClassifierPorts) -> HeadProbe {
    let array = |port: &Port| ArrayD::zeros([&[2], port.shape.as_slice()].concat());
    HeadProbe {
        samples: array(&ports.end_to_end.inputs[0]),
        codes: array(&ports.head.inputs[0]),
        outputs: ports.head.outputs.iter().map(|port| (port.name.clone(), array(port))).collect(),
    }
}

/// Returns a graph with these ports and no nodes.
pub(crate) fn graph(ports: &GraphPorts) -> Vec<u8> {
    let value = |port: &Port| {
        let batch = DimensionValue::Symbol(BATCH.to_owned());
        let sizes = port.shape.iter().map(|&size| DimensionValue::Size(size as i64));
        let dim = std::iter::once(batch).chain(sizes).map(|value| Dimension { value: Some(value) }).collect();
        let elem_type = port.dtype.code();
        let tensor_type = TensorType { elem_type, shape: Some(Shape { dim }) };
        ValueInfo { name: port.name.clone(), r#type: Some(Type { tensor_type: Some(tensor_type) }) }
    };
    let scalar = |setting: &Setting| {
        let shape = Some(Shape { dim: Vec::new() });
        let tensor_type = TensorType { elem_type: ElementType::F32.code(), shape };
        ValueInfo { name: setting.name.clone(), r#type: Some(Type { tensor_type: Some(tensor_type) }) }
    };
    let defaults = ports.settings.iter().map(|setting| Tensor::floats(&setting.name, &[], &[setting.default]));
    let graph = Graph {
        initializer: defaults.chain([Tensor::floats("weight", &[2], &[1.0, 2.0])]).collect(),
        input: ports.inputs.iter().map(value).chain(ports.settings.iter().map(scalar)).collect(),
        output: ports.outputs.iter().map(value).collect(),
        ..Graph::default()
    };
    let set = OperatorSet { domain: String::new(), version: OPSET };
    Model { ir_version: IR_VERSION, opset_import: vec![set], graph: Some(graph), ..Model::default() }.encode_to_vec()
}
