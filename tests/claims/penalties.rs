//! Penalties on codes and weights reduce what they penalise.

use narrows_runtime::Autoencoder;
use narrows_tests::{digits, fitted, opened};
use narrows_trainer::{
    Fitted, Options,
    bundle::{Kind, Likelihood, Link},
    data::Dataset,
    options::Activation,
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

fn mean_absolute_value(values: &Array2<f32>) -> f64 {
    values.iter().map(|value| f64::from(value.abs())).sum::<f64>() / values.len() as f64
}

/// Returns Hoyer's sparseness (Hoyer 2004), averaged over the rows. It is 0 if all values of a code have the same
/// magnitude and 1 if only one value is not 0, for any number of dimensions.
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
fn an_l1_penalty_on_codes_makes_them_smaller_and_sparser() {
    let data = digits();
    let codes = |l1| {
        let model = opened(&fitted(&ae().with(|options| options.penalty.l1 = Some(l1)), &data), &data);
        model.encode(&to_data_unit(&test_rows(&data))).expect("rows of the right width")
    };
    let (free, sparse) = (codes(0.0), codes(0.3));
    let (free, sparse) =
        ((mean_absolute_value(&free), sparseness(&free)), (mean_absolute_value(&sparse), sparseness(&sparse)));
    assert!(sparse.0 < 0.5 * free.0, "mean |z| of {} with and {} without the penalty", sparse.0, free.0);
    assert!(sparse.1 > 1.5 * free.1, "sparseness of {} with and {} without the penalty", sparse.1, free.1);
}

#[test]
fn an_l2_penalty_shrinks_weights_and_does_not_count_biases() {
    let data = digits();
    let squares = |fitted: &Fitted| {
        let weights = fitted.weights.iter().filter(|(name, _)| name.ends_with(".weight"));
        weights.flat_map(|(_, array)| array).map(|&weight| f64::from(weight).powi(2)).sum::<f64>()
    };
    let (free, penalised) =
        (fitted(&ae(), &data), fitted(&ae().with(|options| options.weights.l2 = Some(0.01)), &data));
    assert!(
        squares(&penalised) < 0.7 * squares(&free),
        "{} with and {} without the penalty",
        squares(&penalised),
        squares(&free)
    );
    let reported = penalised.train.parts["l2"];
    let exact = 0.01 * squares(&penalised);
    assert!((reported / exact - 1.0).abs() < 1e-5, "{reported} in the metrics, {exact} from the weights");
}

/// Returns the squared Frobenius norm of the encoder's Jacobian, averaged over the rows, by central differences in ONNX
/// Runtime. Rows are in the network's unit.
fn squared_jacobian_norm(model: &Autoencoder, rows: &Array2<f32>) -> f64 {
    const STEP: f32 = 1e-2;
    let encode_shifted = |column: usize, step: f32| {
        let mut rows = rows.clone();
        rows.column_mut(column).mapv_inplace(|value| value + step);
        model.encode(&to_data_unit(&rows)).expect("rows of the right width")
    };
    let of_column = |column| {
        let slope = (encode_shifted(column, STEP) - encode_shifted(column, -STEP)) / (2.0 * STEP);
        slope.iter().map(|&slope| f64::from(slope).powi(2)).sum::<f64>()
    };
    (0..rows.ncols()).map(of_column).sum::<f64>() / rows.nrows() as f64
}

#[test]
fn a_contractive_penalty_halves_the_jacobian_norm_of_the_encoder() {
    const WEIGHT: f64 = 0.05;
    let data = digits();
    // A smooth activation, so that finite differences approximate derivatives, and the squared error, for which codes
    // gain little by growing.
    let smooth = ae().with(|options| {
        options.architecture.activation = Some(Activation::Tanh);
        options.output.likelihood = Some(Likelihood::Gaussian);
        options.output.output_link = Some(Link::Sigmoid);
    });
    let rows = test_rows(&data);
    let some = rows.select(ndarray::Axis(0), &(0..100).collect::<Vec<_>>());
    let free = squared_jacobian_norm(&opened(&fitted(&smooth, &data), &data), &some);
    let flat = fitted(&smooth.with(|options| options.penalty.contractive = Some(WEIGHT)), &data);
    let norm = squared_jacobian_norm(&opened(&flat, &data), &rows);
    assert!(norm < 0.5 * free, "{norm} with and {free} without the penalty");
    // The penalty of training is an estimate of this norm by one random direction per row.
    let reported = flat.test.expect("digits have a test part").parts["contractive"] / WEIGHT;
    assert!((reported / norm - 1.0).abs() < 0.1, "{reported} in the metrics, {norm} in ONNX Runtime");
}
