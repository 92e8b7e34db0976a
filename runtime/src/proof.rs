//! The parity check: compares the outputs of ONNX Runtime with the trainer's stored outputs for the same rows.

mod detector;
mod levels;

use std::collections::BTreeMap;

use narrows_bundle::{
    ClassifierManifest, ClassifierParity, DECODER_INPUT, GraphParity, HEAD_INPUT, HeadProbe, Manifest, Parity, Port,
    Probe, Role, SAMPLES,
};
use ndarray::{ArrayD, Axis, Ix2};

use crate::{
    Autoencoder, Classifier, Error,
    label::check_labels,
    loaded_graph::LoadedGraph,
    probe_batches::{batch_sizes, batches, check_shape, labels_of},
    rows::{InputRows, full_shape},
    samples::Values,
    tolerance::Tolerance,
};
use levels::AcceptedLevels;

pub use detector::prove_detector;
pub(crate) use detector::prove_detector_graph;

pub use crate::{
    probe_batches::BATCH_SIZES,
    tolerance::{DECODER_TOLERANCE, DETECTOR_TOLERANCE, ENCODER_TOLERANCE, HEAD_TOLERANCE, LEVEL_TOLERANCE},
};

/// Runs both graphs of an autoencoder on the probe's rows with all [`BATCH_SIZES`], and measures the largest
/// difference from the stored outputs.
///
/// All rows are compared for every batch size. Where a batch is larger than the probe, the rows are repeated
/// cyclically. A batch that is larger than the probe is left out if its rows need more than 64 MiB or 2^36
/// multiply-adds; [`Parity::batch_sizes`] has the sizes that were run. NaN counts as an infinite difference.
///
/// The decoded levels of a mixed table must be equal, except where the probabilities of two levels, or the cumulative
/// probability of an ordered level and one half, are closer than [`LEVEL_TOLERANCE`]. Another level counts as an
/// infinite difference.
///
/// # Errors
/// [`Error::Probe`] if the probe's tensors do not fit the graphs, and those of [`Autoencoder::encode`]. A difference
/// above the tolerance is not an error; see [`GraphParity::holds`].
pub fn prove(model: &Autoencoder, probe: &Probe) -> Result<Parity, Error> {
    let labels = probe.labels.as_deref();
    check_labels(labels, probe.rows(), &[&model.encoder, &model.decoder], model.manifest())?;
    let sizes = batch_sizes(&[&model.encoder, &model.decoder], probe.rows());
    Ok(Parity {
        encoder: encoder_parity(&model.encoder, probe, model.manifest(), &sizes)?,
        decoder: decoder_parity(&model.decoder, probe, model.manifest(), &sizes)?,
        batch_sizes: sizes,
    })
}

/// Runs the head on the probe's codes and the end-to-end graph on its samples, and measures the largest difference
/// of both from the stored outputs of the trainer's head. See [`prove`] for the batches.
///
/// # Errors
/// [`Error::Probe`] if the probe's tensors do not fit the graphs, and those of [`Classifier::probabilities`].
pub fn prove_classifier(model: &Classifier, probe: &HeadProbe) -> Result<ClassifierParity, Error> {
    let sizes = batch_sizes(&[&model.head, &model.end_to_end], probe.rows());
    Ok(ClassifierParity {
        head: output_parity(&model.head, (HEAD_INPUT, &probe.codes), probe, &sizes)?,
        end_to_end: output_parity(&model.end_to_end, (SAMPLES, &probe.samples), probe, &sizes)?,
        batch_sizes: sizes,
    })
}

pub(crate) fn prove_encoder(encoder: &LoadedGraph, probe: &Probe, manifest: &Manifest) -> Result<GraphParity, Error> {
    encoder_parity(encoder, probe, manifest, &batch_sizes(&[encoder], probe.rows()))
}

pub(crate) fn prove_decoder(decoder: &LoadedGraph, probe: &Probe, manifest: &Manifest) -> Result<GraphParity, Error> {
    decoder_parity(decoder, probe, manifest, &batch_sizes(&[decoder], probe.rows()))
}

pub(crate) fn prove_head(head: &LoadedGraph, probe: &HeadProbe, _: &ClassifierManifest) -> Result<GraphParity, Error> {
    output_parity(head, (HEAD_INPUT, &probe.codes), probe, &batch_sizes(&[head], probe.rows()))
}

pub(crate) fn prove_end_to_end(
    graph: &LoadedGraph,
    probe: &HeadProbe,
    _: &ClassifierManifest,
) -> Result<GraphParity, Error> {
    output_parity(graph, (SAMPLES, &probe.samples), probe, &batch_sizes(&[graph], probe.rows()))
}

fn encoder_parity(
    encoder: &LoadedGraph,
    probe: &Probe,
    manifest: &Manifest,
    sizes: &[usize],
) -> Result<GraphParity, Error> {
    let labels = labels_for(encoder, probe, manifest)?;
    let stored = Stored { input: (SAMPLES, &probe.samples), rows: probe.rows(), labels, outputs: &probe.encoded };
    parity(encoder, &stored, sizes, |_, _| Some(Comparison::Values(Tolerance::for_codes())))
}

