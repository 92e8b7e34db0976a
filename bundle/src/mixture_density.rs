//! The density of a Gaussian mixture at many codes, computed with matrix products.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::{Covariances, Mixture};

/// Half of `ln(2 pi)`.
const HALF_LOG_2_PI: f64 = 0.918_938_533_204_672_8;

/// A mixture prepared for the computation of densities.
///
/// Densities are computed in `f64`. Codes are centred on the mean of the mixture first, so that the products lose no
/// precision where all codes are far from zero.
#[derive(Debug, Clone, PartialEq)]
pub struct MixtureDensity {
    /// Mean of the mixture, `[latent]`.
    center: Array1<f64>,
    /// `ln w_k - 1/2 ln det S_k - latent/2 ln(2 pi)`, `[components]`; for independent dimensions also
    /// `-1/2 sum m^2 / s^2`.
    constants: Array1<f64>,
    form: Form,
}

#[derive(Debug, Clone, PartialEq)]
enum Form {
    /// `-1/2 / s^2` and `m / s^2`, each `[latent, components]`: the exponent is `z^2 a + z b + constant`.
    Diagonal { squares: Array2<f64>, products: Array2<f64> },
    /// The inverse Cholesky factors, transposed, `[latent, latent]`, and the products of the means with them,
    /// `[latent]`.
    Full(Vec<(Array2<f64>, Array1<f64>)>),
}

impl MixtureDensity {
    /// Prepares a mixture.
    pub fn of(mixture: &Mixture) -> Self {
        let means = mixture.means();
        let center = mixture.weights().dot(means);
        let means = means - &center;
        let normal = HALF_LOG_2_PI * mixture.latent_dim() as f64;
        let log_weights = mixture.weights().mapv(f64::ln) - normal;
        match mixture.covariances() {
            Covariances::Diagonal(log_variances) => {
                let precisions = log_variances.mapv(|value| (-value).exp());
                let scaled = &means * &precisions;
                let exponents = (&scaled * &means).sum_axis(Axis(1)) + log_variances.sum_axis(Axis(1));
                let (squares, products) = (precisions.t().mapv(|value| -0.5 * value), scaled.t().to_owned());
                MixtureDensity {
                    center,
                    constants: log_weights - 0.5 * exponents,
                    form: Form::Diagonal { squares, products },
                }
            }
            Covariances::Full(factors) => {
                let log_determinants: Array1<f64> =
                    factors.outer_iter().map(|factor| factor.diag().mapv(f64::ln).sum()).collect();
                let component = |(inverse, mean): (Array2<f64>, ndarray::ArrayView1<'_, f64>)| {
                    let product = mean.dot(&inverse);
                    (inverse, product)
                };
                MixtureDensity {
                    center,
                    constants: log_weights - log_determinants,
                    form: Form::Full(
                        mixture.inverse_factors().into_iter().zip(means.outer_iter()).map(component).collect(),
                    ),
                }
            }
        }
    }

    /// Returns `ln w_k + ln N(z; m_k, S_k)` in nats for every code, `[batch, components]`. `codes` are
    /// `[batch, latent]`.
    pub fn components(&self, codes: &ArrayView2<'_, f64>) -> Array2<f64> {
        let codes = codes - &self.center;
        match &self.form {
            Form::Diagonal { squares, products } => {
                let mut densities = codes.dot(products);
                ndarray::linalg::general_mat_mul(1.0, &(&codes * &codes), squares, 1.0, &mut densities);
                densities + &self.constants
            }
            Form::Full(components) => {
                let mut densities = Array2::zeros((codes.nrows(), components.len()));
                for ((mut column, (inverse, mean)), constant) in
                    densities.axis_iter_mut(Axis(1)).zip(components).zip(&self.constants)
                {
                    let whitened = codes.dot(inverse) - mean;
                    for (density, row) in column.iter_mut().zip(whitened.outer_iter()) {
                        *density = constant - 0.5 * row.dot(&row);
                    }
                }
                densities
            }
        }
    }

    /// Returns `ln p(z)` in nats for every code, `[batch]`. `codes` are `[batch, latent]`.
    pub fn log_density(&self, codes: &ArrayView2<'_, f64>) -> Array1<f64> {
        self.components(codes).outer_iter().map(|row| log_sum_exp(row.iter().copied())).collect()
    }
}

