//! From a fitted head to the files of a bundle: the head, the whole from sample to answer, weights, the probe, the
//! manifest.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use narrows_bundle::{
    ClassifierKind, ClassifierManifest, ClassifierPorts, DataRecord, EncoderRecord, FORMAT, GraphPorts, HeadProbe,
    Manifest, PROBE, Probe, Role, Scaling, TrainingRecord, WEIGHTS,
    onnx::{Entry, Model, PRODUCER},
};
use narrows_data::Dataset;
use ndarray::{Array1, ArrayD};
use prost::Message;

use super::{Options, Task, Transferred};
use crate::{
    ConfigError, Problem, TrainError,
    candle::{Kernels, Parameters, run},
    export::{array, named, weight_bytes},
    kinds::first,
    network::{Affine, Graph, Softmax, Weights, fold_scaling, with_encoder_ports},
    onnx::{join, to_model},
    samples::sample_of,
};

/// Everything that a bundle holds before anyone has run it.
#[derive(Debug, Clone)]
pub struct Export {
    /// The manifest, without parity and without the sizes and hashes of files.
    pub manifest: ClassifierManifest,
    /// Files by name, in the order in which to write them.
    pub files: Vec<(String, Vec<u8>)>,
}

/// The bundle that a head was fitted on.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// Its manifest.
    pub manifest: &'a Manifest,
    /// Its encoder, as it was checked.
    pub encoder: &'a [u8],
    /// Its probe: whose rows prove the whole too.
    pub probe: &'a Probe,
}

impl Transferred {
    /// The graphs, the weights, the probe and the manifest; `options` are recorded.
    ///
    /// The nodes and constants of a frozen encoder stand in the whole as they are in the bundle. The probe has the
    /// rows of the bundle's, and Candle's outputs for them.
    ///
    /// # Errors
    /// [`TrainError::Config`] for an encoder that cannot be joined, those of Candle, for lack of memory, and of
    /// reading from disk.
    pub fn export(&self, origin: Origin<'_>, data: &Dataset, options: &Options) -> Result<Export, TrainError> {
        let model = origin.manifest;
        let kind = self.config.task.kind();
        let classes = data.classes.clone().filter(|_| kind == ClassifierKind::Classifier);
        let outputs = classes.as_ref().map_or(1, Vec::len);
        let ports = ClassifierPorts::of(kind, &model.sample.shape, model.latent_dim, outputs);
        let head = self.head_with_ports(kind)?;
        let (folded, weights) = fold_scaling(&head, &self.weights)?;
        let mut metadata = vec![("kind", kind.to_string()), ("latent", model.latent_dim.to_string())];
        metadata.extend(classes.as_ref().map(|classes| ("classes", classes.join(","))));
        let with_role = |role: &str| -> Vec<(&str, String)> {
            metadata.iter().cloned().chain([("role", role.to_owned())]).collect()
        };
        let name = |role: &str| format!("{kind}-{role}");
        let head_model = to_model(&name("head"), &folded, &weights, &ports.head.outputs, &with_role("head"));
        let encoder = self.encoder_model(origin)?;
        let via = model.graphs.encoder.output(Role::Latent).or(model.graphs.encoder.output(Role::Mean));
        let via = via.map_or("z", |port| port.name.as_str());
        let entries = with_role("whole").into_iter();
        let entries = entries.map(|(key, value)| Entry { key: format!("{PRODUCER}.{key}"), value }).collect();
        let whole_model = join(&encoder, &head_model, via, &name("whole"), entries).map_err(|what| {
            ConfigError::of(Problem::new("bundle", format!("has an encoder that cannot be joined: {what}")))
        })?;
        let probe = self.probe(origin, &head)?;
        let files = vec![
            (ports.head.file.clone(), head_model.encode_to_vec()),
            (ports.whole.file.clone(), whole_model.encode_to_vec()),
            (WEIGHTS.to_owned(), weight_bytes(&self.weights_with_units())?),
            (PROBE.to_owned(), probe.to_bytes()?),
        ];
        Ok(Export { manifest: self.manifest(model, data, options, kind, classes, ports)?, files })
    }

    /// The weights, with what codes are standardised by, and what a regression's outputs are told in.
    fn weights_with_units(&self) -> Weights {
        let mut weights = self.weights.clone();
        let mut add = |name: &str, scaling: &Scaling| {
            for (what, values) in [("offset", &scaling.offset), ("scale", &scaling.scale)] {
                weights.insert(format!("head.{name}.{what}"), Array1::from(values.clone()).into_dyn());
            }
        };
        add("standardise", &self.standardisation);
        if self.config.task == Task::Regression {
            add("unscale", &self.unit);
        }
        weights
    }

