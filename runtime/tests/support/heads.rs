//! Small classifiers and regressors built without the trainer: a linear head on the code of the plain autoencoder.

use std::{collections::BTreeMap, path::PathBuf};

use narrows_runtime::{
    bundle::{
        ClassifierKind, ClassifierManifest, ClassifierPorts, EncoderRecord, FORMAT, HeadProbe, Kind, PROBE, Stage,
        onnx::Model,
        table::{Layout, MissingCells},
    },
    ndarray::{Array2, Axis},
};
use prost::Message;
use tempfile::TempDir;

use super::{
    Builder, CLASSES, FEATURES, LATENT, SHAPE, linear, mean_of, sample, samples,
    tables::{CELLS, INPUTS, add_inputs, rows_with_gaps, schema, table_codes, table_rows},
    training,
};

/// Layer number of the head, which determines its weights.
const HEAD: usize = 4;
pub(crate) const OUTPUTS: usize = 3;

/// The content of a bundle that can be modified before it is written.
pub(crate) struct HeadDraft {
    pub(crate) manifest: ClassifierManifest,
    pub(crate) head: Model,
    pub(crate) end_to_end: Model,
    pub(crate) probe: HeadProbe,
}

/// A bundle on disk, removed when this is dropped.
pub(crate) struct HeadFixture {
    folder: TempDir,
}

impl HeadFixture {
    pub(crate) fn new(kind: ClassifierKind) -> Self {
        Self::modified(kind, |_| {})
    }

    pub(crate) fn modified(kind: ClassifierKind, modify: impl FnOnce(&mut HeadDraft)) -> Self {
        let mut draft = draft(kind, OUTPUTS, 1);
        modify(&mut draft);
        Self::of(draft)
    }

    /// Creates a classifier whose Softmax has the axis attribute `axis`.
    pub(crate) fn with_axis(axis: i64) -> Self {
        Self::of(draft(ClassifierKind::Classifier, OUTPUTS, axis))
    }

    /// Creates a regressor with one target, the first target of the other fixtures.
    pub(crate) fn of_one_target() -> Self {
        Self::of(draft(ClassifierKind::Regressor, 1, 1))
    }

    /// Creates a classifier of the rows of a mixed table.
    pub(crate) fn of_table(missing: MissingCells) -> Self {
        let schema = schema(missing);
        let mut draft = draft(ClassifierKind::Classifier, OUTPUTS, 1);
        let manifest = &mut draft.manifest;
        let layout = Layout::of(&schema.cells());
        manifest.graphs = ClassifierPorts::of_table(ClassifierKind::Classifier, &layout, LATENT, OUTPUTS);
        manifest.sample.shape = vec![CELLS];
        manifest.sample.columns = Some(schema.cells().into_iter().map(|cell| cell.name).collect());
        manifest.sample.table = Some(schema);
        let mut graph = Builder::default();
        add_inputs(&mut graph);
        graph.linear(1, Kind::Ae, "inputs", "code", [INPUTS, LATENT]);
        draft.end_to_end = add_head(graph, "code", OUTPUTS).model(&manifest.graphs.end_to_end);
        let samples = if missing == MissingCells::Masked { rows_with_gaps(5) } else { table_rows(5) };
        let codes = table_codes(Kind::Ae, &samples, &[]);
        let logits = head_outputs(&codes);
        draft.probe = HeadProbe {
            samples: samples.into_dyn(),
            codes: codes.into_dyn(),
            outputs: [("probabilities", softmax(&logits)), ("logits", logits)]
                .map(|(name, array)| (name.to_owned(), array.into_dyn()))
                .into(),
        };
        Self::of(draft)
    }

    fn of(mut draft: HeadDraft) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut stage = Stage::begin(folder.path().join("bundle")).expect("a free destination");
        let graphs = draft.manifest.graphs.clone();
        for (ports, graph) in [(&graphs.head, &draft.head), (&graphs.end_to_end, &draft.end_to_end)] {
            stage.write(&ports.file, &graph.encode_to_vec()).expect("a writable folder");
        }
        stage.write(PROBE, &draft.probe.to_bytes().expect("a valid probe")).expect("a writable folder");
        stage.write_manifest(&mut draft.manifest).expect("a writable folder");
        stage.publish().expect("a free destination");
        HeadFixture { folder }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("bundle")
    }
}

/// Computes the head's linear layer: logits or predictions.
pub(crate) fn head_outputs(codes: &Array2<f32>) -> Array2<f32> {
    linear_head(codes, OUTPUTS)
}

fn linear_head(codes: &Array2<f32>, outputs: usize) -> Array2<f32> {
    linear(HEAD, Kind::Ae, codes, &[], outputs)
}

pub(crate) fn softmax(logits: &Array2<f32>) -> Array2<f32> {
    let weights = logits.mapv(f32::exp);
    let sums = weights.sum_axis(Axis(1));
    weights / sums.insert_axis(Axis(1))
}

/// Adds a classifier of codes: a linear layer and its softmax.
fn add_head(mut graph: Builder, code: &str, outputs: usize) -> Builder {
    graph.linear(HEAD, Kind::Ae, code, "logits", [LATENT, outputs]);
    graph.node("Softmax", &["logits"], "probabilities", &[("axis", 1)]);
    graph
}

fn draft(kind: ClassifierKind, outputs: usize, axis: i64) -> HeadDraft {
    let graphs = ClassifierPorts::of(kind, &SHAPE, LATENT, outputs);
    let head = |mut graph: Builder, code: &str| {
        match kind {
            ClassifierKind::Classifier => {
                graph.linear(HEAD, Kind::Ae, code, "logits", [LATENT, outputs]);
                graph.node("Softmax", &["logits"], "probabilities", &[("axis", axis)]);
            }
            ClassifierKind::Regressor => graph.linear(HEAD, Kind::Ae, code, "prediction", [LATENT, outputs]),
        }
        graph
    };
    let mut encoder = Builder::default();
    encoder.node("Flatten", &["x"], "flat", &[("axis", 1)]);
    encoder.linear(1, Kind::Ae, "flat", "code", [FEATURES, LATENT]);

    let samples = samples(5);
    let codes = mean_of(Kind::Ae, &samples, &[]);
    let head_output = linear_head(&codes, outputs);
    let named_outputs = match kind {
        ClassifierKind::Classifier => vec![("probabilities", softmax(&head_output)), ("logits", head_output)],
        ClassifierKind::Regressor => vec![("prediction", head_output)],
    };
    HeadDraft {
        head: head(Builder::default(), "z").model(&graphs.head),
        end_to_end: head(encoder, "code").model(&graphs.end_to_end),
        manifest: manifest(kind, outputs, graphs),
        probe: HeadProbe {
            samples: samples.into_dyn(),
            codes: codes.into_dyn(),
            outputs: named_outputs.into_iter().map(|(name, array)| (name.to_owned(), array.into_dyn())).collect(),
        },
    }
}

fn manifest(kind: ClassifierKind, outputs: usize, graphs: ClassifierPorts) -> ClassifierManifest {
    ClassifierManifest {
        format: FORMAT,
        digest: String::new(),
        kind,
        sample: sample(),
        latent_dim: LATENT,
        classes: (kind == ClassifierKind::Classifier).then(|| CLASSES.map(str::to_owned).to_vec()),
        targets: (kind == ClassifierKind::Regressor).then_some(outputs),
        target_names: None,
        encoder: EncoderRecord { kind: Kind::Ae, digest: "0".repeat(64), fine_tuned: false },
        graphs,
        training: training(),
        parity: None,
        files: BTreeMap::new(),
    }
}
