//! A linear autoencoder, trained by gradient descent, converges to the subspace of the principal components (Baldi and
//! Hornik 1989).

use narrows_tests::{digits, fitted};
use narrows_trainer::{
    Options,
    bundle::{Kind, Likelihood},
    data::Dataset,
    options::Activation,
};

use crate::{
    pixels::scaled,
    subspace::{decoder_directions, largest_angle, principal_directions},
};

const COMPONENTS: usize = 8;

/// Returns the relative excess of the training error over PCA's, and the largest principal angle to PCA's subspace in
/// degrees.
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

/// Tolerances: 0.1 % of the error, and 5 degrees.
fn is_pca((excess, angle): (f64, f64)) -> bool {
    excess.abs() < 1e-3 && angle < 5.0
}

#[test]
fn a_linear_autoencoder_equals_pca_after_convergence_and_not_before() {
    let data = digits();
    let early = distance_to_pca(200, &data);
    assert!(!is_pca(early), "after 200 epochs: {early:?}");
    let converged = distance_to_pca(4000, &data);
    assert!(is_pca(converged), "after 4000 epochs: {converged:?}");
}
