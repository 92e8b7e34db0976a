//! Weights that the sessions of a graph share.
//!
//! A session has a copy of the weights, in the layout that its kernels need ("prepacked"). ONNX Runtime shares the
//! prepacked weights of sessions whose weights are tensors of the host.

use std::{fmt, sync::Arc};

use narrows_bundle::{Detached, FloatConstant};
use ort::{
    session::builder::{PrepackedWeights, SessionBuilder},
    value::{DynValue, Tensor},
};

use super::shutdown::{Call, OrtObject};

/// The minimum number of elements of a tensor to share. Biases are copied faster than they are shared.
pub(super) const MINIMUM: usize = 1024;

/// A graph without its weights, and the weights for all its sessions.
pub(super) struct SharedWeights {
    graph: Vec<u8>,
    weights: OrtObject<Weights>,
}

struct Weights {
    tensors: Vec<(String, Arc<DynValue>)>,
    prepacked: PrepackedWeights,
}

impl fmt::Debug for SharedWeights {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SharedWeights").field("tensors", &self.weights.tensors.len()).finish_non_exhaustive()
    }
}

impl SharedWeights {
    /// Makes tensors of the weights.
    pub(super) fn new(Detached { graph, weights }: Detached) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let _call = Call::begin_first()?;
        let tensor = |FloatConstant { name, shape, values }| {
            Ok((name, Arc::new(Tensor::from_array((shape, values))?.into_dyn())))
        };
        let tensors = weights.into_iter().map(tensor).collect::<ort::Result<_>>()?;
        Ok(SharedWeights { graph, weights: OrtObject::new(Weights { tensors, prepacked: PrepackedWeights::new() }) })
    }

    /// Returns the graph without the weights.
    pub(super) fn graph(&self) -> &[u8] {
        &self.graph
    }

    /// Returns a builder whose session uses these weights instead of copies.
    pub(super) fn add_to(&self, builder: SessionBuilder) -> ort::Result<SessionBuilder> {
        let Weights { tensors, prepacked } = &*self.weights;
        let builder = builder.with_prepacked_weights(prepacked)?;
        tensors.iter().try_fold(builder, |builder, (name, tensor)| {
            // The first call gives the graph its weights, the second one shares the prepacked ones.
            let builder = builder.with_external_initializer(name, Arc::clone(tensor))?;
            Ok(builder.with_initializer(name, Arc::clone(tensor))?)
        })
    }
}
