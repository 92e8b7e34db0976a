//! Stochastic gradient descent with momentum (Polyak 1964) or Nesterov momentum (Sutskever et al. 2013), as defined by
//! PyTorch.

use super::vectorized::vectorized;

/// Velocities below this value are set to zero, for the same reason as Adam's moments: if a gradient stays zero, they
/// decay into denormal numbers.
const SMALLEST_VELOCITY: f32 = 1e-20;

/// The coefficients of one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sgd {
    pub(crate) momentum: f32,
    pub(crate) nesterov: bool,
    /// Learning rate.
    pub(crate) rate: f32,
    /// Factor by which the gradients are multiplied.
    pub(super) scale: f32,
}

impl Sgd {
    /// Updates the weights and their velocity: `v = momentum * v + g`, then `w -= rate * v`, or
    /// `w -= rate * (g + momentum * v)` with Nesterov momentum.
    pub(crate) fn apply(&self, weights: &mut [f32], velocity: &mut [f32], gradient: &[f32]) {
        vectorized(
            #[inline(always)]
            || {
                for ((weight, velocity), gradient) in weights.iter_mut().zip(velocity).zip(gradient) {
                    let gradient = gradient * self.scale;
                    let new_velocity = self.momentum * *velocity + gradient;
                    let new_velocity = if new_velocity.abs() < SMALLEST_VELOCITY { 0.0 } else { new_velocity };
                    let direction = if self.nesterov { gradient + self.momentum * new_velocity } else { new_velocity };
                    (*velocity, *weight) = (new_velocity, *weight - self.rate * direction);
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_steps_match_pytorch() {
        // w = torch.tensor([1.0, -2.0]); loss = (w * w).sum(); SGD(lr=0.1, momentum=…, nesterov=…).
        // By hand for the first weight with momentum 0.5: g = 2, v = 2, w = 0.8; g = 1.6, v = 2.6, w = 0.54;
        // g = 1.08, v = 2.38, w = 0.302. With Nesterov: g = 2, v = 2, w = 1 - 0.1 * 3 = 0.7; g = 1.4, v = 2.4,
        // w = 0.7 - 0.1 * 2.6 = 0.44; g = 0.88, v = 2.08, w = 0.44 - 0.1 * 1.92 = 0.248.
        for (momentum, nesterov, expected) in [(0.0, false, 0.512), (0.5, false, 0.302), (0.5, true, 0.248)] {
            let (mut weights, mut velocity) = ([1f32, -2.0], [0f32; 2]);
            for _ in 0..3 {
                let gradient = weights.map(|weight| 2.0 * weight);
                Sgd { momentum, nesterov, rate: 0.1, scale: 1.0 }.apply(&mut weights, &mut velocity, &gradient);
            }
            for (actual, expected) in weights.into_iter().zip([expected, -2.0 * expected]) {
                assert!(
                    (f64::from(actual) - expected).abs() < 1e-6,
                    "{actual}, expected {expected}: momentum {momentum}, nesterov {nesterov}"
                );
            }
        }
    }

    #[test]
    fn the_velocity_of_a_constant_zero_gradient_becomes_zero() {
        let (mut weights, mut velocity) = ([1f32], [1e-19f32]);
        for _ in 0..100 {
            let rule = Sgd { momentum: 0.9, nesterov: false, rate: 0.1, scale: 1.0 };
            rule.apply(&mut weights, &mut velocity, &[0.0]);
        }
        assert_eq!(velocity, [0.0]);
    }
}
