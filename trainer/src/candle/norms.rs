//! Gradient norms and gradient clipping.

use candle_core::Result;

use super::{gradients::Gradients, parameters::Parameters};

/// Euclidean norms of gradients. Finite gradients have finite norms, because the squares of 32-bit floats are summed in
/// 64 bits and do not overflow.
#[derive(Debug, Clone, PartialEq)]
pub struct Norms {
    /// Norm of all gradients as one vector.
    pub total: f64,
    /// Norm of each parameter that has a gradient, sorted by name.
    pub by_parameter: Vec<(String, f64)>,
}

impl Norms {
    /// Returns the first parameter whose gradient has a value that is not finite, and its norm.
    pub fn first_non_finite(&self) -> Option<(&str, f64)> {
        let norms = self.by_parameter.iter().map(|(name, norm)| (name.as_str(), *norm));
        norms.into_iter().find(|(_, norm)| !norm.is_finite())
    }
}

/// Returns the norms of the gradients. They are summed in a fixed order, so the bits do not depend on the number of
/// cores.
///
/// # Errors
/// If a gradient does not consist of 32-bit floats.
pub fn norms(parameters: &Parameters, gradients: &Gradients) -> Result<Norms> {
    let squares = gradients.squares()?;
    let named = parameters.iter().zip(&squares);
    Ok(Norms {
        total: squares.iter().flatten().sum::<f64>().sqrt(),
        by_parameter: named.filter_map(|((name, _), square)| Some((name.to_owned(), (*square)?.sqrt()))).collect(),
    })
}

/// Returns the factor that scales gradients of norm `total` down to the norm `limit`. It is 1 if the norm is within the
/// limit or NaN.
///
/// This is the factor of PyTorch's `clip_grad_norm_`, without the 1e-6 that PyTorch adds to the norm.
pub(crate) fn clip_scale(total: f64, limit: f64) -> f32 {
    if total > limit { (limit / total) as f32 } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        candle::example::{gradients, parameters},
        numeric::{
            CHUNK,
            example::{noise, on_one_and_three_threads},
        },
    };

    #[test]
    fn norms_of_each_parameter_and_of_all_are_exact() {
        let parameters = parameters(&[("a", vec![0.0; 2]), ("b", vec![0.0; 19]), ("c", vec![0.0])]);
        let gradients = gradients(&parameters, &[vec![3.0, -4.0], vec![2.0; 19]]);
        let norms = norms(&parameters, &gradients).expect("floats");
        assert_eq!(norms.total, (25.0f64 + 76.0).sqrt());
        assert_eq!(norms.by_parameter, [("a".to_owned(), 5.0), ("b".to_owned(), 76f64.sqrt())]);
        assert_eq!(norms.first_non_finite(), None);
    }

    #[test]
    fn norms_do_not_depend_on_the_number_of_threads() {
        let (one, three) = on_one_and_three_threads(|| {
            let values = noise(5 * CHUNK + 3, 1);
            let parameters = parameters(&[("a", values.clone())]);
            norms(&parameters, &gradients(&parameters, &[values])).expect("floats")
        });
        assert_eq!(one, three);
    }

    #[test]
    fn the_first_non_finite_gradient_is_found() {
        for (value, is_non_finite) in [(f32::MAX, false), (f32::INFINITY, true), (f32::NAN, true)] {
            let parameters = parameters(&[("a", vec![0.0]), ("b", vec![0.0; 40])]);
            let mut values = vec![1.0; 40];
            values[33] = value;
            let norms = norms(&parameters, &gradients(&parameters, &[vec![1.0], values])).expect("floats");
            assert_eq!(norms.first_non_finite().map(|(name, _)| name), is_non_finite.then_some("b"), "{value}");
        }
    }

    #[test]
    fn clipping_reduces_norms_to_the_limit_and_never_increases_them() {
        assert_eq!(clip_scale(4.0, 1.0), 0.25);
        for total in [0.0, 0.5, 1.0, f64::NAN] {
            assert_eq!(clip_scale(total, 1.0), 1.0, "{total}");
        }
    }
}
