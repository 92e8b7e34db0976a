//! The learning rate follows its schedule, and steps use it.

use narrows_tests::{digits, fitted};
use narrows_trainer::{Options, bundle::Kind, options::Schedule};

const PEAK: f64 = 0.004;
/// Steps per epoch: 1437 rows in batches of 64.
const STEPS: f64 = 23.0;

fn ae(epochs: usize) -> Options {
    Options::new(Kind::Ae).with(|options| {
        options.architecture.hidden = Some(vec![8]);
        options.length.epochs = Some(epochs);
        options.schedule.learning_rate = Some(PEAK);
    })
}

/// Returns the learning rate of the last step of every epoch, divided by the peak.
fn relative_rates(schedule: Option<Schedule>, warmup: Option<u64>, epochs: usize) -> Vec<f64> {
    let history = fitted(
        &ae(epochs).with(|options| {
            options.schedule.schedule = schedule;
            options.schedule.warmup = warmup;
        }),
        &digits(),
    )
    .history;
    history.iter().map(|record| record.learning_rate / PEAK).collect()
}

fn assert_close(actual: &[f64], expected: &[f64]) {
    let is_close = |(actual, expected): (&f64, &f64)| (actual - expected).abs() < 1e-9;
    assert!(actual.len() == expected.len() && actual.iter().zip(expected).all(is_close), "{actual:?} for {expected:?}");
}

#[test]
fn the_history_contains_the_learning_rates_of_each_schedule() {
    assert_close(&relative_rates(None, None, 3), &[1.0, 1.0, 1.0]);
    // The rate increases over two epochs and stays at the peak.
    assert_close(&relative_rates(None, Some(46), 4), &[0.5, 1.0, 1.0, 1.0]);
    assert_close(
        &relative_rates(Some(Schedule::Step { epochs: 2.0, factor: 0.5 }), None, 6),
        &[1.0, 1.0, 0.5, 0.5, 0.25, 0.25],
    );
    // The last step of an epoch is one step before the end of the epoch.
    let cosine = |epoch: f64| {
        let progress = (epoch * STEPS - 1.0) / (4.0 * STEPS);
        0.1 + 0.9 * (1.0 + (std::f64::consts::PI * progress).cos()) / 2.0
    };
    assert_close(&relative_rates(Some(Schedule::Cosine { last: 0.1 }), None, 4), &[1.0, 2.0, 3.0, 4.0].map(cosine));
    // The rate increases over 0.3 of 230 steps, so the peak is at the last step of the third epoch; the last rate is
    // 1/250,000 of the peak.
    let cycle = relative_rates(Some(Schedule::OneCycle { rise: 0.3 }), None, 10);
    assert_close(&[cycle[2], cycle[9]], &[1.0, 4e-6]);
    assert!(cycle[..3].is_sorted() && cycle[2..].is_sorted_by(|one, next| one > next), "{cycle:?}");
}

#[test]
fn steps_with_a_negligible_learning_rate_change_no_weight() {
    let data = digits();
    let one = fitted(&ae(1), &data);
    let schedule = Some(Schedule::Step { epochs: 1.0, factor: 1e-30 });
    let four = fitted(&ae(4).with(|options| options.schedule.schedule = schedule), &data);
    assert!(one.weights == four.weights);
    assert!(one.weights != fitted(&ae(4), &data).weights);
}
