//! Every optimizer lowers the loss, each with different weights, and gradient clipping limits the length of a step.

use narrows_tests::{digits, fitted};
use narrows_trainer::{
    Fitted, Options, Weights, bundle::Kind, data::Dataset, internals::Parameters, options::OptimizerName,
};

use crate::first_steps::first_steps;

fn ae(epochs: usize) -> Options {
    Options::new(Kind::Ae).with(|options| {
        options.architecture.hidden = Some(vec![32]);
        options.length.epochs = Some(epochs);
    })
}

fn sgd(momentum: f64, nesterov: bool) -> Options {
    ae(5).with(|options| {
        options.optimizer.optimizer = Some(OptimizerName::Sgd);
        options.schedule.learning_rate = Some(0.01);
        options.optimizer.sgd.momentum = Some(momentum);
        options.optimizer.sgd.nesterov = Some(nesterov);
    })
}

#[test]
fn every_optimizer_lowers_the_loss_and_ends_with_different_weights() {
    let data = digits();
    let with = |optimizer| {
        ae(5).with(|options| {
            options.optimizer.optimizer = Some(optimizer);
            options.schedule.learning_rate = Some(3e-3);
        })
    };
    let runs = [
        with(OptimizerName::Adam),
        with(OptimizerName::AdamW),
        with(OptimizerName::AdamW).with(|options| options.adamw.weight_decay = Some(0.5)),
        with(OptimizerName::Adam).with(|options| {
            options.optimizer.adam.beta1 = Some(0.5);
            options.optimizer.adam.beta2 = Some(0.9);
        }),
        sgd(0.0, false),
        sgd(0.9, false),
        sgd(0.9, true),
    ];
    let mut results: Vec<Weights> = Vec::new();
    for options in &runs {
        let (fitted, firsts) = first_steps(options, &data);
        let (start, end) = (firsts[0].loss, fitted.train.loss);
        assert!(end < 0.85 * start, "{options:?}: from {start} to {end}");
        assert!(!results.contains(&fitted.weights), "{options:?}: the same weights as another run");
        results.push(fitted.weights);
    }
}

/// Returns the Euclidean distance of the trained weights from the initial weights.
fn distance_from_start(fitted: &Fitted) -> f64 {
    let core = &fitted.core;
    let start = Parameters::initial(&[&core.encoder, &core.decoder], fitted.config.seed, &candle_core::Device::Cpu)
        .and_then(|parameters| parameters.to_weights())
        .expect("the weights are on the CPU");
    let squares = fitted
        .weights
        .iter()
        .flat_map(|(name, end)| end.iter().zip(&start[name]).map(|(end, start)| f64::from(end - start).powi(2)));
    squares.sum::<f64>().sqrt()
}

/// Trains for one step of all rows per epoch, with gradient clipping.
fn clipped(clip_norm: f64, epochs: usize, data: &Dataset) -> Fitted {
    let options = ae(1).with(|options| {
        options.optimizer.optimizer = Some(OptimizerName::Sgd);
        options.optimizer.sgd.momentum = Some(0.0);
        options.schedule.learning_rate = Some(0.5);
        options.steps.clip_norm = Some(clip_norm);
        options.steps.batch_size = Some(data.train.values.rows());
        options.length.epochs = Some(epochs);
    });
    fitted(&options, data)
}

#[test]
fn the_length_of_a_clipped_step_is_the_limit_times_the_learning_rate_and_smaller_gradients_stay() {
    const LIMIT: f64 = 0.01;
    let data = digits();
    let free = clipped(0.0, 1, &data);
    let norm = free.history[0].gradient_norm;
    assert!(norm > 10.0 * LIMIT, "a gradient norm of {norm} is too small for this test");
    // A step of length 0.005 is spread over thousands of weights of about 0.1, so rounding changes it by about 1e-4 of
    // its length.
    let close = |actual: f64, expected: f64| (actual / expected - 1.0).abs() < 1e-2;
    assert!(close(distance_from_start(&free), 0.5 * norm), "{} for a gradient of {norm}", distance_from_start(&free));
    let one = clipped(LIMIT, 1, &data);
    assert!(close(distance_from_start(&one), 0.5 * LIMIT), "{}", distance_from_start(&one));
    assert!(close(one.history[0].gradient_norm, norm), "the history does not contain the norm before clipping");
    let five = clipped(LIMIT, 5, &data);
    assert!(distance_from_start(&five) <= 5.0 * 0.5 * LIMIT * 1.01, "{}", distance_from_start(&five));
    assert!(clipped(2.0 * norm, 1, &data).weights == free.weights);
}
