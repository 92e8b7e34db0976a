//! A linear autoencoder, trained by gradient descent, ends in the subspace of the principal components
//! (Baldi and Hornik 1989).

use narrows_tests::{digits, fitted};
use narrows_trainer::{
    Activation, Options,
    bundle::{Kind, Likelihood},
    data::Dataset,
};

use crate::{
    pixels::scaled,
    subspace::{decoder_directions, largest_angle, principal_directions},
};

const COMPONENTS: usize = 8;

/// By how much the training error exceeds PCA's, as a share of it, and the largest principal angle to
/// PCA's subspace, in degrees.
fn distance_to_pca(epochs: usize, data: &Dataset) -> (f64, f64) {
    let linear = Options { latent: Some(COMPONENTS), ..Options::new(Kind::Ae) }.with(|options| {
        options.architecture.hidden = Some(vec![]);
        options.architecture.activation = Some(Activation::Identity);
        options.output.likelihood = Some(Likelihood::Gaussian);
        options.length.epochs = Some(epochs);
        options.steps.batch_size = Some(479);
        options.schedule.learning_rate = Some(0.005);
    });
    let linear = fitted(&linear, data);
    let pca = fitted(&Options { latent: Some(COMPONENTS), ..Options::new(Kind::Pca) }, data);
    let angle = largest_angle(&decoder_directions(&linear), &principal_directions(&scaled(&data.train), COMPONENTS));
    (linear.train.mse / pca.train.mse - 1.0, angle)
}

/// A thousandth of the error, and five degrees.
fn is_pca((excess, angle): (f64, f64)) -> bool {
    excess.abs() < 1e-3 && angle < 5.0
}

#[test]
fn a_converged_linear_autoencoder_is_pca_and_one_stopped_early_is_not() {
    let data = digits();
    let early = distance_to_pca(200, &data);
    assert!(!is_pca(early), "after 200 epochs: {early:?}");
    let converged = distance_to_pca(4000, &data);
    assert!(is_pca(converged), "after 4000 epochs: {converged:?}");
}
