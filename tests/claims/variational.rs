//! A larger beta lowers the KL divergence of a VAE and raises its reconstruction error, and latent samples follow the
//! posterior.

use narrows_tests::{digits, fitted, opened};
use narrows_trainer::{Fitted, Options, bundle::Kind, data::Dataset};
use ndarray::{Array2, Zip};

fn vae(beta: f64, data: &Dataset) -> Fitted {
    let options = Options { latent: Some(4), ..Options::new(Kind::Vae) }.with(|options| {
        options.length.epochs = Some(20);
        options.divergence.beta = Some(beta);
    });
    fitted(&options, data)
}

#[test]
fn a_larger_beta_lowers_the_kl_and_raises_the_reconstruction_error() {
    let data = digits();
    let parts = [0.2, 1.0, 4.0].map(|beta| {
        let test = vae(beta, &data).test.expect("digits have a test part");
        (test.parts["kl"], test.parts["reconstruction"])
    });
    assert!(parts.is_sorted_by(|(kl, _), (next, _)| kl > next), "kl, reconstruction: {parts:?}");
    assert!(parts.is_sorted_by(|(_, error), (_, next)| error < next), "kl, reconstruction: {parts:?}");
}

#[test]
fn latent_samples_are_reproducible_from_the_seed_and_have_the_mean_of_the_posterior() {
    const SAMPLES: u64 = 400;
    let data = digits();
    let model = opened(&vae(0.2, &data), &data);
    let rows = data.train.values.select(&(0..20).collect::<Vec<_>>()).expect("in memory");
    let rows = rows.to_f32().expect("in memory");

    let mean = model.encode(&rows).expect("rows of the right width");
    assert_eq!(mean, model.encode(&rows).expect("the same rows"));

    let sample = |seed| model.sample_latent(&rows, seed).expect("the same rows");
    assert_eq!(sample(1), sample(1));
    assert_ne!(sample(1), sample(2));

    let sum = (0..SAMPLES).fold(Array2::zeros(mean.dim()), |sum: Array2<f32>, seed| sum + sample(seed));
    let deviation = model.posterior(&rows).expect("the same rows").log_variance.mapv(|value| (value / 2.0).exp());
    Zip::from(&sum).and(&mean).and(&deviation).for_each(|sum, mean, deviation| {
        let (sample_mean, count) = (sum / SAMPLES as f32, SAMPLES as f32);
        // Five standard errors, because 80 means are compared.
        assert!(
            (sample_mean - mean).abs() < 5.0 * deviation / count.sqrt(),
            "a sample mean of {sample_mean} for a mean of {mean} and a standard deviation of {deviation}"
        );
    });
}
