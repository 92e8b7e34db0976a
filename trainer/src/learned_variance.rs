//! A Gaussian's variance that is trained with the weights (Rybkin et al. 2021, sigma-VAE).
//!
//! One number for all features, beside the network and in none of its graphs. Its best value is the mean
//! squared error of the reconstructions.

use candle_core::{Device, Result, Tensor};

use crate::{
    candle::Parameters,
    network::{Weights, mlp::LOG_VARIANCE_RANGE},
};

/// The parameter that it is kept in, of shape `[1]`.
const PARAMETER: &str = "likelihood.log_variance";

/// The log-variance is this many times its parameter. Adam moves every parameter by about the learning
/// rate a step; while weights travel hundredths, the log-variance has to come from 0 to about -5.
const STRIDE: f64 = 10.0;

/// Adds the parameter, at variance 1.
pub(crate) fn add(parameters: &mut Parameters, device: &Device) -> Result<()> {
    parameters.insert(PARAMETER, &Tensor::new(&[0f32], device)?)
}

/// The log-variance, a scalar, kept to the range of the encoder's so that no nats overflow.
pub(crate) fn log_variance(parameters: &Parameters) -> Result<Tensor> {
    let parameter = parameters.tensor(PARAMETER)?;
    (parameter * STRIDE)?.clamp(LOG_VARIANCE_RANGE.low, LOG_VARIANCE_RANGE.high)?.reshape(())
}

/// The variance that these weights hold; 1 if they hold none.
pub(crate) fn value(weights: &Weights) -> f32 {
    let parameter = weights.get(PARAMETER).and_then(|values| values.first()).copied().unwrap_or(0.0);
    (STRIDE as f32 * parameter).clamp(LOG_VARIANCE_RANGE.low, LOG_VARIANCE_RANGE.high).exp()
}

#[cfg(test)]
mod tests {
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::{
        Variance,
        kinds::trial::number,
        random::{Stream, stream},
    };

    /// Parameters that hold nothing but this one.
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
    fn gradient_descent_finds_the_variance_of_the_noise_around_a_mean() {
        const COUNT: usize = 10_000;
        let noise = StandardNormal.sample_iter(stream(1, Stream::Noise, 0)).take(COUNT);
        let square = noise.map(|noise: f64| 0.0625 * noise * noise).sum::<f64>() / COUNT as f64;
        let mut found = Parameters::default();
        add(&mut found, &Device::Cpu).expect("small");
        assert_eq!(value(&found.to_weights().expect("on the CPU")), 1.0);
        for _ in 0..200 {
            let gradient = gradient(&nats(square, 1, &found), &found);
            let (_, variable) = found.iter().next().expect("one parameter");
            let moved = Tensor::new(&[variable.to_vec1::<f32>().expect("floats")[0] - 0.01 * gradient], &Device::Cpu);
            variable.set(&moved.expect("small")).expect("of the same shape");
        }
        let variance = f64::from(value(&found.to_weights().expect("on the CPU")));
        // Descent ends at the mean square to rounding; that is the noise's variance within four standard errors.
        assert!((variance / square - 1.0).abs() < 1e-4, "{variance} against {square}");
        assert!((variance / 0.0625 - 1.0).abs() < 4.0 * (2.0 / COUNT as f64).sqrt(), "{variance}");
    }

    #[test]
    fn the_derivative_of_a_learned_variance_is_the_slope_of_its_nats() {
        for value in [-0.4f32, 0.0, 0.1] {
            let at = parameters(value);
            let slope = gradient(&nats(30.0, 4, &at), &at);
            let beside = |step: f32| number(&nats(30.0, 4, &parameters(value + step)));
            let difference = (beside(1e-2) - beside(-1e-2)) / 2e-2;
            // What a central difference leaves out, a sixth of the third derivative, is up to 0.003 of the slope.
            assert!((f64::from(slope) / difference - 1.0).abs() < 5e-3, "{value}: {slope} against {difference}");
        }
    }

    #[test]
    fn a_learned_variance_costs_what_the_same_fixed_one_costs() {
        let parameters = parameters(-0.2);
        let errors = Tensor::new(&[0.5f32, 2.0], &Device::Cpu).expect("small");
        let nats = |variance: Variance| variance.nats(&errors, 3, &parameters).and_then(|nats| nats.to_vec1::<f32>());
        let fixed = nats(Variance::Fixed((-2f64).exp())).expect("two rows");
        for (learned, fixed) in nats(Variance::Learned).expect("two rows").iter().zip(&fixed) {
            assert!((learned - fixed).abs() < 1e-5, "{learned} against {fixed}");
        }
    }
}
