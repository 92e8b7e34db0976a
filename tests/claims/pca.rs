//! PCA in closed form is exact.

use narrows_tests::{digits, fitted, opened};
use narrows_trainer::{
    Options,
    bundle::Kind,
    data::{Dataset, Part},
};
use ndarray::Axis;

use crate::{
    pixels::scaled,
    subspace::{decoder_directions, largest_angle, principal_directions},
};

fn pca(components: usize) -> Options {
    Options { latent: Some(components), ..Options::new(Kind::Pca) }
}

#[test]
fn the_test_error_on_digits_agrees_with_reference_values_to_four_digits() {
    let data = digits();
    for (components, expected) in [(2, 0.052146), (8, 0.024891), (16, 0.012184), (32, 0.002730)] {
        let mse = fitted(&pca(components), &data).test.expect("digits have a test part").mse;
        assert_eq!(format!("{mse:.3e}"), format!("{expected:.3e}"), "{components} components");
    }
}

#[test]
fn explained_variance_ratios_decrease_and_add_up_to_1_with_the_reconstruction_error() {
    let data = digits();
    let fitted = fitted(&pca(20), &data);
    let ratios = fitted.explained_variance_ratio.expect("pca explains variance");
    assert_eq!(ratios.len(), 20);
    assert!(ratios.is_sorted_by(|one, next| one >= next), "{ratios:?}");
    let explained: f64 = ratios.iter().sum();
    assert!(explained <= 1.0, "{explained}");
    let rows = scaled(&data.train).mapv(f64::from);
    let variance = rows.var_axis(Axis(0), 0.0).mean().expect("64 features");
    // Metrics are computed in f32.
    let lost = fitted.train.mse / variance;
    assert!((1.0 - explained - lost).abs() < 1e-5, "{explained} explained, {lost} lost");
}

#[test]
fn the_components_span_the_same_space_as_the_singular_vectors() {
    let data = digits();
    let angle =
        largest_angle(&decoder_directions(&fitted(&pca(8), &data)), &principal_directions(&scaled(&data.train), 8));
    assert!(angle < 0.01, "{angle} degrees");
}

#[test]
fn the_largest_entry_of_every_component_is_positive() {
    for direction in decoder_directions(&fitted(&pca(16), &digits())).column_iter() {
        assert_eq!(direction.amax(), direction.max(), "{direction}");
    }
}

#[test]
fn whitened_codes_of_the_training_rows_have_unit_variance() {
    let data = digits();
    let model = opened(&fitted(&pca(16).with(|options| options.pca.whiten = Some(true)), &data), &data);
    let codes =
        model.encode(&data.train.values.to_f32().expect("in memory")).expect("rows of the right width").mapv(f64::from);
    for (component, variance) in codes.var_axis(Axis(0), 1.0).into_iter().enumerate() {
        assert!((variance - 1.0).abs() < 1e-3, "component {component} has variance {variance}");
    }
}

#[test]
fn with_fewer_rows_than_columns_the_components_still_span_the_space_of_the_singular_vectors() {
    let data = first_rows(40);
    let options = |components| pca(components).with(|options| options.split.valid_fraction = Some(0.0));
    let rows = scaled(&data.train);
    for components in [1, 10, 39] {
        let fitted = fitted(&options(components), &data);
        let angle = largest_angle(&decoder_directions(&fitted), &principal_directions(&rows, components));
        assert!(angle < 0.01, "{components} components: {angle} degrees");
    }
    // 40 rows have at most 39 directions around their mean, so the only error is the rounding of f32.
    let mse = fitted(&options(39), &data).train.mse;
    assert!(mse < 1e-12, "{mse}");
}

/// Returns the first `count` training rows of the digits, without a test part.
fn first_rows(count: usize) -> Dataset {
    let data = digits();
    let rows: Vec<usize> = (0..count).collect();
    let labels = data.train.labels.map(|labels| labels[..count].to_vec());
    Dataset { train: Part { values: data.train.values.select(&rows).expect("in memory"), labels }, test: None, ..data }
}
