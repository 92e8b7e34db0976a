//! tract, with a plan optimised for the exact batch size and a reused state.

use std::hint::black_box;

use anyhow::{Context, Result};
use ndarray::Array2;
use tract_onnx::prelude::*;

use crate::encode::{
    images::{Images, SIDE},
    model::{CODES, Model},
    network::LATENT,
    peer::Peer,
};

pub(crate) struct Tract<'a> {
    model: &'a Model,
    images: &'a Images,
    batch: Option<(TypedSimpleState, TValue)>,
}

impl<'a> Tract<'a> {
    pub(crate) fn new(model: &'a Model, images: &'a Images) -> Self {
        Tract { model, images, batch: None }
    }

    fn run(&mut self) -> Result<TVec<TValue>> {
        let (state, input) = self.batch.as_mut().context("no batch was prepared")?;
        state.run(tvec![black_box(input.clone())])
    }
}

impl Peer for Tract<'_> {
    fn prepare(&mut self, rows: usize) -> Result<Array2<f32>> {
        let shape = [rows, SIDE, SIDE];
        let plan = tract_onnx::onnx()
            .model_for_read(&mut self.model.encoder.as_slice())?
            .with_input_fact(0, f32::fact(shape).into())?
            .with_outputs_by_name([CODES])?
            .into_optimized()?
            .into_runnable()?;
        let input = Tensor::from_shape(&shape, self.images.slice(rows))?;
        self.batch = Some((plan.spawn()?, input.into()));
        let outputs = self.run()?;
        let codes = outputs[0].to_plain_array_view::<f32>()?.iter().copied().collect();
        Ok(Array2::from_shape_vec((rows, LATENT), codes)?)
    }

    fn call(&mut self) -> Result<()> {
        black_box(self.run()?);
        Ok(())
    }
}
