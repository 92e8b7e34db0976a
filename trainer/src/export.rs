//! Export of a fitted model to the files of a bundle: two graphs, the weights, the probe and the manifest.

use std::{collections::BTreeMap, path::PathBuf};

use candle_core::{DType, Device, Tensor};
use narrows_bundle::{
    Bundle, BundleError, Covariances, DECODER, DataRecord, ENCODER, FORMAT, GraphPorts, Manifest, Mixture, PRIOR,
    PROBE, Ports, Prior, Probe, SAMPLER, Stage, TrainingRecord, WEIGHTS,
};
use narrows_data::{Dataset, Part, table::Layout};
use ndarray::{Array1, Array2, ArrayD};
use prost::Message;

use crate::{
    Fitted, Method, TrainError,
    candle::{Parameters, run_without_gradients},
    core_graphs::CoreGraphs,
    kinds::{LatentPrior, components},
    network::{
        Graph, Weights, folded, with_decoder_ports, with_encoder_ports, with_table_decoder_ports,
        with_table_encoder_ports,
    },
    onnx::to_model,
    samples::labels,
    stored::Stored,
    table::scaling_of,
};

/// Largest number of rows in the probe.
const PROBE_ROWS: usize = 64;

/// Largest number of values in the samples of the probe (8 MiB), if it has at least [`LEAST_PROBE_ROWS`].
const PROBE_VALUES: usize = 1 << 21;

/// Number of rows that the probe has for samples of any size.
const LEAST_PROBE_ROWS: usize = 4;

/// The contents of a bundle before the parity check.
#[derive(Debug, Clone)]
pub struct Export {
    /// The manifest, without the result of the parity check and without sizes and hashes of files.
    pub manifest: Manifest,
    /// The files with their names, in the order in which they should be written.
    pub files: Vec<(&'static str, Vec<u8>)>,
    /// What differs from the configuration: a sampler with fewer components, or none, where there are too few rows.
    pub remarks: Vec<String>,
}

impl Export {
    /// Writes the bundle to a folder, which appears only when it is complete, and opens it.
    ///
    /// The manifest has no parity figures: this crate does not run ONNX graphs. `narrows verify`, or
    /// `narrows_runtime::prove`, compares the graphs with the probe in ONNX Runtime.
    ///
    /// # Errors
    /// [`BundleError`] if the folder exists and is neither empty nor a bundle, or cannot be written.
    pub fn write(mut self, folder: impl Into<PathBuf>) -> Result<Bundle, BundleError> {
        let mut stage = Stage::begin(folder)?;
        for (name, bytes) in &self.files {
            stage.write(name, bytes)?;
        }
        stage.write_manifest(&mut self.manifest)?;
        Bundle::open(stage.publish()?)
    }
}

impl Fitted {
    /// Creates the graphs, the weights, the probe and the manifest, and fits the sampler of the configuration.
    ///
    /// The probe contains Candle's outputs of the graphs as they were trained, whereas the exported graphs have the
    /// scaling folded into their weights. The parity check therefore also covers the folding.
    ///
    /// # Errors
    /// [`TrainError::Candle`] and [`TrainError::Safetensors`] if memory is exhausted.
    pub fn export(&self, data: &Dataset) -> Result<Export, TrainError> {
        let kind = self.config.kind();
        let ports = match &self.core.table {
            None => Ports::of(kind, &data.sample_shape, self.config.latent_dim),
            Some(table) => Ports::of_table(kind, &Layout::of(&table.cells), self.config.latent_dim),
        };
        let (encoder, decoder) = self.ported(&data.sample_shape)?;
        let probe = self.probe(data, &encoder, &decoder)?;
        let mixture = self.mixture_prior()?;
        let mut files = vec![
            (ENCODER, self.graph_bytes("encoder", &encoder, &ports.encoder, data)?),
            (DECODER, self.graph_bytes("decoder", &decoder, &ports.decoder, data)?),
            (WEIGHTS, weight_bytes(&self.weights)?),
            (PROBE, probe.to_bytes()?),
        ];
        if let Some(mixture) = &mixture {
            files.push((PRIOR, mixture.to_bytes()?));
        }
        let mut manifest = self.manifest(data, ports)?;
        if let Some(mixture) = &mixture {
            manifest.prior = Some(Prior::Mixture { components: mixture.components() });
        }
        let (sampler, remarks) = self.sampler(data)?;
        if let Some(sampler) = sampler {
            files.push((SAMPLER, sampler.sampler.to_bytes()?));
            manifest.sampler = Some(sampler.record);
        }
        Ok(Export { manifest, files, remarks })
    }

