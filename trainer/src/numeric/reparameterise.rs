//! Draws from normal distributions as a function of their means, their log-variances and noise.

use super::{elementary::exp, vectorized::vectorized};

/// `mu + exp(log_var / 2) * noise`.
///
/// # Panics
/// If there are not as many of all three.
pub(crate) fn draws(mu: &[f32], log_var: &[f32], noise: &[f32]) -> Vec<f32> {
    assert!(mu.len() == log_var.len() && mu.len() == noise.len(), "a log-variance and noise for every mean");
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

/// `1/2 exp(log_var / 2) * noise * gradient`.
pub(crate) fn slopes_of_log_var(log_var: &[f32], noise: &[f32], gradient: &[f32]) -> Vec<f32> {
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
