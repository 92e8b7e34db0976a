//! Tests that the call stack does not grow with the number of layers: deep networks train on a thread with a small
//! stack.

use candle_core::Device;
use narrows_bundle::Link;

use super::{Kernels, Optimizer, Parameters, run, squared_error};
use crate::{
    kinds::test_network::{number, samples},
    network::{Activation, Normalisation, builder::Builder},
    numeric::Rule,
};

/// Returns the losses of three training steps with `layers` hidden layers in the encoder and in the decoder.
fn losses(kernels: Kernels, layers: usize) -> Vec<f64> {
    let mlp = Builder {
        convolutions: None,
        features: 4,
        hidden: vec![3; layers],
        latent_dim: 2,
        normalisation: Normalisation::None,
        activation: Activation::Tanh,
        latent_activation: Activation::Identity,
        classes: None,
    };
    let (encoder, decoder) = (mlp.encoder().expect("valid widths"), mlp.decoder().expect("valid widths"));
    let parameters = Parameters::initial(&[&encoder, &decoder], 1, &Device::Cpu).expect("small");
    let mut optimizer = Optimizer::new(&parameters, Rule::default());
    let x = samples(5, 4);
    let mut step = || {
        let z = run(kernels, &encoder, &parameters, std::slice::from_ref(&x))?;
        let logits = run(kernels, &decoder, &parameters, &z)?;
        let loss = squared_error(kernels, Link::Identity, &logits[0], &x)?;
        optimizer.step(&parameters, &parameters.gradients(&loss)?, 0.01, 1.0)?;
        Ok::<_, candle_core::Error>(number(&loss))
    };
    (0..3).map(|_| step().expect("matching shapes")).collect()
}

/// Does the same on a thread with a stack of `stack_size` bytes.
fn losses_within(stack_size: usize, kernels: Kernels, layers: usize) -> Vec<f64> {
    let thread = std::thread::Builder::new().stack_size(stack_size).spawn(move || losses(kernels, layers));
    thread.expect("a thread").join().expect("three steps")
}

#[test]
fn two_hundred_layers_train_with_a_stack_of_1_mib() {
    for kernels in Kernels::ALL {
        let losses = losses_within(1 << 20, kernels, 200);
        assert!(losses[2] < losses[0], "{kernels}: {losses:?}");
    }
}

#[test]
fn a_thousand_layers_train_with_the_default_stack_of_2_mib() {
    for kernels in Kernels::ALL {
        let losses = losses_within(2 << 20, kernels, 1000);
        assert!(losses[2] < losses[0], "{kernels}: {losses:?}");
    }
}
