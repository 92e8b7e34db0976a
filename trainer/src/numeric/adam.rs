//! Adam (Kingma and Ba 2015, algorithm 1) and AdamW (Loshchilov and Hutter 2019, algorithm 2).

use super::vectorized::vectorized;

/// Moments below these values are set to zero. The moments of a weight whose gradient stays zero (such as a weight of a
/// border pixel) decay into denormal numbers, with which processors are slower by an order of magnitude.
const SMALLEST_FIRST: f32 = 1e-20;
const SMALLEST_SECOND: f32 = 1e-36;

/// The constants of the update rule.
#[derive(Debug, Clone, Copy)]
pub(super) struct Constants {
    pub(super) beta1: f64,
    pub(super) beta2: f64,
    pub(super) epsilon: f64,
    /// Zero for Adam.
    pub(super) weight_decay: f64,
}

/// The coefficients of one step, with the bias correction for moments that start at zero.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Adam {
    pub(crate) beta1: f32,
    pub(crate) beta2: f32,
    /// Learning rate divided by the bias correction of the first moment.
    pub(crate) rate: f32,
    /// One over the square root of the bias correction of the second moment.
    pub(crate) root_scale: f32,
    pub(crate) epsilon: f32,
    /// Factor of the weight, `1 - rate * weight_decay`.
    pub(crate) weight_factor: f32,
    /// Factor by which the gradients are multiplied.
    scale: f32,
}

impl Adam {
    /// Returns the coefficients of this step, counted from 1, for this learning rate.
    pub(super) fn at(step: u64, constants: Constants, rate: f64, scale: f32) -> Self {
        let Constants { beta1, beta2, epsilon, weight_decay } = constants;
        // For a step that does not fit into an `i32`, the power rounds to zero anyway.
        let power = i32::try_from(step).unwrap_or(i32::MAX);
        let correction = |beta: f64| 1.0 - beta.powi(power);
        Adam {
            beta1: beta1 as f32,
            beta2: beta2 as f32,
            rate: (rate / correction(beta1)) as f32,
            root_scale: (1.0 / correction(beta2).sqrt()) as f32,
            epsilon: epsilon as f32,
            weight_factor: (1.0 - rate * weight_decay) as f32,
            scale,
        }
    }

    /// Updates the weights and their moments. With a scale of 1 and a weight decay of 0 the bits are those of plain
    /// Adam.
    pub(crate) fn apply(&self, weights: &mut [f32], first: &mut [f32], second: &mut [f32], gradient: &[f32]) {
        let flush = |value: f32, smallest: f32| if value.abs() < smallest { 0.0 } else { value };
        vectorized(
            #[inline(always)]
            || {
                for (((weight, first), second), gradient) in weights.iter_mut().zip(first).zip(second).zip(gradient) {
                    let gradient = gradient * self.scale;
                    let mean = flush(*first + (1.0 - self.beta1) * (gradient - *first), SMALLEST_FIRST);
                    let square = (1.0 - self.beta2) * gradient * gradient;
                    let square = flush(self.beta2 * *second + square, SMALLEST_SECOND);
                    let step = self.rate * mean / (square.sqrt() * self.root_scale + self.epsilon);
                    // All stores are at the end: a load waits for an earlier store whose address has the same low bits.
                    (*first, *second, *weight) = (mean, square, *weight * self.weight_factor - step);
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONSTANTS: Constants = Constants { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 };

    /// The weights 0.5, -1 and 2 after three steps that minimise the sum of `factor * weight^2`: computed by
    /// [`Adam`] in 32 bits, and in 64 bits by the formulas of the papers and of PyTorch.
    fn three_steps(constants: Constants) -> ([f32; 3], [f64; 3]) {
        let (mut weights, mut first, mut second) = ([0.5f32, -1.0, 2.0], [0f32; 3], [0f32; 3]);
        let (mut expected, mut m, mut v) = (weights.map(f64::from), [0f64; 3], [0f64; 3]);
        for step in 1..=3 {
            let gradient = [2.0 * weights[0], 4.0 * weights[1], 6.0 * weights[2]];
            Adam::at(step, constants, 0.1, 1.0).apply(&mut weights, &mut first, &mut second, &gradient);
            for (index, weight) in expected.iter_mut().enumerate() {
                let gradient = 2.0 * (index + 1) as f64 * *weight;
                *weight -= 0.1 * constants.weight_decay * *weight;
                m[index] = 0.9 * m[index] + 0.1 * gradient;
                v[index] = 0.999 * v[index] + 0.001 * gradient * gradient;
                let corrected = |moment: f64, beta: f64| moment / (1.0 - beta.powi(step as i32));
                *weight -= 0.1 * corrected(m[index], 0.9) / (corrected(v[index], 0.999).sqrt() + 1e-8);
            }
        }
        (weights, expected)
    }

    #[test]
    fn three_steps_match_the_papers() {
        for weight_decay in [0.0, 0.3] {
            let (actual, expected) = three_steps(Constants { weight_decay, ..CONSTANTS });
            for (actual, expected) in actual.into_iter().zip(expected) {
                // A few rounding errors of numbers up to 2. A weight decay of 0.3 changes a weight by 3 % per step.
                assert!(
                    (f64::from(actual) - expected).abs() < 1e-5,
                    "{actual}, expected {expected} (weight decay {weight_decay})"
                );
            }
        }
    }

    #[test]
    fn adam_reproduces_the_bits_of_earlier_exported_models() {
        let (actual, _) = three_steps(CONSTANTS);
        assert_eq!(actual.map(f32::to_bits), [1_045_547_331, 3_207_830_279, 1_071_230_455]);
    }

    #[test]
    fn moments_of_a_constant_zero_gradient_become_zero() {
        let (mut weights, mut first, mut second) = ([0.5f32], [1e-19f32], [1e-35f32]);
        for step in 1..=3000 {
            Adam::at(step, CONSTANTS, 1e-3, 1.0).apply(&mut weights, &mut first, &mut second, &[0.0]);
        }
        assert_eq!((first, second), ([0.0], [0.0]));
    }
}
