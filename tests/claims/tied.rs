//! Tied weights: the exported decoder is the encoder turned round, and runs like any other.

use std::collections::BTreeMap;

use narrows_bundle::{DECODER, ENCODER, onnx::Model};
use narrows_runtime::{Autoencoder, proof::prove};
use narrows_tests::{digits, exported, fitted};
use narrows_trainer::{Fitted, Options, bundle::Kind, data::Dataset};
use ndarray::Array2;
use prost::Message;

fn trained(kind: Kind, tied: bool, data: &Dataset) -> Fitted {
    let options = Options { latent: Some(4), ..Options::new(kind) }.with(|options| {
        options.architecture.hidden = Some(vec![32, 16]);
        options.length.epochs = Some(5);
        options.code.tied = Some(tied);
    });
    fitted(&options, data)
}

/// Pairs of layers that mirror each other, from the outside in.
const MIRRORED: [(&str, &str); 3] =
    [("encoder.0", "decoder.logits"), ("encoder.1", "decoder.1"), ("encoder.z", "decoder.0")];

fn weight(fitted: &Fitted, layer: &str) -> Array2<f32> {
    let weight = &fitted.weights[&format!("{layer}.weight")];
    weight.view().into_dimensionality().expect("a dense layer's weight has two axes").to_owned()
}

#[test]
fn tied_weights_stay_transposes_of_each_other_through_training_and_free_ones_do_not() {
    let data = digits();
    for kind in [Kind::Ae, Kind::Dae] {
        let (tied, free) = (trained(kind, true, &data), trained(kind, false, &data));
        for (encoder, decoder) in MIRRORED {
            assert_eq!(weight(&tied, encoder).t(), weight(&tied, decoder), "{kind}: {encoder}");
            assert_ne!(weight(&free, encoder).t(), weight(&free, decoder), "{kind}: {encoder}");
        }
    }
}

/// The constants of a written graph by name.
fn constants(files: &[(&str, Vec<u8>)], name: &str) -> BTreeMap<String, Vec<f32>> {
    let (_, bytes) = files.iter().find(|(file, _)| *file == name).expect("every export has it");
    let graph = Model::decode(bytes.as_slice()).expect("just written").graph.expect("just written");
    let values = |bytes: &[u8]| bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    graph.initializer.into_iter().map(|tensor| (tensor.name, values(&tensor.raw_data))).collect()
}

#[test]
fn the_exported_decoder_holds_the_encoder_turned_round_and_onnx_runtime_agrees_with_candle() {
    let data = digits();
    let tied = trained(Kind::Ae, true, &data);
    let files = tied.export(&data).expect("an export").files;
    let (encoder, decoder) = (constants(&files, ENCODER), constants(&files, DECODER));
    for (one, other) in MIRRORED {
        // The scaling of the samples, a division by 16, is folded into the first layer; it costs no bit.
        let unit = if one == "encoder.0" { 16.0 } else { 1.0 };
        let shape = weight(&tied, one).dim();
        let kept = Array2::from_shape_vec(shape, encoder[&format!("{one}.weight")].clone()).expect("the same shape");
        let turned: Vec<f32> = kept.t().iter().map(|weight| weight * unit).collect();
        assert_eq!(turned, decoder[&format!("{other}.weight")], "{one}");
    }
    let (_folder, bundle) = exported(&tied, &data);
    let model = Autoencoder::from_bundle(&bundle, &narrows_runtime::Options::default()).expect("ONNX Runtime");
    let parity = prove(&model, &bundle.probe().expect("a probe")).expect("a probe that fits");
    assert!(parity.encoder.holds() && parity.decoder.holds(), "{parity:?}");
}
