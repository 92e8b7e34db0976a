//! The importance-weighted bound of a trained model is the one that its exported graphs give, and gets
//! tighter with the draws.

use narrows_runtime::Autoencoder;
use narrows_tests::{digits, fitted, opened};
use narrows_trainer::{Fitted, Options, bundle::Kind, data::Dataset};
use ndarray::{Array1, Array2, Axis, Zip};

use crate::pixels::{from_data_unit, scaled};

fn trained(samples: usize, data: &Dataset) -> Fitted {
    let options = Options { latent: Some(6), ..Options::new(Kind::Vae) }.with(|options| {
        options.architecture.hidden = Some(vec![64]);
        options.length.epochs = Some(8);
        options.schedule.learning_rate = Some(3e-3);
        options.bound.importance_samples = Some(samples);
    });
    fitted(&options, data)
}

/// `ln p(x, z) - ln q(z|x)` of one draw for every row of the test part, by what ONNX Runtime returns.
fn log_weights(model: &Autoencoder, rows: &Array2<f32>, x: &Array2<f32>, seed: u64) -> Array1<f64> {
    let posterior = model.posterior(rows).expect("rows of the right width");
    let z = model.sample_latent(rows, seed).expect("the same rows");
    let means = from_data_unit(&model.decode(&z).expect("codes of the right width"));
    let log_likelihood = Zip::from(&means).and(x).map_collect(|&p, &x| {
        let (p, x) = (f64::from(p).clamp(1e-7, 1.0 - 1e-7), f64::from(x));
        x * p.ln() + (1.0 - x) * (1.0 - p).ln()
    });
    let log_ratio =
        Zip::from(&z).and(&posterior.mean).and(&posterior.log_variance).map_collect(|&z, &mean, &log_var| {
            let (z, mean, log_var) = (f64::from(z), f64::from(mean), f64::from(log_var));
            0.5 * ((z - mean).powi(2) / log_var.exp() + log_var - z * z)
        });
    log_likelihood.sum_axis(Axis(1)) + log_ratio.sum_axis(Axis(1))
}

/// The negative bound in nats, averaged over the test part, by so many draws a row.
fn bound(model: &Autoencoder, data: &Dataset, draws: u64) -> f64 {
    let test = data.test.as_ref().expect("digits have a test part");
    let (rows, x) = (test.values.to_f32().expect("in memory").into_owned(), scaled(test));
    let drawn: Vec<Array1<f64>> = (0..draws).map(|seed| log_weights(model, &rows, &x, seed)).collect();
    let of_row = |row: usize| {
        let weights = drawn.iter().map(|weights| weights[row]);
        let largest = weights.clone().fold(f64::NEG_INFINITY, f64::max);
        largest + (weights.map(|weight| (weight - largest).exp()).sum::<f64>() / draws as f64).ln()
    };
    -(0..rows.nrows()).map(of_row).sum::<f64>() / rows.nrows() as f64
}

#[test]
fn the_loss_of_a_trained_model_is_the_bound_that_its_graphs_give() {
    let data = digits();
    for samples in [1, 10] {
        let fitted = trained(samples, &data);
        let told = fitted.test.as_ref().expect("digits have a test part").loss;
        let found = bound(&opened(&fitted, &data), &data, samples as u64);
        // Two estimates over 360 rows, by other draws: the draws move each by some hundredths.
        assert!((told - found).abs() < 0.15, "{samples} draws: {told} in training, {found} in ONNX Runtime");
    }
}

#[test]
fn on_a_trained_model_one_draw_is_the_evidence_lower_bound_and_more_are_tighter() {
    let data = digits();
    let fitted = trained(10, &data);
    let model = opened(&fitted, &data);
    let [one, ten, hundred] = [1, 10, 100].map(|draws| bound(&model, &data, draws));
    let parts = fitted.test.expect("digits have a test part").parts;
    let evidence = parts["reconstruction"] + parts["kl"];
    assert!((one - evidence).abs() < 0.15, "{one} by one draw, {evidence} by the parts of the evidence");
    assert!(one > ten + 0.2 && ten > hundred + 0.05, "{one}, {ten}, {hundred}");
}
