//! Likelihood estimates, compared with a model whose likelihood is known: `x = W z + b + noise` with standard normal
//! codes has the distribution `N(b, W W^T + sigma^2 I)`, and its posterior is normal as well (Bishop 2006, 12.2).

use std::f64::consts::PI;

use narrows_runtime::{
    Autoencoder, Samples, ScoreOptions, Scores,
    bundle::{
        Kind, Scaling,
        onnx::{Model, Tensor},
    },
    ndarray::{Array1, Array2, Array3, Zip},
};

mod support;

use support::{CLASSES, FEATURES, Fixture, LATENT, SHAPE};

/// The decoder's weights in scaled units. The rows are orthogonal, so that the true posterior has independent
/// dimensions and an encoder can represent it.
const W: [[f64; FEATURES]; LATENT] = [[0.5, 0.5, -1.0, 0.25, 0.0, 1.0], [1.0, -1.0, 0.0, 0.0, 2.0, 0.0]];
const B: [f64; FEATURES] = [0.25, -0.5, 0.0, 1.0, 0.75, -1.0];
const VARIANCE: f64 = 0.5;
/// Offset that a class adds to every feature, in scaled units. All constants are exact in `f32`.
const CLASS_OFFSETS: [f64; CLASSES.len()] = [0.0, 0.5, -2.0];
/// Offset and scale of each feature, between the data's unit and scaled units.
const OFFSETS: [f64; FEATURES] = [0.0, 4.0, -2.0, 1.0, 64.0, 0.5];
const SCALES: [f64; FEATURES] = [1.0, 0.5, 4.0, 2.0, 8.0, 0.25];

/// Deviation of an encoder from the true posterior.
#[derive(Clone, Copy)]
struct Deviation {
    mean: f64,
    log_variance: f64,
}

const TRUE: Deviation = Deviation { mean: 0.0, log_variance: 0.0 };
/// Shifted and wider than the true posterior. The importance weights are bounded, so estimates converge.
const POOR: Deviation = Deviation { mean: 0.25, log_variance: 0.5 };

/// Returns the precision of the posterior in a latent dimension.
fn precision(code: usize) -> f64 {
    1.0 + W[code].iter().map(|w| w * w).sum::<f64>() / VARIANCE
}

fn floats(values: impl IntoIterator<Item = f64>) -> Vec<f32> {
    values.into_iter().map(|value| value as f32).collect()
}

fn set(model: &mut Model, name: &str, dims: &[usize], values: &[f32]) {
    let graph = model.graph.as_mut().expect("a graph");
    graph.initializer.retain(|tensor| tensor.name != name);
    graph.initializer.push(Tensor::floats(name, dims, values));
}

/// Builds the model, in the data's unit. The encoder computes `mu = (W^T W + sigma^2 I)^-1 W^T (x - b)` of scaled
/// samples.
fn open(kind: Kind, deviation: Deviation) -> Autoencoder {
    let fixture = Fixture::modified(kind, |draft| {
        draft.manifest.variance = Some(VARIANCE);
        draft.manifest.scaling = Scaling { offset: floats(OFFSETS), scale: floats(SCALES) };
        let gain = |code: usize, feature: usize| W[code][feature] / (VARIANCE * precision(code));
        let columns = || (0..FEATURES).flat_map(|feature| (0..LATENT).map(move |code| (code, feature)));
        let mean = columns().map(|(code, feature)| gain(code, feature) / SCALES[feature]);
        let ends = |code: usize| {
            (0..FEATURES)
                .map(|feature| gain(code, feature) * (OFFSETS[feature] / SCALES[feature] + B[feature]))
                .sum::<f64>()
                - deviation.mean
        };
        set(&mut draft.encoder, "mu.weight", &[FEATURES, LATENT], &floats(mean));
        set(&mut draft.encoder, "mu.bias", &[LATENT], &floats((0..LATENT).map(|code| -ends(code))));
        set(&mut draft.encoder, "log_var.weight", &[FEATURES, LATENT], &[0.0; FEATURES * LATENT]);
        let log_variance = (0..LATENT).map(|code| deviation.log_variance - precision(code).ln());
        set(&mut draft.encoder, "log_var.bias", &[LATENT], &floats(log_variance));

        let rows = W.iter().flat_map(|row| row.iter().zip(SCALES).map(|(w, scale)| w * scale));
        set(&mut draft.decoder, "rows.weight", &[LATENT, FEATURES], &floats(rows));
        let bias = (0..FEATURES).map(|feature| B[feature] * SCALES[feature] + OFFSETS[feature]);
        set(&mut draft.decoder, "rows.bias", &[FEATURES], &floats(bias));
        if kind.is_conditional() {
            let added =
                |sign: f64| CLASS_OFFSETS.iter().flat_map(move |class| SCALES.map(|scale| sign * class * scale));
            set(&mut draft.decoder, "rows.classes", &[CLASSES.len(), FEATURES], &floats(added(1.0)));
            let of_class =
                |class: f64, code: usize| -(0..FEATURES).map(|feature| gain(code, feature) * class).sum::<f64>();
            let moved = CLASS_OFFSETS.iter().flat_map(|&class| (0..LATENT).map(move |code| of_class(class, code)));
            set(&mut draft.encoder, "mu.classes", &[CLASSES.len(), LATENT], &floats(moved));
        }
    });
    Autoencoder::open(fixture.path()).expect("a good bundle")
}

