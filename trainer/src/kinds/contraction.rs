//! The penalty of the contractive autoencoder: small changes of the sample should not change the code (Rifai et al.
//! 2011).
//!
//! The penalty is the squared Frobenius norm of the encoder's Jacobian, `||dz/dx||_F^2`. The reconstruction error keeps
//! the code sensitive to the directions in which samples differ; the penalty makes it insensitive to all others.

use candle_core::{Result, Tensor};
use rand_chacha::ChaCha8Rng;

use super::{Network, first};
use crate::random::normal_like;

/// Step of the finite difference that estimates the contractive penalty, in scaled units.
///
/// The bias of the estimate is of the order of `EPSILON^2`, 1e-4: the first-order term is an odd moment of the normal
/// distribution and therefore zero. The relative rounding error of 32-bit codes and their gradients, about 1e-7, is
/// multiplied by `1 / EPSILON` to 1e-5. Both are far below the standard deviation of the estimate. A step that is ten
/// times larger or smaller would bring one of them close to it.
const EPSILON: f64 = 1e-2;

/// Estimates `||dz/dx||_F^2`, averaged over the batch, as `||f(x + eps u) - f(x)||^2 / eps^2` with one `u ~ N(0, I)`
/// per sample.
///
/// For a small `eps` this is `||J u||^2`, whose mean is the trace of `J^T J` (Hutchinson 1990). The estimate needs one
/// additional pass through the encoder, whereas the exact norm needs one for every latent dimension.
pub(super) fn contraction(network: &Network<'_>, x: &Tensor, z: &Tensor, random: &mut ChaCha8Rng) -> Result<Tensor> {
    let perturbed = (x + (normal_like(x, random)? * EPSILON)?)?;
    let difference = (first(network.encode(&perturbed, None)?)? - z)?;
    difference.sqr()?.sum_all()? * (1.0 / (EPSILON * EPSILON * z.dim(0)?.max(1) as f64))
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};
    use narrows_bundle::ElementType;

    use super::*;
    use crate::{
        kinds::{
            LossContext,
            test_network::{TestNetwork, gradients, number},
        },
        network::{Activation, Dense, Graph},
    };

    const ROWS: usize = 4000;
    const CONTEXT: LossContext = LossContext::Training { seed: 1, step: 1, epochs: 0.0 };

    /// An encoder `[4] -> [3]` with an activation after its only layer.
    fn encoder(activation: Activation) -> TestNetwork {
        let mut graph = Graph::new();
        let x = graph.input("x", ElementType::F32, &[4]);
        let z = graph.node("encoder.z", Dense::new(4, 3), &[x]).expect("shapes that fit");
        let z = graph.node("encoder.active", activation, &[z]).expect("shapes that fit");
        graph.output("z", z);
        TestNetwork { encoder: graph, ..TestNetwork::gaussian(4, &[], 3) }
            .with_weights(|index| (index as f32 * 1.3).sin())
    }

    fn x() -> Tensor {
        let row = Tensor::new(&[[0.3f32, -0.8, 0.1, 0.6]], &Device::Cpu).expect("small");
        row.repeat((ROWS, 1)).expect("small")
    }

    fn code(test_network: &TestNetwork) -> Tensor {
        test_network.network().encode(&x(), None).and_then(first).expect("shapes that fit")
    }

    fn estimate(test_network: &TestNetwork) -> Tensor {
        contraction(&test_network.network(), &x(), &code(test_network), &mut CONTEXT.contraction())
            .expect("shapes that fit")
    }

    fn weight(test_network: &TestNetwork) -> Tensor {
        test_network.parameters.tensor("encoder.z.weight").expect("a weight")
    }

    /// The sum over units of `||W_j||^2` times the squared derivative of the activation as a function of the code.
    fn closed_form(test_network: &TestNetwork, derivative: fn(f32) -> f32) -> f64 {
        let z = code(test_network).get(0).and_then(|z| z.to_vec1::<f32>()).expect("a code");
        let norms = weight(test_network).sqr().and_then(|squares| squares.sum(0)?.to_vec1::<f32>()).expect("a matrix");
        norms.iter().zip(&z).map(|(norm, &z)| f64::from(norm * derivative(z).powi(2))).sum()
    }

    /// Allows four standard errors: the variance of `u^T A u` is `2 ||A||_F^2`, at most twice the squared trace.
    fn assert_is_estimate_of(exact: f64, estimate: f64) {
        assert!((estimate / exact - 1.0).abs() < 4.0 * (2.0 / ROWS as f64).sqrt(), "{estimate} against {exact}");
    }

    #[test]
    fn the_penalty_of_a_linear_encoder_is_the_squared_norm_of_its_weights() {
        let test_network = encoder(Activation::Identity);
        let estimate = estimate(&test_network);
        assert_is_estimate_of(closed_form(&test_network, |_| 1.0), number(&estimate));

        let gradients = gradients(&test_network.parameters, &estimate);
        let (name, variable) =
            test_network.parameters.iter().find(|(name, _)| *name == "encoder.z.weight").expect("a variable");
        let exact = (variable.as_tensor() * 2.0).expect("a matrix");
        let error = (&gradients[name] - &exact).expect("equal shapes");
        let norm = |matrix: &Tensor| matrix.sqr().and_then(|squares| squares.sum_all()).expect("floats");
        // The covariance of 4000 samples in four dimensions has an error of about 2 sqrt(4 / 4000) = 0.06.
        assert!((number(&norm(&error)) / number(&norm(&exact))).sqrt() < 0.1, "{error}");
    }

    #[test]
    fn the_penalty_of_a_sigmoid_layer_matches_its_closed_form() {
        let test_network = encoder(Activation::Sigmoid);
        // Rifai et al. 2011: the sum over units of (h (1 - h))^2 ||W_j||^2.
        assert_is_estimate_of(closed_form(&test_network, |h| h * (1.0 - h)), number(&estimate(&test_network)));
    }

    #[test]
    fn bias_and_rounding_error_are_below_a_thousandth() {
        let test_network = encoder(Activation::Sigmoid);
        // The same directions in 64 bits with a step of 1e-5: the bias and the rounding error become negligible, and
        // the random error is the same in both estimates.
        let exact = || -> Result<f64> {
            let wide = |tensor: &Tensor| tensor.to_dtype(DType::F64);
            let (weight, bias) =
                (wide(&weight(&test_network))?, wide(&test_network.parameters.tensor("encoder.z.bias")?)?);
            let code = |x: &Tensor| candle_nn::ops::sigmoid(&x.matmul(&weight)?.broadcast_add(&bias)?);
            let (x, u) = (wide(&x())?, wide(&normal_like(&x(), &mut CONTEXT.contraction())?)?);
            let difference = (code(&(&x + (u * 1e-5)?)?)? - code(&x)?)?;
            Ok(difference.sqr()?.sum_all()?.to_scalar::<f64>()? * 1e10 / ROWS as f64)
        };
        let (estimate, exact) = (number(&estimate(&test_network)), exact().expect("shapes that fit"));
        assert!((estimate / exact - 1.0).abs() < 1e-3, "{estimate} against {exact}");
    }
}
