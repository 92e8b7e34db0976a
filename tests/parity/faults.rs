//! The parity check fails for a graph or a probe that differs from the trained model.

use narrows_bundle::{DECODER, ENCODER, Kind, onnx::Model};
use narrows_runtime::{
    Autoencoder,
    proof::{DECODER_TOLERANCE, ENCODER_TOLERANCE, prove},
};
use narrows_tests::{digits, exported, fitted, staged};
use narrows_trainer::Options;
use prost::Message;

use crate::brief;

/// A pixel in the middle of the image, which is dark in some digits and bright in others.
const PIXEL: usize = 28;

fn linear() -> Options {
    brief(Kind::Ae).with(|options| options.architecture.hidden = Some(vec![]))
}

/// Returns the graph with `by` added to one value of one constant.
fn perturbed(bytes: &[u8], constant: &str, at: usize, by: f32) -> Vec<u8> {
    let mut model = Model::decode(bytes).expect("just written");
    let graph = model.graph.as_mut().expect("just written");
    let tensor = graph.initializer.iter_mut().find(|tensor| tensor.name == constant).expect(constant);
    let (values, _) = tensor.raw_data.as_chunks_mut::<4>();
    values[at] = (f32::from_le_bytes(values[at]) + by).to_le_bytes();
    model.encode_to_vec()
}

#[test]
fn a_changed_weight_breaks_the_parity_of_its_own_graph_only() {
    let data = digits();
    let export = fitted(&linear(), &data).export(&data).expect("an export");
    let latent = export.manifest.latent_dim;
    // The encoder multiplies its weights by pixels from 0 to 16. The decoder's last layer is followed by a sigmoid
    // scaled to 0 to 16, whose slope is at most 16 / 4.
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
            *bytes = perturbed(bytes, constant, at, by);
        }
        let (_folder, bundle) = staged(export);
        let model = Autoencoder::from_bundle(&bundle, &narrows_runtime::Options::default()).expect("a valid graph");
        let parity = prove(&model, &bundle.probe().expect("a probe")).expect("a probe of the model's shapes");
        assert_eq!([parity.encoder.holds(), parity.decoder.holds()], expected, "{constant} by {by}: {parity:?}");
    }
}

#[test]
fn a_probe_shifted_by_twice_the_tolerance_breaks_the_parity() {
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
        let parity = prove(&model, &shifted).expect("a probe of the model's shapes");
        assert_eq!([parity.encoder.holds(), parity.decoder.holds()], expected, "{codes} {samples}: {parity:?}");
    }
}
