//! A single session of `ort`, with the same input tensor in every call and a preallocated output.

use std::hint::black_box;

use anyhow::{Context, Result};
use narrows_runtime::ort::{
    self,
    environment::Environment,
    memory::Allocator,
    session::{HasSelectedOutputs, OutputSelector, RunOptions, Session, SessionInputValue},
    value::{Tensor, TensorRef},
};
use ndarray::Array2;

use crate::encode::{
    images::{Images, SIDE},
    model::{CODES, Model},
    network::LATENT,
    peer::Peer,
};

/// Number of threads of the session.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Threads {
    One,
    Default,
}

pub(crate) struct BareOrt<'a> {
    session: Session,
    images: &'a Images,
    batch: Option<Batch<'a>>,
}

/// Objects that are created once per batch size.
struct Batch<'a> {
    input: [SessionInputValue<'a>; 1],
    options: RunOptions<HasSelectedOutputs>,
}

impl<'a> BareOrt<'a> {
    pub(crate) fn load(
        model: &Model,
        images: &'a Images,
        environment: &Environment,
        threads: Threads,
    ) -> ort::Result<Self> {
        let builder = Session::builder(environment)?;
        let mut builder = match threads {
            Threads::One => builder.with_intra_threads(1)?,
            Threads::Default => builder,
        };
        Ok(BareOrt { session: builder.commit_from_memory(&model.encoder)?, images, batch: None })
    }

    /// Runs the batch and calls `take` with the codes.
    fn run<T>(&mut self, take: impl FnOnce(&[f32]) -> T) -> Result<T> {
        let batch = self.batch.as_ref().context("no batch was prepared")?;
        let outputs = self.session.run_with_options(black_box(batch.input.as_slice()), &batch.options)?;
        let (_, codes) = outputs[0].try_extract_tensor::<f32>()?;
        Ok(take(codes))
    }
}

impl Peer for BareOrt<'_> {
    fn prepare(&mut self, rows: usize) -> Result<Array2<f32>> {
        let input = TensorRef::from_array_view(([rows, SIDE, SIDE], self.images.slice(rows)))?;
        let codes = Tensor::<f32>::new(&Allocator::default(), [rows, LATENT])?;
        let outputs = OutputSelector::no_default().with(CODES).preallocate(CODES, codes);
        self.batch = Some(Batch { input: [input.into()], options: RunOptions::new()?.with_outputs(outputs) });
        let codes = self.run(<[f32]>::to_vec)?;
        Ok(Array2::from_shape_vec((rows, LATENT), codes)?)
    }

    fn call(&mut self) -> Result<()> {
        self.run(|codes| {
            black_box(codes);
        })
    }
}
