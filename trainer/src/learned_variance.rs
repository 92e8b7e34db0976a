//! The variance of a Gaussian likelihood as a parameter that is trained with the weights (Rybkin et al. 2021,
//! sigma-VAE).
//!
//! It is one value for all features. It is not part of the graphs of the network. Its optimum is the mean squared error
//! of the reconstructions.

use candle_core::{Device, Result, Tensor};

use crate::{
    candle::Parameters,
    network::{Weights, builder::LOG_VARIANCE_RANGE},
};

/// Name of the parameter, which has the shape `[1]`.
const PARAMETER: &str = "likelihood.scaled_log_variance";

/// Factor between the parameter and the log-variance. Adam changes every parameter by about the learning rate per step,
/// and the log-variance has to fall from 0 to about -5, which takes half of the 5,000 steps of a default training.
///
/// The slow fall is an annealing: while the variance is large, the decoder of a conditional model learns to use the
/// class, and the code learns what the class does not say. With a fast fall, the code contains the class as well, and
/// the decoder ignores the class that it is told.
const SCALE: f64 = 2.0;

/// Adds the parameter with the initial variance 1.
pub(crate) fn add(parameters: &mut Parameters, device: &Device) -> Result<()> {
    parameters.insert(PARAMETER, &Tensor::new(&[0f32], device)?)
}

/// Returns the log-variance, a scalar, clamped to the same range as that of the encoder, so that the loss cannot
/// overflow.
pub(crate) fn log_variance(parameters: &Parameters) -> Result<Tensor> {
    let parameter = parameters.tensor(PARAMETER)?;
    (parameter * SCALE)?.clamp(LOG_VARIANCE_RANGE.low, LOG_VARIANCE_RANGE.high)?.reshape(())
}

/// Returns the learned variance in `weights`; 1 if they contain none.
pub(crate) fn value(weights: &Weights) -> f32 {
    let parameter = weights.get(PARAMETER).and_then(|values| values.first()).copied().unwrap_or(0.0);
    (SCALE as f32 * parameter).clamp(LOG_VARIANCE_RANGE.low, LOG_VARIANCE_RANGE.high).exp()
}

#[cfg(test)]
mod tests {
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::{
        kinds::test_network::number,
        random::{Stream, stream},
        variance::Variance,
    };

    /// Parameters with only the one of the learned variance.
    fn parameters(value: f32) -> Parameters {
        let mut parameters = Parameters::default();
        let value = Tensor::new(&[value], &Device::Cpu).expect("small");
        parameters.insert(PARAMETER, &value).expect("small");
        parameters
    }

    fn nats(error: f64, features: usize, parameters: &Parameters) -> Tensor {
        let error = Tensor::new(error as f32, &Device::Cpu).expect("small");
        Variance::Learned.nats(&error, features, parameters).expect("a scalar")
    }

    fn gradient(nats: &Tensor, parameters: &Parameters) -> f32 {
        let gradients = nats.backward().expect("a scalar");
        let (_, variable) = parameters.iter().next().expect("one parameter");
        gradients.get(variable).and_then(|gradient| gradient.to_vec1().ok()).expect("a gradient")[0]
    }

    #[test]
    fn gradient_descent_converges_to_the_variance_of_the_noise() {
        const COUNT: usize = 10_000;
        let noise = StandardNormal.sample_iter(stream(1, Stream::Noise, 0)).take(COUNT);
        let square = noise.map(|noise: f64| 0.0625 * noise * noise).sum::<f64>() / COUNT as f64;
        let mut parameters = Parameters::default();
        add(&mut parameters, &Device::Cpu).expect("small");
        assert_eq!(value(&parameters.to_weights().expect("on the CPU")), 1.0);
        for _ in 0..2000 {
            let gradient = gradient(&nats(square, 1, &parameters), &parameters);
            let (_, variable) = parameters.iter().next().expect("one parameter");
            let updated = Tensor::new(&[variable.to_vec1::<f32>().expect("floats")[0] - 0.01 * gradient], &Device::Cpu);
            variable.set(&updated.expect("small")).expect("of the same shape");
        }
        let variance = f64::from(value(&parameters.to_weights().expect("on the CPU")));
        // Gradient descent converges to the mean square up to rounding, which is the variance of the noise within four
        // standard errors.
        assert!((variance / square - 1.0).abs() < 1e-4, "{variance} against {square}");
        assert!((variance / 0.0625 - 1.0).abs() < 4.0 * (2.0 / COUNT as f64).sqrt(), "{variance}");
    }

    #[test]
    fn the_gradient_of_a_learned_variance_matches_a_finite_difference() {
        for value in [-2.0f32, 0.0, 0.5] {
            let parameters_at = parameters(value);
            let gradient = gradient(&nats(30.0, 4, &parameters_at), &parameters_at);
            let nats_at = |step: f32| number(&nats(30.0, 4, &parameters(value + step)));
            let difference = (nats_at(5e-2) - nats_at(-5e-2)) / 1e-1;
            // The error of a central difference, a sixth of the third derivative times the squared step, is up to 0.003
            // of the gradient.
            assert!((f64::from(gradient) / difference - 1.0).abs() < 5e-3, "{value}: {gradient} against {difference}");
        }
    }

    #[test]
    fn a_learned_variance_gives_the_same_nats_as_an_equal_fixed_variance() {
        let parameters = parameters(-1.0);
        let errors = Tensor::new(&[0.5f32, 2.0], &Device::Cpu).expect("small");
        let nats = |variance: Variance| variance.nats(&errors, 3, &parameters).and_then(|nats| nats.to_vec1::<f32>());
        let fixed = nats(Variance::Fixed((-2f64).exp())).expect("two rows");
        for (learned, fixed) in nats(Variance::Learned).expect("two rows").iter().zip(&fixed) {
            assert!((learned - fixed).abs() < 1e-5, "{learned} against {fixed}");
        }
    }
}
