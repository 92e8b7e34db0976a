//! What the runtime scores is what training reported, more draws bring a bound nearer to the likelihood,
//! and a sample that is no digit scores worse than one that is.

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

/// The 360 rows of the digits' test part, 64 numbers from 0 to 16, and their labels.
fn test_rows(data: &Dataset) -> (Array2<f32>, Vec<i64>) {
    let test = data.test.as_ref().expect("digits have a test part");
    let labels = test.labels.as_ref().expect("digits have labels").iter().map(|&label| i64::from(label)).collect();
    (test.values.to_f32().expect("in memory").into_owned(), labels)
}

fn score(model: &Autoencoder, rows: &Array2<f32>, labels: &[i64], draws: usize, seed: u64) -> Scores {
    let samples = Samples::from(rows);
    let samples = if model.takes_labels() { samples.labelled(labels) } else { samples };
    let options = ScoreOptions::default().importance_samples(draws).seed(seed);
    model.score(samples, &options).expect("digits score")
}

fn mean(scores: &Array1<f64>) -> f64 {
    scores.mean().expect("360 rows")
}

#[test]
fn a_model_without_draws_scores_what_its_manifest_reports_of_the_same_rows() {
    let (rows, labels) = test_rows(&digits());
    for kind in Kind::ALL {
        let model = zoo(kind);
        let figures = &model.manifest().training.metrics;
        let found = score(&model, &rows, &labels, 0, 0);
        let (mse, expected) = (mean(&found.squared_error) / 64.0, figures["test.mse"]);
        // What is left is the rounding of sums in `f32`, and that of the folded graphs.
        assert!((mse / expected - 1.0).abs() < 1e-5, "{kind}: mse {mse}, in training {expected}");
        let (name, found) = match found.kl {
            // The loss of a wae has a discrepancy too, which is one of all codes together and none of a row.
            None => ("test.reconstruction", mean(&found.reconstruction)),
            Some(kl) => ("test.kl", mean(&kl)),
        };
        // Training goes by logits: a pixel that it says is black, by more than the probability of 1e-7 that is
        // read back here, costs more there. The AE has one such among the 23,040, of 0.13 nats in all.
        assert!((found / figures[name] - 1.0).abs() < 5e-5, "{kind}: {name} is {found}, was {}", figures[name]);
    }
}

#[test]
fn the_bound_is_that_of_training_and_more_draws_come_closer_to_the_likelihood() {
    const SEEDS: u64 = 10;
    let (rows, labels) = test_rows(&digits());
    for kind in [Kind::Vae, Kind::Cvae] {
        let model = zoo(kind);
        let figures = &model.manifest().training.metrics;
        // The loss of a CVAE may weigh its divergence; the bound does not.
        let expected = -(figures["test.reconstruction"] + figures["test.kl"]);
        let by = |draws, of: fn(Scores) -> Option<Array1<f64>>| -> Array1<f64> {
            let scores = (0..SEEDS).map(|seed| of(score(&model, &rows, &labels, draws, seed)));
            scores.map(|scores| mean(&scores.expect("drawn"))).collect()
        };
        let bounds = by(1, |scores| scores.elbo);
        // Training draws once a row as well, so its figure is one more such number: within four deviations.
        let (bound, deviation) = (mean(&bounds), bounds.std(1.0));
        assert!((bound - expected).abs() < 4.0 * deviation, "{kind}: {bound} +- {deviation}, in training {expected}");
        assert!(deviation < 0.2, "{kind}: {bounds}");

        let [one, ten, hundred] = [1, 10, 100].map(|draws| by(draws, |scores| scores.log_likelihood));
        for (fewer, more) in [(&one, &ten), (&ten, &hundred)] {
            let spread = ((fewer.var(1.0) + more.var(1.0)) / SEEDS as f64).sqrt();
            assert!(mean(fewer) + 4.0 * spread < mean(more), "{kind}: {fewer}, {more}");
        }
        // By one draw the estimate is the bound, but for the noise of a divergence by draws.
        let spread = ((one.var(1.0) + bounds.var(1.0)) / SEEDS as f64).sqrt();
        assert!((mean(&one) - bound).abs() < 4.0 * spread, "{kind}: {one} against {bounds}");
        println!(
            "{kind} {expected} {bound} +- {deviation} {} {} {} {}",
            mean(&one),
            mean(&ten),
            mean(&hundred),
            one.std(1.0)
        );
    }
}

/// The same pixels in another order, one for all rows: as dark and as bright, and no digit.
fn shuffled(rows: &Array2<f32>) -> Array2<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let mut order: Vec<(u32, usize)> = (0..rows.ncols()).map(|column| (random.next_u32(), column)).collect();
    order.sort_unstable();
    Array2::from_shape_fn(rows.dim(), |(row, column)| rows[[row, order[column].1]])
}

/// The probability that one of `odd` scores above one of `usual`, ties counted by half (Hanley & McNeil
/// 1982).
fn auroc(odd: &Array1<f64>, usual: &Array1<f64>) -> f64 {
    let of_pair = |odd: f64, usual: f64| if odd > usual { 1.0 } else { f64::from(u8::from(odd == usual)) / 2.0 };
    let wins: f64 = odd.iter().flat_map(|&odd| usual.iter().map(move |&usual| of_pair(odd, usual))).sum();
    wins / (odd.len() * usual.len()) as f64
}

#[test]
fn every_score_tells_digits_from_their_shuffled_pixels() {
    let (rows, labels) = test_rows(&digits());
    let odd = shuffled(&rows);
    for kind in Kind::ALL {
        let model = zoo(kind);
        let draws = if kind.is_variational() { 20 } else { 0 };
        let [usual, odd] = [&rows, &odd].map(|rows| score(&model, rows, &labels, draws, 0));
        let told = |of: fn(&Scores) -> Array1<f64>| auroc(&of(&odd), &of(&usual));
        let negative = |scores: &Option<Array1<f64>>| -scores.as_ref().expect("drawn");
        let mut figures = vec![
            ("squared_error", told(|scores| scores.squared_error.clone())),
            ("reconstruction", told(|scores| scores.reconstruction.clone())),
        ];
        if kind.is_variational() {
            figures.push(("elbo", auroc(&negative(&odd.elbo), &negative(&usual.elbo))));
            let [odd, usual] = [&odd, &usual].map(|scores| negative(&scores.log_likelihood));
            figures.push(("log_likelihood", auroc(&odd, &usual)));
        }
        for (name, auroc) in figures {
            assert!(auroc > 0.95, "{kind}: AUROC {auroc:.4} by {name}");
        }
    }
}

#[test]
fn a_conditional_model_finds_a_digit_likelier_under_its_own_class_than_under_the_next() {
    let (rows, labels) = test_rows(&digits());
    let model = zoo(Kind::Cvae);
    let next: Vec<i64> = labels.iter().map(|label| (label + 1) % 10).collect();
    let [own, next] = [&labels, &next].map(|labels| score(&model, &rows, labels, 50, 0).log_likelihood.expect("drawn"));
    let likelier = own.iter().zip(&next).filter(|(own, next)| own > next).count();
    assert!(likelier > 340, "{likelier} of 360");
}
