//! The proof: what ONNX Runtime computes from the written graphs, held against the trainer's own
//! outputs for the same rows.

use std::collections::BTreeMap;

use narrows_bundle::{GraphParity, Parity, Port, Probe};
use ndarray::{ArrayD, Axis};

use crate::{
    Autoencoder, Error,
    half::Half,
    label::check_labels,
    rows::{Rows, full_shape},
    samples::Values,
};

/// Batch sizes that are compared: one row, sizes that fill no vector register evenly, the probe at
/// once, and more rows than it has.
pub const BATCH_SIZES: [usize; 5] = [1, 2, 7, 64, 1000];

/// Largest allowed difference of an encoder's output, absolute. Codes are of the order of 1, and a
/// sum of a thousand `f32` products in another order moves by some 1e-5: ten times that is an
/// engine's freedom, a hundred times would be another network.
pub const ENCODER_TOLERANCE: f32 = 1e-4;

/// Largest allowed difference of a decoded sample, as a share of the data's range: for bytes 0.00255,
/// so that no pixel can change but by the rounding of a tie.
pub const DECODER_TOLERANCE: f32 = 1e-5;

/// Runs both graphs on the probe's rows at all [`BATCH_SIZES`] and measures how far they are from the
/// stored outputs. Rows are repeated in turn where a batch has more than the probe; a smaller batch
/// walks over all rows piece by piece. NaN counts as infinitely far.
///
/// # Errors
/// [`Error::Probe`] if the probe's tensors do not fit the graphs, and those of
/// [`Autoencoder::encode`]. A difference beyond the tolerance is no error here: see
/// [`GraphParity::holds`].
pub fn prove(model: &Autoencoder, probe: &Probe) -> Result<Parity, Error> {
    let span = model.manifest().sample.span();
    let labels = probe.labels.as_deref();
    check_labels(labels, probe.rows(), &[&model.encoder, &model.decoder], model.manifest())?;
    Ok(Parity {
        batch_sizes: BATCH_SIZES.to_vec(),
        encoder: prove_encoder(&model.encoder, probe)?,
        decoder: prove_decoder(&model.decoder, probe, span)?,
    })
}

pub(crate) fn prove_encoder(encoder: &Half, probe: &Probe) -> Result<GraphParity, Error> {
    let difference = largest_difference(encoder, probe, (narrows_bundle::SAMPLES, &probe.samples), &probe.encoded)?;
    Ok(GraphParity { max_abs_difference: difference, tolerance: ENCODER_TOLERANCE })
}

/// `span` is the width of the data's range.
pub(crate) fn prove_decoder(decoder: &Half, probe: &Probe, span: f32) -> Result<GraphParity, Error> {
    let difference = largest_difference(decoder, probe, (narrows_bundle::DECODER_INPUT, &probe.codes), &probe.decoded)?;
    Ok(GraphParity { max_abs_difference: difference, tolerance: DECODER_TOLERANCE * span })
}

fn largest_difference(
    half: &Half,
    probe: &Probe,
    (name, inputs): (&str, &ArrayD<f32>),
    stored: &BTreeMap<String, ArrayD<f32>>,
) -> Result<f32, Error> {
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
            let batch = Rows::check(Values::Floats(batch.view()), half.input())?;
            let labels = probe.labels.as_ref().map(|labels| of_rows(labels, piece));
            for &(port, expected) in &expected {
                let [computed] = half.run(&batch, labels.as_deref(), [port])?;
                largest = difference(&computed, &expected.select(Axis(0), piece)).max(largest);
            }
        }
    }
    Ok(largest)
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

fn difference(computed: &ArrayD<f32>, expected: &ArrayD<f32>) -> f32 {
    computed
        .iter()
        .zip(expected)
        .map(|(computed, expected)| (computed - expected).abs())
        .map(|difference| if difference.is_nan() { f32::INFINITY } else { difference })
        .fold(0.0, f32::max)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn values_that_are_no_numbers_are_infinitely_far_from_everything() {
        let one = array![1.0].into_dyn();
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let other = array![value].into_dyn();
            assert_eq!(difference(&one, &other), f32::INFINITY);
            assert_eq!(difference(&other, &other), f32::INFINITY);
        }
        assert_eq!(difference(&one, &one), 0.0);
    }
}
