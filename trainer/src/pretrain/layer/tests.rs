//! What a layer on its own is made of, and that it is trained by the same rules as the whole.

use candle_core::{Device, Tensor};

use super::*;
use crate::{
    candle::{run, tie_decoder},
    kinds::{
        Ae, Batch, CodePenalty, Corruption, Dae, Draw, Model, objective_loss,
        trial::{gradients, number, samples},
    },
    network::mlp::Mlp,
};

const ROWS: usize = 150;
const FEATURES: usize = 37;
const DRAW: Draw = Draw::Training { seed: 5, step: 3, epochs: 0.5 };
const BERNOULLI: OutputDistribution =
    OutputDistribution { likelihood: Likelihood::Bernoulli, link: Link::Sigmoid, variance: Variance::Fixed(1.0) };

fn core(activation: Activation) -> CoreGraphs {
    let (hidden, latent_activation) = (vec![24, 11], activation);
    let mlp = Mlp { features: FEATURES, hidden, latent_dim: 5, activation, latent_activation, classes: None };
    CoreGraphs { encoder: mlp.encoder().expect("valid widths"), decoder: mlp.decoder().expect("valid widths") }
}

fn layers(activation: Activation) -> Vec<Layer> {
    Layer::all(&core(activation), BERNOULLI).expect("mirrored halves")
}

fn initial(core: &CoreGraphs) -> Parameters {
    Parameters::initial(&[&core.encoder, &core.decoder], 3, &Device::Cpu).expect("small")
}

fn names(graph: &Graph) -> Vec<&str> {
    graph.nodes().iter().map(|node| node.name.as_str()).collect()
}

/// What a layer takes of some samples.
fn batch(network: &Network<'_>) -> Batch {
    let x = samples(ROWS, FEATURES);
    let x = network.below.as_ref().map_or(Ok(x.clone()), |below| below.run(network.kernels, &x));
    Batch { x: x.expect("shapes that fit"), labels: None }
}

#[test]
fn a_layer_has_its_mirror_image_and_stands_on_those_below() {
    let found = layers(Activation::Sigmoid);
    let widths: Vec<(usize, usize, usize)> =
        found.iter().map(|layer| (layer.number, layer.inputs, layer.outputs)).collect();
    assert_eq!(widths, [(1, 37, 24), (2, 24, 11), (3, 11, 5)]);
    let encoders: Vec<Vec<&str>> = found.iter().map(|layer| names(&layer.core.encoder)).collect();
    assert_eq!(
        encoders,
        [["encoder.0", "encoder.0.sigmoid"], ["encoder.1", "encoder.1.sigmoid"], ["encoder.z", "encoder.z.sigmoid"]]
    );
    // Cross-entropy takes the numbers before a sigmoid.
    let decoders: Vec<Vec<&str>> = found.iter().map(|layer| names(&layer.core.decoder)).collect();
    assert_eq!(decoders, [["decoder.logits"], ["decoder.1"], ["decoder.0"]]);
    assert!(found.iter().all(|layer| layer.output_distribution == BERNOULLI));
    let below: Vec<Vec<&str>> = found.iter().map(|layer| layer.below.as_ref().map(names).unwrap_or_default()).collect();
    assert_eq!(below[0], [""; 0]);
    assert_eq!(below[1], ["encoder.0", "encoder.0.sigmoid"]);
    assert_eq!(below[2], ["encoder.0", "encoder.0.sigmoid", "encoder.1", "encoder.1.sigmoid"]);
}

#[test]
fn what_is_no_probability_is_compared_behind_the_activation() {
    let found = layers(Activation::Relu);
    assert_eq!(found[0].output_distribution, BERNOULLI, "the data keeps its own likelihood");
    for (layer, decoder) in found[1..].iter().zip([["decoder.1", "decoder.1.relu"], ["decoder.0", "decoder.0.relu"]]) {
        assert_eq!(names(&layer.core.decoder), decoder);
        assert_eq!(
            (layer.output_distribution.likelihood, layer.output_distribution.link),
            (Likelihood::Gaussian, Link::Identity)
        );
    }
}

