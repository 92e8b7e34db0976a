//! The KL divergence of a diagonal normal distribution from the standard normal, and its gradients.

use super::{
    elementary::exp,
    lanes::{LANES, add_to_lanes},
    vectorized::vectorized,
};

/// Returns twice the KL divergence, `sum(mu^2 + exp(log_var) - log_var - 1)` over all elements, in `f64`.
/// The caller applies the factor 1/2 once, after the sum.
///
/// # Panics
/// If the lengths differ.
pub(crate) fn twice_kl(mu: &[f32], log_var: &[f32]) -> f64 {
    assert_eq!(mu.len(), log_var.len(), "one log-variance per mean");
    let (mut terms, mut sums) = (vec![0f32; mu.len()], [0f64; LANES]);
    vectorized(
        #[inline(always)]
        || {
            for ((term, mu), &log_var) in terms.iter_mut().zip(mu).zip(log_var) {
                *term = mu * mu + exp(log_var) - log_var - 1.0;
            }
            add_to_lanes(&mut sums, &terms, |term| term);
        },
    );
    sums.iter().sum()
}

/// Returns the derivatives of the KL divergence with respect to `mu` and `log_var`, times a factor: `mu` and
/// `1/2 (exp(log_var) - 1)`.
pub(crate) fn kl_gradients(mu: &[f32], log_var: &[f32], factor: f32) -> (Vec<f32>, Vec<f32>) {
    let (mut mu_gradient, mut log_var_gradient) = (vec![0f32; mu.len()], vec![0f32; log_var.len()]);
    vectorized(
        #[inline(always)]
        || {
            for (gradient, mu) in mu_gradient.iter_mut().zip(mu) {
                *gradient = factor * mu;
            }
            for (gradient, &log_var) in log_var_gradient.iter_mut().zip(log_var) {
                *gradient = 0.5 * factor * (exp(log_var) - 1.0);
            }
        },
    );
    (mu_gradient, log_var_gradient)
}
