//! A Wasserstein autoencoder keeps codes that are points, as an autoencoder's are, and spreads them as the prior, so that
//! codes drawn from it decode to samples.

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

/// The largest distance of a mean from 0 and of a standard deviation from 1, over the dimensions of the code.
fn distance_from_prior(model: &Autoencoder, rows: &Array2<f32>) -> f32 {
    let codes = model.encode(rows).expect("rows of the right width");
    let (means, deviations) = (codes.mean_axis(Axis(0)).expect("rows"), codes.std_axis(Axis(0), 0.0));
    let distances =
        means.iter().map(|mean| mean.abs()).chain(deviations.iter().map(|deviation| (deviation - 1.0).abs()));
    distances.fold(0.0, f32::max)
}

/// The mean squared distance in pixels of samples from their nearest rows of `rows`.
fn distance_from_data(samples: &Array2<f32>, rows: &Array2<f32>) -> f32 {
    let nearest = samples.rows().into_iter().map(|sample| {
        let distances = rows.rows().into_iter().map(|row| (&row - &sample).mapv(|value| value * value).sum());
        distances.fold(f32::INFINITY, f32::min)
    });
    nearest.sum::<f32>() / samples.nrows() as f32
}

#[test]
fn codes_are_distributed_as_the_prior_and_those_of_an_autoencoder_are_not() {
    let data = digits();
    let rows = test_rows(&data);
    let wae = distance_from_prior(&trained(Kind::Wae, None, &data), &rows);
    let ae = distance_from_prior(&trained(Kind::Ae, None, &data), &rows);
    assert!(wae < 0.5 && ae > 1.0, "wae {wae}, ae {ae}");
}

#[test]
fn codes_from_the_prior_decode_to_digits_and_without_the_discrepancy_they_do_not() {
    let data = digits();
    let rows = data.train.values.to_f32().expect("in memory").into_owned();
    let [with, without] = [None, Some(0.0)].map(|weight| {
        let samples = trained(Kind::Wae, weight, &data).generate(200, 1).expect("a wae has a prior");
        let samples = samples.to_shape((200, rows.ncols())).expect("one row each").to_owned();
        distance_from_data(&samples, &rows)
    });
    assert!(with < 0.8 * without, "with {with}, without {without}");
}
