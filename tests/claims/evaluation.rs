//! The figures of an evaluation agree with those of training, and with closed forms where there are some.

use std::f64::consts::TAU;

use nalgebra::{DMatrix, DVector};
use narrows_data::{PartName, binarize_row};
use narrows_evaluate::{Evaluator, Figures, Moments};
use narrows_runtime::{Autoencoder, ScoreOptions, bundle::Kind};
use narrows_tests::{digits, fitted, opened};
use narrows_trainer::{
    Options,
    bundle::Likelihood,
    data::{Dataset, Part},
    options::{Binarize, Scale, Variance},
};
use ndarray::{Array1, Array2, Axis};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};

fn evaluated(model: &Autoencoder, rows: &Array2<f32>, labels: Option<&[i64]>, samples: usize, seed: u64) -> Figures {
    let mut evaluator = Evaluator::new(model, ScoreOptions::default().importance_samples(samples).seed(seed));
    // Several batches, the last of which is smaller.
    for start in (0..rows.nrows()).step_by(100) {
        let end = rows.nrows().min(start + 100);
        let batch = rows.slice_axis(Axis(0), (start..end).into());
        evaluator.add(batch, labels.map(|labels| &labels[start..end])).expect("rows of the right width");
    }
    evaluator.figures()
}

fn floats(part: &Part) -> Array2<f32> {
    part.values.to_f32().expect("in memory").into_owned()
}

#[test]
fn figures_of_every_kind_agree_with_the_metrics_of_training() {
    let data = digits();
    let test = data.test.as_ref().expect("digits have a test part");
    let labels: Vec<i64> = test.labels.iter().flatten().map(|&label| i64::from(label)).collect();
    for kind in Kind::ALL {
        let path = format!("{}/../models/zoo/{kind}", env!("CARGO_MANIFEST_DIR"));
        let model = Autoencoder::open(path).expect("`just zoo` builds it");
        let metrics = &model.manifest().training.metrics;
        let figures = evaluated(&model, &floats(test), model.takes_labels().then_some(&labels[..]), 0, 0);
        let close = |ours: f64, name: &str| (ours / metrics[name] - 1.0).abs() < 5e-5;
        assert!(close(figures.mse, "test.mse"), "{kind}: {}", figures.mse);
        assert_eq!(figures.posterior.is_some(), kind.is_variational());
        if let Some(posterior) = figures.posterior {
            assert!(close(posterior.kl.mean, "test.kl"), "{kind}: {}", posterior.kl.mean);
            assert_eq!(posterior.active_units as f64, metrics["test.active_units"], "{kind}");
            let sum: f64 = posterior.kl_per_dimension.iter().flatten().sum();
            assert!((sum - posterior.kl.mean).abs() < 1e-9, "{kind}: {sum}");
        }
        assert_eq!((figures.rows, figures.nll), (360, None));
        let images = figures.images.expect("digits are images");
        assert!((10.0..30.0).contains(&images.psnr.mean) && images.ssim.is_some(), "{kind}: {images:?}");
    }
}

#[test]
fn a_model_of_static_bits_is_evaluated_on_the_bits_of_training() {
    const SEED: u64 = 5;
    let data = digits();
    let options = Options { seed: Some(SEED), ..Options::new(Kind::Vae) }.with(|options| {
        options.architecture.hidden = Some(vec![64]);
        options.binarize.binarize = Some(Binarize::Static);
        options.length.epochs = Some(8);
        options.schedule.learning_rate = Some(3e-3);
    });
    let fitted = fitted(&options, &data);
    let model = opened(&fitted, &data);
    let test = data.test.as_ref().expect("digits have a test part");
    let expected = fitted.test.as_ref().expect("digits have a test part");
    let bits = |part: &Part, name: PartName| {
        let mut rows = floats(part).mapv(|pixel| pixel / 16.0);
        for (row, mut values) in rows.outer_iter_mut().enumerate() {
            binarize_row(values.as_slice_mut().expect("rows are contiguous"), SEED, name, row);
        }
        rows.mapv(|bit| bit * 16.0)
    };
    let kl = |figures: &Figures| figures.posterior.as_ref().expect("a variational model").kl.mean;
    // The divergence depends on the bits and on nothing random.
    let of_test = kl(&evaluated(&model, &bits(test, PartName::Test), None, 0, 0));
    assert!((of_test / expected.parts["kl"] - 1.0).abs() < 1e-5, "{of_test} for {}", expected.parts["kl"]);
    let of_other_bits = kl(&evaluated(&model, &bits(test, PartName::Train), None, 0, 0));
    assert!((of_other_bits / of_test - 1.0).abs() > 1e-3, "{of_other_bits}");
    // The loss of training has one latent sample per row: over 1437 rows, its standard deviation is some hundredths.
    let figures = evaluated(&model, &bits(&data.train, PartName::Train), None, 100, 0);
    let (elbo, loss) = (figures.elbo.expect("a variational model").mean, fitted.train.loss);
    assert!((elbo + loss).abs() < 0.1, "{elbo} for a loss of {loss}");
}

