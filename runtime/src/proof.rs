//! The proof: what ONNX Runtime computes from the written graphs, held against the trainer's own
//! outputs for the same rows.

use std::collections::BTreeMap;

use narrows_bundle::{GraphParity, Manifest, Parity, Port, Probe};
use ndarray::{ArrayD, Axis};

use crate::{
    Autoencoder, Error,
    half::Half,
    label::check_labels,
    rows::{Rows, full_shape},
    samples::Values,
    yardstick::Yardstick,
};

pub use crate::yardstick::{DECODER_TOLERANCE, ENCODER_TOLERANCE};

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

pub(crate) fn prove_encoder(encoder: &Half, probe: &Probe, _manifest: &Manifest) -> Result<GraphParity, Error> {
    let inputs = (narrows_bundle::SAMPLES, &probe.samples);
    parity(encoder, probe, inputs, &probe.encoded, &Yardstick::of_codes())
}

pub(crate) fn prove_decoder(decoder: &Half, probe: &Probe, manifest: &Manifest) -> Result<GraphParity, Error> {
    let inputs = (narrows_bundle::DECODER_INPUT, &probe.codes);
    parity(decoder, probe, inputs, &probe.decoded, &Yardstick::of_samples(manifest))
}

fn parity(
    half: &Half,
    probe: &Probe,
    (name, inputs): (&str, &ArrayD<f32>),
    stored: &BTreeMap<String, ArrayD<f32>>,
    yardstick: &Yardstick,
) -> Result<GraphParity, Error> {
    // A probe without rows would prove anything: it is refused for the row that it lacks.
    let rows = probe.rows().max(1);
    fits(name, Some(inputs), rows, half.input())?;
    let expected = half
        .outputs()
        .iter()
        .map(|port| Ok((port, fits(&port.name, stored.get(&port.name), rows, port)?)))
        .collect::<Result<Vec<_>, Error>>()?;

    let mut largest = 0.0;
    for batch_size in BATCH_SIZES {
        let order: Vec<usize> = (0..rows).cycle().take(rows.max(batch_size)).collect();
        for piece in order.chunks(batch_size) {
            let batch = inputs.select(Axis(0), piece);
            let batch = Rows::of(Values::Floats(batch.view()), half.input())?;
            let labels = probe.labels.as_ref().map(|labels| of_rows(labels, piece));
            for &(port, expected) in &expected {
                let [computed] = half.run(&batch, labels.as_deref(), [port])?;
                largest = yardstick.difference(&computed, &expected.select(Axis(0), piece)).max(largest);
            }
        }
    }
    Ok(GraphParity { max_abs_difference: largest, tolerance: yardstick.tolerance })
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
