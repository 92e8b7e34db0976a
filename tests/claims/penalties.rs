//! What codes and weights pay for, they use less of.

use narrows_runtime::Autoencoder;
use narrows_tests::{digits, fitted, opened};
use narrows_trainer::{
    Activation, Fitted, Options,
    bundle::{Kind, Likelihood, Link},
    data::Dataset,
};
use ndarray::Array2;

use crate::pixels::{scaled, to_data_unit};

fn ae() -> Options {
    Options { latent: Some(16), ..Options::new(Kind::Ae) }.with(|options| {
        options.architecture.hidden = Some(vec![64]);
        options.length.epochs = Some(15);
        options.schedule.learning_rate = Some(3e-3);
    })
}

fn test_rows(data: &Dataset) -> Array2<f32> {
    scaled(data.test.as_ref().expect("digits have a test part"))
}

fn mean_size(values: &Array2<f32>) -> f64 {
    values.iter().map(|value| f64::from(value.abs())).sum::<f64>() / values.len() as f64
}

/// 0 for codes whose numbers are all of one size, 1 for those of a single number, whatever their length
/// (Hoyer 2004); averaged over the rows.
fn sparseness(codes: &Array2<f32>) -> f64 {
    let root = (codes.ncols() as f64).sqrt();
    let of_row = |row: ndarray::ArrayView1<'_, f32>| {
        let sum: f64 = row.iter().map(|z| f64::from(z.abs())).sum();
        let norm = row.iter().map(|&z| f64::from(z).powi(2)).sum::<f64>().sqrt();
        (root - sum / norm) / (root - 1.0)
    };
    codes.outer_iter().map(of_row).sum::<f64>() / codes.nrows() as f64
}

#[test]
fn a_price_on_codes_makes_them_smaller_and_sparser() {
    let data = digits();
    let codes = |l1| {
        let model = opened(&fitted(&ae().with(|options| options.penalty.l1 = Some(l1)), &data), &data);
        model.encode(&to_data_unit(&test_rows(&data))).expect("rows of the right width")
    };
    let (free, sparse) = (codes(0.0), codes(0.3));
    let (free, sparse) = ((mean_size(&free), sparseness(&free)), (mean_size(&sparse), sparseness(&sparse)));
    assert!(sparse.0 < 0.5 * free.0, "mean |z| {} against {}", sparse.0, free.0);
    assert!(sparse.1 > 1.5 * free.1, "sparseness {} against {}", sparse.1, free.1);
}

#[test]
fn a_price_on_weights_shrinks_them_and_leaves_biases_alone() {
    let data = digits();
    let squares = |fitted: &Fitted| {
        let weights = fitted.weights.iter().filter(|(name, _)| name.ends_with(".weight"));
        weights.flat_map(|(_, array)| array).map(|&weight| f64::from(weight).powi(2)).sum::<f64>()
    };
    let (free, priced) = (fitted(&ae(), &data), fitted(&ae().with(|options| options.weights.l2 = Some(0.01)), &data));
    assert!(squares(&priced) < 0.7 * squares(&free), "{} against {}", squares(&priced), squares(&free));
    let told = priced.train.parts["l2"];
    let exact = 0.01 * squares(&priced);
    assert!((told / exact - 1.0).abs() < 1e-5, "{told} in the figures, {exact} by the weights");
}

/// The squared Frobenius norm of the encoder's Jacobian by central differences in ONNX Runtime, averaged
/// over some rows; in scaled units.
fn contraction(model: &Autoencoder, rows: &Array2<f32>) -> f64 {
    const STEP: f32 = 1e-2;
    let beside = |column: usize, step: f32| {
        let mut rows = rows.clone();
        rows.column_mut(column).mapv_inplace(|value| value + step);
        model.encode(&to_data_unit(&rows)).expect("rows of the right width")
    };
    let of_column = |column| {
        let slope = (beside(column, STEP) - beside(column, -STEP)) / (2.0 * STEP);
        slope.iter().map(|&slope| f64::from(slope).powi(2)).sum::<f64>()
    };
    (0..rows.ncols()).map(of_column).sum::<f64>() / rows.nrows() as f64
}

#[test]
fn a_price_on_the_slope_of_codes_flattens_the_encoder() {
    const WEIGHT: f64 = 0.05;
    let data = digits();
    // Smooth, so that a difference is a slope; squared error, so that codes cannot grow for a little more.
    let smooth = ae().with(|options| {
        options.architecture.activation = Some(Activation::Tanh);
        options.output.likelihood = Some(Likelihood::Gaussian);
        options.output.output_link = Some(Link::Sigmoid);
    });
    let rows = test_rows(&data);
    let some = rows.select(ndarray::Axis(0), &(0..100).collect::<Vec<_>>());
    let free = contraction(&opened(&fitted(&smooth, &data), &data), &some);
    let flat = fitted(&smooth.with(|options| options.penalty.contractive = Some(WEIGHT)), &data);
    let found = contraction(&opened(&flat, &data), &rows);
    assert!(found < 0.5 * free, "{found} against {free}");
    // What training paid for is that norm, by one random direction a row.
    let told = flat.test.expect("digits have a test part").parts["contractive"] / WEIGHT;
    assert!((told / found - 1.0).abs() < 0.1, "{told} in the figures, {found} in ONNX Runtime");
}
