//! A mixture of normal distributions over codes: the fitted sampler of a bundle, or its learned prior.

use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayViewMut1, Axis};
use serde::{Deserialize, Serialize};

/// Largest difference between 1 and the sum of the weights: rounding of many weights stays below it.
const SUM_TOLERANCE: f64 = 1e-6;
/// Largest absolute log-variance, so that neither a variance nor its inverse overflows.
const MAX_LOG_VARIANCE: f64 = 300.0;
/// Range of the diagonal of a Cholesky factor, for the same reason.
const DIAGONAL_RANGE: std::ops::RangeInclusive<f64> = 1e-100..=1e100;

/// A Gaussian mixture `p(z) = sum_k w_k N(z; m_k, S_k)` over codes of `latent` dimensions (Bishop 2006, equation 9.7).
///
/// One component with a full covariance is a multivariate normal distribution.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixture {
    weights: Array1<f64>,
    means: Array2<f64>,
    covariances: Covariances,
}

/// The covariance matrices of the components.
#[derive(Debug, Clone, PartialEq)]
pub enum Covariances {
    /// Logarithms of the variances of independent dimensions, `[components, latent]`.
    Diagonal(Array2<f64>),
    /// Lower Cholesky factors `L` of the covariance matrices `L L^T`, `[components, latent, latent]`.
    Full(Array3<f64>),
}

/// The form of the covariance matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Covariance {
    /// Independent dimensions: one variance per dimension and component.
    Diagonal,
    /// One complete matrix per component.
    Full,
}

impl Covariance {
    /// Returns the name in manifests and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Covariance::Diagonal => "diagonal",
            Covariance::Full => "full",
        }
    }
}

impl Mixture {
    /// Creates a mixture from its weights `[components]`, means `[components, latent]` and covariances.
    ///
    /// # Errors
    /// A message that says what is wrong: shapes that do not fit, values that are not finite, weights that are negative
    /// or whose sum is not 1 within 1e-6, log-variances outside [-300, 300], or Cholesky factors that are not lower
    /// triangular with a positive diagonal.
    pub fn new(weights: Array1<f64>, means: Array2<f64>, covariances: Covariances) -> Result<Self, String> {
        let (components, latent) = means.dim();
        if components == 0 || latent == 0 || weights.len() != components {
            return Err(format!("it has {} weights for means of shape [{components}, {latent}]", weights.len()));
        }
        let expected = match &covariances {
            Covariances::Diagonal(_) => vec![components, latent],
            Covariances::Full(_) => vec![components, latent, latent],
        };
        let found = match &covariances {
            Covariances::Diagonal(log_variances) => log_variances.shape(),
            Covariances::Full(factors) => factors.shape(),
        };
        if found != expected {
            return Err(format!("its covariances have shape {found:?}, expected {expected:?}"));
        }
        let sum: f64 = weights.sum();
        // A comparison that is true for valid weights only, so that NaN is refused.
        let are_weights = weights.iter().all(|&weight| weight >= 0.0) && (sum - 1.0).abs() <= SUM_TOLERANCE;
        if !are_weights {
            return Err(format!("the sum of its weights is {sum}, expected weights of at least 0 with the sum 1"));
        }
        if !means.iter().all(|mean| mean.is_finite()) {
            return Err("its means are not all finite".to_owned());
        }
        check_covariances(&covariances)?;
        Ok(Mixture { weights, means, covariances })
    }

    /// Returns the weights of the components, `[components]`.
    pub fn weights(&self) -> &Array1<f64> {
        &self.weights
    }

    /// Returns the means of the components, `[components, latent]`.
    pub fn means(&self) -> &Array2<f64> {
        &self.means
    }

    /// Returns the covariances of the components.
    pub fn covariances(&self) -> &Covariances {
        &self.covariances
    }

    /// Returns the form of the covariances.
    pub fn covariance(&self) -> Covariance {
        match self.covariances {
            Covariances::Diagonal(_) => Covariance::Diagonal,
            Covariances::Full(_) => Covariance::Full,
        }
    }

