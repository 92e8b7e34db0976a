//! The KL divergence between the posterior and the prior.

use ndarray::{Array1, Zip};

use crate::Posterior;

/// Computes `KL(N(mu, diag(sigma^2)) || N(0, I)) = 1/2 sum (mu^2 + sigma^2 - 1 - ln sigma^2)` in nats, `[batch]`
/// (Kingma & Welling 2014, appendix B).
pub(super) fn kl_divergence(posterior: &Posterior) -> Array1<f64> {
    Zip::from(posterior.mean.rows()).and(posterior.log_variance.rows()).map_collect(|mean, log_variance| {
        let per_dimension = |(&mean, &log_variance): (&f32, &f32)| {
            let (mean, log_variance) = (f64::from(mean), f64::from(log_variance));
            // `exp(x) - 1` would lose precision near the prior.
            mean * mean + log_variance.exp_m1() - log_variance
        };
        0.5 * mean.iter().zip(log_variance).map(per_dimension).sum::<f64>()
    })
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn the_kl_divergence_is_zero_at_the_prior_and_matches_the_closed_form_elsewhere() {
        let log_variance = array![[0.0, 0.0], [4f32.ln(), 0.0], [0.0, 0.0], [1e-6, 0.0]];
        let posterior = Posterior { mean: array![[0.0, 0.0], [0.0, 0.0], [3.0, -4.0], [0.0, 0.0]], log_variance };
        let computed = kl_divergence(&posterior);
        let expected = [0.0, 0.5 * (4.0 - 1.0 - 4f64.ln()), 12.5, 0.25e-12];
        for (computed, expected) in computed.iter().zip(expected) {
            // The largest error comes from rounding ln(4) to `f32`.
            assert!((computed - expected).abs() <= 1e-6 * expected, "{computed}, expected {expected}");
        }
    }
}
