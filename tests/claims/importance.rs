//! The importance-weighted bound of a trained model equals the bound computed with its exported graphs, and becomes
//! tighter with more samples.

use narrows_runtime::Autoencoder;
use narrows_tests::{digits, fitted, opened};
use narrows_trainer::{
    Fitted, Options,
    bundle::{Kind, Likelihood},
    data::Dataset,
};
use ndarray::{Array1, Array2, Axis, Zip};

use crate::pixels::{from_data_unit, scaled};

fn trained(samples: usize, data: &Dataset) -> Fitted {
    let options = Options { latent: Some(6), ..Options::new(Kind::Vae) }.with(|options| {
        options.architecture.hidden = Some(vec![64]);
        options.output.likelihood = Some(Likelihood::Bernoulli);
        options.length.epochs = Some(8);
        options.schedule.learning_rate = Some(3e-3);
        options.bound.importance_samples = Some(samples);
    });
    fitted(&options, data)
}

/// Returns `ln p(x, z) - ln q(z|x)` of one latent sample for each row of the test part, computed with ONNX Runtime.
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

/// Returns the negative bound in nats with the given number of latent samples per row, averaged over the test part.
fn bound(model: &Autoencoder, data: &Dataset, samples: u64) -> f64 {
    let test = data.test.as_ref().expect("digits have a test part");
    let (rows, x) = (test.values.to_f32().expect("in memory").into_owned(), scaled(test));
    let log_weights: Vec<Array1<f64>> = (0..samples).map(|seed| log_weights(model, &rows, &x, seed)).collect();
    let of_row = |row: usize| {
        let weights = log_weights.iter().map(|weights| weights[row]);
        let largest = weights.clone().fold(f64::NEG_INFINITY, f64::max);
        largest + (weights.map(|weight| (weight - largest).exp()).sum::<f64>() / samples as f64).ln()
    };
    -(0..rows.nrows()).map(of_row).sum::<f64>() / rows.nrows() as f64
}

#[test]
fn the_loss_of_a_trained_model_equals_the_bound_of_its_exported_graphs() {
    let data = digits();
    for samples in [1, 10] {
        let fitted = trained(samples, &data);
        let in_training = fitted.test.as_ref().expect("digits have a test part").loss;
        let in_runtime = bound(&opened(&fitted, &data), &data, samples as u64);
        // Two estimates over 360 rows from different latent samples, with standard deviations of some hundredths.
        assert!(
            (in_training - in_runtime).abs() < 0.15,
            "{samples} samples: {in_training} in training, {in_runtime} in ONNX Runtime"
        );
    }
}

#[test]
fn one_sample_gives_the_evidence_lower_bound_and_more_samples_give_a_tighter_bound() {
    let data = digits();
    let fitted = trained(10, &data);
    let model = opened(&fitted, &data);
    let [one, ten, hundred] = [1, 10, 100].map(|samples| bound(&model, &data, samples));
    let parts = fitted.test.expect("digits have a test part").parts;
    let negative_elbo = parts["reconstruction"] + parts["kl"];
    assert!((one - negative_elbo).abs() < 0.15, "{one} with one sample, {negative_elbo} from the terms of the ELBO");
    assert!(one > ten + 0.2 && ten > hundred + 0.05, "{one}, {ten}, {hundred}");
}
