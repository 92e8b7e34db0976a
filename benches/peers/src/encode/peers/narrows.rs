//! Narrows: the public API of the runtime.

use std::hint::black_box;

use anyhow::Result;
use narrows_runtime::{Autoencoder, Samples};
use ndarray::{Array2, ArrayView3};

use crate::encode::{images::Images, network::LATENT, peer::Peer};

/// A handle with `f32` input.
pub(crate) struct Narrows<'a> {
    model: &'a Autoencoder,
    images: &'a Images,
    batch: ArrayView3<'a, f32>,
    codes: Array2<f32>,
}

/// A handle with byte input.
pub(crate) struct NarrowsOnBytes<'a> {
    model: &'a Autoencoder,
    images: &'a Images,
    batch: ArrayView3<'a, u8>,
    codes: Array2<f32>,
}

impl<'a> Narrows<'a> {
    pub(crate) fn new(model: &'a Autoencoder, images: &'a Images) -> Self {
        Narrows { model, images, batch: images.floats(0), codes: Array2::zeros((0, LATENT)) }
    }
}

impl<'a> NarrowsOnBytes<'a> {
    pub(crate) fn new(model: &'a Autoencoder, images: &'a Images) -> Self {
        NarrowsOnBytes { model, images, batch: images.bytes(0), codes: Array2::zeros((0, LATENT)) }
    }
}

impl Peer for Narrows<'_> {
    fn prepare(&mut self, rows: usize) -> Result<Array2<f32>> {
        self.batch = self.images.floats(rows);
        self.codes = Array2::zeros((rows, LATENT));
        self.call()?;
        Ok(self.codes.clone())
    }

    fn call(&mut self) -> Result<()> {
        encode(self.model, black_box(&self.batch).into(), &mut self.codes)
    }
}

impl Peer for NarrowsOnBytes<'_> {
    fn prepare(&mut self, rows: usize) -> Result<Array2<f32>> {
        self.batch = self.images.bytes(rows);
        self.codes = Array2::zeros((rows, LATENT));
        self.call()?;
        Ok(self.codes.clone())
    }

    fn call(&mut self) -> Result<()> {
        encode(self.model, black_box(&self.batch).into(), &mut self.codes)
    }
}

/// The measured call.
fn encode(model: &Autoencoder, samples: Samples<'_>, codes: &mut Array2<f32>) -> Result<()> {
    model.encode_into(samples, &mut black_box(codes.view_mut()))?;
    Ok(())
}
