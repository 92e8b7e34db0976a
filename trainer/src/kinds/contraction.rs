//! The contractive autoencoder's penalty: codes should not move when the sample does (Rifai et al. 2011).
//!
//! The reconstruction needs the directions along which samples differ; all others lose their effect on
//! the code. What is paid for is the squared Frobenius norm of the encoder's Jacobian, `||dz/dx||_F^2`.

use candle_core::{Result, Tensor};
use rand_chacha::ChaCha8Rng;

use super::{Network, first};
use crate::random::normal_like;

/// How far the contractive penalty steps from a sample, in scaled units.
///
/// The estimate is biased in the order of `EPSILON^2`, 1e-4: the term of first order is an odd moment of
/// the normal distribution, hence zero. The rounding of 32-bit codes and of their gradients, some 1e-7 of
/// their size, is magnified by `1 / EPSILON` to 1e-5. Both are far below the spread of the estimate
/// itself; a ten times larger or smaller step would bring one of them near it.
const EPSILON: f64 = 1e-2;

/// An estimate of `||dz/dx||_F^2`, averaged over the batch: `||f(x + eps u) - f(x)||^2 / eps^2` with one
/// `u ~ N(0, I)` a sample.
///
/// For a small `eps` it is `||J u||^2`, whose mean is the trace of `J^T J` (Hutchinson 1990). It takes one
/// more pass through any encoder, where the exact norm takes one for every number in the code.
pub(super) fn contraction(network: &Network<'_>, x: &Tensor, z: &Tensor, random: &mut ChaCha8Rng) -> Result<Tensor> {
    let aside = (x + (normal_like(x, random)? * EPSILON)?)?;
    let moved = (first(network.encode(&aside, None)?)? - z)?;
    moved.sqr()?.sum_all()? * (1.0 / (EPSILON * EPSILON * z.dim(0)?.max(1) as f64))
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};
    use narrows_bundle::ElementType;

    use super::*;
    use crate::{
        kinds::{
            Draw,
            trial::{Trial, gradients, number},
        },
        network::{Activation, Dense, Graph},
    };

    const ROWS: usize = 4000;
    const DRAW: Draw = Draw::Training { seed: 1, step: 1, epochs: 0.0 };

    /// `[4] -> [3]`, with an activation behind the only layer.
    fn encoder(activation: Activation) -> Trial {
        let mut graph = Graph::new();
        let x = graph.input("x", ElementType::F32, &[4]);
        let z = graph.node("encoder.z", Dense::new(4, 3), &[x]).expect("shapes that fit");
        let z = graph.node("encoder.active", activation, &[z]).expect("shapes that fit");
        graph.output("z", z);
        Trial { encoder: graph, ..Trial::gaussian(4, &[], 3) }.with_weights(|index| (index as f32 * 1.3).sin())
    }

    fn x() -> Tensor {
        let row = Tensor::new(&[[0.3f32, -0.8, 0.1, 0.6]], &Device::Cpu).expect("small");
        row.repeat((ROWS, 1)).expect("small")
    }

    fn code(trial: &Trial) -> Tensor {
        trial.network().encode(&x(), None).and_then(first).expect("shapes that fit")
    }

    fn estimate(trial: &Trial) -> Tensor {
        contraction(&trial.network(), &x(), &code(trial), &mut DRAW.contraction()).expect("shapes that fit")
    }

    fn weight(trial: &Trial) -> Tensor {
        trial.parameters.tensor("encoder.z.weight").expect("a weight")
    }

    /// The sum over units of `||W_j||^2` times the squared slope, which is a function of the code.
    fn closed_form(trial: &Trial, slope: fn(f32) -> f32) -> f64 {
        let z = code(trial).get(0).and_then(|z| z.to_vec1::<f32>()).expect("a code");
        let norms = weight(trial).sqr().and_then(|squares| squares.sum(0)?.to_vec1::<f32>()).expect("a matrix");
        norms.iter().zip(&z).map(|(norm, &z)| f64::from(norm * slope(z).powi(2))).sum()
    }

    /// Four standard errors: the variance of `u^T A u` is `2 ||A||_F^2`, at most twice the squared trace.
    fn assert_is_estimate_of(exact: f64, found: f64) {
        assert!((found / exact - 1.0).abs() < 4.0 * (2.0 / ROWS as f64).sqrt(), "{found} against {exact}");
    }

    #[test]
    fn for_a_linear_encoder_it_is_the_squared_norm_of_its_weights() {
        let trial = encoder(Activation::Identity);
        let found = estimate(&trial);
        assert_is_estimate_of(closed_form(&trial, |_| 1.0), number(&found));

        let gradients = gradients(&trial.parameters, &found);
        let (name, variable) =
            trial.parameters.iter().find(|(name, _)| *name == "encoder.z.weight").expect("a variable");
        let exact = (variable.as_tensor() * 2.0).expect("a matrix");
        let error = (&gradients[name] - &exact).expect("equal shapes");
        let norm = |matrix: &Tensor| matrix.sqr().and_then(|squares| squares.sum_all()).expect("floats");
        // The covariance of 4000 draws in four dimensions errs by some 2 sqrt(4 / 4000) = 0.06.
        assert!((number(&norm(&error)) / number(&norm(&exact))).sqrt() < 0.1, "{error}");
    }

    #[test]
    fn for_a_sigmoid_layer_it_is_its_closed_form() {
        let trial = encoder(Activation::Sigmoid);
        // Rifai et al. 2011: the sum over units of (h (1 - h))^2 ||W_j||^2.
        assert_is_estimate_of(closed_form(&trial, |h| h * (1.0 - h)), number(&estimate(&trial)));
    }

    #[test]
    fn bias_and_rounding_stay_below_a_thousandth() {
        let trial = encoder(Activation::Sigmoid);
        // In 64 bits and with a step of 1e-5, along the same directions: both are gone, the spread is the same.
        let exact = || -> Result<f64> {
            let wide = |tensor: &Tensor| tensor.to_dtype(DType::F64);
            let (weight, bias) = (wide(&weight(&trial))?, wide(&trial.parameters.tensor("encoder.z.bias")?)?);
            let code = |x: &Tensor| candle_nn::ops::sigmoid(&x.matmul(&weight)?.broadcast_add(&bias)?);
            let (x, u) = (wide(&x())?, wide(&normal_like(&x(), &mut DRAW.contraction())?)?);
            let moved = (code(&(&x + (u * 1e-5)?)?)? - code(&x)?)?;
            Ok(moved.sqr()?.sum_all()?.to_scalar::<f64>()? * 1e10 / ROWS as f64)
        };
        let (found, exact) = (number(&estimate(&trial)), exact().expect("shapes that fit"));
        assert!((found / exact - 1.0).abs() < 1e-3, "{found} against {exact}");
    }
}
