//! The variance of a Gaussian likelihood in a VAE sets the balance between reconstruction error and KL divergence, and
//! a learned variance converges to the reconstruction error.

use narrows_tests::{digits, fitted};
use narrows_trainer::{
    Fitted, Options,
    bundle::{Kind, Likelihood, Link},
    data::Dataset,
    options::Variance,
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
fn a_learned_variance_converges_to_the_error_and_has_more_active_units_than_a_unit_variance() {
    let data = digits();
    let (learned, unit) = (trained(Variance::Learned, &data), trained(Variance::Fixed(1.0), &data));
    let variance = learned.variance().expect("a Gaussian VAE has a variance");
    let test = learned.test.as_ref().expect("digits have a test part");
    let unit = unit.test.as_ref().expect("digits have a test part");
    // The variance is fitted to the training error of decoded samples of the posterior. The training error of decoded
    // means is slightly lower, and the error on new rows is higher.
    let train = learned.train.mse;
    assert!((1.0..1.4).contains(&(variance / train)), "a variance of {variance} for a training mse of {train}");
    assert!((0.8..1.2).contains(&(variance / test.mse)), "a variance of {variance} for a test mse of {}", test.mse);
    assert!(
        test.active_units > unit.active_units,
        "active units: {:?} learned, {:?} unit",
        test.active_units,
        unit.active_units
    );
    assert!(test.mse < 0.7 * unit.mse, "test mse: {} learned, {} unit", test.mse, unit.mse);
    let history: Vec<f64> = learned.history.iter().filter_map(|record| record.variance).collect();
    assert_eq!(history.len(), 60);
    assert_eq!(history.last(), Some(&variance));
    assert!(history.first() > Some(&(2.0 * variance)), "the variance starts at 1: {history:?}");
}

#[test]
fn a_smaller_fixed_variance_lowers_the_error_and_raises_the_kl() {
    let data = digits();
    let metrics = [1.0, 0.1, 0.01].map(|variance| {
        let metrics = trained(Variance::Fixed(variance), &data).test.expect("digits have a test part");
        (metrics.parts["kl"], metrics.mse)
    });
    assert!(metrics.is_sorted_by(|(kl, mse), (next_kl, next_mse)| kl < next_kl && mse > next_mse), "{metrics:?}");
}
