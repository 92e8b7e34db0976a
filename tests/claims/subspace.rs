//! Principal components by singular value decomposition, a different method than the trainer's.

use nalgebra::DMatrix;
use narrows_trainer::Fitted;
use ndarray::Array2;

/// Returns the directions of largest variance as columns, `[features, components]`.
pub(crate) fn principal_directions(rows: &Array2<f32>, components: usize) -> DMatrix<f64> {
    let mut centred = matrix(rows);
    for mut column in centred.column_iter_mut() {
        let mean = column.mean();
        column.add_scalar_mut(-mean);
    }
    let right = centred.svd(false, true).v_t.expect("requested right singular vectors");
    right.rows(0, components).transpose()
}

/// Returns vectors that span the outputs of a linear decoder, as columns: `[features, latent]`.
pub(crate) fn decoder_directions(fitted: &Fitted) -> DMatrix<f64> {
    let weight = fitted.weights.get("decoder.logits.weight").expect("the last layer of every decoder");
    let weight = weight.view().into_dimensionality().expect("a dense layer's weight has two axes").to_owned();
    matrix(&weight).transpose()
}

/// Returns the largest principal angle between the column spaces of two matrices, in degrees (Björck and Golub 1973).
pub(crate) fn largest_angle(one: &DMatrix<f64>, other: &DMatrix<f64>) -> f64 {
    let cosines = (one.clone().qr().q().transpose() * other.clone().qr().q()).singular_values();
    cosines.min().clamp(0.0, 1.0).acos().to_degrees()
}

fn matrix(array: &Array2<f32>) -> DMatrix<f64> {
    DMatrix::from_row_iterator(array.nrows(), array.ncols(), array.iter().map(|&value| f64::from(value)))
}
