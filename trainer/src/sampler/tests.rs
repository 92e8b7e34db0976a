//! Tests of the fit with codes whose distribution is known.

use narrows_bundle::{Covariance, Covariances};
use ndarray::{Array2, array};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use super::*;
use crate::random::{Stream, stream};

/// Returns codes of two correlated groups, a third of them around (5, -5).
fn two_groups(rows: usize) -> Array2<f32> {
    let mut random = stream(3, Stream::Noise, 0);
    let mut codes = Array2::zeros((rows, 2));
    for mut code in codes.outer_iter_mut() {
        let [first, second]: [f32; 2] = std::array::from_fn(|_| StandardNormal.sample(&mut random));
        let values = if random.random_range(0..3) == 0 {
            [5.0 + 0.5 * first, -5.0 + 0.5 * second]
        } else {
            [first, 0.8 * first + 0.6 * second]
        };
        code.assign(&ndarray::arr1(&values));
    }
    codes
}

fn collected(codes: &Array2<f32>) -> Codes {
    let mut collected = Codes::new(codes.ncols(), 0);
    collected.add(&codes.view(), None).expect("finite codes");
    collected
}

fn options(components: usize, covariance: Covariance) -> SamplerOptions {
    SamplerOptions { components, covariance, seed: 0 }
}

fn fitted(codes: &Array2<f32>, options: SamplerOptions) -> FittedSampler {
    fit(collected(codes), "test", options, &|| false).expect("enough rows")
}

#[test]
fn the_fit_finds_the_groups_that_the_codes_were_sampled_from() {
    let fit = fitted(&two_groups(6000), options(2, Covariance::Full));
    assert!(fit.has_converged, "{} iterations", fit.iterations);
    let mixture = fit.sampler.mixture();
    let far = if mixture.means()[[0, 0]] > 2.0 { 0 } else { 1 };
    // Standard errors of 2000 rows: 0.006 of the weight, 0.011 of a mean.
    assert!((mixture.weights()[far] - 1.0 / 3.0).abs() < 0.03, "{}", mixture.weights());
    assert!((mixture.means()[[far, 0]] - 5.0).abs() < 0.05 && (mixture.means()[[far, 1]] + 5.0).abs() < 0.05);
    let Covariances::Full(factors) = mixture.covariances() else { panic!("full covariances") };
    let near = factors.index_axis(Axis(0), 1 - far);
    // The factor of the covariance [[1, 0.8], [0.8, 1]].
    for (found, expected) in near.iter().zip([1.0, 0.0, 0.8, 0.6]) {
        assert!((found - expected).abs() < 0.05, "{near}");
    }
    assert!(fit.record.log_likelihood > fit.record.standard_normal_log_likelihood + 1.0, "{:?}", fit.record);
    assert_eq!((fit.record.rows, fit.record.held_out_rows), (5400, 600));
}

#[test]
fn one_full_component_is_the_mean_and_the_covariance_of_the_codes() {
    let codes = two_groups(500);
    let mixture = fitted(&codes, options(1, Covariance::Full)).sampler.into_mixture();
    let rows = collected(&codes).take_fitted();
    let mean = rows.mean_axis(Axis(0)).expect("rows");
    assert!((&mean - &mixture.means().row(0)).iter().all(|difference| difference.abs() < 1e-9));
    let centred = &rows - &mean;
    let covariance = centred.t().dot(&centred) / rows.nrows() as f64;
    let Covariances::Full(factors) = mixture.covariances() else { panic!("full covariances") };
    let factor = factors.index_axis(Axis(0), 0);
    let difference = factor.dot(&factor.t()) - covariance;
    // The ridge is a millionth of a variance of about 9.
    assert!(difference.iter().all(|difference| difference.abs() < 2e-5), "{difference}");
}

#[test]
fn the_unit_of_a_dimension_does_not_change_the_fit() {
    let codes = two_groups(2000);
    for covariance in [Covariance::Diagonal, Covariance::Full] {
        let one = fitted(&codes, options(3, covariance));
        let scaled = &codes * &array![[1000.0f32, 0.001]];
        let other = fitted(&scaled, options(3, covariance));
        assert!((one.record.log_likelihood - other.record.log_likelihood).abs() < 1e-3, "{covariance:?}");
    }
}

