//! A deep network is no deep stack: hundreds of layers train on a thread with little of it.

use candle_core::Device;
use narrows_bundle::Link;

use super::{Kernels, Optimizer, Parameters, run, squared_error};
use crate::{
    kinds::trial::{number, samples},
    network::{Activation, mlp::Mlp},
    numeric::Rule,
};

/// The losses of three steps through so many hidden layers in each half.
fn losses(kernels: Kernels, layers: usize) -> Vec<f64> {
    let mlp = Mlp {
        features: 4,
        hidden: vec![3; layers],
        latent_dim: 2,
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
    (0..3).map(|_| step().expect("shapes that fit")).collect()
}

/// The same on a thread with a stack of so many bytes.
fn losses_within(stack: usize, kernels: Kernels, layers: usize) -> Vec<f64> {
    let thread = std::thread::Builder::new().stack_size(stack).spawn(move || losses(kernels, layers));
    thread.expect("a thread").join().expect("three steps")
}

#[test]
fn hundreds_of_layers_train_within_a_small_stack() {
    for kernels in Kernels::ALL {
        let losses = losses_within(1 << 20, kernels, 200);
        assert!(losses[2] < losses[0], "{kernels}: {losses:?}");
    }
}

#[test]
fn a_thousand_layers_train_within_the_stack_that_a_thread_has() {
    for kernels in Kernels::ALL {
        let losses = losses_within(2 << 20, kernels, 1000);
        assert!(losses[2] < losses[0], "{kernels}: {losses:?}");
    }
}