    /// Returns the encoder and the decoder with the ports of the exported graphs.
    fn ported(&self, sample_shape: &[usize]) -> Result<(Graph, Graph), TrainError> {
        let (CoreGraphs { encoder, decoder, table }, scaling) = (&self.core, &self.scaling);
        Ok(match table {
            None => {
                let link = self.config.output_distribution.link;
                let decoder = with_decoder_ports(decoder, sample_shape, link, scaling)?;
                (with_encoder_ports(encoder, sample_shape, scaling)?, decoder)
            }
            Some(table) => {
                let numeric = Layout::of(&table.cells).numbers;
                let numbers = scaling_of(scaling, &table.row.order.numbers);
                let decoder = with_table_decoder_ports(decoder, &table.row, &numbers, &table.rates)?;
                (with_table_encoder_ports(encoder, &scaling_of(scaling, &numeric))?, decoder)
            }
        })
    }

    /// Returns the learned prior: the posteriors of the pseudo-inputs with equal weights. `None` for another prior.
    fn mixture_prior(&self) -> Result<Option<Mixture>, TrainError> {
        match &self.config.method {
            Method::Descent(descent) if descent.objective.model().prior() != LatentPrior::Normal => {}
            Method::Descent(_) | Method::ClosedForm(_) => return Ok(None),
        }
        let parameters = Parameters::from_weights(&self.weights, &Device::Cpu)?;
        let (means, log_variances) = components(&self.core.network(&parameters, &self.config))?;
        let matrix = |tensor: &Tensor| -> Result<Array2<f64>, TrainError> {
            let values: Vec<f64> = tensor.flatten_all()?.to_vec1::<f32>()?.into_iter().map(f64::from).collect();
            Ok(Array2::from_shape_vec(tensor.dims2()?, values).map_err(candle_core::Error::wrap)?)
        };
        let means = matrix(&means)?;
        let weights = Array1::from_elem(means.nrows(), 1.0 / means.nrows() as f64);
        let mixture = Mixture::new(weights, means, Covariances::Diagonal(matrix(&log_variances)?));
        Ok(Some(mixture.map_err(|what| candle_core::Error::Msg(format!("the learned prior is invalid: {what}")))?))
    }

    fn graph_bytes(
        &self,
        role: &str,
        graph: &Graph,
        ports: &GraphPorts,
        data: &Dataset,
    ) -> Result<Vec<u8>, TrainError> {
        let (graph, weights) = folded(graph, &self.weights)?;
        let kind = self.config.kind();
        let list = |values: &[f32]| values.iter().map(f32::to_string).collect::<Vec<_>>().join(",");
        let mut metadata = vec![
            ("kind", kind.name().to_owned()),
            ("latent", self.config.latent_dim.to_string()),
            ("scaling.offset", list(&self.scaling.offset)),
            ("scaling.scale", list(&self.scaling.scale)),
        ];
        if let Some(classes) = data.classes.as_ref().filter(|_| kind.is_conditional()) {
            metadata.push(("classes", classes.join(",")));
        }
        Ok(to_model(&format!("{kind}-{role}"), &graph, &weights, &ports.outputs, &metadata).encode_to_vec())
    }

    /// Computes Candle's outputs for the first rows of the test part, or of the validation rows or training rows if
    /// there is no test part.
    fn probe(&self, data: &Dataset, encoder: &Graph, decoder: &Graph) -> Result<Probe, TrainError> {
        let (part, rows) = self.probe_rows(data);
        let parameters = Parameters::from_weights(&self.weights, &Device::Cpu)?;
        let shape: Vec<usize> = std::iter::once(rows.len()).chain(data.sample_shape.iter().copied()).collect();
        let mut values = Vec::new();
        part.values.visit(rows.iter().copied(), |_, row| values.extend(row.floats()))?;
        let x = Tensor::from_vec(values, shape, &Device::Cpu)?;
        let labels = if self.config.kind().is_conditional() { labels(part, &rows)? } else { None };
        let inputs = |values: &[Tensor]| values.iter().cloned().chain(labels.clone()).collect::<Vec<_>>();
        let ports = match &self.core.table {
            None => vec![x.clone()],
            Some(table) => table_ports(&Layout::of(&table.cells), &x)?,
        };
        let encoded = run_without_gradients(encoder, &parameters, &inputs(&ports))?;
        let Some(codes) = encoded.first() else {
            return Err(candle_core::Error::Msg("the encoder has no output".to_owned()).into());
        };
        let decoded = run_without_gradients(decoder, &parameters, &inputs(std::slice::from_ref(codes)))?;
        Ok(Probe {
            samples: array(&x)?,
            labels: labels.map(|labels| labels.to_vec1()).transpose()?,
            encoded: named(encoder, &encoded)?,
            codes: array(codes)?,
            decoded: named(decoder, &decoded)?,
        })
    }