fn decoder_parity(
    decoder: &LoadedGraph,
    probe: &Probe,
    manifest: &Manifest,
    sizes: &[usize],
) -> Result<GraphParity, Error> {
    let labels = labels_for(decoder, probe, manifest)?;
    let stored = Stored { input: (DECODER_INPUT, &probe.codes), rows: probe.rows(), labels, outputs: &probe.decoded };
    let Some(cells) = manifest.sample.cells() else {
        return parity(decoder, &stored, sizes, |_, _| Some(Comparison::Values(Tolerance::for_samples(manifest))));
    };
    let probabilities =
        decoder.output(Role::LevelProbabilities).and_then(|port| probe.decoded.get(&port.name)).unwrap_or(&probe.codes);
    parity(decoder, &stored, sizes, |port, expected| {
        if port.role == Role::DecodedCategories {
            AcceptedLevels::of(&cells, expected, probabilities, LEVEL_TOLERANCE).map(Comparison::Levels)
        } else if port.role == Role::LevelProbabilities {
            Some(Comparison::Values(Tolerance::for_level_probabilities()))
        } else {
            Some(Comparison::Values(Tolerance::for_numbers(manifest, &cells, expected)))
        }
    })
}

fn output_parity(
    graph: &LoadedGraph,
    input: (&str, &ArrayD<f32>),
    probe: &HeadProbe,
    sizes: &[usize],
) -> Result<GraphParity, Error> {
    let stored = Stored { input, rows: probe.rows(), labels: None, outputs: &probe.outputs };
    let logits = graph.output(Role::Logits).and_then(|port| probe.outputs.get(&port.name));
    parity(graph, &stored, sizes, |port, expected| match (logits, port.role == Role::Probabilities) {
        (Some(logits), false) => Some(Comparison::Values(Tolerance::for_logits(logits))),
        (Some(logits), true) => Some(Comparison::Values(Tolerance::for_probabilities(logits))),
        (None, _) => Some(Comparison::Values(Tolerance::for_predictions(expected))),
    })
}

/// Returns the probe's labels if the graph takes labels.
fn labels_for<'a>(graph: &LoadedGraph, probe: &'a Probe, manifest: &Manifest) -> Result<Option<&'a [i64]>, Error> {
    let labels = probe.labels.as_deref().filter(|_| graph.takes_labels());
    check_labels(labels, probe.rows(), &[graph], manifest)?;
    Ok(labels)
}

/// The inputs and expected outputs of a probe for one graph.
struct Stored<'a> {
    /// Name and values of the input tensor.
    input: (&'a str, &'a ArrayD<f32>),
    rows: usize,
    labels: Option<&'a [i64]>,
    outputs: &'a BTreeMap<String, ArrayD<f32>>,
}

/// How the computed values of an output are compared with the stored ones.
enum Comparison {
    Values(Tolerance),
    Levels(AcceptedLevels),
}

impl Comparison {
    /// Returns the largest difference between the computed values of a batch and the stored ones, whose rows have these
    /// indices.
    fn difference(&self, computed: &ArrayD<f32>, stored: &ArrayD<f32>, rows: &[usize]) -> f32 {
        match self {
            Comparison::Values(tolerance) => tolerance.difference(computed, &stored.select(Axis(0), rows)),
            Comparison::Levels(accepted) => match computed.view().into_dimensionality::<Ix2>() {
                Ok(levels) if accepted.contain(levels, rows) => 0.0,
                Ok(_) | Err(_) => f32::INFINITY,
            },
        }
    }
}

/// Measures the parity of one graph. `comparison` is called for every output, and returns `None` if the stored arrays
/// do not fit together; all outputs of a graph have the same tolerance, in their own units.
fn parity(
    graph: &LoadedGraph,
    stored: &Stored<'_>,
    sizes: &[usize],
    comparison: impl Fn(&Port, &ArrayD<f32>) -> Option<Comparison>,
) -> Result<GraphParity, Error> {
    // A probe without rows would prove nothing. Requiring at least one row makes the shape check refuse it.
    let rows = stored.rows.max(1);
    let (name, inputs) = stored.input;
    check_shape(name, Some(inputs), rows, graph.input())?;
    let expected = graph
        .outputs()
        .iter()
        .map(|port| {
            let array = check_shape(&port.name, stored.outputs.get(&port.name), rows, port)?;
            let comparison = comparison(port, array).ok_or_else(|| Error::Probe {
                tensor: port.name.clone(),
                expected: full_shape(rows, port),
                found: Some(array.shape().to_vec()),
            })?;
            Ok((array, comparison))
        })
        .collect::<Result<Vec<_>, Error>>()?;

    let mut largest = 0.0;
    for &batch_size in sizes {
        for indices in batches(rows, batch_size) {
            let batch = inputs.select(Axis(0), &indices);
            let batch = InputRows::of(Values::Floats(batch.view()), graph.input())?;
            let labels = stored.labels.map(|labels| labels_of(labels, &indices));
            let computed = graph.run_all(&batch, labels.as_deref())?;
            for ((array, comparison), computed) in expected.iter().zip(computed) {
                largest = comparison.difference(&computed, array, &indices).max(largest);
            }
        }
    }
    let tolerances = expected.iter().map(|(_, comparison)| match comparison {
        Comparison::Values(tolerance) => tolerance.tolerance,
        Comparison::Levels(_) => f32::INFINITY,
    });
    let tolerance = tolerances.fold(f32::INFINITY, f32::min);
    Ok(GraphParity { max_abs_difference: largest, tolerance })
}
