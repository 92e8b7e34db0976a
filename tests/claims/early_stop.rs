//! Early stopping ends a run that learns by heart, and hands over the best epoch.

use narrows_tests::{digits, fitted};
use narrows_trainer::{
    Fitted, KlWarmup, Options,
    bundle::Kind,
    data::{Dataset, Part},
};

const PATIENCE: usize = 5;
const EPOCHS: usize = 300;

/// Few rows, so that a wide network soon knows them by heart; without labels, so that any are held out.
fn few() -> Dataset {
    let data = digits();
    let rows: Vec<usize> = (0..120).collect();
    let values = data.train.values.select(&rows).expect("in memory");
    Dataset { train: Part { values, labels: None }, ..data }
}

fn options(kind: Kind) -> Options {
    Options { latent: Some(16), ..Options::new(kind) }.with(|options| {
        options.architecture.hidden = Some(vec![128]);
        options.steps.batch_size = Some(16);
        options.length.epochs = Some(EPOCHS);
        options.schedule.learning_rate = Some(1e-2);
        options.split.valid_fraction = Some(0.25);
        options.stopping.patience = Some(PATIENCE);
    })
}

fn valid_losses(fitted: &Fitted) -> Vec<f64> {
    fitted.history.iter().filter_map(|record| Some(record.valid.as_ref()?.loss)).collect()
}

fn lowest(losses: &[f64]) -> usize {
    (1..losses.len()).fold(0, |best, index| if losses[index] < losses[best] { index } else { best })
}

#[test]
fn a_run_stops_when_it_gets_no_better_and_its_result_is_the_best_epoch() {
    let data = few();
    let runs = [
        options(Kind::Ae),
        options(Kind::Vae),
        // The weights come out of an average, and the tied ones pay once.
        options(Kind::Ae).with(|options| options.steps.average = Some(0.9)),
        options(Kind::Ae).with(|options| {
            options.code.tied = Some(true);
            options.weights.l2 = Some(1e-3);
        }),
    ];
    for options in runs {
        let fitted = fitted(&options, &data);
        let losses = valid_losses(&fitted);
        let best = lowest(&losses);
        let progress = fitted.progress.as_ref().expect("it was trained");
        assert!(losses.len() < EPOCHS, "it went on to the end: {losses:?}");
        assert_eq!(losses.len(), best + 1 + PATIENCE, "{losses:?}");
        assert_eq!((progress.epochs, progress.best_epoch, progress.finished), (losses.len(), Some(best + 1), true));
        assert_eq!(fitted.valid, fitted.history[best].valid, "the figures of the best epoch");
        assert!(losses[losses.len() - 1] > losses[best]);
    }
}

#[test]
fn without_patience_the_same_run_goes_on_and_ends_worse() {
    let data = few();
    let stopped = fitted(&options(Kind::Ae), &data);
    let whole = fitted(
        &options(Kind::Ae).with(|options| {
            options.stopping.patience = None;
            options.length.epochs = Some(60);
        }),
        &data,
    );
    assert_eq!(whole.history.len(), 60);
    assert_eq!(whole.progress.as_ref().and_then(|progress| progress.best_epoch), None);
    assert_eq!(valid_losses(&whole)[..stopped.history.len()], valid_losses(&stopped));
    let loss = |fitted: &Fitted| fitted.test.as_ref().expect("digits have a test part").loss;
    assert!(loss(&stopped) < loss(&whole), "{} against {}", loss(&stopped), loss(&whole));
}

#[test]
fn a_loss_that_is_hardly_better_does_not_count() {
    const MIN_DELTA: f64 = 0.5;
    let data = few();
    let strict = fitted(&options(Kind::Ae).with(|options| options.stopping.min_delta = Some(MIN_DELTA)), &data);
    let losses = valid_losses(&strict);
    // The rule by itself.
    let (mut best, mut at) = (f64::INFINITY, 0);
    for (epoch, &loss) in losses.iter().enumerate() {
        if loss < best - MIN_DELTA {
            (best, at) = (loss, epoch);
        }
    }
    assert_eq!(losses.len(), at + 1 + PATIENCE, "{losses:?}");
    assert_eq!(strict.progress.and_then(|progress| progress.best_epoch), Some(at + 1));
    assert!(losses.len() < fitted(&options(Kind::Ae), &data).history.len());
}

#[test]
fn patience_waits_for_the_end_of_a_warm_up() {
    const WARM_UP: usize = 40;
    let warmup = Some(KlWarmup::Linear { epochs: WARM_UP as f64 });
    // Learnt by heart long before the divergence weighs anything.
    let fitted = fitted(&options(Kind::Vae).with(|options| options.divergence.kl_warmup = warmup), &few());
    let (stopped, best) = (fitted.history.len(), lowest(&valid_losses(&fitted)) + 1);
    assert!(best + PATIENCE < WARM_UP, "the best epoch was {best}: this shows nothing");
    assert_eq!(stopped, WARM_UP + PATIENCE);
}