#[test]
fn the_closed_form_of_the_divergence_agrees_with_monte_carlo() {
    let data = digits();
    let rows = floats(data.test.as_ref().expect("digits have a test part"));
    let model = Autoencoder::open(format!("{}/../models/zoo/vae", env!("CARGO_MANIFEST_DIR"))).expect("in the zoo");
    let posterior = model.posterior(&rows).expect("rows of the right width");
    let mut moments = Moments::default();
    for seed in 0..50 {
        let codes = model.sample_latent(&rows, seed).expect("the same rows");
        let pairs = codes.iter().zip(&posterior.mean).zip(&posterior.log_variance);
        let log_ratio = pairs.map(|((&z, &mean), &log_variance)| {
            let (z, mean, log_variance) = (f64::from(z), f64::from(mean), f64::from(log_variance));
            0.5 * (z * z - (z - mean).powi(2) / log_variance.exp() - log_variance)
        });
        moments.add(log_ratio.sum::<f64>() / rows.nrows() as f64);
    }
    let kl = evaluated(&model, &rows, None, 0, 0).posterior.expect("a variational model").kl.mean;
    assert!((moments.mean() - kl).abs() < 4.0 * moments.standard_error(), "{kl} for {moments:?}");
}

/// A linear-Gaussian model: `z ~ N(0, I)`, `x = W z + b + noise` with the noise variance `VARIANCE`. The columns of `W`
/// are orthogonal, so the posterior has independent dimensions.
struct Linear {
    /// `[FEATURES, LATENT]`.
    weights: Array2<f64>,
    bias: Array1<f64>,
}

const FEATURES: usize = 12;
const LATENT: usize = 3;
const VARIANCE: f64 = 0.09;
const SIZES: [f64; LATENT] = [2.0, 1.0, 0.5];

impl Linear {
    fn new() -> Self {
        // Columns of the discrete cosine transform are orthonormal.
        let weights = Array2::from_shape_fn((FEATURES, LATENT), |(row, column)| {
            let angle = std::f64::consts::PI * (row as f64 + 0.5) * (column as f64 + 1.0) / FEATURES as f64;
            SIZES[column] * (2.0 / FEATURES as f64).sqrt() * angle.cos()
        });
        Linear { weights, bias: Array1::from_shape_fn(FEATURES, |feature| 0.3 * feature as f64 - 1.0) }
    }

    fn rows(&self, count: usize) -> Array2<f32> {
        let mut random = ChaCha8Rng::seed_from_u64(9);
        let mut uniform = || (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        // Box and Muller 1958.
        let mut normal = || (-2.0 * (1.0 - uniform()).ln()).sqrt() * (TAU * uniform()).cos();
        let codes = Array2::from_shape_simple_fn((count, LATENT), &mut normal);
        let noise = Array2::from_shape_simple_fn((count, FEATURES), normal);
        (codes.dot(&self.weights.t()) + &self.bias + noise * VARIANCE.sqrt()).mapv(|value| value as f32)
    }

    /// Returns the mean of `ln N(x; b, W W^T + sigma^2 I)` over the rows.
    fn log_likelihood(&self, rows: &Array2<f32>) -> f64 {
        let weights = DMatrix::from_fn(FEATURES, LATENT, |row, column| self.weights[[row, column]]);
        let covariance = &weights * weights.transpose() + DMatrix::identity(FEATURES, FEATURES) * VARIANCE;
        let cholesky = covariance.cholesky().expect("positive definite");
        let constant = FEATURES as f64 * TAU.ln() + cholesky.ln_determinant();
        let of_row = |row: ndarray::ArrayView1<'_, f32>| {
            let centred = DVector::from_fn(FEATURES, |feature, _| f64::from(row[feature]) - self.bias[feature]);
            -0.5 * (constant + centred.dot(&cholesky.solve(&centred)))
        };
        rows.outer_iter().map(of_row).sum::<f64>() / rows.nrows() as f64
    }

