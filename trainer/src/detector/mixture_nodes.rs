//! The log-density of a Gaussian mixture as nodes of a graph.

use narrows_bundle::{Mixture, MixtureDensity};
use ndarray::{Array1, Array2, s};

use super::whitening::floats;
use crate::onnx::Call;

/// Adds `ln p(z)` of codes `[batch, latent]` to a graph and returns its name, `[batch, 1]`, in nats. The formula is
/// that of [`MixtureDensity`].
pub(super) fn log_density(call: &mut Call<'_>, codes: &str, mixture: &Mixture) -> String {
    let (components, latent) = (mixture.components(), mixture.latent_dim());
    let center = mixture.weights().dot(mixture.means());
    // The products of all components are one matrix product: [batch, latent] with [latent, components * latent].
    let mut matrix = Array2::<f64>::zeros((latent, components * latent));
    let mut offsets = Array1::<f64>::zeros(components * latent);
    for (component, inverse) in mixture.inverse_factors().iter().enumerate() {
        let columns = component * latent..(component + 1) * latent;
        matrix.slice_mut(s![.., columns.clone()]).assign(inverse);
        let offset = (&mixture.means().row(component) - &center).dot(inverse);
        offsets.slice_mut(s![columns]).assign(&offset);
    }
    let constants: Array1<f64> = {
        // At its own mean, the density of a component is its constant.
        let at_means = MixtureDensity::of(mixture).components(&mixture.means().view());
        at_means.diag().to_owned()
    };
    // Codes are centred first, so that the products lose no precision where all codes are far from zero.
    let center = call.floats("center", &[latent], &floats(&center));
    let matrix = call.floats("factors", &[latent, components * latent], &floats(&matrix));
    let offsets = call.floats("offsets", &[components * latent], &floats(&offsets));
    let constants = call.floats("constants", &[components], &floats(&constants));
    let half = call.floats("half", &[], &[0.5]);
    let centred = call.node("Sub", &[codes.to_owned(), center]);
    let product = call.node("MatMul", &[centred, matrix]);
    let whitened = call.node("Sub", &[product, offsets]);
    let squares = call.node("Mul", &[whitened.clone(), whitened]);
    let squares = call.reshape(&squares, &[-1, components as i64, latent as i64]);
    let sums = call.sum(&squares, 2);
    let sums = call.reshape(&sums, &[-1, components as i64]);
    let halves = call.node("Mul", &[sums, half]);
    let densities = call.node("Sub", &[constants, halves]);
    call.log_sum_exp(&densities)
}
