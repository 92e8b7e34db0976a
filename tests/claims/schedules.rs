//! The step size goes as it was drawn, and the steps go with it.

use narrows_tests::{digits, fitted};
use narrows_trainer::{Options, Schedule, bundle::Kind};

const PEAK: f64 = 0.004;
/// 1437 rows in steps of 64.
const STEPS: f64 = 23.0;

fn ae(epochs: usize) -> Options {
    Options::new(Kind::Ae).with(|options| {
        options.architecture.hidden = Some(vec![8]);
        options.length.epochs = Some(epochs);
        options.schedule.learning_rate = Some(PEAK);
    })
}

/// The rate of the last step of every epoch, as a share of the peak.
fn shares(schedule: Option<Schedule>, warmup: Option<u64>, epochs: usize) -> Vec<f64> {
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

fn assert_close(found: &[f64], expected: &[f64]) {
    let is_close = |(found, expected): (&f64, &f64)| (found - expected).abs() < 1e-9;
    assert!(found.len() == expected.len() && found.iter().zip(expected).all(is_close), "{found:?}, {expected:?}");
}

#[test]
fn the_history_shows_each_schedule() {
    assert_close(&shares(None, None, 3), &[1.0, 1.0, 1.0]);
    // Two epochs of rising, then the peak.
    assert_close(&shares(None, Some(46), 4), &[0.5, 1.0, 1.0, 1.0]);
    assert_close(
        &shares(Some(Schedule::Step { epochs: 2.0, factor: 0.5 }), None, 6),
        &[1.0, 1.0, 0.5, 0.5, 0.25, 0.25],
    );
    // The last step is the one before the end.
    let cosine = |epoch: f64| {
        let progress = (epoch * STEPS - 1.0) / (4.0 * STEPS);
        0.1 + 0.9 * (1.0 + (std::f64::consts::PI * progress).cos()) / 2.0
    };
    assert_close(&shares(Some(Schedule::Cosine { last: 0.1 }), None, 4), &[1.0, 2.0, 3.0, 4.0].map(cosine));
    // 0.3 of 230 steps rise: the peak is the last step of the third epoch, the end a 250,000th.
    let cycle = shares(Some(Schedule::OneCycle { rise: 0.3 }), None, 10);
    assert_close(&[cycle[2], cycle[9]], &[1.0, 4e-6]);
    assert!(cycle[..3].is_sorted() && cycle[2..].is_sorted_by(|one, next| one > next), "{cycle:?}");
}

#[test]
fn steps_of_no_size_move_nothing() {
    let data = digits();
    let one = fitted(&ae(1), &data);
    let schedule = Some(Schedule::Step { epochs: 1.0, factor: 1e-30 });
    let four = fitted(&ae(4).with(|options| options.schedule.schedule = schedule), &data);
    assert!(one.weights == four.weights);
    assert!(one.weights != fitted(&ae(4), &data).weights);
}
