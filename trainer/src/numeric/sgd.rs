//! Stochastic gradient descent with momentum (Polyak 1964) or Nesterov's (Sutskever et al. 2013), as
//! PyTorch writes them.

use super::vectorized::vectorized;

/// Velocities below this are set to zero, for the reason that Adam's moments are: those of a gradient
/// that stays zero decay into denormal numbers.
const SMALLEST: f32 = 1e-20;

/// The numbers of one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sgd {
    pub(super) momentum: f32,
    pub(super) nesterov: bool,
    /// Step size.
    pub(super) rate: f32,
    /// Factor of the gradients.
    pub(super) scale: f32,
}

impl Sgd {
    /// Updates these weights and their velocity: `v = momentum * v + g`, then `w -= rate * v`, or with
    /// Nesterov `w -= rate * (g + momentum * v)`.
    pub(crate) fn apply(&self, weights: &mut [f32], velocity: &mut [f32], gradient: &[f32]) {
        vectorized(
            #[inline(always)]
            || {
                for ((weight, velocity), gradient) in weights.iter_mut().zip(velocity).zip(gradient) {
                    let gradient = gradient * self.scale;
                    let moved = self.momentum * *velocity + gradient;
                    let moved = if moved.abs() < SMALLEST { 0.0 } else { moved };
                    let direction = if self.nesterov { gradient + self.momentum * moved } else { moved };
                    (*velocity, *weight) = (moved, *weight - self.rate * direction);
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_steps_are_those_of_pytorch() {
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
            for (found, expected) in weights.into_iter().zip([expected, -2.0 * expected]) {
                assert!(
                    (f64::from(found) - expected).abs() < 1e-6,
                    "{found} against {expected}: {momentum} {nesterov}"
                );
            }
        }
    }

    #[test]
    fn the_velocity_of_a_gradient_that_stays_zero_ends_at_zero() {
        let (mut weights, mut velocity) = ([1f32], [1e-19f32]);
        for _ in 0..100 {
            let rule = Sgd { momentum: 0.9, nesterov: false, rate: 0.1, scale: 1.0 };
            rule.apply(&mut weights, &mut velocity, &[0.0]);
        }
        assert_eq!(velocity, [0.0]);
    }
}