/// Returns rows in scaled units, some of them unlikely, and the same rows in the data's unit.
fn rows(count: usize) -> (Array2<f64>, Array3<f32>) {
    let scaled =
        Array2::from_shape_fn((count, FEATURES), |(row, feature)| ((row * 7 + feature * 5) % 23) as f64 / 4.0 - 2.5);
    let in_data = |(row, y, x): (usize, usize, usize)| {
        let feature = y * SHAPE[1] + x;
        (scaled[[row, feature]] * SCALES[feature] + OFFSETS[feature]) as f32
    };
    let data = Array3::from_shape_fn((count, SHAPE[0], SHAPE[1]), in_data);
    (scaled, data)
}

/// Computes `ln N(x; b, W W^T + sigma^2 I)`: the covariance has the eigenvalues `|w|^2 + sigma^2` along the rows of
/// W, and `sigma^2` in all other directions.
fn log_likelihood(scaled: &Array2<f64>, of_class: impl Fn(usize) -> f64) -> Array1<f64> {
    let of_row = |(row, x): (usize, narrows_runtime::ndarray::ArrayView1<'_, f64>)| {
        let residual: Vec<f64> = x.iter().zip(B).map(|(x, b)| x - b - of_class(row)).collect();
        let mut rest = residual.iter().map(|value| value * value).sum::<f64>();
        let mut log_density = -0.5 * (FEATURES - LATENT) as f64 * (2.0 * PI * VARIANCE).ln();
        for w in W {
            let square = w.iter().map(|w| w * w).sum::<f64>();
            let along = residual.iter().zip(w).map(|(value, w)| value * w).sum::<f64>().powi(2) / square;
            log_density -= 0.5 * (along / (square + VARIANCE) + (2.0 * PI * (square + VARIANCE)).ln());
            rest -= along;
        }
        log_density - 0.5 * rest / VARIANCE
    };
    scaled.outer_iter().enumerate().map(of_row).collect()
}

/// Returns `KL(q || p(z|x))` of an encoder, the gap between its evidence lower bound and the log-likelihood.
fn gap(deviation: Deviation) -> f64 {
    let of_code = |code| {
        let (ratio, log_ratio) = (deviation.log_variance.exp(), deviation.log_variance);
        0.5 * (ratio + deviation.mean.powi(2) * precision(code) - 1.0 - log_ratio)
    };
    (0..LATENT).map(of_code).sum()
}

fn score(model: &Autoencoder, data: &Array3<f32>, count: usize, seed: u64) -> Scores {
    model.score(data, &ScoreOptions::default().importance_samples(count).seed(seed)).expect("good samples")
}

fn mean(values: &Array1<f64>) -> f64 {
    values.mean().expect("at least one row")
}

#[test]
fn with_the_true_posterior_any_number_of_samples_gives_the_exact_likelihood() {
    let (model, (scaled, data)) = (open(Kind::Vae, TRUE), rows(23));
    let exact = log_likelihood(&scaled, |_| 0.0);
    for count in [1, 2, 50] {
        let found = score(&model, &data, count, 3);
        let estimated = found.log_likelihood.expect("latent samples");
        for (found, exact) in estimated.iter().zip(&exact) {
            // Graphs compute in `f32`: a relative error of about 1e-6 of likelihoods between 10 and 100.
            assert!((found - exact).abs() < 1e-4, "{count} samples: {found}, expected {exact}");
        }
        if let Some(errors) = found.log_likelihood_standard_error {
            assert!(errors.iter().all(|&error| error < 1e-4), "{errors}");
        }
    }
}

