//! The divergence weighs what it was told to weigh, and ends where it was asked to.

use narrows_tests::{digits, fitted, opened};
use narrows_trainer::{Capacity, Fitted, KlWarmup, Options, bundle::Kind, data::Dataset};
use ndarray::{Axis, Zip};

use crate::watched::first_steps;

const BETA: f64 = 2.0;

fn vae(epochs: usize) -> Options {
    Options::new(Kind::Vae).with(|options| {
        options.architecture.hidden = Some(vec![64]);
        options.length.epochs = Some(epochs);
        options.schedule.learning_rate = Some(3e-3);
    })
}

/// The mean divergence of every latent number over the training part in nats, by what ONNX Runtime says of the
/// posterior.
fn kl_by_number(fitted: &Fitted, data: &Dataset) -> Vec<f64> {
    let rows = data.train.values.to_f32().expect("in memory");
    let posterior = opened(fitted, data).posterior(&rows).expect("rows of the right width");
    let kl = Zip::from(&posterior.mean)
        .and(&posterior.log_variance)
        .map_collect(|&mean, &log_variance| f64::from(0.5 * (mean * mean + log_variance.exp() - log_variance - 1.0)));
    kl.mean_axis(Axis(0)).expect("1437 rows").to_vec()
}

#[test]
fn beta_weighs_the_divergence_in_the_loss_and_other_weights_come_out() {
    let data = digits();
    let runs = [0.0, 0.5, 2.0].map(|beta| {
        let (fitted, firsts) = first_steps(&vae(1).with(|options| options.divergence.beta = Some(beta)), &data);
        let first = &firsts[0];
        let implied = (first.loss - first.parts["reconstruction"]) / first.parts["kl"];
        // A difference of 32-bit losses of about 45 nats, over a divergence of a few hundredths.
        assert!((implied - beta).abs() < 1e-3, "{implied} for a beta of {beta}");
        (first.parts.clone(), fitted.weights)
    });
    // The same network and the same noise, before any of them has moved.
    assert_eq!(runs[0].0, runs[1].0);
    assert_eq!(runs[1].0, runs[2].0);
    assert!(runs[0].1 != runs[1].1 && runs[1].1 != runs[2].1);
}

#[test]
fn a_warm_up_rises_as_it_was_drawn_and_figures_have_the_whole_weight() {
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
        for (epoch, (first, share)) in firsts.iter().zip(expected).enumerate() {
            let implied = (first.loss - first.parts["reconstruction"]) / first.parts["kl"];
            assert!((implied - BETA * share).abs() < 1e-3, "{warmup}: {implied} after {epoch} epochs");
        }
        let weights: Vec<f64> = fitted.history.iter().filter_map(|record| record.kl_weight).collect();
        assert_eq!(weights.len(), expected.len());
        assert_eq!(weights.last(), Some(&BETA), "{warmup}: {weights:?}");
        let falls = weights.windows(2).filter(|pair| pair[1] < pair[0]).count();
        assert_eq!(falls, usize::from(matches!(warmup, KlWarmup::Cyclical { .. })), "{warmup}: {weights:?}");
        let whole = fitted.test.expect("digits have a test part");
        let loss = whole.parts["reconstruction"] + BETA * whole.parts["kl"];
        assert!((whole.loss - loss).abs() < 1e-4, "{warmup}: {} against {loss}", whole.loss);
    }
}

#[test]
fn a_run_that_ends_before_its_warm_up_is_told_at_the_whole_weight() {
    let unfinished = vae(2).with(|options| {
        options.divergence.kl_warmup = Some(KlWarmup::Linear { epochs: 100.0 });
        options.divergence.beta = Some(BETA);
    });
    let fitted = fitted(&unfinished, &digits());
    assert!(fitted.history[1].kl_weight.is_some_and(|weight| weight < 0.05 * BETA), "{:?}", fitted.history[1]);
    let loss = fitted.train.parts["reconstruction"] + BETA * fitted.train.parts["kl"];
    assert!((fitted.train.loss - loss).abs() < 1e-4, "{} against {loss}", fitted.train.loss);
}

#[test]
fn free_bits_keep_every_latent_number_at_work() {
    const FLOOR: f64 = 0.5;
    let data = digits();
    let smallest = |free_bits| {
        let kl = kl_by_number(
            &fitted(&vae(40).with(|options| options.divergence.free_bits = Some(free_bits)), &data),
            &data,
        );
        kl.into_iter().fold(f64::INFINITY, f64::min)
    };
    let (without, with) = (smallest(0.0), smallest(FLOOR));
    assert!(without < 0.1 * FLOOR, "{without} nats in the idlest number without a floor");
    // It is held up in each batch, by steps that overshoot.
    assert!(with > 0.9 * FLOOR, "{with} nats in the idlest number with a floor of {FLOOR}");
}

#[test]
fn a_capacity_holds_the_divergence_at_what_was_asked_for() {
    const NATS: f64 = 12.0;
    let data = digits();
    let capacity = Capacity { nats: NATS, epochs: 10.0 };
    let held = fitted(
        &vae(30).with(|options| {
            options.divergence.capacity = Some(capacity);
            options.divergence.beta = Some(20.0);
        }),
        &data,
    );
    let kl: f64 = kl_by_number(&held, &data).iter().sum();
    let free: f64 = kl_by_number(&fitted(&vae(30), &data), &data).iter().sum();
    assert!((kl - NATS).abs() < 1.0, "{kl} nats where {NATS} were asked for");
    assert!((free - NATS).abs() > 3.0, "{free} nats where nothing was asked for");
    // It rises on the way: half of it is asked for after half the epochs.
    let half = held.history[4].train.parts["kl"];
    assert!((half - 0.45 * NATS).abs() < 1.0, "{half} nats on average in the fifth epoch");
}
