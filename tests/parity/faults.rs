//! The proof can fail: a graph or a probe that is not what was trained is found out.

use narrows_bundle::{DECODER, ENCODER, Kind, onnx::Model};
use narrows_runtime::{
    Autoencoder,
    proof::{DECODER_TOLERANCE, ENCODER_TOLERANCE, prove},
};
use narrows_tests::{digits, exported, fitted, staged};
use narrows_trainer::Options;
use prost::Message;

use crate::brief;

/// A pixel in the middle, which is dark in some digits and bright in others.
const PIXEL: usize = 28;

fn linear() -> Options {
    brief(Kind::Ae).with(|options| options.architecture.hidden = Some(vec![]))
}

/// The graph with one number of one constant moved.
fn nudged(bytes: &[u8], constant: &str, at: usize, by: f32) -> Vec<u8> {
    let mut model = Model::decode(bytes).expect("just written");
    let graph = model.graph.as_mut().expect("just written");
    let tensor = graph.initializer.iter_mut().find(|tensor| tensor.name == constant).expect(constant);
    let (numbers, _) = tensor.raw_data.as_chunks_mut::<4>();
    numbers[at] = (f32::from_le_bytes(numbers[at]) + by).to_le_bytes();
    model.encode_to_vec()
}

#[test]
fn one_weight_that_differs_breaks_the_parity_of_its_graph_alone() {
    let data = digits();
    let export = fitted(&linear(), &data).export(&data).expect("an export");
    let latent = export.manifest.latent_dim;
    // Weights of the encoder are per unit of a pixel, 0 to 16; those of the decoder stand before a
    // sigmoid, whose slope is at most a quarter of 16.
    let cases: [(&str, &str, usize, f32, [bool; 2]); 6] = [
        (ENCODER, "encoder.z.weight", PIXEL * latent, 0.0, [true, true]),
        (ENCODER, "encoder.z.weight", PIXEL * latent, 1e-4, [false, true]),
        (ENCODER, "encoder.z.bias", latent - 1, 2e-4, [false, true]),
        (DECODER, "decoder.logits.weight", PIXEL, 0.0, [true, true]),
        (DECODER, "decoder.logits.weight", PIXEL, 1e-3, [true, false]),
        (DECODER, "decoder.logits.bias", PIXEL, 1e-3, [true, false]),
    ];
    for (file, constant, at, by, expected) in cases {
        let mut export = export.clone();
        for (_, bytes) in export.files.iter_mut().filter(|(name, _)| *name == file) {
            *bytes = nudged(bytes, constant, at, by);
        }
        let (_folder, bundle) = staged(export);
        let model = Autoencoder::from_bundle(&bundle, &narrows_runtime::Options::default()).expect("a valid graph");
        let parity = prove(&model, &bundle.probe().expect("a probe")).expect("a probe that fits");
        assert_eq!([parity.encoder.holds(), parity.decoder.holds()], expected, "{constant} by {by}: {parity:?}");
    }
}

#[test]
fn a_probe_that_is_shifted_by_twice_the_tolerance_breaks_the_parity() {
    let data = digits();
    let (_folder, bundle) = exported(&fitted(&linear(), &data), &data);
    let model = Autoencoder::from_bundle(&bundle, &narrows_runtime::Options::default()).expect("just exported");
    let probe = bundle.probe().expect("a probe");
    let decoder_tolerance = DECODER_TOLERANCE * bundle.manifest().sample.span();
    let cases = [
        (0.0, 0.0, [true, true]),
        (2.0 * ENCODER_TOLERANCE, 0.0, [false, true]),
        (0.0, 2.0 * decoder_tolerance, [true, false]),
        (f32::NAN, 0.0, [false, true]),
    ];
    for (codes, samples, expected) in cases {
        let mut shifted = probe.clone();
        *shifted.encoded.get_mut("z").expect("a code") += codes;
        *shifted.decoded.get_mut("x_hat").expect("a sample") += samples;
        let parity = prove(&model, &shifted).expect("a probe that fits");
        assert_eq!([parity.encoder.holds(), parity.decoder.holds()], expected, "{codes} {samples}: {parity:?}");
    }
}
