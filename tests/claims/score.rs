//! Scores of the runtime agree with the metrics of training, more samples give a tighter bound on the likelihood, and
//! rows that are not digits have worse scores than digits.

use std::path::PathBuf;

use narrows_runtime::{Autoencoder, Samples, ScoreOptions, Scores, bundle::Kind};
use narrows_tests::digits;
use narrows_trainer::data::Dataset;
use ndarray::{Array1, Array2};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};

fn zoo(kind: Kind) -> Autoencoder {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "models", "zoo", kind.name()].iter().collect();
    Autoencoder::open(path).expect("`just zoo` builds it")
}

/// Returns the 360 rows of the digits' test part, 64 pixels from 0 to 16 each, and their labels.
fn test_rows(data: &Dataset) -> (Array2<f32>, Vec<i64>) {
    let test = data.test.as_ref().expect("digits have a test part");
    let labels = test.labels.as_ref().expect("digits have labels").iter().map(|&label| i64::from(label)).collect();
    (test.values.to_f32().expect("in memory").into_owned(), labels)
}

fn score(model: &Autoencoder, rows: &Array2<f32>, labels: &[i64], samples_per_row: usize, seed: u64) -> Scores {
    let samples = Samples::from(rows);
    let samples = if model.takes_labels() { samples.labelled(labels) } else { samples };
    let options = ScoreOptions::default().importance_samples(samples_per_row).seed(seed);
    model.score(samples, &options).expect("rows of the right width")
}

fn mean(scores: &Array1<f64>) -> f64 {
    scores.mean().expect("360 rows")
}

#[test]
fn deterministic_scores_agree_with_the_metrics_in_the_manifest() {
    let (rows, labels) = test_rows(&digits());
    for kind in Kind::ALL {
        let model = zoo(kind);
        let metrics = &model.manifest().training.metrics;
        let scores = score(&model, &rows, &labels, 0, 0);
        let (mse, expected) = (mean(&scores.squared_error) / 64.0, metrics["test.mse"]);
        // The tolerance allows for the rounding of sums in `f32` and of the folded scaling.
        assert!((mse / expected - 1.0).abs() < 1e-5, "{kind}: mse {mse}, in training {expected}");
        let (name, actual) = match scores.kl {
            // The loss of a WAE also has the MMD, which is a property of all codes together and has no value per row.
            None => ("test.reconstruction", mean(&scores.reconstruction)),
            Some(kl) => ("test.kl", mean(&kl)),
        };
        // Training computes the loss from logits, and the score from probabilities, which are limited to at least 1e-7.
        // A pixel that is not black costs more in training if its probability is smaller. The AE has one such pixel
        // among the 23,040 of the test part, with a difference of 0.13 nats in all.
        assert!(
            (actual / metrics[name] - 1.0).abs() < 5e-5,
            "{kind}: {name} is {actual}, in training {}",
            metrics[name]
        );
    }
}

#[test]
fn the_elbo_agrees_with_training_and_more_samples_give_a_tighter_bound() {
    const SEEDS: u64 = 10;
    let (rows, labels) = test_rows(&digits());
    for kind in [Kind::Vae, Kind::Cvae] {
        let model = zoo(kind);
        let metrics = &model.manifest().training.metrics;
        // The loss of a CVAE can have a KL weight; the bound does not.
        let expected = -(metrics["test.reconstruction"] + metrics["test.kl"]);
        let means = |samples, of: fn(Scores) -> Option<Array1<f64>>| -> Array1<f64> {
            let scores = (0..SEEDS).map(|seed| of(score(&model, &rows, &labels, samples, seed)));
            scores.map(|scores| mean(&scores.expect("scores of a variational model"))).collect()
        };
        let bounds = means(1, |scores| scores.elbo);
        // Training also uses one sample per row, so its value has the same distribution: it is within four standard
        // deviations.
        let (bound, deviation) = (mean(&bounds), bounds.std(1.0));
        assert!((bound - expected).abs() < 4.0 * deviation, "{kind}: {bound} +- {deviation}, in training {expected}");
        // The log-likelihood at one latent sample has a deviation of about 5 nats, over the root of 360 rows.
        assert!(deviation < 0.5, "{kind}: {bounds}");

        let [one, ten, hundred] = [1, 10, 100].map(|samples| means(samples, |scores| scores.log_likelihood));
        for (fewer, more) in [(&one, &ten), (&ten, &hundred)] {
            let spread = ((fewer.var(1.0) + more.var(1.0)) / SEEDS as f64).sqrt();
            assert!(mean(fewer) + 4.0 * spread < mean(more), "{kind}: {fewer}, {more}");
        }
        // With one sample the expected estimate is the ELBO. It has additional noise, because its KL is sampled too.
        let spread = ((one.var(1.0) + bounds.var(1.0)) / SEEDS as f64).sqrt();
        assert!((mean(&one) - bound).abs() < 4.0 * spread, "{kind}: {one} for {bounds}");
        println!(
            "{kind} {expected} {bound} +- {deviation} {} {} {} {}",
            mean(&one),
            mean(&ten),
            mean(&hundred),
            one.std(1.0)
        );
    }
}

