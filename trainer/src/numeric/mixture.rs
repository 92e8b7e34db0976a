//! The log-density of a mixture of normal distributions with independent dimensions and equal weights, and its
//! gradients.

use super::{
    elementary::exp,
    parallel::{CHUNK, parallel_for_each},
    vectorized::vectorized,
};

/// Half of `ln(2 pi)`.
const HALF_LOG_2_PI: f32 = 0.918_938_5;

/// A component with a smaller posterior probability adds less than rounding to a gradient, and is skipped.
const NEGLIGIBLE: f32 = 1e-10;

/// The components of a mixture.
#[derive(Clone, Copy)]
pub(crate) struct Components<'a> {
    /// Means, `[components, latent]`.
    pub(crate) means: &'a [f32],
    /// Log-variances, `[components, latent]`.
    pub(crate) log_variances: &'a [f32],
    /// Number of latent dimensions, at least 1.
    pub(crate) latent: usize,
}

/// The log-density of every code, `[rows]`, and the posterior probability of every component, `[rows, components]`.
pub(crate) struct Densities {
    pub(crate) log_densities: Vec<f32>,
    pub(crate) responsibilities: Vec<f32>,
}

impl Components<'_> {
    fn count(&self) -> usize {
        self.means.len() / self.latent
    }

    /// Returns the precisions `1 / sigma^2`, `[components, latent]`.
    fn precisions(&self) -> Vec<f32> {
        let mut precisions = vec![0f32; self.log_variances.len()];
        vectorized(
            #[inline(always)]
            || {
                for (precision, &log_variance) in precisions.iter_mut().zip(self.log_variances) {
                    *precision = exp(-log_variance);
                }
            },
        );
        precisions
    }

    /// Returns the rows of codes that one core processes at a time.
    fn chunk_rows(&self) -> usize {
        (CHUNK / self.means.len().max(1)).max(4)
    }

    /// Computes `ln 1/K sum_k N(z; m_k, sigma_k^2)` in nats for the codes `z`, `[rows, latent]`.
    ///
    /// The squared distances are sums of squared differences: the expanded square would cancel for small variances.
    ///
    /// # Panics
    /// If the lengths do not fit.
    pub(crate) fn densities(&self, z: &[f32]) -> Densities {
        assert!(self.means.len() == self.log_variances.len() && z.len().is_multiple_of(self.latent), "equal widths");
        let (count, latent, rows) = (self.count(), self.latent, z.len() / self.latent);
        let precisions = self.precisions();
        // Transposed, so that the inner loop runs over components without a sum across vector lanes.
        let (mut means, mut halves) = (vec![0f32; self.means.len()], vec![0f32; self.means.len()]);
        let mut constants = vec![-(count as f32).ln() - latent as f32 * HALF_LOG_2_PI; count];
        for (component, constant) in constants.iter_mut().enumerate() {
            for dimension in 0..latent {
                let at = component * latent + dimension;
                means[dimension * count + component] = self.means[at];
                halves[dimension * count + component] = 0.5 * precisions[at];
                *constant -= 0.5 * self.log_variances[at];
            }
        }
        let (mut log_densities, mut responsibilities) = (vec![0f32; rows], vec![0f32; rows * count]);
        let chunk = self.chunk_rows();
        let items: Vec<_> = z
            .chunks(chunk * latent)
            .zip(log_densities.chunks_mut(chunk).zip(responsibilities.chunks_mut(chunk * count)))
            .collect();
        parallel_for_each(chunk * count * (3 * latent + 30), items, |(z, (log_densities, responsibilities))| {
            let rows = z.chunks_exact(latent).zip(responsibilities.chunks_exact_mut(count));
            for ((z, exponents), log_density) in rows.zip(log_densities) {
                exponents.copy_from_slice(&constants);
                let dimensions = means.chunks_exact(count).zip(halves.chunks_exact(count));
                for (&z, (means, halves)) in z.iter().zip(dimensions) {
                    subtract_squares(exponents, z, means, halves);
                }
                *log_density = normalise(exponents);
            }
        });
        Densities { log_densities, responsibilities }
    }

    /// Returns the gradient with respect to the codes, `[rows, latent]`: `g sum_k r_k (m_k - z) / sigma_k^2`.
    pub(crate) fn code_gradient(&self, z: &[f32], responsibilities: &[f32], gradient: &[f32]) -> Vec<f32> {
        let (count, latent, chunk) = (self.count(), self.latent, self.chunk_rows());
        let precisions = self.precisions();
        let mut result = vec![0f32; z.len()];
        let items: Vec<_> = result
            .chunks_mut(chunk * latent)
            .zip(z.chunks(chunk * latent))
            .zip(responsibilities.chunks(chunk * count).zip(gradient.chunks(chunk)))
            .collect();
        parallel_for_each(3 * chunk * count * latent, items, |((result, z), (responsibilities, gradient))| {
            let rows = result.chunks_exact_mut(latent).zip(z.chunks_exact(latent));
            for ((result, z), (responsibilities, &gradient)) in
                rows.zip(responsibilities.chunks_exact(count).zip(gradient))
            {
                let components = self.means.chunks_exact(latent).zip(precisions.chunks_exact(latent));
                for (&responsibility, (mean, precision)) in responsibilities.iter().zip(components) {
                    if responsibility >= NEGLIGIBLE || responsibility.is_nan() {
                        add_pull(result, gradient * responsibility, z, mean, precision);
                    }
                }
            }
        });
        result
    }

    /// Returns the gradients with respect to the means and the log-variances, each `[components, latent]`:
    /// `sum_b g r (z - m) / sigma^2` and `1/2 sum_b g r ((z - m)^2 / sigma^2 - 1)`.
    pub(crate) fn component_gradients(
        &self,
        z: &[f32],
        responsibilities: &[f32],
        gradient: &[f32],
    ) -> (Vec<f32>, Vec<f32>) {
        let (count, latent) = (self.count(), self.latent);
        let precisions = self.precisions();
        let (mut means, mut log_variances) = (vec![0f32; self.means.len()], vec![0f32; self.means.len()]);
        let items: Vec<_> = means.chunks_mut(latent).zip(log_variances.chunks_mut(latent)).enumerate().collect();
        parallel_for_each(4 * z.len(), items, |(component, (means, log_variances))| {
            let range = component * latent..(component + 1) * latent;
            let (mean, precision) = (&self.means[range.clone()], &precisions[range]);
            let mut total = 0f32;
            for ((z, responsibilities), &gradient) in
                z.chunks_exact(latent).zip(responsibilities.chunks_exact(count)).zip(gradient)
            {
                let responsibility = responsibilities[component];
                if responsibility >= NEGLIGIBLE || responsibility.is_nan() {
                    let weight = gradient * responsibility;
                    total += weight;
                    add_moments(means, log_variances, weight, z, mean);
                }
            }
            for ((mean, log_variance), precision) in means.iter_mut().zip(log_variances).zip(precision) {
                *mean *= precision;
                *log_variance = 0.5 * (*log_variance * precision - total);
            }
        });
        (means, log_variances)
    }
}

