//! rten, with weights packed when the model is loaded, as its performance guide recommends.

use std::hint::black_box;

use anyhow::Result;
use ndarray::Array2;
use rten::{Model as RtenModel, ModelOptions, NodeId};
use rten_tensor::{NdTensor, NdTensorView, prelude::*};

use crate::encode::{
    images::{Images, SIDE},
    model::{CODES, INPUT, Model},
    network::LATENT,
    peer::Peer,
};

pub(crate) struct Rten<'a> {
    model: RtenModel,
    input: NodeId,
    codes: NodeId,
    images: &'a Images,
    rows: usize,
}

impl<'a> Rten<'a> {
    pub(crate) fn load(model: &Model, images: &'a Images) -> Result<Self> {
        let model = ModelOptions::with_all_ops().prepack_weights(true).load(model.encoder.clone())?;
        let (input, codes) = (model.node_id(INPUT)?, model.node_id(CODES)?);
        Ok(Rten { model, input, codes, images, rows: 0 })
    }

    fn run(&self) -> Result<NdTensor<f32, 2>> {
        let batch = NdTensorView::from_data([self.rows, SIDE, SIDE], black_box(self.images.slice(self.rows)));
        let [codes] = self.model.run_n(vec![(self.input, batch.into())], [self.codes], None)?;
        Ok(codes.try_into()?)
    }
}

impl Peer for Rten<'_> {
    fn prepare(&mut self, rows: usize) -> Result<Array2<f32>> {
        self.rows = rows;
        Ok(Array2::from_shape_vec((rows, LATENT), self.run()?.to_vec())?)
    }

    fn call(&mut self) -> Result<()> {
        black_box(self.run()?);
        Ok(())
    }
}
