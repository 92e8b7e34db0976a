//! The norm of all gradients, and gradient clipping, without reading a value.

use candle_core::{DType, Result, Tensor};

use crate::candle::{gradients::Gradients, parameters::Parameters};

/// Returns the Euclidean norm of all gradients as one vector, a scalar; `None` without gradients.
///
/// Squares are summed in 32 bits for each parameter, and these sums in 64 bits. The norm is therefore infinite from
/// about 1e19 on, where [`norms`](crate::candle::norms) is still finite.
///
/// # Errors
/// If Candle returns an error.
pub(crate) fn norm(parameters: &Parameters, gradients: &Gradients) -> Result<Option<Tensor>> {
    let squares = gradients.tensors(parameters.iter())?.into_iter().flatten().map(|gradient| gradient.sqr()?.sum_all());
    let squares = squares.collect::<Result<Vec<_>>>()?;
    if squares.is_empty() {
        return Ok(None);
    }
    Tensor::stack(&squares, 0)?.to_dtype(DType::F64)?.sum_all()?.sqrt()?.to_dtype(DType::F32).map(Some)
}

/// Returns the factor that scales gradients of this norm down to the norm `limit`, a scalar: 1 if the norm is within
/// the limit.
///
/// # Errors
/// If Candle returns an error.
pub(crate) fn clip_factor(norm: &Tensor, limit: f64) -> Result<Tensor> {
    // For a norm of 0 it is infinite before the minimum.
    (norm.recip()? * limit)?.minimum(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        candle::{
            clip_scale,
            example::{gradients, parameters},
            norms,
        },
        numeric::example::noise,
    };

    #[test]
    fn norm_and_factor_are_those_of_the_host() {
        for size in [0.0, 0.01, 30.0] {
            let parameters = parameters(&[("a", noise(7, 1)), ("b", noise(2001, 2)), ("c", noise(3, 3))]);
            let scaled = |values: Vec<f32>| values.into_iter().map(|value| size * value).collect();
            let gradients = gradients(&parameters, &[scaled(noise(7, 4)), scaled(noise(2001, 5))]);
            let expected = norms(&parameters, &gradients).expect("floats").total;
            let norm = norm(&parameters, &gradients).expect("floats").expect("two gradients");
            let factor = clip_factor(&norm, 1.5).and_then(|factor| factor.to_scalar::<f32>()).expect("a scalar");
            let norm = f64::from(norm.to_scalar::<f32>().expect("a scalar"));
            assert!((norm - expected).abs() <= 1e-6 * expected, "{norm}, expected {expected}");
            assert!((factor - clip_scale(expected, 1.5)).abs() <= 1e-6, "{factor} for {norm}");
        }
    }
}
