//! Early stopping ends a run that overfits, and returns the weights of the best epoch.

use narrows_tests::{digits, fitted};
use narrows_trainer::{
    Fitted, Options,
    bundle::{Kind, Likelihood},
    data::{Dataset, Part},
    options::KlWarmup,
};

const PATIENCE: usize = 5;
const EPOCHS: usize = 300;

/// A data set of few rows, which a wide network soon overfits. It has no labels, so validation rows are not stratified
/// by class.
fn few_rows() -> Dataset {
    let data = digits();
    let rows: Vec<usize> = (0..120).collect();
    let values = data.train.values.select(&rows).expect("in memory");
    Dataset { train: Part { values, labels: None }, ..data }
}

fn options(kind: Kind) -> Options {
    Options { latent: Some(16), ..Options::new(kind) }.with(|options| {
        options.architecture.hidden = Some(vec![128]);
        options.output.likelihood = Some(Likelihood::Bernoulli);
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

/// Returns the index of the lowest loss, the first if several are equal.
fn lowest(losses: &[f64]) -> usize {
    (1..losses.len()).fold(0, |best, index| if losses[index] < losses[best] { index } else { best })
}

#[test]
fn a_run_stops_when_it_does_not_improve_and_returns_the_best_epoch() {
    let data = few_rows();
    let runs = [
        options(Kind::Ae),
        options(Kind::Vae),
        // Averaged weights, and tied weights, which the L2 penalty counts once.
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
        let progress = fitted.progress.as_ref().expect("a trained model has progress");
        assert!(losses.len() < EPOCHS, "it did not stop early: {losses:?}");
        assert_eq!(losses.len(), best + 1 + PATIENCE, "{losses:?}");
        assert_eq!((progress.epochs, progress.best_epoch, progress.finished), (losses.len(), Some(best + 1), true));
        assert_eq!(fitted.valid, fitted.history[best].valid, "not the metrics of the best epoch");
        assert!(losses[losses.len() - 1] > losses[best]);
    }
}

#[test]
fn without_patience_the_same_run_continues_to_a_higher_test_loss() {
    let data = few_rows();
    let stopped = fitted(&options(Kind::Ae), &data);
    let full = fitted(
        &options(Kind::Ae).with(|options| {
            options.stopping.patience = None;
            options.length.epochs = Some(60);
        }),
        &data,
    );
    assert_eq!(full.history.len(), 60);
    assert_eq!(full.progress.as_ref().and_then(|progress| progress.best_epoch), None);
    assert_eq!(valid_losses(&full)[..stopped.history.len()], valid_losses(&stopped));
    let loss = |fitted: &Fitted| fitted.test.as_ref().expect("digits have a test part").loss;
    assert!(loss(&stopped) < loss(&full), "{} with and {} without patience", loss(&stopped), loss(&full));
}

#[test]
fn an_improvement_smaller_than_min_delta_does_not_count() {
    const MIN_DELTA: f64 = 0.5;
    let data = few_rows();
    let strict = fitted(&options(Kind::Ae).with(|options| options.stopping.min_delta = Some(MIN_DELTA)), &data);
    let losses = valid_losses(&strict);
    // The rule, computed independently.
    let (mut best, mut best_epoch) = (f64::INFINITY, 0);
    for (epoch, &loss) in losses.iter().enumerate() {
        if loss < best - MIN_DELTA {
            (best, best_epoch) = (loss, epoch);
        }
    }
    assert_eq!(losses.len(), best_epoch + 1 + PATIENCE, "{losses:?}");
    assert_eq!(strict.progress.and_then(|progress| progress.best_epoch), Some(best_epoch + 1));
    assert!(losses.len() < fitted(&options(Kind::Ae), &data).history.len());
}

#[test]
fn patience_starts_at_the_end_of_a_kl_warmup() {
    const WARM_UP: usize = 40;
    let warmup = Some(KlWarmup::Linear { epochs: WARM_UP as f64 });
    // The model overfits long before the KL weight is large.
    let fitted = fitted(&options(Kind::Vae).with(|options| options.divergence.kl_warmup = warmup), &few_rows());
    let (stopped, best) = (fitted.history.len(), lowest(&valid_losses(&fitted)) + 1);
    assert!(best + PATIENCE < WARM_UP, "the best epoch was {best}, so this test shows nothing");
    assert_eq!(stopped, WARM_UP + PATIENCE);
}
