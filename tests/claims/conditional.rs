//! A CVAE generates samples of the requested class, and the samples of a class vary.

use std::sync::LazyLock;

use narrows_runtime::Autoencoder;
use narrows_tests::{digits, fitted, opened};
use narrows_trainer::{Fitted, Options, bundle::Kind, data::Dataset};
use ndarray::{Array2, Axis};

use crate::{
    nearest_neighbours::NearestNeighbours,
    pixels::{from_data_unit, mean_variance, scaled},
};

const CLASSES: usize = 10;
/// The number of samples per class.
const SAMPLES: usize = 200;

/// The options of models/zoo/cvae: the defaults.
fn options() -> Options {
    Options::new(Kind::Cvae)
}

static DIGITS: LazyLock<Dataset> = LazyLock::new(digits);
static FITTED: LazyLock<Fitted> = LazyLock::new(|| fitted(&options(), &DIGITS));

/// A classifier of the training part of the digits.
fn digit_classifier() -> NearestNeighbours {
    let labels = DIGITS.train.labels.clone().expect("digits have labels");
    NearestNeighbours { rows: scaled(&DIGITS.train), labels }
}

/// Generates samples of every class, `[rows, features]` each.
fn generated(model: &Autoencoder) -> Vec<Array2<f32>> {
    let generate = |class| model.generate_class(class, SAMPLES, 0).expect("one of the ten classes");
    (0..CLASSES).map(|class| from_data_unit(&generate(class))).collect()
}

/// Returns the variance of the generated samples of each class, divided by the variance of the real samples of that
/// class.
fn variance_ratios(generated: &[Array2<f32>]) -> Vec<f64> {
    let NearestNeighbours { rows, labels } = digit_classifier();
    let of_class = |class: usize| {
        let members: Vec<usize> = (0..labels.len()).filter(|&row| labels[row] as usize == class).collect();
        rows.select(Axis(0), &members)
    };
    let ratio = |(class, samples)| mean_variance(samples) / mean_variance(&of_class(class));
    generated.iter().enumerate().map(ratio).collect()
}

fn assert_recognised(generated: &[Array2<f32>]) {
    let classifier = digit_classifier();
    let agreement = |(class, samples): (usize, &Array2<f32>)| classifier.agreement(samples, [class as u32; SAMPLES]);
    let agreements: Vec<f64> = generated.iter().enumerate().map(agreement).collect();
    assert!(agreements.iter().all(|&fraction| fraction >= 0.9), "{agreements:?}");
}

fn assert_varied(generated: &[Array2<f32>]) {
    let ratios = variance_ratios(generated);
    assert!(ratios.iter().all(|&ratio| ratio >= 0.5), "{ratios:?}");
}

#[test]
fn the_classifier_recognises_real_digits() {
    let test = DIGITS.test.as_ref().expect("digits have a test part");
    let accuracy = digit_classifier().agreement(&scaled(test), test.labels.clone().expect("digits have labels"));
    assert!(accuracy >= 0.93, "{accuracy} on real digits");
}

#[test]
fn a_classifier_of_real_digits_recognises_the_requested_class() {
    assert_recognised(&generated(&opened(&FITTED, &DIGITS)));
}

#[test]
fn a_sampler_of_each_class_is_fitted_by_default_and_gives_the_codes_of_its_class() {
    let model = opened(&FITTED, &DIGITS);
    let record = model.manifest().sampler.clone().expect("a cvae has a sampler");
    assert_eq!(record.class_components.map(|components| components.len()), Some(CLASSES));
    // The codes of a class are more likely under its own mixture than under the standard normal distribution.
    assert!(record.log_likelihood > record.standard_normal_log_likelihood);
    let codes = |class: usize| {
        let options = narrows_runtime::GenerateOptions::default().count(SAMPLES).class(class);
        model.sample_codes(&options).expect("one of the ten classes")
    };
    let density = |of: usize, class: usize| {
        let sampler = model.sampler_of_class(class).expect("a class").expect("a sampler");
        sampler.log_density(codes(of).view()).expect("codes that fit").mean().expect("codes")
    };
    for class in 0..CLASSES {
        let other = (class + 1) % CLASSES;
        assert!(density(class, class) > density(class, other), "{class}");
    }
}

#[test]
fn generated_samples_of_a_class_vary_at_least_half_as_much_as_real_samples() {
    assert_varied(&generated(&opened(&FITTED, &DIGITS)));
}

#[test]
fn the_committed_cvae_generates_varied_samples_of_the_requested_class() {
    let zoo = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/zoo/cvae");
    let samples = generated(&Autoencoder::open(zoo).expect("`just zoo` builds it"));
    assert_recognised(&samples);
    assert_varied(&samples);
}

#[test]
fn samples_of_a_decoder_that_ignores_the_code_do_not_vary() {
    let mut collapsed = FITTED.clone();
    collapsed.weights.get_mut("decoder.0.weight").expect("the layer that receives the code").fill(0.0);
    let ratios = variance_ratios(&generated(&opened(&collapsed, &DIGITS)));
    assert!(ratios.iter().all(|&ratio| ratio < 0.5), "{ratios:?}");
}