    /// Returns a VAE with these weights, whose posterior has `spread` times the exact variances.
    fn model(&self, rows: &Array2<f32>, spread: f64) -> Autoencoder {
        let data = Dataset::from_array("linear", rows.clone()).expect("finite rows");
        let options = Options { latent: Some(LATENT), ..Options::new(Kind::Vae) }.with(|options| {
            options.architecture.hidden = Some(vec![]);
            options.output.likelihood = Some(Likelihood::Gaussian);
            options.variance.variance = Some(Variance::Fixed(VARIANCE));
            options.scaling.scale = Some(Scale::None);
            options.length.epochs = Some(1);
        });
        let mut fitted = fitted(&options, &data);
        // Tipping and Bishop 1999, equation 6, for orthogonal columns.
        let sums = SIZES.map(|size| size * size + VARIANCE);
        let gain = &self.weights / &Array1::from(sums.to_vec());
        let variances = Array1::from(sums.map(|sum| (spread * VARIANCE / sum).ln()).to_vec());
        let mut set = |name: &str, values: ndarray::ArrayD<f64>| {
            let weights = fitted.weights.get_mut(name).expect("a linear VAE has this weight");
            assert_eq!(weights.shape(), values.shape(), "{name}");
            *weights = values.mapv(|value| value as f32);
        };
        set("encoder.mu.bias", (-self.bias.dot(&gain)).into_dyn());
        set("encoder.mu.weight", gain.into_dyn());
        set("encoder.log_var.bias", variances.into_dyn());
        set("encoder.log_var.weight", Array2::zeros((FEATURES, LATENT)).into_dyn());
        set("decoder.logits.weight", self.weights.t().to_owned().into_dyn());
        set("decoder.logits.bias", self.bias.clone().into_dyn());
        opened(&fitted, &data)
    }
}

#[test]
fn likelihoods_of_a_linear_gaussian_vae_are_those_of_probabilistic_pca() {
    let linear = Linear::new();
    let rows = linear.rows(400);
    let exact = -linear.log_likelihood(&rows);
    // With the exact posterior, every importance weight is p(x), and one sample is enough.
    let model = linear.model(&rows, 1.0);
    let figures = evaluated(&model, &rows, None, 1, 0);
    let nll = figures.nll.expect("importance samples").over_rows.mean;
    assert!((nll / exact - 1.0).abs() < 1e-5, "{nll} for {exact}");

    // With a wider posterior, the ELBO is smaller by KL(q || posterior), and the estimate converges from above.
    const SPREAD: f64 = 2.0;
    let model = linear.model(&rows, SPREAD);
    let nll = |samples, seed| {
        let figures = evaluated(&model, &rows, None, samples, seed);
        (figures.nll.expect("importance samples"), -figures.elbo.expect("a variational model").mean)
    };
    let gap = 0.5 * LATENT as f64 * (SPREAD - 1.0 - SPREAD.ln());
    let [(one, _), (ten, _), (many, negative_elbo)] = [1, 10, 1000].map(|samples| nll(samples, 0));
    assert!((many.over_rows.mean / exact - 1.0).abs() < 0.01, "{many:?} for {exact}");
    assert!((many.over_rows.mean - exact).abs() < 0.02, "{many:?} for {exact}");
    // The mean over 400,000 samples, each with a standard deviation of a few nats.
    assert!((negative_elbo - exact - gap).abs() < 0.03, "{negative_elbo}, {exact} + {gap}");
    let falls = one.over_rows.mean > ten.over_rows.mean && ten.over_rows.mean > many.over_rows.mean;
    assert!(falls, "{one:?}, {ten:?}, {many:?}");
    assert!(many.standard_error_per_row < ten.standard_error_per_row, "{ten:?}, {many:?}");
    // One sample gives the ELBO in expectation.
    let ones: Moments = (0..20).map(|seed| nll(1, seed).0.over_rows.mean).collect();
    assert!((ones.mean() - exact - gap).abs() < 4.0 * ones.standard_error(), "{ones:?}, {}", exact + gap);
}
