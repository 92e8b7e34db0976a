//! Tests the graphs of a single layer, and that it is trained by the same rules as the complete network.

use candle_core::{Device, Tensor};

use super::*;
use crate::{
    candle::{run, tie_decoder},
    kinds::{
        Ae, Batch, CodePenalty, Corruption, Dae, LossContext, Model, objective_loss,
        test_network::{gradients, number, samples},
    },
    network::{Normalisation, builder::Builder},
};

const ROWS: usize = 150;
const FEATURES: usize = 37;
const CONTEXT: LossContext = LossContext::Training { seed: 5, step: 3, epochs: 0.5 };
const BERNOULLI: OutputDistribution =
    OutputDistribution { likelihood: Likelihood::Bernoulli, link: Link::Sigmoid, variance: Variance::Fixed(1.0) };

fn core(activation: Activation) -> CoreGraphs {
    let (hidden, latent_activation) = (vec![24, 11], activation);
    let mlp = Builder {
        convolutions: None,
        features: FEATURES,
        hidden,
        latent_dim: 5,
        normalisation: Normalisation::None,
        activation,
        latent_activation,
        classes: None,
    };
    CoreGraphs {
        encoder: mlp.encoder().expect("valid widths"),
        decoder: mlp.decoder().expect("valid widths"),
        table: None,
    }
}

fn layers(activation: Activation) -> Vec<Layer> {
    Layer::all(&core(activation), BERNOULLI).expect("the decoder mirrors the encoder")
}

fn initial(core: &CoreGraphs) -> Parameters {
    Parameters::initial(&[&core.encoder, &core.decoder], 3, &Device::Cpu).expect("a small network")
}

fn names(graph: &Graph) -> Vec<&str> {
    graph.nodes().iter().map(|node| node.name.as_str()).collect()
}

/// Samples as the layer receives them, after the layers below.
fn batch(network: &Network<'_>) -> Batch {
    let x = samples(ROWS, FEATURES);
    let x = network.below.as_ref().map_or(Ok(x.clone()), |below| below.run(network.kernels, &x));
    Batch::new(x.expect("matching shapes"), None)
}

#[test]
fn layer_contains_its_mirror_layer_and_the_layers_below() {
    let layers = layers(Activation::Sigmoid);
    let widths: Vec<(usize, usize, usize)> =
        layers.iter().map(|layer| (layer.number, layer.inputs, layer.outputs)).collect();
    assert_eq!(widths, [(1, 37, 24), (2, 24, 11), (3, 11, 5)]);
    let encoders: Vec<Vec<&str>> = layers.iter().map(|layer| names(&layer.core.encoder)).collect();
    assert_eq!(
        encoders,
        [["encoder.0", "encoder.0.sigmoid"], ["encoder.1", "encoder.1.sigmoid"], ["encoder.z", "encoder.z.sigmoid"]]
    );
    // The cross-entropy takes the logits before the sigmoid.
    let decoders: Vec<Vec<&str>> = layers.iter().map(|layer| names(&layer.core.decoder)).collect();
    assert_eq!(decoders, [["decoder.logits"], ["decoder.1"], ["decoder.0"]]);
    assert!(layers.iter().all(|layer| layer.output_distribution == BERNOULLI));
    let below: Vec<Vec<&str>> =
        layers.iter().map(|layer| layer.below.as_ref().map(names).unwrap_or_default()).collect();
    assert_eq!(below[0], [""; 0]);
    assert_eq!(below[1], ["encoder.0", "encoder.0.sigmoid"]);
    assert_eq!(below[2], ["encoder.0", "encoder.0.sigmoid", "encoder.1", "encoder.1.sigmoid"]);
}

#[test]
fn layers_without_sigmoid_have_a_gaussian_likelihood_of_their_activations() {
    let layers = layers(Activation::Relu);
    assert_eq!(layers[0].output_distribution, BERNOULLI, "the data keeps its own likelihood");
    for (layer, decoder) in layers[1..].iter().zip([["decoder.1", "decoder.1.relu"], ["decoder.0", "decoder.0.relu"]]) {
        assert_eq!(names(&layer.core.decoder), decoder);
        assert_eq!(
            (layer.output_distribution.likelihood, layer.output_distribution.link),
            (Likelihood::Gaussian, Link::Identity)
        );
    }
}

