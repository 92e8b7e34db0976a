//! Scaling and shifting by constants: conversion between the scale of the data and the scale of the network.

use candle_core::Tensor;
use narrows_bundle::Scaling;

use crate::{
    network::{
        kernel::{BackwardContext, Kernel, KernelInput, exactly},
        operation::{Operation, single_input},
    },
    numeric::{Matrix, Write},
    onnx::Call,
};

/// The direction of an [`Affine`] conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    /// `(x - offset) / scale`.
    ToNetwork,
    /// `x * scale + offset`.
    ToData,
}

/// `[features]` to `[features]`. There is one offset and one scale for all features, or one for each feature.
#[derive(Debug, Clone, PartialEq)]
pub struct Affine {
    scaling: Scaling,
    direction: Direction,
}

impl Affine {
    /// Converts from the scale of the data to that of the network: `(x - offset) / scale`.
    pub fn to_network(scaling: &Scaling) -> Self {
        Affine { scaling: scaling.clone(), direction: Direction::ToNetwork }
    }

    /// Converts from the scale of the network to that of the data: `x * scale + offset`.
    pub fn to_data(scaling: &Scaling) -> Self {
        Affine { scaling: scaling.clone(), direction: Direction::ToData }
    }

    /// Returns whether this converts from the scale of the data to that of the network.
    pub fn is_to_network(&self) -> bool {
        self.direction == Direction::ToNetwork
    }

    /// Returns slope and intercept for each feature, in `f64`: the conversion is `x * slope + intercept`.
    pub fn slopes_and_intercepts(&self, features: usize) -> Vec<(f64, f64)> {
        let constant =
            |values: &[f32], feature: usize| f64::from(if values.len() == 1 { values[0] } else { values[feature] });
        (0..features)
            .map(|feature| {
                let (offset, scale) = (constant(&self.scaling.offset, feature), constant(&self.scaling.scale, feature));
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
        let shape = single_input(inputs)?;
        let fits = |values: &[f32]| values.len() == 1 || shape == [values.len()];
        if fits(&self.scaling.offset) && fits(&self.scaling.scale) && !self.scaling.scale.contains(&0.0) {
            Ok(shape.to_vec())
        } else {
            Err(format!(
                "has {} offsets and {} scales for the shape {shape:?}; give 1 or one per feature, and no scale of 0",
                self.scaling.offset.len(),
                self.scaling.scale.len()
            ))
        }
    }

    fn candle(&self, inputs: &[Tensor], _parameters: &[Tensor]) -> candle_core::Result<Tensor> {
        let [x] = inputs else { candle_core::bail!("affine expects 1 input") };
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
        let intermediate = call.node(first.0, &inputs);
        call.node(second.0, &[intermediate, second.1])
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
        let values = y.iter_mut().zip(x.floats()).zip(constants);
        match self.direction {
            Direction::ToNetwork => values.for_each(|((y, x), (offset, scale))| *y = (x - offset) / scale),
            Direction::ToData => values.for_each(|((y, x), (offset, scale))| *y = x * scale + offset),
        }
    }

    fn input_gradient(&self, _index: usize, context: &BackwardContext<'_>, dx: &mut [f32], how: Write) {
        let values = dx.iter_mut().zip(context.dy).zip(self.scaling.scale.iter().cycle());
        match self.direction {
            Direction::ToNetwork => values.for_each(|((dx, dy), scale)| how.write(dx, dy / scale)),
            Direction::ToData => values.for_each(|((dx, dy), scale)| how.write(dx, dy * scale)),
        }
    }
}
