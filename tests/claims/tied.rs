//! Tied weights: the weights of the exported decoder are the transposed weights of the encoder.

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

/// Pairs of an encoder layer and its mirrored decoder layer, from the outermost to the innermost.
const MIRRORED: [(&str, &str); 3] =
    [("encoder.0", "decoder.logits"), ("encoder.1", "decoder.1"), ("encoder.z", "decoder.0")];

fn weight(fitted: &Fitted, layer: &str) -> Array2<f32> {
    let weight = &fitted.weights[&format!("{layer}.weight")];
    weight.view().into_dimensionality().expect("a dense layer's weight has two axes").to_owned()
}

#[test]
fn tied_weights_stay_transposed_during_training_and_untied_weights_do_not() {
    let data = digits();
    for kind in [Kind::Ae, Kind::Dae] {
        let (tied, free) = (trained(kind, true, &data), trained(kind, false, &data));
        for (encoder, decoder) in MIRRORED {
            assert_eq!(weight(&tied, encoder).t(), weight(&tied, decoder), "{kind}: {encoder}");
            assert_ne!(weight(&free, encoder).t(), weight(&free, decoder), "{kind}: {encoder}");
        }
    }
}

/// Returns the constants of an exported graph by name.
fn constants(files: &[(&str, Vec<u8>)], name: &str) -> BTreeMap<String, Vec<f32>> {
    let (_, bytes) = files.iter().find(|(file, _)| *file == name).expect("a graph of every export");
    let graph = Model::decode(bytes.as_slice()).expect("just written").graph.expect("just written");
    let values = |bytes: &[u8]| bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    graph.initializer.into_iter().map(|tensor| (tensor.name, values(&tensor.raw_data))).collect()
}

#[test]
fn the_exported_decoder_contains_the_transposed_encoder_weights_and_passes_the_parity_check() {
    let data = digits();
    let tied = trained(Kind::Ae, true, &data);
    let files = tied.export(&data).expect("an export").files;
    let (encoder, decoder) = (constants(&files, ENCODER), constants(&files, DECODER));
    for (encoder_layer, decoder_layer) in MIRRORED {
        // The scaling of the samples, a division by 16, is folded into the first layer. It is exact in binary.
        let scale = if encoder_layer == "encoder.0" { 16.0 } else { 1.0 };
        let shape = weight(&tied, encoder_layer).dim();
        let array =
            Array2::from_shape_vec(shape, encoder[&format!("{encoder_layer}.weight")].clone()).expect("the same shape");
        let transposed: Vec<f32> = array.t().iter().map(|weight| weight * scale).collect();
        assert_eq!(transposed, decoder[&format!("{decoder_layer}.weight")], "{encoder_layer}");
    }
    let (_folder, bundle) = exported(&tied, &data);
    let model = Autoencoder::from_bundle(&bundle, &narrows_runtime::Options::default()).expect("ONNX Runtime");
    let parity = prove(&model, &bundle.probe().expect("a probe")).expect("a probe of the model's shapes");
    assert!(parity.encoder.holds() && parity.decoder.holds(), "{parity:?}");
}
