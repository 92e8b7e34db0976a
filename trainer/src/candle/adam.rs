//! Adam (Kingma and Ba 2015), in place and in one pass over each parameter.

use std::{cell::RefCell, collections::BTreeMap};

use candle_core::{CpuStorage, DType, InplaceOp2, Layout, Result, backprop::GradStore};
use rayon::prelude::*;

use super::Parameters;

/// Numbers that one core updates before it takes the next part.
const PART: usize = 1 << 14;

/// Moments below these are set to zero. The moments of a weight whose gradient stays zero (the border
/// of an image) decay into denormal numbers, on which processors are slower by an order of magnitude.
const SMALLEST_FIRST: f32 = 1e-20;
const SMALLEST_SECOND: f32 = 1e-36;

/// The constants of the update.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamOptions {
    /// Step size.
    pub learning_rate: f64,
    /// Decay of the mean of the gradients.
    pub beta1: f64,
    /// Decay of the mean of their squares.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
}

impl Default for AdamOptions {
    fn default() -> Self {
        AdamOptions { learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

/// The optimizer, with its moments.
#[derive(Debug)]
pub struct Adam {
    options: AdamOptions,
    step: i32,
    moments: BTreeMap<String, RefCell<Moments>>,
}

#[derive(Debug)]
struct Moments {
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Adam {
    /// A fresh optimizer for these parameters.
    pub fn new(parameters: &Parameters, options: AdamOptions) -> Self {
        let moments = parameters.iter().map(|(name, variable)| {
            let zeros = vec![0f32; variable.elem_count()];
            (name.to_owned(), RefCell::new(Moments { first: zeros.clone(), second: zeros }))
        });
        Adam { options, step: 0, moments: moments.collect() }
    }

    /// One step along `gradients`; a parameter without a gradient stays as it is.
    ///
    /// # Errors
    /// Those of Candle, for gradients of another shape or type.
    pub fn step(&mut self, parameters: &Parameters, gradients: &GradStore) -> Result<()> {
        self.step += 1;
        let AdamOptions { learning_rate, beta1, beta2, epsilon } = self.options;
        let correction = |beta: f64| 1.0 - beta.powi(self.step);
        let rule = Rule {
            beta1: beta1 as f32,
            beta2: beta2 as f32,
            rate: (learning_rate / correction(beta1)) as f32,
            scale: (1.0 / correction(beta2).sqrt()) as f32,
            epsilon: epsilon as f32,
        };
        for (name, variable) in parameters.iter() {
            let (Some(gradient), Some(moments)) = (gradients.get(variable), self.moments.get(name)) else { continue };
            variable.as_tensor().inplace_op2(&gradient.contiguous()?, &Update { moments, rule })?;
        }
        Ok(())
    }
}

/// The numbers of one step, with the corrections for the moments' start at zero.
#[derive(Clone, Copy)]
struct Rule {
    beta1: f32,
    beta2: f32,
    rate: f32,
    scale: f32,
    epsilon: f32,
}

impl Rule {
    fn apply(&self, parameter: &mut [f32], first: &mut [f32], second: &mut [f32], gradient: &[f32]) {
        let kept = |value: f32, smallest: f32| if value.abs() < smallest { 0.0 } else { value };
        for (((parameter, first), second), &gradient) in parameter.iter_mut().zip(first).zip(second).zip(gradient) {
            *first = kept(*first + (1.0 - self.beta1) * (gradient - *first), SMALLEST_FIRST);
            *second = kept(self.beta2 * *second + (1.0 - self.beta2) * gradient * gradient, SMALLEST_SECOND);
            *parameter -= self.rate * *first / (second.sqrt() * self.scale + self.epsilon);
        }
    }
}

/// The update of one parameter.
struct Update<'a> {
    moments: &'a RefCell<Moments>,
    rule: Rule,
}

impl InplaceOp2 for Update<'_> {
    fn name(&self) -> &'static str {
        "adam"
    }

    fn cpu_fwd(
        &self,
        parameter: &mut CpuStorage,
        parameter_layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
    ) -> Result<()> {
        let offsets = (parameter_layout.contiguous_offsets(), gradient_layout.contiguous_offsets());
        let (CpuStorage::F32(parameter), CpuStorage::F32(gradient), (Some(into), Some(from))) =
            (parameter, gradient, offsets)
        else {
            candle_core::bail!("adam updates contiguous {:?} parameters", DType::F32);
        };
        let (parameter, gradient) = (&mut parameter[into.0..into.1], &gradient[from.0..from.1]);
        let rule = self.rule;
        let Moments { first, second } = &mut *self.moments.borrow_mut();
        parameter
            .par_chunks_mut(PART)
            .zip(first.par_chunks_mut(PART))
            .zip(second.par_chunks_mut(PART))
            .zip(gradient.par_chunks(PART))
            .for_each(|(((parameter, first), second), gradient)| rule.apply(parameter, first, second, gradient));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};
    use ndarray::{ArrayD, arr1};

    use super::*;
    use crate::network::Weights;

    #[test]
    fn three_steps_are_those_of_the_paper() {
        let start = [0.5f32, -1.0, 2.0];
        let weights: Weights = [("w".to_owned(), arr1(&start).into_dyn())].into();
        let parameters = Parameters::from_weights(&weights, &Device::Cpu).expect("small");
        let mut adam = Adam::new(&parameters, AdamOptions { learning_rate: 0.1, ..AdamOptions::default() });
        let (mut expected, mut first, mut second) = (start.map(f64::from), [0f64; 3], [0f64; 3]);
        for step in 1..=3 {
            let w = parameters.tensor("w").expect("it is there");
            let loss = (w.sqr().and_then(|square| square * &Tensor::new(&[1f32, 2.0, 3.0], &Device::Cpu)?))
                .and_then(|each| each.sum_all())
                .expect("a scalar");
            adam.step(&parameters, &loss.backward().expect("differentiable")).expect("equal shapes");
            for (index, value) in expected.iter_mut().enumerate() {
                let gradient = 2.0 * (index + 1) as f64 * *value;
                first[index] = 0.9 * first[index] + 0.1 * gradient;
                second[index] = 0.999 * second[index] + 0.001 * gradient * gradient;
                let (m, v) = (first[index] / (1.0 - 0.9f64.powi(step)), second[index] / (1.0 - 0.999f64.powi(step)));
                *value -= 0.1 * m / (v.sqrt() + 1e-8);
            }
        }
        let found: &ArrayD<f32> = &parameters.to_weights().expect("small")["w"];
        for (found, expected) in found.iter().zip(expected) {
            assert!((f64::from(*found) - expected).abs() < 1e-5, "{found} against {expected}");
        }
    }
}