    /// The head with what is told: probabilities beside the logits, or numbers in the data's unit.
    fn head_with_ports(&self, kind: ClassifierKind) -> Result<Graph, TrainError> {
        let mut graph = Graph::new();
        let inputs: Vec<_> =
            self.head.inputs().iter().map(|input| graph.input(&input.name, input.dtype, &input.shape)).collect();
        for told in graph.splice(&self.head, &inputs)? {
            match kind {
                ClassifierKind::Classifier => {
                    let probabilities = graph.node("head.softmax", Softmax, &[told])?;
                    graph.output("logits", told);
                    graph.output("probabilities", probabilities);
                }
                ClassifierKind::Regressor => {
                    let number = graph.node("head.unscale", Affine::to_data(&self.unit), &[told])?;
                    graph.output("prediction", number);
                }
            }
        }
        Ok(graph)
    }

    /// The encoder as it is in the bundle, or as it has learned since.
    fn encoder_model(&self, origin: Origin<'_>) -> Result<Model, TrainError> {
        let model = origin.manifest;
        let Some(core) = &self.encoder else {
            return Model::decode(origin.encoder).map_err(|error| {
                ConfigError::of(Problem::new("bundle", format!("has an encoder that is no ONNX model ({error})")))
                    .into()
            });
        };
        let graph = with_encoder_ports(core, &model.sample.shape, &model.scaling)?;
        let (graph, weights) = fold_scaling(&graph, &self.weights)?;
        let GraphPorts { outputs, .. } = &model.graphs.encoder;
        Ok(to_model(&format!("{}-encoder", model.kind), &graph, &weights, outputs, &[]))
    }

    /// Candle's own outputs for the rows of the bundle's probe.
    fn probe(&self, origin: Origin<'_>, head: &Graph) -> Result<HeadProbe, TrainError> {
        let parameters = Parameters::from_weights(&self.weights, &Device::Cpu)?;
        let samples = &origin.probe.samples;
        let codes = match &self.encoder {
            None => tensor(&origin.probe.codes)?,
            Some(core) => {
                let model = origin.manifest;
                let encoder = with_encoder_ports(core, &model.sample.shape, &model.scaling)?;
                first(run(Kernels::Composed, &encoder, &parameters, &[tensor(samples)?])?)?
            }
        };
        let told = run(Kernels::Composed, head, &parameters, std::slice::from_ref(&codes))?;
        Ok(HeadProbe { samples: samples.clone(), codes: array(&codes)?, outputs: named(head, &told)? })
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
                fill: model.sample.fill.clone(),
                ..sample_of(data)
            },
            latent_dim: model.latent_dim,
            targets: classes.is_none().then_some(1),
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
            },
            parity: None,
            files: BTreeMap::new(),
        })
    }

    /// All figures by name: `test.accuracy`, and so on; `frozen.test.accuracy` before the encoder learned along,
    /// `neighbours.test.accuracy` of the nearest codes, always those of the frozen encoder.
    pub fn metrics(&self) -> BTreeMap<String, f64> {
        let of = |prefix: &str, figures: &BTreeMap<&'static str, super::Answers>| {
            let named = figures.iter().flat_map(|(part, answers)| {
                answers.iter().map(move |(name, value)| (format!("{part}.{name}"), *value))
            });
            named.map(|(name, value)| (format!("{prefix}{name}"), value)).collect::<Vec<_>>()
        };
        let neighbours = self.neighbours.iter().map(|answers| BTreeMap::from([("test", answers.clone())]));
        let mut metrics: BTreeMap<String, f64> = of("", &self.figures).into_iter().collect();
        metrics.extend(self.settled.iter().flat_map(|figures| of("frozen.", figures)));
        // Codes are those of the encoder as it was.
        let prefix = if self.encoder.is_some() { "frozen.neighbours." } else { "neighbours." };
        metrics.extend(neighbours.flat_map(|figures| of(prefix, &figures)));
        metrics.insert("weight_decay".to_owned(), self.decay);
        metrics
    }
}

fn tensor(array: &ArrayD<f32>) -> Result<Tensor, TrainError> {
    Ok(Tensor::from_vec(array.iter().copied().collect(), array.shape(), &Device::Cpu)?)
}
