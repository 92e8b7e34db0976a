//! The proof: what ONNX Runtime computes from the written graphs, held against the trainer's own
//! outputs for the same rows.

use std::collections::BTreeMap;

use narrows_bundle::{
    ClassifierManifest, ClassifierParity, DECODER_INPUT, GraphParity, HEAD_INPUT, HeadProbe, Manifest, Parity, Port,
    Probe, Role, SAMPLES,
};
use ndarray::{ArrayD, Axis};

use crate::{
    Autoencoder, Classifier, Error,
    label::check_labels,
    loaded_graph::LoadedGraph,
    rows::{InputRows, full_shape},
    samples::Values,
    tolerance::Tolerance,
};

pub use crate::tolerance::{DECODER_TOLERANCE, ENCODER_TOLERANCE, HEAD_TOLERANCE};

/// Batch sizes that are compared: one row, sizes that fill no vector register evenly, the probe at
/// once, and more rows than it has.
pub const BATCH_SIZES: [usize; 5] = [1, 2, 7, 64, 1000];

/// Runs both graphs on the probe's rows at all [`BATCH_SIZES`] and measures how far they are from the
/// stored outputs. Rows are repeated in turn where a batch has more than the probe; a smaller batch
/// walks over all rows piece by piece. NaN counts as infinitely far.
///
/// # Errors
/// [`Error::Probe`] if the probe's tensors do not fit the graphs, and those of
/// [`Autoencoder::encode`]. A difference beyond the tolerance is no error here: see
/// [`GraphParity::holds`].
pub fn prove(model: &Autoencoder, probe: &Probe) -> Result<Parity, Error> {
    let labels = probe.labels.as_deref();
    check_labels(labels, probe.rows(), &[&model.encoder, &model.decoder], model.manifest())?;
    Ok(Parity {
        batch_sizes: BATCH_SIZES.to_vec(),
        encoder: prove_encoder(&model.encoder, probe, model.manifest())?,
        decoder: prove_decoder(&model.decoder, probe, model.manifest())?,
    })
}

/// The same of a classifier or regressor: the head on the probe's codes and the whole on its samples, both against
/// what the trainer's own head told of the codes.
///
/// # Errors
/// [`Error::Probe`] if the probe's tensors do not fit the graphs, and those of [`Classifier::probabilities`].
pub fn prove_classifier(model: &Classifier, probe: &HeadProbe) -> Result<ClassifierParity, Error> {
    Ok(ClassifierParity {
        batch_sizes: BATCH_SIZES.to_vec(),
        head: prove_head(&model.head, probe, model.manifest())?,
        whole: prove_whole(&model.whole, probe, model.manifest())?,
    })
}

pub(crate) fn prove_encoder(encoder: &LoadedGraph, probe: &Probe, manifest: &Manifest) -> Result<GraphParity, Error> {
    let labels = labels_for(encoder, probe, manifest)?;
    let stored = Stored { input: (SAMPLES, &probe.samples), rows: probe.rows(), labels, outputs: &probe.encoded };
    parity(encoder, &stored, |_, _| Tolerance::of_codes())
}

pub(crate) fn prove_decoder(decoder: &LoadedGraph, probe: &Probe, manifest: &Manifest) -> Result<GraphParity, Error> {
    let labels = labels_for(decoder, probe, manifest)?;
    let stored = Stored { input: (DECODER_INPUT, &probe.codes), rows: probe.rows(), labels, outputs: &probe.decoded };
    parity(decoder, &stored, |_, _| Tolerance::of_samples(manifest))
}

pub(crate) fn prove_head(head: &LoadedGraph, probe: &HeadProbe, _: &ClassifierManifest) -> Result<GraphParity, Error> {
    prove_outputs(head, (HEAD_INPUT, &probe.codes), probe)
}

pub(crate) fn prove_whole(
    whole: &LoadedGraph,
    probe: &HeadProbe,
    _: &ClassifierManifest,
) -> Result<GraphParity, Error> {
    prove_outputs(whole, (SAMPLES, &probe.samples), probe)
}

fn prove_outputs(half: &LoadedGraph, input: (&str, &ArrayD<f32>), probe: &HeadProbe) -> Result<GraphParity, Error> {
    let stored = Stored { input, rows: probe.rows(), labels: None, outputs: &probe.outputs };
    let logits = half.output(Role::Logits).and_then(|port| probe.outputs.get(&port.name));
    parity(half, &stored, |port, told| match (logits, port.role == Role::Probabilities) {
        (Some(logits), false) => Tolerance::of_logits(logits),
        (Some(logits), true) => Tolerance::of_probabilities(logits),
        (None, _) => Tolerance::of_predictions(told),
    })
}

/// The labels of a probe for a graph that takes some.
fn labels_for<'a>(half: &LoadedGraph, probe: &'a Probe, manifest: &Manifest) -> Result<Option<&'a [i64]>, Error> {
    let labels = probe.labels.as_deref().filter(|_| half.takes_labels());
    check_labels(labels, probe.rows(), &[half], manifest)?;
    Ok(labels)
}

/// What a probe has for one graph.
struct Stored<'a> {
    /// The tensor's name, and the tensor.
    input: (&'a str, &'a ArrayD<f32>),
    rows: usize,
    labels: Option<&'a [i64]>,
    outputs: &'a BTreeMap<String, ArrayD<f32>>,
}

/// `tolerance` is asked for every output; those of one graph have the same tolerance.
fn parity(
    half: &LoadedGraph,
    stored: &Stored<'_>,
    tolerance: impl Fn(&Port, &ArrayD<f32>) -> Tolerance,
) -> Result<GraphParity, Error> {
    // A probe without rows would prove anything: it is refused for the row that it lacks.
    let rows = stored.rows.max(1);
    let (name, inputs) = stored.input;
    fits(name, Some(inputs), rows, half.input())?;
    let expected = half
        .outputs()
        .iter()
        .map(|port| {
            let told = fits(&port.name, stored.outputs.get(&port.name), rows, port)?;
            Ok((port, told, tolerance(port, told)))
        })
        .collect::<Result<Vec<_>, Error>>()?;

    let mut largest = 0.0;
    for batch_size in BATCH_SIZES {
        let order: Vec<usize> = (0..rows).cycle().take(rows.max(batch_size)).collect();
        for piece in order.chunks(batch_size) {
            let batch = inputs.select(Axis(0), piece);
            let batch = InputRows::of(Values::Floats(batch.view()), half.input())?;
            let labels = stored.labels.map(|labels| of_rows(labels, piece));
            for (port, told, tolerance) in &expected {
                let [computed] = half.run(&batch, labels.as_deref(), [*port])?;
                largest = tolerance.difference(&computed, &told.select(Axis(0), piece)).max(largest);
            }
        }
    }
    let tolerance = expected.iter().map(|(_, _, tolerance)| tolerance.tolerance).fold(f32::INFINITY, f32::min);
    Ok(GraphParity { max_abs_difference: largest, tolerance })
}

fn of_rows(labels: &[i64], rows: &[usize]) -> Vec<i64> {
    rows.iter().filter_map(|&row| labels.get(row).copied()).collect()
}

/// The tensor, if it has `rows` rows of the port's shape.
fn fits<'a>(name: &str, tensor: Option<&'a ArrayD<f32>>, rows: usize, port: &Port) -> Result<&'a ArrayD<f32>, Error> {
    let expected = full_shape(rows, port);
    tensor.filter(|tensor| tensor.shape() == expected).ok_or_else(|| Error::Probe {
        tensor: name.to_owned(),
        expected,
        found: tensor.map(|tensor| tensor.shape().to_vec()),
    })
}
