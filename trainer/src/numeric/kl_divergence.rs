//! The divergence of a diagonal normal distribution from the unit normal: its sum and its slopes.

use super::{
    elementary::exp,
    lanes::{LANES, add_to_lanes},
    vectorized::vectorized,
};

/// `sum(mu^2 + exp(log_var) - log_var - 1)` over all numbers, in `f64`.
///
/// # Panics
/// If there are not as many of both.
pub(crate) fn twice_kl(mu: &[f32], log_var: &[f32]) -> f64 {
    assert_eq!(mu.len(), log_var.len(), "a log-variance for every mean");
    let (mut each, mut sums) = (vec![0f32; mu.len()], [0f64; LANES]);
    vectorized(
        #[inline(always)]
        || {
            for ((each, mu), &log_var) in each.iter_mut().zip(mu).zip(log_var) {
                *each = mu * mu + exp(log_var) - log_var - 1.0;
            }
            add_to_lanes(&mut sums, &each, |each| each);
        },
    );
    sums.iter().sum()
}

/// The derivatives by `mu` and by `log_var`, times a factor: `mu` and `1/2 (exp(log_var) - 1)`.
pub(crate) fn slopes(mu: &[f32], log_var: &[f32], factor: f32) -> (Vec<f32>, Vec<f32>) {
    let (mut of_mu, mut of_log_var) = (vec![0f32; mu.len()], vec![0f32; log_var.len()]);
    vectorized(
        #[inline(always)]
        || {
            for (slope, mu) in of_mu.iter_mut().zip(mu) {
                *slope = factor * mu;
            }
            for (slope, &log_var) in of_log_var.iter_mut().zip(log_var) {
                *slope = 0.5 * factor * (exp(log_var) - 1.0);
            }
        },
    );
    (of_mu, of_log_var)
}