    /// Returns the number of components.
    pub fn components(&self) -> usize {
        self.weights.len()
    }

    /// Returns the number of latent dimensions.
    pub fn latent_dim(&self) -> usize {
        self.means.ncols()
    }

    /// Returns the mean and the variance of every dimension over all components, `[latent]` each:
    /// `m = sum_k w_k m_k` and `sum_k w_k (s_k^2 + (m_k - m)^2)` with the variances `s_k^2` of component `k`.
    pub fn moments(&self) -> (Array1<f64>, Array1<f64>) {
        let mean = self.weights.dot(&self.means);
        let variances = match &self.covariances {
            Covariances::Diagonal(log_variances) => log_variances.mapv(f64::exp),
            Covariances::Full(factors) => factors.mapv(|value| value * value).sum_axis(Axis(2)),
        };
        let variance =
            self.weights.dot(&(variances + (&self.means - &mean).mapv(|difference| difference * difference)));
        (mean, variance)
    }

    /// Returns the mixture of some of the components, whose weights are divided by their sum. The indices are in range,
    /// and the sum is above 0.
    pub(crate) fn part(&self, components: &[usize]) -> Mixture {
        let weights = self.weights.select(Axis(0), components);
        let sum = weights.sum();
        Mixture {
            weights: weights / sum,
            means: self.means.select(Axis(0), components),
            covariances: match &self.covariances {
                Covariances::Diagonal(values) => Covariances::Diagonal(values.select(Axis(0), components)),
                Covariances::Full(factors) => Covariances::Full(factors.select(Axis(0), components)),
            },
        }
    }

    /// Returns the component that a uniform number of [0, 1) selects: the first one whose cumulative weight exceeds it.
    pub fn component_at(&self, uniform: f64) -> usize {
        let target = uniform * self.weights.sum();
        let mut cumulative = 0.0;
        let at = self.weights.iter().position(|&weight| {
            cumulative += weight;
            target < cumulative
        });
        // Rounding can leave the sum below the target; then it is the last component that has a weight.
        at.or_else(|| self.weights.iter().rposition(|&weight| weight > 0.0)).unwrap_or(0)
    }

    /// Replaces standard normal noise, `[latent]`, by a code of one component: its mean plus the factor of its
    /// covariance times the noise.
    pub fn place(&self, component: usize, code: &mut ArrayViewMut1<'_, f32>) {
        let mean = self.means.row(component);
        match &self.covariances {
            Covariances::Diagonal(log_variances) => {
                for ((code, mean), log_variance) in code.iter_mut().zip(mean).zip(log_variances.row(component)) {
                    *code = (mean + (0.5 * log_variance).exp() * f64::from(*code)) as f32;
                }
            }
            Covariances::Full(factors) => {
                let factor = factors.index_axis(Axis(0), component);
                // A row of the lower factor uses the noise up to its own dimension, so the last code comes first.
                for dimension in (0..code.len()).rev() {
                    let row = factor.row(dimension);
                    let product = |(value, noise): (&f64, &f32)| value * f64::from(*noise);
                    let sum: f64 = row.iter().zip(code.iter()).take(dimension + 1).map(product).sum();
                    code[dimension] = (mean[dimension] + sum) as f32;
                }
            }
        }
    }
}

