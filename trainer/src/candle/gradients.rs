//! The lengths of gradients, and clipping by them.

use candle_core::Result;

use super::{Gradients, Parameters};
use crate::numeric::{LANES, PART, add_to_lanes, spread, vectorized};

/// Euclidean lengths of gradients. Finite gradients have finite norms: the squares of 32-bit floats do not
/// overflow the 64 bits that they are summed in.
#[derive(Debug, Clone, PartialEq)]
pub struct Norms {
    /// Of all gradients as one vector.
    pub total: f64,
    /// Of each parameter that has a gradient, in the order of the names.
    pub by_parameter: Vec<(String, f64)>,
}

impl Norms {
    /// The first parameter with a number in its gradient that is not finite, and its norm.
    pub fn spoilt(&self) -> Option<(&str, f64)> {
        let norms = self.by_parameter.iter().map(|(name, norm)| (name.as_str(), *norm));
        norms.into_iter().find(|(_, norm)| !norm.is_finite())
    }
}

/// The norms of these gradients. Summed in a fixed order: the same bits on any number of cores.
///
/// # Errors
/// Those of Candle, for gradients of another type than 32-bit floats.
pub fn norms(parameters: &Parameters, gradients: &Gradients) -> Result<Norms> {
    let squares = gradients.squares()?;
    let named = parameters.iter().zip(&squares);
    Ok(Norms {
        total: squares.iter().flatten().sum::<f64>().sqrt(),
        by_parameter: named.filter_map(|((name, _), square)| Some((name.to_owned(), (*square)?.sqrt()))).collect(),
    })
}

/// The factor that brings gradients of norm `total` down to `limit`; 1 for those within it, and for a
/// total that is no number.
///
/// That of PyTorch's `clip_grad_norm_`, without the 1e-6 that it adds to the total.
pub fn clip_scale(total: f64, limit: f64) -> f32 {
    if total > limit { (limit / total) as f32 } else { 1.0 }
}

/// The sum of squares of each gradient.
pub(super) fn squares(gradients: &[Option<&[f32]>]) -> Vec<Option<f64>> {
    let parts = |gradient: &[f32]| vec![0.0; gradient.len().div_ceil(PART)];
    let mut sums: Vec<Option<Vec<f64>>> = gradients.iter().map(|gradient| gradient.map(parts)).collect();
    let all = gradients.iter().zip(&mut sums).filter_map(|(gradient, sums)| gradient.zip(sums.as_mut()));
    let items = all.flat_map(|(gradient, sums)| gradient.chunks(PART).zip(sums)).collect();
    spread(2 * PART, items, |(part, sum)| *sum = square(part));
    sums.into_iter().map(|sums| sums.map(|sums| sums.iter().sum())).collect()
}

pub(super) fn square(values: &[f32]) -> f64 {
    let mut sums = [0f64; LANES];
    vectorized(
        #[inline(always)]
        || add_to_lanes(&mut sums, values, |value| value * value),
    );
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        candle::example::{gradients, parameters},
        numeric::example::{noise, on_one_and_three_threads},
    };

    #[test]
    fn norms_are_those_of_each_parameter_and_of_all() {
        let parameters = parameters(&[("a", vec![0.0; 2]), ("b", vec![0.0; 19]), ("c", vec![0.0])]);
        let gradients = gradients(&parameters, &[vec![3.0, -4.0], vec![2.0; 19]]);
        let norms = norms(&parameters, &gradients).expect("floats");
        assert_eq!(norms.total, (25.0f64 + 76.0).sqrt());
        assert_eq!(norms.by_parameter, [("a".to_owned(), 5.0), ("b".to_owned(), 76f64.sqrt())]);
        assert_eq!(norms.spoilt(), None);
    }

    #[test]
    fn the_number_of_threads_does_not_change_a_bit() {
        let (one, three) = on_one_and_three_threads(|| {
            let values = noise(5 * PART + 3, 1);
            let parameters = parameters(&[("a", values.clone())]);
            norms(&parameters, &gradients(&parameters, &[values])).expect("floats")
        });
        assert_eq!(one, three);
    }

    #[test]
    fn only_gradients_that_are_not_finite_are_spoilt() {
        for (value, spoilt) in [(f32::MAX, false), (f32::INFINITY, true), (f32::NAN, true)] {
            let parameters = parameters(&[("a", vec![0.0]), ("b", vec![0.0; 40])]);
            let mut values = vec![1.0; 40];
            values[33] = value;
            let norms = norms(&parameters, &gradients(&parameters, &[vec![1.0], values])).expect("floats");
            assert_eq!(norms.spoilt().map(|(name, _)| name), spoilt.then_some("b"), "{value}");
        }
    }

    #[test]
    fn clipping_shortens_to_the_limit_and_never_lengthens() {
        assert_eq!(clip_scale(4.0, 1.0), 0.25);
        for total in [0.0, 0.5, 1.0, f64::NAN] {
            assert_eq!(clip_scale(total, 1.0), 1.0, "{total}");
        }
    }
}