#[test]
fn with_a_poor_posterior_the_estimate_is_within_its_standard_error() {
    let (model, (scaled, data)) = (open(Kind::Vae, POOR), rows(23));
    let exact = log_likelihood(&scaled, |_| 0.0);
    for count in [100, 1000, 20_000] {
        let found = score(&model, &data, count, 11);
        let (estimated, errors) = (
            found.log_likelihood.expect("latent samples"),
            found.log_likelihood_standard_error.expect("latent samples"),
        );
        let deviations = (&estimated - &exact) / &errors;
        // The largest of 23 standard normals exceeds 4 for one seed in 700.
        assert!(deviations.iter().all(|deviation| deviation.abs() < 4.0), "{count} samples: {deviations}");
        assert!(mean(&errors) < 1.2 / (count as f64).sqrt(), "{count} samples: {errors}");
    }
}

#[test]
fn the_standard_error_matches_the_spread_over_seeds() {
    const SEEDS: u64 = 300;
    let (model, (_, data)) = (open(Kind::Vae, POOR), rows(6));
    let found: Vec<Scores> = (0..SEEDS).map(|seed| score(&model, &data, 200, seed)).collect();
    for row in 0..6 {
        let column = |of: fn(&Scores) -> &Option<Array1<f64>>| -> Array1<f64> {
            found.iter().map(|scores| of(scores).as_ref().expect("latent samples")[row]).collect()
        };
        let spread = column(|scores| &scores.log_likelihood).std(1.0);
        let reported = mean(&column(|scores| &scores.log_likelihood_standard_error));
        // A standard deviation estimated from 300 values has a standard error of 4 %.
        assert!((spread / reported - 1.0).abs() < 0.16, "row {row}: spread {spread}, reported {reported}");
    }
}

#[test]
fn the_gap_of_the_bound_is_the_kl_divergence_from_the_true_posterior() {
    let (scaled, data) = rows(23);
    let exact = log_likelihood(&scaled, |_| 0.0);
    for deviation in [TRUE, POOR, Deviation { mean: -0.5, log_variance: -1.0 }] {
        let found = score(&open(Kind::Vae, deviation), &data, 2000, 5);
        let (bound, expected) = (found.elbo.expect("latent samples"), &exact - gap(deviation));
        // 46,000 latent samples, whose log-likelihoods have a spread of about 2 to 5 nats.
        assert!(mean(&(&bound - &expected)).abs() < 0.1, "{}, expected {}", mean(&bound), mean(&expected));
        assert!(Zip::from(&bound).and(&expected).all(|bound, expected| (bound - expected).abs() < 0.6));
        assert!(mean(&bound) < mean(&exact) + 0.1);
    }
}

#[test]
fn more_samples_tighten_the_estimate_from_below() {
    let (scaled, data) = rows(23);
    let (model, exact) = (open(Kind::Vae, POOR), mean(&log_likelihood(&scaled, |_| 0.0)));
    let estimate = |count| -> f64 {
        let estimates =
            (0..200).map(|seed| mean(&score(&model, &data, count, seed).log_likelihood.expect("latent samples")));
        estimates.sum::<f64>() / 200.0
    };
    let [one, five, fifty] = [1, 5, 50].map(estimate);
    // With one sample, the expectation is the evidence lower bound; 4600 samples leave an error of some hundredths.
    assert!((one - (exact - gap(POOR))).abs() < 0.1, "{one}, expected {}", exact - gap(POOR));
    assert!(one < five && five < fifty && fifty < exact + 0.01, "{one}, {five}, {fifty}, {exact}");
}

#[test]
fn the_scores_of_a_conditional_model_are_conditional_on_the_label() {
    let (model, (scaled, data)) = (open(Kind::Cvae, TRUE), rows(9));
    for (class, of_class) in CLASS_OFFSETS.into_iter().enumerate() {
        let labels = vec![class as i64; 9];
        let options = ScoreOptions::default().importance_samples(2);
        let found = model.score(Samples::from(&data).labelled(&labels), &options).expect("a class");
        let exact = log_likelihood(&scaled, |_| of_class);
        for (found, exact) in found.log_likelihood.expect("latent samples").iter().zip(&exact) {
            assert!((found - exact).abs() < 1e-4, "class {class}: {found}, expected {exact}");
        }
    }
}