fn check_covariances(covariances: &Covariances) -> Result<(), String> {
    match covariances {
        Covariances::Diagonal(log_variances) => {
            let is_valid = |value: &f64| value.abs() <= MAX_LOG_VARIANCE;
            match log_variances.iter().find(|value| !is_valid(value)) {
                Some(value) => Err(format!("a log-variance is {value}, expected at most {MAX_LOG_VARIANCE} in size")),
                None => Ok(()),
            }
        }
        Covariances::Full(factors) => {
            let row_is_valid = |(row, values): (usize, ArrayView1<'_, f64>)| {
                values.iter().enumerate().all(|(column, value)| match column.cmp(&row) {
                    std::cmp::Ordering::Less => value.is_finite(),
                    std::cmp::Ordering::Equal => DIAGONAL_RANGE.contains(value),
                    std::cmp::Ordering::Greater => *value == 0.0,
                })
            };
            let is_valid = factors.outer_iter().all(|factor| factor.outer_iter().enumerate().all(row_is_valid));
            let expected = "expected finite lower triangular matrices with a positive diagonal";
            if is_valid { Ok(()) } else { Err(format!("its Cholesky factors are invalid, {expected}")) }
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn full() -> Mixture {
        let factors = array![[[2.0, 0.0], [1.0, 0.5]], [[1.0, 0.0], [0.0, 1.0]]];
        Mixture::new(array![0.25, 0.75], array![[1.0, -1.0], [0.0, 5.0]], Covariances::Full(factors)).expect("valid")
    }

    #[test]
    fn every_defect_of_a_mixture_is_named() {
        let means = array![[0.0, 1.0]];
        let variances = |value: f64| Covariances::Diagonal(array![[0.0, value]]);
        let factors = |value: f64| Covariances::Full(array![[[1.0, 0.0], [0.0, value]]]);
        let upper = Covariances::Full(array![[[1.0, 0.5], [0.0, 1.0]]]);
        let of = |weights: Array1<f64>, covariances| Mixture::new(weights, means.clone(), covariances);
        let defects = [
            (of(array![0.5, 0.5], variances(0.0)), "2 weights"),
            (of(array![0.9], variances(0.0)), "the sum of its weights is 0.9"),
            (of(array![f64::NAN], variances(0.0)), "the sum of its weights is NaN"),
            (of(array![1.0], variances(f64::NAN)), "a log-variance is NaN"),
            (of(array![1.0], variances(301.0)), "a log-variance is 301"),
            (of(array![1.0], factors(0.0)), "lower triangular"),
            (of(array![1.0], factors(-1.0)), "positive diagonal"),
            (of(array![1.0], upper), "lower triangular"),
            (of(array![1.0], Covariances::Diagonal(array![[0.0]])), "shape [1, 1], expected [1, 2]"),
            (Mixture::new(array![1.0], array![[f64::INFINITY, 0.0]], variances(0.0)), "not all finite"),
        ];
        for (outcome, expected) in defects {
            let error = outcome.expect_err(expected);
            assert!(error.contains(expected), "`{error}` should contain `{expected}`");
        }
    }

    #[test]
    fn components_are_chosen_by_their_weights() {
        let mixture = full();
        assert_eq!([0.0, 0.249, 0.25, 0.999_999].map(|uniform| mixture.component_at(uniform)), [0, 0, 1, 1]);
        let last = Mixture::new(array![1.0, 0.0], mixture.means().clone(), mixture.covariances().clone());
        assert_eq!(last.expect("valid").component_at(1.0), 0);
    }

    #[test]
    fn the_moments_of_a_mixture_contain_the_spread_of_its_components() {
        let (mean, variance) = full().moments();
        assert_eq!(mean, array![0.25, 3.5]);
        // 0.25 (4 + 0.75^2) + 0.75 (1 + 0.25^2) and 0.25 (1.25 + 4.5^2) + 0.75 (1 + 1.5^2).
        assert_eq!(variance, array![1.9375, 7.8125]);
    }

    #[test]
    fn noise_becomes_the_mean_plus_the_factor_times_the_noise() {
        let mut code = array![3.0f32, 2.0];
        full().place(0, &mut code.view_mut());
        assert_eq!(code, array![1.0 + 2.0 * 3.0, -1.0 + 3.0 + 0.5 * 2.0]);
        let log_variances = Covariances::Diagonal(array![[0.0, 4f64.ln()]]);
        let diagonal = Mixture::new(array![1.0], array![[1.0, 2.0]], log_variances).expect("valid");
        let mut code = array![3.0f32, 2.0];
        diagonal.place(0, &mut code.view_mut());
        assert_eq!(code, array![4.0, 6.0]);
    }
}
