//! What a Gaussian's variance does to a VAE: it is the exchange rate between error and divergence, and a
//! learned one finds the error of the data.

use narrows_tests::{digits, fitted};
use narrows_trainer::{
    Fitted, Options, Variance,
    bundle::{Kind, Likelihood, Link},
    data::Dataset,
};

fn trained(variance: Variance, data: &Dataset) -> Fitted {
    let options = Options::new(Kind::Vae).with(|options| {
        options.architecture.hidden = Some(vec![64]);
        options.output.likelihood = Some(Likelihood::Gaussian);
        options.output.output_link = Some(Link::Sigmoid);
        options.variance.variance = Some(variance);
        options.length.epochs = Some(60);
        options.schedule.learning_rate = Some(3e-3);
    });
    fitted(&options, data)
}

#[test]
fn a_learned_variance_ends_at_the_error_and_its_codes_say_what_those_of_a_unit_variance_do_not() {
    let data = digits();
    let (learned, unit) = (trained(Variance::Learned, &data), trained(Variance::Fixed(1.0), &data));
    let variance = learned.variance().expect("a gaussian vae has one");
    let test = learned.test.as_ref().expect("digits have a test part");
    let unit = unit.test.as_ref().expect("digits have a test part");
    // It is fitted to the error of draws in training; that of means is a little below, that of new rows above.
    let train = learned.train.mse;
    assert!((1.0..1.4).contains(&(variance / train)), "{variance} for a training mse of {train}");
    assert!((0.8..1.2).contains(&(variance / test.mse)), "{variance} for a test mse of {}", test.mse);
    assert!(test.active_units > unit.active_units, "{:?} against {:?}", test.active_units, unit.active_units);
    assert!(test.mse < 0.7 * unit.mse, "{} against {}", test.mse, unit.mse);
    let history: Vec<f64> = learned.history.iter().filter_map(|record| record.variance).collect();
    assert_eq!(history.len(), 60);
    assert_eq!(history.last(), Some(&variance));
    assert!(history.first() > Some(&(2.0 * variance)), "it comes from 1: {history:?}");
}

#[test]
fn a_smaller_fixed_variance_buys_accuracy_with_divergence() {
    let data = digits();
    let figures = [1.0, 0.1, 0.01].map(|variance| {
        let figures = trained(Variance::Fixed(variance), &data).test.expect("digits have a test part");
        (figures.parts["kl"], figures.mse)
    });
    assert!(figures.is_sorted_by(|(kl, mse), (next_kl, next_mse)| kl < next_kl && mse > next_mse), "{figures:?}");
}
