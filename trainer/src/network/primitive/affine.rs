//! Scaling and shifting by constants: between the data's unit and the network's.

use candle_core::Tensor;
use narrows_bundle::Scaling;

use crate::{
    network::{
        kernel::{At, Kernel, KernelInput, exactly},
        operation::{Operation, only},
    },
    numeric::{Matrix, Write},
    onnx::Call,
};

/// Which way an [`Affine`] goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    /// `(x - offset) / scale`.
    ToNetwork,
    /// `x * scale + offset`.
    ToData,
}

/// `[features]` to `[features]`; the constants are one number for all, or one a feature.
#[derive(Debug, Clone, PartialEq)]
pub struct Affine {
    scaling: Scaling,
    direction: Direction,
}

impl Affine {
    /// From the data's unit to the network's: `(x - offset) / scale`.
    pub fn to_network(scaling: &Scaling) -> Self {
        Affine { scaling: scaling.clone(), direction: Direction::ToNetwork }
    }

    /// From the network's unit to the data's: `x * scale + offset`.
    pub fn to_data(scaling: &Scaling) -> Self {
        Affine { scaling: scaling.clone(), direction: Direction::ToData }
    }

    /// Whether this goes from the data's unit to the network's.
    pub fn is_to_network(&self) -> bool {
        self.direction == Direction::ToNetwork
    }

    /// The same map as `x * slope + intercept`, for each of `features`, in `f64`.
    pub fn slopes_and_intercepts(&self, features: usize) -> Vec<(f64, f64)> {
        let each = |values: &[f32], at: usize| f64::from(if values.len() == 1 { values[0] } else { values[at] });
        (0..features)
            .map(|at| {
                let (offset, scale) = (each(&self.scaling.offset, at), each(&self.scaling.scale, at));
                match self.direction {
                    Direction::ToNetwork => (1.0 / scale, -offset / scale),
                    Direction::ToData => (scale, offset),
                }
            })
            .collect()
    }
}

impl Operation for Affine {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let shape = only(inputs)?;
        let fits = |values: &[f32]| values.len() == 1 || shape == [values.len()];
        if fits(&self.scaling.offset) && fits(&self.scaling.scale) && !self.scaling.scale.contains(&0.0) {
            Ok(shape.to_vec())
        } else {
            Err(format!(
                "has {} offsets and {} scales (none may be 0) for {shape:?}",
                self.scaling.offset.len(),
                self.scaling.scale.len()
            ))
        }
    }

    fn candle(&self, inputs: &[Tensor], _parameters: &[Tensor]) -> candle_core::Result<Tensor> {
        let [x] = inputs else { candle_core::bail!("affine takes one value") };
        let constant = |values: &[f32]| Tensor::new(values, x.device());
        let (offset, scale) = (constant(&self.scaling.offset)?, constant(&self.scaling.scale)?);
        match self.direction {
            Direction::ToNetwork => x.broadcast_sub(&offset)?.broadcast_div(&scale),
            Direction::ToData => x.broadcast_mul(&scale)?.broadcast_add(&offset),
        }
    }

    fn kernel(&self) -> Option<&dyn Kernel> {
        Some(self)
    }

    fn onnx(&self, call: &mut Call<'_>, inputs: &[String]) -> String {
        let constants = |call: &mut Call<'_>| {
            let Scaling { offset, scale } = &self.scaling;
            (call.floats("offset", &[offset.len()], offset), call.floats("scale", &[scale.len()], scale))
        };
        let (offset, scale) = constants(call);
        let (first, second) = match self.direction {
            Direction::ToNetwork => (("Sub", offset), ("Div", scale)),
            Direction::ToData => (("Mul", scale), ("Add", offset)),
        };
        let inputs: Vec<String> = inputs.iter().cloned().chain([first.1]).collect();
        let between = call.node(first.0, &inputs);
        call.node(second.0, &[between, second.1])
    }

    fn describe(&self) -> String {
        match self.direction {
            Direction::ToNetwork => "scale from the data's unit".to_owned(),
            Direction::ToData => "scale to the data's unit".to_owned(),
        }
    }
}

impl Kernel for Affine {
    fn forward(&self, inputs: &[KernelInput<'_>], _parameters: &[Matrix<'_>], y: &mut [f32]) {
        let [x] = exactly(inputs);
        let Scaling { offset, scale } = &self.scaling;
        let constants = offset.iter().cycle().zip(scale.iter().cycle());
        let values = y.iter_mut().zip(x.numbers()).zip(constants);
        match self.direction {
            Direction::ToNetwork => values.for_each(|((y, x), (offset, scale))| *y = (x - offset) / scale),
            Direction::ToData => values.for_each(|((y, x), (offset, scale))| *y = x * scale + offset),
        }
    }

    fn input_gradient(&self, _index: usize, at: &At<'_>, dx: &mut [f32], how: Write) {
        let values = dx.iter_mut().zip(at.dy).zip(self.scaling.scale.iter().cycle());
        match self.direction {
            Direction::ToNetwork => values.for_each(|((dx, dy), scale)| how.put(dx, dy / scale)),
            Direction::ToData => values.for_each(|((dx, dy), scale)| how.put(dx, dy * scale)),
        }
    }
}
