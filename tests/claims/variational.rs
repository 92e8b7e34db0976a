//! A VAE trades reconstruction for a simpler code, and draws codes from what its encoder says.

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
fn a_larger_beta_lowers_the_divergence_and_costs_reconstruction() {
    let data = digits();
    let parts = [0.2, 1.0, 4.0].map(|beta| {
        let figures = vae(beta, &data).test.expect("digits have a test part");
        (figures.parts["kl"], figures.parts["reconstruction"])
    });
    assert!(parts.is_sorted_by(|(kl, _), (next, _)| kl > next), "kl, reconstruction: {parts:?}");
    assert!(parts.is_sorted_by(|(_, lost), (_, next)| lost < next), "kl, reconstruction: {parts:?}");
}

#[test]
fn codes_repeat_with_their_seed_and_spread_around_the_mean_as_the_posterior_says() {
    const DRAWS: u64 = 400;
    let data = digits();
    let model = opened(&vae(0.2, &data), &data);
    let rows = data.train.values.select(&(0..20).collect::<Vec<_>>()).expect("in memory");
    let rows = rows.to_f32().expect("in memory");

    let mean = model.encode(&rows).expect("rows of the right width");
    assert_eq!(mean, model.encode(&rows).expect("the same rows"));

    let draw = |seed| model.sample_latent(&rows, seed).expect("the same rows");
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));

    let sum = (0..DRAWS).fold(Array2::zeros(mean.dim()), |sum: Array2<f32>, seed| sum + draw(seed));
    let deviation = model.posterior(&rows).expect("the same rows").log_variance.mapv(|value| (value / 2.0).exp());
    Zip::from(&sum).and(&mean).and(&deviation).for_each(|sum, mean, deviation| {
        let (found, count) = (sum / DRAWS as f32, DRAWS as f32);
        // Five standard errors: 80 means are compared.
        assert!((found - mean).abs() < 5.0 * deviation / count.sqrt(), "{found} around {mean}, deviation {deviation}");
    });
}
