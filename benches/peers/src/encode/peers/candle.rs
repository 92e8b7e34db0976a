//! candle-onnx, which interprets the graph in every call.

use std::{collections::HashMap, hint::black_box};

use anyhow::{Context, Result};
use candle_core::{Device, Tensor};
use candle_onnx::{onnx::ModelProto, simple_eval};
use ndarray::Array2;
use prost::Message;

use crate::encode::{
    images::{Images, SIDE},
    model::{CODES, INPUT, Model},
    network::LATENT,
    peer::Peer,
};

pub(crate) struct Candle<'a> {
    model: ModelProto,
    images: &'a Images,
    batch: HashMap<String, Tensor>,
}

impl<'a> Candle<'a> {
    pub(crate) fn load(model: &Model, images: &'a Images) -> Result<Self> {
        Ok(Candle { model: ModelProto::decode(model.encoder.as_slice())?, images, batch: HashMap::new() })
    }

    /// `simple_eval` takes ownership of the inputs, so they are cloned. This copies handles, not values.
    fn run(&self) -> Result<Tensor> {
        let mut outputs = simple_eval(&self.model, black_box(self.batch.clone()))?;
        outputs.remove(CODES).with_context(|| format!("the model has no output `{CODES}`"))
    }
}

impl Peer for Candle<'_> {
    fn prepare(&mut self, rows: usize) -> Result<Array2<f32>> {
        let input = Tensor::from_slice(self.images.slice(rows), (rows, SIDE, SIDE), &Device::Cpu)?;
        self.batch = HashMap::from([(INPUT.to_owned(), input)]);
        let codes = self.run()?.flatten_all()?.to_vec1()?;
        Ok(Array2::from_shape_vec((rows, LATENT), codes)?)
    }

    fn call(&mut self) -> Result<()> {
        black_box(self.run()?);
        Ok(())
    }
}
