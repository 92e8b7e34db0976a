//! Every optimizer goes down, each in its own way, and a clipped step is no longer than it may be.

use narrows_tests::{digits, fitted};
use narrows_trainer::{
    Fitted, OptimizerName, Options, bundle::Kind, candle::Parameters, data::Dataset, network::Weights,
};

use crate::watched::first_steps;

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
fn every_optimizer_lowers_the_loss_and_no_two_of_them_alike() {
    let data = digits();
    let of = |optimizer| {
        ae(5).with(|options| {
            options.optimizer.optimizer = Some(optimizer);
            options.schedule.learning_rate = Some(3e-3);
        })
    };
    let runs = [
        of(OptimizerName::Adam),
        of(OptimizerName::AdamW),
        of(OptimizerName::AdamW).with(|options| options.adamw.weight_decay = Some(0.5)),
        of(OptimizerName::Adam).with(|options| {
            options.optimizer.adam.beta1 = Some(0.5);
            options.optimizer.adam.beta2 = Some(0.9);
        }),
        sgd(0.0, false),
        sgd(0.9, false),
        sgd(0.9, true),
    ];
    let mut ends: Vec<Weights> = Vec::new();
    for options in &runs {
        let (fitted, firsts) = first_steps(options, &data);
        let (start, end) = (firsts[0].loss, fitted.train.loss);
        assert!(end < 0.85 * start, "{options:?}: from {start} to {end}");
        assert!(!ends.contains(&fitted.weights), "{options:?}: as one before it");
        ends.push(fitted.weights);
    }
}

/// How far the weights came from where they began.
fn travelled(fitted: &Fitted) -> f64 {
    let core = &fitted.core;
    let start = Parameters::initial(&[&core.encoder, &core.decoder], fitted.config.seed, &candle_core::Device::Cpu)
        .and_then(|parameters| parameters.to_weights())
        .expect("on the CPU");
    let squares = fitted
        .weights
        .iter()
        .flat_map(|(name, end)| end.iter().zip(&start[name]).map(|(end, start)| f64::from(end - start).powi(2)));
    squares.sum::<f64>().sqrt()
}

/// One step over all rows, or several.
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
fn a_clipped_step_is_as_long_as_the_limit_times_the_rate_and_one_within_it_is_left_alone() {
    const LIMIT: f64 = 0.01;
    let data = digits();
    let free = clipped(0.0, 1, &data);
    let norm = free.history[0].gradient_norm;
    assert!(norm > 10.0 * LIMIT, "{norm} is nothing to clip");
    // Weights near 0.1 round steps of 0.005 spread over thousands of them to some 1e-4 of the whole.
    let close = |found: f64, expected: f64| (found / expected - 1.0).abs() < 1e-2;
    assert!(close(travelled(&free), 0.5 * norm), "{} for a gradient of {norm}", travelled(&free));
    let one = clipped(LIMIT, 1, &data);
    assert!(close(travelled(&one), 0.5 * LIMIT), "{}", travelled(&one));
    assert!(close(one.history[0].gradient_norm, norm), "the norm is told as it was before clipping");
    let five = clipped(LIMIT, 5, &data);
    assert!(travelled(&five) <= 5.0 * 0.5 * LIMIT * 1.01, "{}", travelled(&five));
    assert!(clipped(2.0 * norm, 1, &data).weights == free.weights);
}