#[test]
fn what_a_layer_takes_is_what_the_encoder_has_there() {
    let core = core(Activation::Tanh);
    let all = initial(&core);
    let found = Layer::all(&core, BERNOULLI).expect("mirrored halves");
    let x = samples(ROWS, FEATURES);
    let mut given = x.clone();
    for layer in &found {
        let own = layer.parameters(&all);
        let network = layer.network(&own, &all, Kernels::Fused);
        let taken = batch(&network).x.to_vec2::<f32>().expect("floats");
        assert_eq!(taken, given.to_vec2::<f32>().expect("floats"), "layer {}", layer.number);
        given = network.encode(&given, None).expect("shapes that fit").remove(0);
    }
    let code = run(Kernels::Fused, &core.encoder, &all, &[x]).expect("shapes that fit").remove(0);
    assert_eq!(given.to_vec2::<f32>().expect("floats"), code.to_vec2::<f32>().expect("floats"));
}

#[test]
fn fused_and_composed_kernels_train_a_layer_alike_and_nothing_below() {
    let penalty = CodePenalty { l1: 0.02, contractive: 0.05 };
    let model = Dae { corruption: Corruption::Masking(0.3), ae: Ae { penalty, ..Ae::default() } };
    for activation in Activation::ALL {
        for tied in [false, true] {
            let core = core(activation);
            let mut all = initial(&core);
            if tied {
                tie_decoder(&mut all, &core.encoder, &core.decoder).expect("mirrored halves");
            }
            for layer in Layer::all(&core, BERNOULLI).expect("mirrored halves") {
                let own = layer.parameters(&all);
                let by = |kernels| {
                    let network = layer.network(&own, &all, kernels);
                    let loss = objective_loss(&model, 0.01, &network, &batch(&network), DRAW).expect("shapes that fit");
                    let flat = |gradient: Tensor| gradient.flatten_all().and_then(|flat| flat.to_vec1::<f32>());
                    let gradients = gradients(&own, &loss.total).into_iter();
                    let gradients = gradients.map(|(name, gradient)| (name, flat(gradient).expect("floats")));
                    (number(&loss.total), gradients.collect::<Vec<_>>())
                };
                let (fused, composed) = (by(Kernels::Fused), by(Kernels::Composed));
                let place = format!("{activation}, tied {tied}, layer {}", layer.number);
                assert!((fused.0 - composed.0).abs() <= 1e-5 * composed.0.abs().max(1.0), "{place}: {fused:?}");
                let trained: Vec<&str> = fused.1.iter().map(|(name, _)| name.as_str()).collect();
                assert_eq!(trained.len(), if tied { 3 } else { 4 }, "{place}: {trained:?}");
                for ((name, found), (_, expected)) in fused.1.iter().zip(&composed.1) {
                    let largest = expected.iter().fold(0f32, |largest, value| largest.max(value.abs()));
                    assert!(largest > 0.0, "{place}: {name} is not felt at all");
                    let error = found.iter().zip(expected).map(|(found, expected)| (found - expected).abs());
                    assert!(error.fold(0f32, f32::max) <= 1e-5 * largest.max(1.0), "{place}: {name}");
                }
            }
        }
    }
}

#[test]
fn every_layer_of_a_denoising_autoencoder_sees_spoilt_inputs_and_gives_back_clean_ones() {
    let core = core(Activation::Sigmoid);
    let all = initial(&core);
    for layer in Layer::all(&core, BERNOULLI).expect("mirrored halves") {
        let own = layer.parameters(&all);
        let network = layer.network(&own, &all, Kernels::Fused);
        let batch = batch(&network);
        let loss = |model: &dyn Model| number(&model.loss(&network, &batch, DRAW).expect("shapes that fit").total);
        let dae = |p| loss(&Dae { corruption: Corruption::Masking(p), ae: Ae::default() });
        assert_eq!(dae(0.0), loss(&Ae::default()), "layer {}", layer.number);
        assert_ne!(dae(0.5), loss(&Ae::default()), "layer {}", layer.number);
    }
}

#[test]
fn what_a_layer_learns_is_learned_by_the_whole() {
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
