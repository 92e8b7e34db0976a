//! A Wasserstein autoencoder has deterministic codes, like an autoencoder, but their distribution matches the prior.
//! Codes sampled from the prior therefore decode to realistic samples.

use narrows_runtime::Autoencoder;
use narrows_tests::{digits, fitted, opened};
use narrows_trainer::{Options, bundle::Kind, data::Dataset};
use ndarray::{Array2, Axis};

const LATENT: usize = 4;

fn trained(kind: Kind, weight: Option<f64>, data: &Dataset) -> Autoencoder {
    let options = Options { latent: Some(LATENT), ..Options::new(kind) }.with(|options| {
        options.length.epochs = Some(60);
        options.discrepancy.mmd = weight;
    });
    opened(&fitted(&options, data), data)
}

fn test_rows(data: &Dataset) -> Array2<f32> {
    data.test.as_ref().expect("digits have a test part").values.to_f32().expect("in memory").into_owned()
}

/// Returns the largest distance of a mean from 0 or of a standard deviation from 1, over the latent dimensions.
fn distance_from_prior(model: &Autoencoder, rows: &Array2<f32>) -> f32 {
    let codes = model.encode(rows).expect("rows of the right width");
    let (means, deviations) = (codes.mean_axis(Axis(0)).expect("rows"), codes.std_axis(Axis(0), 0.0));
    let distances =
        means.iter().map(|mean| mean.abs()).chain(deviations.iter().map(|deviation| (deviation - 1.0).abs()));
    distances.fold(0.0, f32::max)
}

/// Returns the squared distance of a sample from its nearest row, averaged over the samples.
fn distance_from_data(samples: &Array2<f32>, rows: &Array2<f32>) -> f32 {
    let nearest = samples.rows().into_iter().map(|sample| {
        let distances = rows.rows().into_iter().map(|row| (&row - &sample).mapv(|value| value * value).sum());
        distances.fold(f32::INFINITY, f32::min)
    });
    nearest.sum::<f32>() / samples.nrows() as f32
}

#[test]
fn codes_of_a_wae_match_the_prior_and_codes_of_an_autoencoder_do_not() {
    let data = digits();
    let rows = test_rows(&data);
    let wae = distance_from_prior(&trained(Kind::Wae, None, &data), &rows);
    let ae = distance_from_prior(&trained(Kind::Ae, None, &data), &rows);
    assert!(wae < 0.5 && ae > 1.0, "wae {wae}, ae {ae}");
}

#[test]
fn samples_of_the_prior_decode_closer_to_digits_with_the_mmd_than_without() {
    let data = digits();
    let rows = data.train.values.to_f32().expect("in memory").into_owned();
    let [with, without] = [None, Some(0.0)].map(|weight| {
        let samples = trained(Kind::Wae, weight, &data).generate(200, 1).expect("a wae has a prior");
        let samples = samples.to_shape((200, rows.ncols())).expect("one row each").to_owned();
        distance_from_data(&samples, &rows)
    });
    assert!(with < 0.8 * without, "distance {with} with and {without} without the MMD");
}