#[test]
fn layer_receives_the_activations_of_the_encoder() {
    let core = core(Activation::Tanh);
    let all = initial(&core);
    let layers = Layer::all(&core, BERNOULLI).expect("the decoder mirrors the encoder");
    let x = samples(ROWS, FEATURES);
    let mut expected = x.clone();
    for layer in &layers {
        let own = layer.parameters(&all);
        let network = layer.network(&own, &all, Kernels::Fused);
        let input = batch(&network).x.to_vec2::<f32>().expect("floats");
        assert_eq!(input, expected.to_vec2::<f32>().expect("floats"), "layer {}", layer.number);
        expected = network.encode(&expected, None).expect("matching shapes").remove(0);
    }
    let code = run(Kernels::Fused, &core.encoder, &all, &[x]).expect("matching shapes").remove(0);
    assert_eq!(expected.to_vec2::<f32>().expect("floats"), code.to_vec2::<f32>().expect("floats"));
}

#[test]
fn fused_and_composed_kernels_give_a_layer_equal_gradients_and_none_to_the_layers_below() {
    let penalty = CodePenalty { l1: 0.02, contractive: 0.05 };
    let model = Dae { corruption: Corruption::Masking(0.3), ae: Ae { penalty, ..Ae::default() } };
    for activation in Activation::ALL {
        for tied in [false, true] {
            let core = core(activation);
            let mut all = initial(&core);
            if tied {
                tie_decoder(&mut all, &core.encoder, &core.decoder).expect("the decoder mirrors the encoder");
            }
            for layer in Layer::all(&core, BERNOULLI).expect("the decoder mirrors the encoder") {
                let own = layer.parameters(&all);
                let loss_and_gradients = |kernels| {
                    let network = layer.network(&own, &all, kernels);
                    let loss =
                        objective_loss(&model, 0.01, &network, &batch(&network), CONTEXT).expect("matching shapes");
                    let flat = |gradient: Tensor| gradient.flatten_all().and_then(|flat| flat.to_vec1::<f32>());
                    let gradients = gradients(&own, &loss.total).into_iter();
                    let gradients = gradients.map(|(name, gradient)| (name, flat(gradient).expect("floats")));
                    (number(&loss.total), gradients.collect::<Vec<_>>())
                };
                let (fused, composed) = (loss_and_gradients(Kernels::Fused), loss_and_gradients(Kernels::Composed));
                let case = format!("{activation}, tied {tied}, layer {}", layer.number);
                assert!((fused.0 - composed.0).abs() <= 1e-5 * composed.0.abs().max(1.0), "{case}: {fused:?}");
                let trained: Vec<&str> = fused.1.iter().map(|(name, _)| name.as_str()).collect();
                assert_eq!(trained.len(), if tied { 3 } else { 4 }, "{case}: {trained:?}");
                for ((name, actual), (_, expected)) in fused.1.iter().zip(&composed.1) {
                    let largest = expected.iter().fold(0f32, |largest, value| largest.max(value.abs()));
                    assert!(largest > 0.0, "{case}: {name} has a zero gradient");
                    let error = actual.iter().zip(expected).map(|(actual, expected)| (actual - expected).abs());
                    assert!(error.fold(0f32, f32::max) <= 1e-5 * largest.max(1.0), "{case}: {name}");
                }
            }
        }
    }
}

#[test]
fn every_layer_of_a_denoising_autoencoder_reconstructs_clean_inputs_from_corrupted_ones() {
    let core = core(Activation::Sigmoid);
    let all = initial(&core);
    for layer in Layer::all(&core, BERNOULLI).expect("the decoder mirrors the encoder") {
        let own = layer.parameters(&all);
        let network = layer.network(&own, &all, Kernels::Fused);
        let batch = batch(&network);
        let loss = |model: &dyn Model| number(&model.loss(&network, &batch, CONTEXT).expect("matching shapes").total);
        let dae = |p| loss(&Dae { corruption: Corruption::Masking(p), ae: Ae::default() });
        assert_eq!(dae(0.0), loss(&Ae::default()), "layer {}", layer.number);
        assert_ne!(dae(0.5), loss(&Ae::default()), "layer {}", layer.number);
    }
}

#[test]
fn layer_shares_its_weights_with_the_complete_network() {
    let core = core(Activation::Sigmoid);
    let all = initial(&core);
    let own = layers(Activation::Sigmoid)[1].parameters(&all);
    let mut weights = own.to_weights().expect("on the CPU");
    weights.values_mut().for_each(|array| array.fill(0.25));
    let before = all.to_weights().expect("on the CPU");
    own.assign(&weights).expect("equal shapes");
    for (name, array) in all.to_weights().expect("on the CPU") {
        let is_own = ["encoder.1.", "decoder.1."].iter().any(|layer| name.starts_with(layer));
        let expected = if is_own { &weights[&name] } else { &before[&name] };
        assert!(array == *expected, "{name}");
    }
}
