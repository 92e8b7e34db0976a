//! Adam (Kingma and Ba 2015, algorithm 1) and AdamW (Loshchilov and Hutter 2019, algorithm 2).

use super::vectorized::vectorized;

/// Moments below these are set to zero. The moments of a weight whose gradient stays zero (the border
/// of an image) decay into denormal numbers, on which processors are slower by an order of magnitude.
const SMALLEST_FIRST: f32 = 1e-20;
const SMALLEST_SECOND: f32 = 1e-36;

/// The constants of the rule.
#[derive(Debug, Clone, Copy)]
pub(super) struct Constants {
    pub(super) beta1: f64,
    pub(super) beta2: f64,
    pub(super) epsilon: f64,
    /// Zero for Adam.
    pub(super) weight_decay: f64,
}

/// The numbers of one step, with the corrections for the moments' start at zero.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Adam {
    beta1: f32,
    beta2: f32,
    /// Step size over the first moment's correction.
    rate: f32,
    /// One over the root of the second moment's correction.
    root_scale: f32,
    epsilon: f32,
    /// What is left of a weight before the step.
    kept: f32,
    /// Factor of the gradients.
    scale: f32,
}

impl Adam {
    /// The numbers of this step, counted from 1, at this step size.
    pub(super) fn at(step: u64, constants: Constants, rate: f64, scale: f32) -> Self {
        let Constants { beta1, beta2, epsilon, weight_decay } = constants;
        // Where a step no longer fits, the power is zero to the last bit.
        let power = i32::try_from(step).unwrap_or(i32::MAX);
        let correction = |beta: f64| 1.0 - beta.powi(power);
        Adam {
            beta1: beta1 as f32,
            beta2: beta2 as f32,
            rate: (rate / correction(beta1)) as f32,
            root_scale: (1.0 / correction(beta2).sqrt()) as f32,
            epsilon: epsilon as f32,
            kept: (1.0 - rate * weight_decay) as f32,
            scale,
        }
    }

    /// Updates these weights and their moments. A scale of 1 and a weight decay of 0 change no bit.
    pub(crate) fn apply(&self, weights: &mut [f32], first: &mut [f32], second: &mut [f32], gradient: &[f32]) {
        let flushed = |value: f32, smallest: f32| if value.abs() < smallest { 0.0 } else { value };
        vectorized(
            #[inline(always)]
            || {
                for (((weight, first), second), gradient) in weights.iter_mut().zip(first).zip(second).zip(gradient) {
                    let gradient = gradient * self.scale;
                    let mean = flushed(*first + (1.0 - self.beta1) * (gradient - *first), SMALLEST_FIRST);
                    let square = (1.0 - self.beta2) * gradient * gradient;
                    let square = flushed(self.beta2 * *second + square, SMALLEST_SECOND);
                    let step = self.rate * mean / (square.sqrt() * self.root_scale + self.epsilon);
                    // Stored together at the end: a load would wait for a store that its address resembles.
                    (*first, *second, *weight) = (mean, square, *weight * self.kept - step);
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONSTANTS: Constants = Constants { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 };

    /// The weights 0.5, -1 and 2 after three steps down the sum of `factor * weight^2`, in 32 bits as they
    /// are trained and in 64 bits as the papers and PyTorch write it.
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
    fn three_steps_are_those_of_the_papers() {
        for weight_decay in [0.0, 0.3] {
            let (found, expected) = three_steps(Constants { weight_decay, ..CONSTANTS });
            for (found, expected) in found.into_iter().zip(expected) {
                // A few roundings of numbers up to 2; a decay of 0.3 moves them by three hundredths a step.
                assert!((f64::from(found) - expected).abs() < 1e-5, "{found} against {expected} ({weight_decay})");
            }
        }
    }

    #[test]
    fn the_bits_of_adam_are_those_of_the_models_that_are_already_exported() {
        let (found, _) = three_steps(CONSTANTS);
        assert_eq!(found.map(f32::to_bits), [1_045_547_331, 3_207_830_279, 1_071_230_455]);
    }

    #[test]
    fn moments_of_a_gradient_that_stays_zero_end_at_zero() {
        let (mut weights, mut first, mut second) = ([0.5f32], [1e-19f32], [1e-35f32]);
        for step in 1..=3000 {
            Adam::at(step, CONSTANTS, 1e-3, 1.0).apply(&mut weights, &mut first, &mut second, &[0.0]);
        }
        assert_eq!((first, second), ([0.0], [0.0]));
    }
}
