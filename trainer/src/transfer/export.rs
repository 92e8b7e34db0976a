//! Exports a fitted head as a bundle: the head graph, the end-to-end graph, the weights, the probe and the manifest.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use narrows_bundle::{
    ClassifierKind, ClassifierManifest, ClassifierPorts, DataRecord, EncoderRecord, FORMAT, GraphPorts, HeadProbe,
    Manifest, PROBE, Probe, Role, Scaling, TrainingRecord, WEIGHTS,
    onnx::{Entry, Model, PRODUCER},
};
use narrows_data::{Dataset, table::Layout};
use ndarray::{Array1, ArrayD};
use prost::Message;

use super::{
    Options, Task, Transferred,
    encoder::{encoder_inputs, with_ports_of},
};
use crate::{
    ConfigError, Problem, TrainError,
    candle::{Kernels, Parameters, run, run_without_gradients},
    export::{array, named, weight_bytes},
    kinds::first,
    network::{Affine, Graph, Softmax, Weights, folded},
    onnx::{join, to_model},
    samples::sample_of,
};

/// Content of a bundle before its parity check.
#[derive(Debug, Clone)]
pub struct Export {
    /// The manifest, still without the parity record and without the sizes and hashes of the files.
    pub manifest: ClassifierManifest,
    /// Files by name, in writing order.
    pub files: Vec<(String, Vec<u8>)>,
}

/// The bundle whose encoder computed the codes.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// Its manifest.
    pub manifest: &'a Manifest,
    /// Its encoder: the content of the ONNX file.
    pub encoder: &'a [u8],
    /// Its probe. The parity check of the end-to-end graph uses the same rows.
    pub probe: &'a Probe,
}

impl Transferred {
    /// Creates the graphs, the weights, the probe and the manifest. The manifest records `options`.
    ///
    /// The end-to-end graph contains the nodes and constants of a frozen encoder unchanged. The new probe has the rows
    /// of the original probe and Candle's outputs for them.
    ///
    /// # Errors
    /// [`TrainError::Config`] if the encoder cannot be joined with the head, and errors of Candle for lack of memory
    /// and of reading from disk.
    pub fn export(&self, origin: Origin<'_>, data: &Dataset, options: &Options) -> Result<Export, TrainError> {
        let model = origin.manifest;
        let kind = self.config.task.kind();
        let classes = data.classes.clone().filter(|_| kind == ClassifierKind::Classifier);
        let outputs = classes.as_ref().map_or(self.unit.offset.len(), Vec::len);
        let ports = match model.sample.cells() {
            None => ClassifierPorts::of(kind, &model.sample.shape, model.latent_dim, outputs),
            Some(cells) => ClassifierPorts::of_table(kind, &Layout::of(&cells), model.latent_dim, outputs),
        };
        let head = self.head_with_ports(kind)?;
        let (folded, weights) = folded(&head, &self.weights)?;
        let mut metadata = vec![("kind", kind.to_string()), ("latent", model.latent_dim.to_string())];
        metadata.extend(classes.as_ref().map(|classes| ("classes", classes.join(","))));
        let name = |role: &str| format!("{kind}-{role}");
        let head_model = to_model(&name("head"), &folded, &weights, &ports.head.outputs, &metadata);
        let encoder = self.encoder_model(origin)?;
        let code_port = model.graphs.encoder.output(Role::Latent).or(model.graphs.encoder.output(Role::Mean));
        let code_name = code_port.map_or("z", |port| port.name.as_str());
        let entries = metadata.into_iter();
        let entries = entries.map(|(key, value)| Entry { key: format!("{PRODUCER}.{key}"), value }).collect();
        let classifier_model = join(&encoder, &head_model, code_name, &name("whole"), entries).map_err(|what| {
            ConfigError::of(Problem::of_data("bundle", format!("has an encoder that cannot be joined: {what}")))
        })?;
        let probe = self.probe(origin, &head)?;
        let files = vec![
            (ports.head.file.clone(), head_model.encode_to_vec()),
            (ports.end_to_end.file.clone(), classifier_model.encode_to_vec()),
            (WEIGHTS.to_owned(), weight_bytes(&self.weights_with_units())?),
            (PROBE.to_owned(), probe.to_bytes()?),
        ];
        Ok(Export { manifest: self.manifest(model, data, options, kind, classes, ports)?, files })
    }

    /// Returns the weights, with the standardisation of the codes and, for a regression, that of the targets.
    fn weights_with_units(&self) -> Weights {
        let mut weights = self.weights.clone();
        let mut add = |name: &str, scaling: &Scaling| {
            for (field, values) in [("offset", &scaling.offset), ("scale", &scaling.scale)] {
                weights.insert(format!("head.{name}.{field}"), Array1::from(values.clone()).into_dyn());
            }
        };
        add("standardise", &self.standardisation);
        if self.config.task == Task::Regression {
            add("unscale", &self.unit);
        }
        weights
    }

    /// Returns the head with its public outputs: logits and probabilities, or predictions in the unit of the data.
    fn head_with_ports(&self, kind: ClassifierKind) -> Result<Graph, TrainError> {
        let mut graph = Graph::new();
        let inputs: Vec<_> =
            self.head.inputs().iter().map(|input| graph.input(&input.name, input.dtype, &input.shape)).collect();
        for output in graph.splice(&self.head, &inputs)? {
            match kind {
                ClassifierKind::Classifier => {
                    let probabilities = graph.node("head.softmax", Softmax, &[output])?;
                    graph.output("logits", output);
                    graph.output("probabilities", probabilities);
                }
                ClassifierKind::Regressor => {
                    let prediction = graph.node("head.unscale", Affine::to_data(&self.unit), &[output])?;
                    graph.output("prediction", prediction);
                }
            }
        }
        Ok(graph)
    }