/// Subtracts `half precision * (z - mean)^2` of one dimension from the exponent of every component.
fn subtract_squares(exponents: &mut [f32], z: f32, means: &[f32], halves: &[f32]) {
    vectorized(
        #[inline(always)]
        || {
            for ((exponent, mean), half) in exponents.iter_mut().zip(means).zip(halves) {
                let difference = z - mean;
                *exponent -= difference * difference * half;
            }
        },
    );
}

/// Replaces exponents by the probabilities proportional to `exp(exponent)`, and returns `ln sum exp(exponent)`.
fn normalise(exponents: &mut [f32]) -> f32 {
    let largest = exponents.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    vectorized(
        #[inline(always)]
        || {
            for exponent in exponents.iter_mut() {
                *exponent = exp(*exponent - largest);
            }
        },
    );
    let sum: f32 = exponents.iter().sum();
    exponents.iter_mut().for_each(|value| *value /= sum);
    largest + sum.ln()
}

/// Adds `weight * (mean - z) * precision` to the gradient of a code.
fn add_pull(result: &mut [f32], weight: f32, z: &[f32], mean: &[f32], precision: &[f32]) {
    vectorized(
        #[inline(always)]
        || {
            for (((result, z), mean), precision) in result.iter_mut().zip(z).zip(mean).zip(precision) {
                *result += weight * (mean - z) * precision;
            }
        },
    );
}

/// Adds `weight * (z - mean)` and `weight * (z - mean)^2`.
fn add_moments(first: &mut [f32], second: &mut [f32], weight: f32, z: &[f32], mean: &[f32]) {
    vectorized(
        #[inline(always)]
        || {
            for (((first, second), z), mean) in first.iter_mut().zip(second).zip(z).zip(mean) {
                let difference = z - mean;
                *first += weight * difference;
                *second += weight * difference * difference;
            }
        },
    );
}
