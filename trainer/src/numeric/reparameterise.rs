//! Samples of normal distributions as a function of the means, the log-variances and noise.

use super::{elementary::exp, vectorized::vectorized};

/// Returns `mu + exp(log_var / 2) * noise`.
///
/// # Panics
/// If the lengths differ.
pub(crate) fn sample(mu: &[f32], log_var: &[f32], noise: &[f32]) -> Vec<f32> {
    assert!(mu.len() == log_var.len() && mu.len() == noise.len(), "one log-variance and one noise value per mean");
    let mut z = vec![0f32; mu.len()];
    vectorized(
        #[inline(always)]
        || {
            for (((z, mu), log_var), noise) in z.iter_mut().zip(mu).zip(log_var).zip(noise) {
                *z = mu + exp(0.5 * log_var) * noise;
            }
        },
    );
    z
}

/// Returns the gradient with respect to the log-variances: `1/2 exp(log_var / 2) * noise * gradient`.
pub(crate) fn log_var_gradient(log_var: &[f32], noise: &[f32], gradient: &[f32]) -> Vec<f32> {
    let mut slopes = vec![0f32; log_var.len()];
    vectorized(
        #[inline(always)]
        || {
            for (((slope, log_var), noise), gradient) in slopes.iter_mut().zip(log_var).zip(noise).zip(gradient) {
                *slope = 0.5 * exp(0.5 * log_var) * noise * gradient;
            }
        },
    );
    slopes
}