#[test]
fn the_fit_is_the_same_on_any_number_of_cores() {
    let codes = two_groups(5000);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads can be started");
        pool.install(|| fitted(&codes, options(4, Covariance::Full)))
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn posterior_samples_have_the_mean_and_the_variance_of_the_posterior() {
    let mut codes = Codes::new(1, 5);
    let (mean, log_variance) = (Array2::from_elem((20_000, 1), 3.0f32), Array2::from_elem((20_000, 1), 4f32.ln()));
    codes.add_posterior(&mean.view(), &log_variance.view(), None).expect("finite");
    let rows = codes.take_fitted();
    // Four standard errors of 18,000 rows.
    assert!((rows.mean().expect("rows") - 3.0).abs() < 0.06);
    assert!((rows.var(0.0) - 4.0).abs() < 0.17);
}

#[test]
fn rows_that_cannot_be_fitted_are_refused_with_the_reason() {
    let error = |codes: Array2<f32>, options| {
        fit(collected(&codes), "test", options, &|| false).expect_err("cannot be fitted").to_string()
    };
    let few = error(two_groups(20), options(10, Covariance::Full));
    assert_eq!(
        few,
        "10 components with full covariance need at least 35 rows, got 20 (use more rows or fewer --components, or \
         --covariance diagonal)"
    );
    let constant = error(Array2::from_elem((100, 2), 0.1), options(1, Covariance::Full));
    assert!(constant.starts_with("the codes of all 90 rows are equal"), "{constant}");
    let infinite = Codes::new(2, 0).add(&array![[0.0, f32::NAN]].view(), None).expect_err("not finite").to_string();
    assert!(infinite.starts_with("the code of row 0 contains NaN in dimension 1"), "{infinite}");
    let stopped = fit(collected(&two_groups(100)), "test", options(1, Covariance::Full), &|| true);
    assert!(matches!(stopped, Err(SamplerError::Interrupted)));
}

#[test]
fn a_constant_dimension_and_repeated_codes_are_fitted() {
    let mut codes = two_groups(300);
    codes.column_mut(1).fill(0.1);
    let fit = fitted(&codes, options(2, Covariance::Full));
    assert_eq!(fit.constant_dimensions, [1]);
    let repeated = Array2::from_shape_fn((300, 2), |(row, _)| (row % 2) as f32);
    for covariance in [Covariance::Diagonal, Covariance::Full] {
        assert!(fitted(&repeated, options(5, covariance)).record.log_likelihood.is_finite());
    }
}

/// Returns the codes of [`two_groups`] with the class of every row: 1 around (5, -5), otherwise 0.
fn codes_of_classes(rows: usize) -> Codes {
    let codes = two_groups(rows);
    let classes: Vec<i64> = codes.outer_iter().map(|code| i64::from(code[0] - code[1] > 5.0)).collect();
    let mut collected = Codes::of_classes(2, 0);
    collected.add(&codes.view(), Some(&classes)).expect("finite codes with classes");
    collected
}

fn names() -> Vec<String> {
    ["near", "far"].map(str::to_owned).to_vec()
}

#[test]
fn every_class_gets_the_mixture_of_its_codes() {
    let options = options(1, Covariance::Full);
    let fit = fit_classes(codes_of_classes(6000), "test", &names(), options, &|| false).expect("enough rows");
    let weights = fit.sampler.mixture().weights();
    assert!((weights[1] - 1.0 / 3.0).abs() < 0.03, "{weights}");
    for (class, mean) in [(0, [0.0, 0.0]), (1, [5.0, -5.0])] {
        let mixture = fit.sampler.of_class(class).expect("a class");
        let difference = &mixture.means().row(0) - &ndarray::arr1(&mean);
        assert!(difference.iter().all(|difference| difference.abs() < 0.06), "{difference}");
    }
    // The class is known, so the codes of a class are more likely than under the mixture of both.
    let joint = fitted(&two_groups(6000), SamplerOptions { components: 2, ..options });
    let gain = fit.record.log_likelihood - joint.record.log_likelihood;
    // The entropy of the class, H(1/3).
    assert!((gain - 0.6365).abs() < 0.05, "{gain}");
    assert_eq!((fit.record.rows, fit.record.held_out_rows), (5400, 600));
    assert_eq!((fit.record.components, fit.record.class_components), (2, Some(vec![1, 1])));
}

#[test]
fn a_class_with_few_rows_gets_fewer_components_and_one_without_rows_is_named() {
    let fit = |rows, names: &[String]| {
        fit_classes(codes_of_classes(rows), "test", names, options(10, Covariance::Full), &|| false)
    };
    let few = fit(120, &names()).expect("enough rows").record.class_components.expect("classes");
    assert!(few[1] < few[0] && few[1] > 0 && few[0] < 10, "{few:?}");
    let all = fit(3000, &names()).expect("enough rows").record.class_components;
    assert_eq!(all, Some(vec![10, 10]));
    let third = ["near", "far", "none"].map(str::to_owned);
    let error = fit(300, &third).expect_err("no rows").to_string();
    assert!(error.starts_with("class `none`: 1 component with full covariance needs at least"), "{error}");
    let unknown = fit(300, &names()[..1]).expect_err("a class without a name");
    assert!(matches!(unknown, SamplerError::NoClass { .. }), "{unknown}");
    let none = Codes::of_classes(2, 0).add(&two_groups(3).view(), None).expect_err("no classes").to_string();
    assert!(none.starts_with("row 0 has no class"), "{none}");
}
