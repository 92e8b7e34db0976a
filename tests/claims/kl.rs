//! The KL term has the configured weight, and free bits and capacity give the configured KL.

use narrows_tests::{digits, fitted, opened};
use narrows_trainer::{
    Fitted, Options,
    bundle::{Kind, Likelihood},
    data::Dataset,
    options::{Capacity, KlWarmup},
};
use ndarray::{Axis, Zip};

use crate::first_steps::first_steps;

const BETA: f64 = 2.0;

fn vae(epochs: usize) -> Options {
    Options::new(Kind::Vae).with(|options| {
        options.architecture.hidden = Some(vec![64]);
        options.output.likelihood = Some(Likelihood::Bernoulli);
        options.length.epochs = Some(epochs);
        options.schedule.learning_rate = Some(3e-3);
    })
}

/// Returns the KL divergence of each latent dimension in nats, averaged over the training part and computed from the
/// posterior in ONNX Runtime.
fn kl_per_dimension(fitted: &Fitted, data: &Dataset) -> Vec<f64> {
    let rows = data.train.values.to_f32().expect("in memory");
    let posterior = opened(fitted, data).posterior(&rows).expect("rows of the right width");
    let kl = Zip::from(&posterior.mean)
        .and(&posterior.log_variance)
        .map_collect(|&mean, &log_variance| f64::from(0.5 * (mean * mean + log_variance.exp() - log_variance - 1.0)));
    kl.mean_axis(Axis(0)).expect("1437 rows").to_vec()
}

#[test]
fn beta_is_the_weight_of_the_kl_term_and_changes_the_trained_model() {
    let data = digits();
    let runs = [0.0, 0.5, 2.0].map(|beta| {
        let (fitted, firsts) = first_steps(&vae(1).with(|options| options.divergence.beta = Some(beta)), &data);
        let first = &firsts[0];
        let implied = (first.loss - first.parts["reconstruction"]) / first.parts["kl"];
        // The tolerance allows for a difference of 32-bit losses of about 45 nats, divided by a KL of a few hundredths.
        assert!((implied - beta).abs() < 1e-3, "{implied} for a beta of {beta}");
        (first.parts.clone(), fitted.weights)
    });
    // The first step has the same initial weights and the same noise in every run.
    assert_eq!(runs[0].0, runs[1].0);
    assert_eq!(runs[1].0, runs[2].0);
    assert!(runs[0].1 != runs[1].1 && runs[1].1 != runs[2].1);
}

#[test]
fn a_kl_warmup_follows_its_schedule_and_metrics_use_the_full_weight() {
    let data = digits();
    for (warmup, expected) in [
        (KlWarmup::Linear { epochs: 4.0 }, [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]),
        (KlWarmup::Cyclical { epochs: 3.0, rise: 0.5 }, [0.0, 2.0 / 3.0, 1.0, 0.0, 2.0 / 3.0, 1.0]),
    ] {
        let (fitted, firsts) = first_steps(
            &vae(expected.len()).with(|options| {
                options.divergence.beta = Some(BETA);
                options.divergence.kl_warmup = Some(warmup);
            }),
            &data,
        );
        for (epoch, (first, fraction)) in firsts.iter().zip(expected).enumerate() {
            let implied = (first.loss - first.parts["reconstruction"]) / first.parts["kl"];
            assert!((implied - BETA * fraction).abs() < 1e-3, "{warmup}: {implied} after {epoch} epochs");
        }
        let weights: Vec<f64> = fitted.history.iter().filter_map(|record| record.kl_weight).collect();
        assert_eq!(weights.len(), expected.len());
        assert_eq!(weights.last(), Some(&BETA), "{warmup}: {weights:?}");
        let falls = weights.windows(2).filter(|pair| pair[1] < pair[0]).count();
        assert_eq!(falls, usize::from(matches!(warmup, KlWarmup::Cyclical { .. })), "{warmup}: {weights:?}");
        let test = fitted.test.expect("digits have a test part");
        let loss = test.parts["reconstruction"] + BETA * test.parts["kl"];
        assert!((test.loss - loss).abs() < 1e-4, "{warmup}: the loss is {}, expected {loss}", test.loss);
    }
}

#[test]
fn metrics_of_a_run_that_ends_during_the_kl_warmup_use_the_full_weight() {
    let unfinished = vae(2).with(|options| {
        options.divergence.kl_warmup = Some(KlWarmup::Linear { epochs: 100.0 });
        options.divergence.beta = Some(BETA);
    });
    let fitted = fitted(&unfinished, &digits());
    assert!(fitted.history[1].kl_weight.is_some_and(|weight| weight < 0.05 * BETA), "{:?}", fitted.history[1]);
    let loss = fitted.train.parts["reconstruction"] + BETA * fitted.train.parts["kl"];
    assert!((fitted.train.loss - loss).abs() < 1e-4, "the loss is {}, expected {loss}", fitted.train.loss);
}

#[test]
fn free_bits_keep_every_latent_dimension_active() {
    const FLOOR: f64 = 0.5;
    let data = digits();
    let smallest = |free_bits| {
        let kl = kl_per_dimension(
            &fitted(&vae(40).with(|options| options.divergence.free_bits = Some(free_bits)), &data),
            &data,
        );
        kl.into_iter().fold(f64::INFINITY, f64::min)
    };
    let (without, with) = (smallest(0.0), smallest(FLOOR));
    assert!(without < 0.1 * FLOOR, "the smallest KL of a dimension is {without} nats without free bits");
    // Free bits act through steps on batches, and steps overshoot, so the KL over all rows can be slightly lower.
    assert!(with > 0.9 * FLOOR, "the smallest KL of a dimension is {with} nats with free bits of {FLOOR}");
}

#[test]
fn a_capacity_brings_the_kl_divergence_to_its_target() {
    const NATS: f64 = 12.0;
    let data = digits();
    let capacity = Capacity { nats: NATS, epochs: 10.0 };
    let limited = fitted(
        &vae(30).with(|options| {
            options.divergence.capacity = Some(capacity);
            options.divergence.beta = Some(20.0);
        }),
        &data,
    );
    let kl: f64 = kl_per_dimension(&limited, &data).iter().sum();
    let free: f64 = kl_per_dimension(&fitted(&vae(30), &data), &data).iter().sum();
    assert!((kl - NATS).abs() < 1.0, "a KL of {kl} nats for a target of {NATS}");
    assert!((free - NATS).abs() > 3.0, "a KL of {free} nats without a target");
    // The target increases during training: it is half the capacity at half of its epochs.
    let half = limited.history[4].train.parts["kl"];
    assert!((half - 0.45 * NATS).abs() < 1.0, "an average KL of {half} nats in the fifth epoch");
}
