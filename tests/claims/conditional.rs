//! A CVAE draws the class that it is asked for, and not always the same picture of it.

use std::sync::LazyLock;

use narrows_runtime::Autoencoder;
use narrows_tests::{digits, fitted, opened};
use narrows_trainer::{Fitted, Options, bundle::Kind, data::Dataset};
use ndarray::{Array2, Axis};

use crate::{
    neighbours::Neighbours,
    pixels::{from_data_unit, mean_variance, scaled},
};

const CLASSES: usize = 10;
const DRAWN: usize = 200;

/// The options of models/zoo/cvae.
fn options() -> Options {
    Options { latent: Some(6), ..Options::new(Kind::Cvae) }.with(|options| {
        options.architecture.hidden = Some(vec![128]);
        options.divergence.beta = Some(0.15);
        options.schedule.learning_rate = Some(3e-3);
        options.steps.batch_size = Some(64);
        options.length.epochs = Some(200);
    })
}

static DIGITS: LazyLock<Dataset> = LazyLock::new(digits);
static FITTED: LazyLock<Fitted> = LazyLock::new(|| fitted(&options(), &DIGITS));

fn real() -> Neighbours {
    let labels = DIGITS.train.labels.clone().expect("digits have labels");
    Neighbours { rows: scaled(&DIGITS.train), labels }
}

/// Drawn samples of every class, `[rows, features]` each.
fn drawn(model: &Autoencoder) -> Vec<Array2<f32>> {
    let draw = |class| model.generate_class(class, DRAWN, 0).expect("one of the ten classes");
    (0..CLASSES).map(|class| from_data_unit(&draw(class))).collect()
}

/// The variance of the drawn samples of every class, as a share of that of the real ones.
fn variance_shares(drawn: &[Array2<f32>]) -> Vec<f64> {
    let Neighbours { rows, labels } = real();
    let of_class = |class: usize| {
        let members: Vec<usize> = (0..labels.len()).filter(|&row| labels[row] as usize == class).collect();
        rows.select(Axis(0), &members)
    };
    drawn.iter().enumerate().map(|(class, drawn)| mean_variance(drawn) / mean_variance(&of_class(class))).collect()
}

fn assert_recognised(drawn: &[Array2<f32>]) {
    let classifier = real();
    let agreement = |(class, drawn): (usize, &Array2<f32>)| classifier.agreement(drawn, [class as u32; DRAWN]);
    let agreements: Vec<f64> = drawn.iter().enumerate().map(agreement).collect();
    assert!(agreements.iter().all(|&share| share >= 0.9), "{agreements:?}");
}

fn assert_varied(drawn: &[Array2<f32>]) {
    let shares = variance_shares(drawn);
    assert!(shares.iter().all(|&share| share >= 0.5), "{shares:?}");
}

#[test]
fn the_classifier_knows_real_digits() {
    let test = DIGITS.test.as_ref().expect("digits have a test part");
    let accuracy = real().agreement(&scaled(test), test.labels.clone().expect("digits have labels"));
    assert!(accuracy >= 0.93, "{accuracy} on real digits");
}

#[test]
fn a_classifier_of_real_digits_recognises_what_was_asked_for() {
    assert_recognised(&drawn(&opened(&FITTED, &DIGITS)));
}

#[test]
fn samples_of_a_class_vary_at_least_half_as_much_as_real_ones() {
    assert_varied(&drawn(&opened(&FITTED, &DIGITS)));
}

#[test]
fn the_committed_cvae_draws_what_was_asked_for_in_variety() {
    let zoo = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/zoo/cvae");
    let drawn = drawn(&Autoencoder::open(zoo).expect("`just zoo` builds it"));
    assert_recognised(&drawn);
    assert_varied(&drawn);
}

#[test]
fn a_decoder_that_ignores_the_code_shows_no_variance() {
    let mut deaf = FITTED.clone();
    deaf.weights.get_mut("decoder.0.weight").expect("where the code enters").fill(0.0);
    let shares = variance_shares(&drawn(&opened(&deaf, &DIGITS)));
    assert!(shares.iter().all(|&share| share < 0.5), "{shares:?}");
}