/// Returns rows whose pixels are permuted, with the same permutation for all rows. They have the brightness of digits
/// but are not digits.
fn shuffled(rows: &Array2<f32>) -> Array2<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let mut order: Vec<(u32, usize)> = (0..rows.ncols()).map(|column| (random.next_u32(), column)).collect();
    order.sort_unstable();
    Array2::from_shape_fn(rows.dim(), |(row, column)| rows[[row, order[column].1]])
}

/// Returns the area under the ROC curve: the probability that a score of `anomalous` is above a score of `normal`,
/// where ties count as one half (Hanley and McNeil 1982).
fn auroc(anomalous: &Array1<f64>, normal: &Array1<f64>) -> f64 {
    let of_pair = |anomalous: f64, normal: f64| {
        if anomalous > normal { 1.0 } else { f64::from(u8::from(anomalous == normal)) / 2.0 }
    };
    let wins: f64 =
        anomalous.iter().flat_map(|&anomalous| normal.iter().map(move |&normal| of_pair(anomalous, normal))).sum();
    wins / (anomalous.len() * normal.len()) as f64
}

#[test]
fn every_score_separates_digits_from_shuffled_digits() {
    let (rows, labels) = test_rows(&digits());
    let anomalous = shuffled(&rows);
    for kind in Kind::ALL {
        let model = zoo(kind);
        let samples_per_row = if kind.is_variational() { 20 } else { 0 };
        let [normal, anomalous] = [&rows, &anomalous].map(|rows| score(&model, rows, &labels, samples_per_row, 0));
        let auroc_of = |of: fn(&Scores) -> Array1<f64>| auroc(&of(&anomalous), &of(&normal));
        let negative = |scores: &Option<Array1<f64>>| -scores.as_ref().expect("scores of a variational model");
        let mut results = vec![
            ("squared_error", auroc_of(|scores| scores.squared_error.clone())),
            ("reconstruction", auroc_of(|scores| scores.reconstruction.clone())),
        ];
        if kind.is_variational() {
            results.push(("elbo", auroc(&negative(&anomalous.elbo), &negative(&normal.elbo))));
            let [anomalous, normal] = [&anomalous, &normal].map(|scores| negative(&scores.log_likelihood));
            results.push(("log_likelihood", auroc(&anomalous, &normal)));
        }
        for (name, auroc) in results {
            assert!(auroc > 0.95, "{kind}: the AUROC of {name} is {auroc:.4}");
        }
    }
}

#[test]
fn a_cvae_gives_a_digit_a_higher_likelihood_with_its_own_class_than_with_another() {
    let (rows, labels) = test_rows(&digits());
    let model = zoo(Kind::Cvae);
    let next: Vec<i64> = labels.iter().map(|label| (label + 1) % 10).collect();
    let [own, next] = [&labels, &next]
        .map(|labels| score(&model, &rows, labels, 50, 0).log_likelihood.expect("scores of a variational model"));
    let correct = own.iter().zip(&next).filter(|(own, next)| own > next).count();
    assert!(correct > 340, "{correct} of 360 digits");
}
