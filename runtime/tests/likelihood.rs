//! Estimates of the likelihood, held against a model whose likelihood is known: `x = W z + b + noise` with
//! unit normal codes is `N(b, W W^T + sigma^2 I)`, and its posterior is normal as well (Bishop 2006, 12.2).

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

/// The decoder in scaled units. Its rows are orthogonal, so that the true posterior has no correlations
/// and an encoder can return it.
const W: [[f64; FEATURES]; LATENT] = [[0.5, 0.5, -1.0, 0.25, 0.0, 1.0], [1.0, -1.0, 0.0, 0.0, 2.0, 0.0]];
const B: [f64; FEATURES] = [0.25, -0.5, 0.0, 1.0, 0.75, -1.0];
const VARIANCE: f64 = 0.5;
/// What a class adds to each feature, in scaled units; powers of two, like all others, are exact in `f32`.
const OF_CLASS: [f64; CLASSES.len()] = [0.0, 0.5, -2.0];
/// From the data's unit to the scaled, one a feature.
const OFFSETS: [f64; FEATURES] = [0.0, 4.0, -2.0, 1.0, 64.0, 0.5];
const SCALES: [f64; FEATURES] = [1.0, 0.5, 4.0, 2.0, 8.0, 0.25];

/// How an encoder departs from the true posterior.
#[derive(Clone, Copy)]
struct Astray {
    mean: f64,
    log_variance: f64,
}

const TRUE: Astray = Astray { mean: 0.0, log_variance: 0.0 };
/// Beside the truth and wider: its weights are bounded, so that estimates by it converge.
const POOR: Astray = Astray { mean: 0.25, log_variance: 0.5 };

/// The precision of the posterior, in each direction.
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

/// `mu = (W^T W + sigma^2 I)^-1 W^T (x - b)` of scaled samples, all in the data's unit.
fn open(kind: Kind, astray: Astray) -> Autoencoder {
    let fixture = Fixture::spoilt(kind, |draft| {
        draft.manifest.variance = Some(VARIANCE);
        draft.manifest.scaling = Scaling { offset: floats(OFFSETS), scale: floats(SCALES) };
        let gain = |code: usize, feature: usize| W[code][feature] / (VARIANCE * precision(code));
        let columns = || (0..FEATURES).flat_map(|feature| (0..LATENT).map(move |code| (code, feature)));
        let mean = columns().map(|(code, feature)| gain(code, feature) / SCALES[feature]);
        let ends = |code: usize| {
            (0..FEATURES).map(|at| gain(code, at) * (OFFSETS[at] / SCALES[at] + B[at])).sum::<f64>() - astray.mean
        };
        set(&mut draft.encoder, "mu.weight", &[FEATURES, LATENT], &floats(mean));
        set(&mut draft.encoder, "mu.bias", &[LATENT], &floats((0..LATENT).map(|code| -ends(code))));
        set(&mut draft.encoder, "log_var.weight", &[FEATURES, LATENT], &[0.0; FEATURES * LATENT]);
        let log_variance = (0..LATENT).map(|code| astray.log_variance - precision(code).ln());
        set(&mut draft.encoder, "log_var.bias", &[LATENT], &floats(log_variance));

        let rows = W.iter().flat_map(|row| row.iter().zip(SCALES).map(|(w, scale)| w * scale));
        set(&mut draft.decoder, "rows.weight", &[LATENT, FEATURES], &floats(rows));
        let bias = (0..FEATURES).map(|at| B[at] * SCALES[at] + OFFSETS[at]);
        set(&mut draft.decoder, "rows.bias", &[FEATURES], &floats(bias));
        if kind.is_conditional() {
            let added = |sign: f64| OF_CLASS.iter().flat_map(move |class| SCALES.map(|scale| sign * class * scale));
            set(&mut draft.decoder, "rows.classes", &[CLASSES.len(), FEATURES], &floats(added(1.0)));
            let of_class = |class: f64, code: usize| -(0..FEATURES).map(|at| gain(code, at) * class).sum::<f64>();
            let moved = OF_CLASS.iter().flat_map(|&class| (0..LATENT).map(move |code| of_class(class, code)));
            set(&mut draft.encoder, "mu.classes", &[CLASSES.len(), LATENT], &floats(moved));
        }
    });
    Autoencoder::open(fixture.path()).expect("a good bundle")
}

/// Rows in scaled units, some of them unlikely, and in the data's.
fn rows(count: usize) -> (Array2<f64>, Array3<f32>) {
    let scaled = Array2::from_shape_fn((count, FEATURES), |(row, at)| ((row * 7 + at * 5) % 23) as f64 / 4.0 - 2.5);
    let in_data = |(row, y, x): (usize, usize, usize)| {
        let at = y * SHAPE[1] + x;
        (scaled[[row, at]] * SCALES[at] + OFFSETS[at]) as f32
    };
    let data = Array3::from_shape_fn((count, SHAPE[0], SHAPE[1]), in_data);
    (scaled, data)
}

/// `ln N(x; b, W W^T + sigma^2 I)`: the covariance has the eigenvalues `|w|^2 + sigma^2` along the rows of
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

/// `KL(q || p(z|x))` of an encoder that went astray: what its bound lies below the likelihood by.
fn gap(astray: Astray) -> f64 {
    let of_code = |code| {
        let (wide, log_wide) = (astray.log_variance.exp(), astray.log_variance);
        0.5 * (wide + astray.mean.powi(2) * precision(code) - 1.0 - log_wide)
    };
    (0..LATENT).map(of_code).sum()
}