    fn probe_rows<'a>(&self, data: &'a Dataset) -> (&'a Part, Vec<usize>) {
        let count = probe_rows_of(data.train.values.features());
        match &data.test {
            Some(test) if test.values.rows() > 0 => (test, (0..test.values.rows().min(count)).collect()),
            _ if !self.valid_rows.is_empty() => {
                let part = data.valid.as_ref().unwrap_or(&data.train);
                (part, self.valid_rows.iter().copied().take(count).collect())
            }
            _ => (&data.train, (0..data.train.values.rows().min(count)).collect()),
        }
    }

    fn manifest(&self, data: &Dataset, graphs: Ports) -> Result<Manifest, TrainError> {
        let kind = self.config.kind();
        Ok(Manifest {
            format: FORMAT,
            digest: String::new(),
            kind,
            sample: self.config.sample(data),
            latent_dim: self.config.latent_dim,
            prior: kind.has_prior().then_some(Prior::StandardNormal),
            sampler: None,
            detector: None,
            classes: data.classes.clone(),
            class_rows: class_rows(data),
            likelihood: self.config.output_distribution.likelihood,
            variance: self.variance(),
            cells: self.core.table.as_ref().map(|table| table.likelihoods.fitted(&self.weights)),
            output_link: self.config.output_distribution.link,
            scaling: self.scaling.clone(),
            graphs,
            training: TrainingRecord {
                configuration: serde_json::json!(self.config.recorded()),
                progress: self.progress.clone(),
                data: DataRecord {
                    name: data.name.clone(),
                    fingerprint: data.fingerprint()?,
                    train_rows: self.train_rows,
                    valid_rows: self.valid_rows.len(),
                    test_rows: data.test.as_ref().map_or(0, |test| test.values.rows()),
                },
                moments: self.config.moments.as_ref().map(|loaded| loaded.record()),
                metrics: self.metrics(),
                explained_variance_ratio: self.explained_variance_ratio.clone(),
            },
            parity: None,
            files: BTreeMap::new(),
        })
    }
}

/// Returns the inputs of an encoder for rows of cells, `[rows, cells]`: the numbers, if there are any, and the
/// positions of the levels, which are 0 for missing values.
pub(crate) fn table_ports(layout: &Layout, cells: &Tensor) -> candle_core::Result<Vec<Tensor>> {
    let select = |columns: Vec<u32>| match columns.is_empty() {
        true => Ok(None),
        false => cells.index_select(&Tensor::new(columns, cells.device())?, 1).map(Some),
    };
    let numbers = select(layout.numbers.iter().map(|&cell| cell as u32).collect())?;
    let levels = select(layout.categories.iter().map(|&(cell, _)| cell as u32).collect())?;
    let levels = levels.map(|levels| {
        let is_known = levels.eq(&levels)?;
        is_known.where_cond(&levels, &levels.zeros_like()?)?.to_dtype(DType::I64)
    });
    Ok(numbers.into_iter().chain(levels.transpose()?).collect())
}

/// Returns the number of training rows of each class of a mixed table.
fn class_rows(data: &Dataset) -> Option<Vec<u64>> {
    let (Some(_), Some(classes), Some(labels)) = (&data.table, &data.classes, &data.train.labels) else { return None };
    let mut rows = vec![0; classes.len()];
    for &label in labels {
        if let Some(rows) = rows.get_mut(label as usize) {
            *rows += 1;
        }
    }
    Some(rows)
}

/// Returns the largest number of rows in the probe for samples of `features` values.
fn probe_rows_of(features: usize) -> usize {
    (PROBE_VALUES / features.max(1)).clamp(LEAST_PROBE_ROWS, PROBE_ROWS)
}

/// Returns the outputs of a graph by name.
pub(crate) fn named(graph: &Graph, outputs: &[Tensor]) -> Result<BTreeMap<String, ArrayD<f32>>, TrainError> {
    graph.outputs().iter().zip(outputs).map(|((name, _), tensor)| Ok((name.clone(), array(tensor)?))).collect()
}

pub(crate) fn array(tensor: &Tensor) -> Result<ArrayD<f32>, TrainError> {
    let values = tensor.flatten_all()?.to_vec1()?;
    Ok(ArrayD::from_shape_vec(tensor.dims(), values).map_err(candle_core::Error::wrap)?)
}

pub(crate) fn weight_bytes(weights: &Weights) -> Result<Vec<u8>, TrainError> {
    Ok(safetensors::serialize(weights.iter().map(|(name, array)| (name, Stored::array(array))), None)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_probe_has_fewer_rows_for_large_samples() {
        assert_eq!([64, 784, 64 * 64 * 3, 256 * 256 * 3, 1 << 22].map(probe_rows_of), [64, 64, 64, 10, 4]);
    }
}