impl Mixture {
    /// Returns a matrix `[latent, latent]` for each component: the difference of a code of the component from its mean,
    /// times the matrix, has a standard normal distribution. It is the transposed inverse of the Cholesky factor.
    pub fn inverse_factors(&self) -> Vec<Array2<f64>> {
        match self.covariances() {
            Covariances::Diagonal(log_variances) => {
                let of_component = |row: ndarray::ArrayView1<'_, f64>| {
                    Array2::from_diag(&row.mapv(|log_variance| (-0.5 * log_variance).exp()))
                };
                log_variances.outer_iter().map(of_component).collect()
            }
            Covariances::Full(factors) => {
                factors.outer_iter().map(|factor| inverse_of_lower(factor).reversed_axes()).collect()
            }
        }
    }
}

/// Returns `ln sum exp(values)`, relative to the largest value so that nothing overflows.
pub fn log_sum_exp(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = values.clone().fold(f64::NEG_INFINITY, f64::max);
    if largest.is_infinite() {
        return largest;
    }
    largest + values.map(|value| (value - largest).exp()).sum::<f64>().ln()
}

/// Inverts a lower triangular matrix by forward substitution.
fn inverse_of_lower(factor: ArrayView2<'_, f64>) -> Array2<f64> {
    let size = factor.nrows();
    let mut inverse = Array2::zeros((size, size));
    for row in 0..size {
        let diagonal = factor[[row, row]];
        for column in 0..row {
            let sum: f64 = (column..row).map(|index| factor[[row, index]] * inverse[[index, column]]).sum();
            inverse[[row, column]] = -sum / diagonal;
        }
        inverse[[row, row]] = 1.0 / diagonal;
    }
    inverse
}

#[cfg(test)]
mod tests {
    use ndarray::{Array3, array};

    use super::*;

    /// The density of a normal distribution with this lower factor, from the definition.
    fn normal(code: &[f64], mean: &[f64], factor: [[f64; 2]; 2]) -> f64 {
        let difference = [code[0] - mean[0], code[1] - mean[1]];
        let first = difference[0] / factor[0][0];
        let second = (difference[1] - factor[1][0] * first) / factor[1][1];
        let determinant = factor[0][0] * factor[1][1];
        (-0.5 * (first * first + second * second)).exp() / (2.0 * std::f64::consts::PI * determinant)
    }

    #[test]
    fn both_forms_of_covariance_match_the_definition_far_from_zero_too() {
        let factors = [[[2.0, 0.0], [0.0, 0.5]], [[0.1, 0.0], [0.0, 3.0]]];
        for (shift, correlated) in [(0.0, 0.0), (0.0, 1.5), (1e4, 0.0), (1e4, -0.7)] {
            let mut factors = factors;
            factors[0][1][0] = correlated;
            let means = array![[1.0 + shift, -1.0], [shift, 2.0]];
            let full = Array3::from_shape_fn((2, 2, 2), |(component, row, column)| factors[component][row][column]);
            let mut forms = vec![Covariances::Full(full.clone())];
            if correlated == 0.0 {
                let variance = |(component, row)| 2.0 * f64::ln(full[[component, row, row]]);
                forms.push(Covariances::Diagonal(Array2::from_shape_fn((2, 2), variance)));
            }
            let codes = array![[0.5 + shift, 1.0], [0.1 + shift, -2.0]];
            for form in forms {
                let mixture = Mixture::new(array![0.3, 0.7], means.clone(), form).expect("valid");
                let densities = MixtureDensity::of(&mixture).log_density(&codes.view());
                for (code, density) in codes.outer_iter().zip(densities) {
                    let code = code.to_vec();
                    let of = |component: usize| normal(&code, &means.row(component).to_vec(), factors[component]);
                    let expected = (0.3 * of(0) + 0.7 * of(1)).ln();
                    // The shift of 10,000 leaves 12 digits.
                    assert!((density - expected).abs() < 1e-9, "{density}, expected {expected}");
                }
            }
        }
    }

    #[test]
    fn a_component_without_weight_and_a_code_far_away_give_no_nan() {
        let covariances = Covariances::Diagonal(array![[0.0], [0.0]]);
        let mixture = Mixture::new(array![1.0, 0.0], array![[0.0], [1.0]], covariances).expect("valid");
        let densities = MixtureDensity::of(&mixture).log_density(&array![[0.0], [1e6]].view());
        assert!((densities[0] + HALF_LOG_2_PI).abs() < 1e-12);
        assert!((densities[1] + 5e11).abs() < 1.0);
        assert_eq!(log_sum_exp([f64::NEG_INFINITY; 2].into_iter()), f64::NEG_INFINITY);
    }
}