fn score(model: &Autoencoder, data: &Array3<f32>, draws: usize, seed: u64) -> Scores {
    model.score(data, &ScoreOptions::default().importance_samples(draws).seed(seed)).expect("good samples")
}

fn mean(values: &Array1<f64>) -> f64 {
    values.mean().expect("at least one row")
}

#[test]
fn by_the_true_posterior_every_draw_gives_the_likelihood_itself() {
    let (model, (scaled, data)) = (open(Kind::Vae, TRUE), rows(23));
    let exact = log_likelihood(&scaled, |_| 0.0);
    for draws in [1, 2, 50] {
        let found = score(&model, &data, draws, 3);
        let estimated = found.log_likelihood.expect("drawn");
        for (found, exact) in estimated.iter().zip(&exact) {
            // Graphs in `f32`: some 1e-6 of likelihoods of the order of 10 to 100.
            assert!((found - exact).abs() < 1e-4, "{draws} draws: {found} against {exact}");
        }
        if let Some(errors) = found.log_likelihood_standard_error {
            assert!(errors.iter().all(|&error| error < 1e-4), "{errors}");
        }
    }
}

#[test]
fn by_a_poor_posterior_the_estimate_comes_to_the_likelihood_within_its_standard_error() {
    let (model, (scaled, data)) = (open(Kind::Vae, POOR), rows(23));
    let exact = log_likelihood(&scaled, |_| 0.0);
    for draws in [100, 1000, 20_000] {
        let found = score(&model, &data, draws, 11);
        let (estimated, errors) =
            (found.log_likelihood.expect("drawn"), found.log_likelihood_standard_error.expect("drawn"));
        let deviations = (&estimated - &exact) / &errors;
        // The largest of 23 normals is above 4 once in 700 seeds.
        assert!(deviations.iter().all(|deviation| deviation.abs() < 4.0), "{draws} draws: {deviations}");
        assert!(mean(&errors) < 1.2 / (draws as f64).sqrt(), "{draws} draws: {errors}");
    }
}

#[test]
fn the_standard_error_is_the_spread_over_seeds() {
    const SEEDS: u64 = 300;
    let (model, (_, data)) = (open(Kind::Vae, POOR), rows(6));
    let found: Vec<Scores> = (0..SEEDS).map(|seed| score(&model, &data, 200, seed)).collect();
    for row in 0..6 {
        let column = |of: fn(&Scores) -> &Option<Array1<f64>>| -> Array1<f64> {
            found.iter().map(|scores| of(scores).as_ref().expect("drawn")[row]).collect()
        };
        let spread = column(|scores| &scores.log_likelihood).std(1.0);
        let told = mean(&column(|scores| &scores.log_likelihood_standard_error));
        // A deviation by 300 estimates has a standard error of 4 %.
        assert!((spread / told - 1.0).abs() < 0.16, "row {row}: spread {spread}, told {told}");
    }
}

#[test]
fn the_bound_lies_below_the_likelihood_by_the_divergence_from_the_true_posterior() {
    let (scaled, data) = rows(23);
    let exact = log_likelihood(&scaled, |_| 0.0);
    for astray in [TRUE, POOR, Astray { mean: -0.5, log_variance: -1.0 }] {
        let found = score(&open(Kind::Vae, astray), &data, 2000, 5);
        let (bound, expected) = (found.elbo.expect("drawn"), &exact - gap(astray));
        // 46,000 draws whose log-likelihoods spread by some 2 to 5 nats.
        assert!(mean(&(&bound - &expected)).abs() < 0.1, "{} against {}", mean(&bound), mean(&expected));
        assert!(Zip::from(&bound).and(&expected).all(|bound, expected| (bound - expected).abs() < 0.6));
        assert!(mean(&bound) < mean(&exact) + 0.1);
    }
}

#[test]
fn more_draws_tighten_the_estimate_from_below() {
    let (scaled, data) = rows(23);
    let (model, exact) = (open(Kind::Vae, POOR), mean(&log_likelihood(&scaled, |_| 0.0)));
    let by = |draws| -> f64 {
        let estimates = (0..200).map(|seed| mean(&score(&model, &data, draws, seed).log_likelihood.expect("drawn")));
        estimates.sum::<f64>() / 200.0
    };
    let [one, five, fifty] = [1, 5, 50].map(by);
    // With one draw it is the bound in expectation; 4600 draws leave some hundredths.
    assert!((one - (exact - gap(POOR))).abs() < 0.1, "{one} against {}", exact - gap(POOR));
    assert!(one < five && five < fifty && fifty < exact + 0.01, "{one}, {five}, {fifty}, {exact}");
}

#[test]
fn a_conditional_model_is_asked_about_a_sample_given_its_label() {
    let (model, (scaled, data)) = (open(Kind::Cvae, TRUE), rows(9));
    for (class, of_class) in OF_CLASS.into_iter().enumerate() {
        let labels = vec![class as i64; 9];
        let options = ScoreOptions::default().importance_samples(2);
        let found = model.score(Samples::from(&data).labelled(&labels), &options).expect("a class");
        let exact = log_likelihood(&scaled, |_| of_class);
        for (found, exact) in found.log_likelihood.expect("drawn").iter().zip(&exact) {
            assert!((found - exact).abs() < 1e-4, "class {class}: {found} against {exact}");
        }
    }
}