    /// Returns the encoder of the bundle, or the fine-tuned encoder.
    fn encoder_model(&self, origin: Origin<'_>) -> Result<Model, TrainError> {
        let model = origin.manifest;
        let Some(core) = &self.encoder else {
            return Model::decode(origin.encoder).map_err(|error| {
                ConfigError::of(Problem::of_data(
                    "bundle",
                    format!("has an encoder that is not a valid ONNX model: {error}"),
                ))
                .into()
            });
        };
        let graph = with_ports_of(model, core)?;
        let (graph, weights) = folded(&graph, &self.weights)?;
        let GraphPorts { outputs, .. } = &model.graphs.encoder;
        Ok(to_model(&format!("{}-encoder", model.kind), &graph, &weights, outputs, &[]))
    }

    /// Computes Candle's outputs for the rows of the probe of the bundle.
    fn probe(&self, origin: Origin<'_>, head: &Graph) -> Result<HeadProbe, TrainError> {
        let parameters = Parameters::from_weights(&self.weights, &Device::Cpu)?;
        let samples = &origin.probe.samples;
        let codes = match &self.encoder {
            None => tensor(&origin.probe.codes)?,
            Some(core) => {
                let model = origin.manifest;
                let inputs = encoder_inputs(model, tensor(samples)?)?;
                first(run_without_gradients(&with_ports_of(model, core)?, &parameters, &inputs)?)?
            }
        };
        let outputs = run(Kernels::Composed, head, &parameters, std::slice::from_ref(&codes))?;
        Ok(HeadProbe { samples: samples.clone(), codes: array(&codes)?, outputs: named(head, &outputs)? })
    }

    fn manifest(
        &self,
        model: &Manifest,
        data: &Dataset,
        options: &Options,
        kind: ClassifierKind,
        classes: Option<Vec<String>>,
        graphs: ClassifierPorts,
    ) -> Result<ClassifierManifest, TrainError> {
        let rows = |part: &Option<narrows_data::Part>| part.as_ref().map(|part| part.values.rows());
        Ok(ClassifierManifest {
            format: FORMAT,
            digest: String::new(),
            kind,
            sample: narrows_bundle::Sample {
                range: model.sample.range,
                table: model.sample.table.clone(),
                fill: model.sample.fill.clone(),
                kind: model.sample.kind,
                windows: sample_of(data).windows.or_else(|| model.sample.windows.clone()),
                ..sample_of(data)
            },
            latent_dim: model.latent_dim,
            targets: classes.is_none().then_some(self.unit.offset.len()),
            target_names: Some(self.config.targets.clone()).filter(|names| names.len() > 1),
            classes,
            encoder: EncoderRecord {
                kind: model.kind,
                digest: model.digest.clone(),
                fine_tuned: self.encoder.is_some(),
            },
            graphs,
            training: TrainingRecord {
                configuration: serde_json::json!(self.config.effective(options)),
                progress: self.progress.clone(),
                data: DataRecord {
                    name: data.name.clone(),
                    fingerprint: data.fingerprint()?,
                    train_rows: self.fitted_rows,
                    valid_rows: rows(&data.valid).unwrap_or(self.held_out_rows),
                    test_rows: rows(&data.test).unwrap_or(0),
                },
                metrics: self.metrics(),
                explained_variance_ratio: None,
                moments: None,
            },
            parity: None,
            files: BTreeMap::new(),
        })
    }

    /// Returns all metrics by name, such as `test.accuracy`.
    ///
    /// After fine-tuning, `frozen.test.accuracy` is the metric before it. The nearest-neighbour baseline always uses
    /// the codes of the frozen encoder: `neighbours.test.accuracy`, or `frozen.neighbours.test.accuracy` after
    /// fine-tuning.
    pub fn metrics(&self) -> BTreeMap<String, f64> {
        let prefixed = |prefix: &str, figures: &BTreeMap<&'static str, super::Metrics>| {
            let named = figures.iter().flat_map(|(part, metrics)| {
                metrics.iter().map(move |(name, value)| (format!("{part}.{name}"), *value))
            });
            named.map(|(name, value)| (format!("{prefix}{name}"), value)).collect::<Vec<_>>()
        };
        let neighbours = self.neighbours.iter().map(|metrics| BTreeMap::from([("test", metrics.clone())]));
        let mut metrics: BTreeMap<String, f64> = prefixed("", &self.figures).into_iter().collect();
        metrics.extend(self.frozen_figures.iter().flat_map(|figures| prefixed("frozen.", figures)));
        // The codes are those of the frozen encoder.
        let prefix = if self.encoder.is_some() { "frozen.neighbours." } else { "neighbours." };
        metrics.extend(neighbours.flat_map(|figures| prefixed(prefix, &figures)));
        metrics.insert("weight_decay".to_owned(), self.decay);
        metrics
    }
}

fn tensor(array: &ArrayD<f32>) -> Result<Tensor, TrainError> {
    Ok(Tensor::from_vec(array.iter().copied().collect(), array.shape(), &Device::Cpu)?)
}
