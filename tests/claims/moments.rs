//! A model of a sample with the moments of a larger data set is fitted as one of the larger data set.

use narrows_tests::{digits, fitted};
use narrows_trainer::{
    Config, Options,
    bundle::{Kind, Moments},
    data::{Dataset, Part, Values},
    options::{Scale, ScalePer},
};
use ndarray::Ix2;
use tempfile::TempDir;

/// The options of a model whose moments are in a file, and the folder of the file.
fn with_moments(options: Options, data: &Dataset) -> (Options, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("moments.safetensors");
    rows_moments(data).write(&path).expect("moments of rows");
    let options = options.with(|options| options.moments.moments = Some(path.to_string_lossy().into_owned()));
    (options, folder)
}

fn rows_moments(data: &Dataset) -> Moments {
    let values = &data.train.values;
    let rows = values.to_f32().expect("in memory");
    let flat = rows.to_shape((values.rows(), values.features())).expect("rows of features");
    Moments::of(&flat.view(), data.columns.clone())
}

/// The first `count` training rows and the test part of the digits.
fn sample(count: usize) -> Dataset {
    let data = digits();
    let rows: Vec<usize> = (0..count).collect();
    let labels = data.train.labels.map(|labels| labels[..count].to_vec());
    Dataset { train: Part { values: data.train.values.select(&rows).expect("in memory"), labels }, ..data }
}

/// Asserts that both models have the same components up to sign, and the same explained variances.
fn assert_same(name: &str, one: &narrows_trainer::Fitted, other: &narrows_trainer::Fitted) {
    let directions = |fitted: &narrows_trainer::Fitted| {
        fitted.weights["decoder.logits.weight"].clone().into_dimensionality::<Ix2>().expect("a matrix")
    };
    for (component, (found, expected)) in directions(one).rows().into_iter().zip(directions(other).rows()).enumerate() {
        let sign = found.dot(&expected).signum();
        let largest = expected.iter().map(|value| value.abs()).fold(1.0, f32::max);
        let difference = found.iter().zip(expected).map(|(one, other)| (sign * one - other).abs()).fold(0.0, f32::max);
        assert!(difference <= 1e-5 * largest, "{name}, component {component}: {difference}");
    }
    let ratios = |fitted: &narrows_trainer::Fitted| fitted.explained_variance_ratio.clone().expect("a pca");
    for (found, expected) in ratios(one).into_iter().zip(ratios(other)) {
        assert!((found - expected).abs() <= 1e-6, "{name}: explains {found}, not {expected}");
    }
    let [found, expected] = [one, other].map(|fitted| fitted.test.as_ref().expect("digits have a test part").mse);
    assert!((found - expected).abs() <= 1e-5 * expected, "{name}: test error {found}, not {expected}");
}

#[test]
fn pca_of_moments_is_that_of_the_rows_from_any_sample_and_with_any_scaling() {
    let (data, few) = (digits(), sample(20));
    let pca = Options { latent: Some(8), ..Options::new(Kind::Pca) };
    let scaled = |scale, per| {
        pca.clone().with(|options| (options.scaling.scale, options.scaling.scale_per) = (Some(scale), per))
    };
    let cases = [
        ("unit", pca.clone()),
        ("none", scaled(Scale::None, None)),
        ("standard", scaled(Scale::Standard, Some(ScalePer::Global))),
        ("columns", scaled(Scale::Standard, Some(ScalePer::Column))),
        ("minmax", scaled(Scale::MinMax, Some(ScalePer::Column))),
        ("whitened", pca.clone().with(|options| options.pca.whiten = Some(true))),
    ];
    for (name, options) in cases {
        let expected = fitted(&options, &data);
        let (options, _folder) = with_moments(options, &data);
        assert_same(name, &fitted(&options, &data), &expected);
        assert_same(name, &fitted(&options, &few), &expected);
    }
    let (many, _folder) = with_moments(Options { latent: Some(40), ..pca }, &data);
    assert_eq!(fitted(&many, &few).explained_variance_ratio.map(|ratios| ratios.len()), Some(40), "of 20 rows");
}

#[test]
fn networks_are_scaled_by_the_moments_and_the_range_is_that_of_the_moments() {
    let wide = |count: usize| {
        let data = sample(count);
        // Values without a fixed range: the mean grows with the row.
        let rows =
            data.train.values.to_f32().expect("in memory").into_shape_with_order((count, 64)).expect("64 pixels");
        let rows = ndarray::Array2::from_shape_fn((count, 64), |(row, column)| rows[(row, column)] + row as f32);
        Dataset::from_array("wide", rows).expect("finite samples")
    };
    let (all, few) = (wide(1000), wide(50));
    for scale in [Scale::Auto, Scale::Unit, Scale::MinMax, Scale::Standard] {
        let options = Options::new(Kind::Ae).with(|options| {
            options.architecture.hidden = Some(vec![8]);
            options.length.epochs = Some(1);
            options.scaling.scale = Some(scale);
            options.split.valid_fraction = Some(0.0);
        });
        let expected = fitted(&options, &all).scaling;
        let (options, _folder) = with_moments(options, &all);
        let model = fitted(&options, &few);
        let pairs = [(&model.scaling.offset, &expected.offset), (&model.scaling.scale, &expected.scale)];
        for (found, expected) in pairs.into_iter().flat_map(|(one, other)| one.iter().zip(other)) {
            assert!((found - expected).abs() <= 1e-5 * expected.abs(), "{scale}: {found}, not {expected}");
        }
        let manifest = model.export(&few).expect("an export").manifest;
        assert_eq!(manifest.sample.range, all.range, "{scale}");
        assert_eq!(manifest.training.moments.map(|record| record.count), Some(1000), "{scale}");
    }
}

#[test]
fn moments_that_the_scaling_does_not_use_are_refused_or_remarked() {
    let bytes = digits();
    let values = Values::U8(
        bytes
            .train
            .values
            .to_f32()
            .expect("in memory")
            .mapv(|value| value as u8)
            .into_shape_with_order((bytes.train.values.rows(), 64))
            .expect("64 pixels"),
    );
    let data = Dataset { train: Part { values, ..bytes.train.clone() }, test: None, range: (0.0, 255.0), ..bytes };
    let (options, _folder) = with_moments(Options::new(Kind::Ae), &data);
    let scaled = |scale| options.clone().with(|options| options.scaling.scale = Some(scale));
    let remarks = Config::check(&options, &data).expect("valid options").remarks();
    assert!(remarks.iter().any(|remark| remark.contains("--moments has no effect here")), "{remarks:?}");
    for (scale, expected) in [
        (Scale::Unit, "`moments` has no effect here"),
        (Scale::None, "`moments` has no effect here"),
        (Scale::Robust, "`scale` is robust, which needs quantiles"),
    ] {
        let error = Config::check(&scaled(scale), &data).expect_err("no use of moments").to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert!(Config::check(&scaled(Scale::Standard), &data).expect("valid options").remarks().is_empty());
}
