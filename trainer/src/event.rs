//! What an observer is told while a model is fitted.

use std::ops::ControlFlow;

use crate::{Averages, EpochRecord, PretrainedLayer, network::Node};

/// What happened while fitting; the observer may break off after any of them.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Fused kernels were asked for, and the primitives of these layers have none: the halves that they are in are
    /// computed by Candle's operations, several times slower. Told once, before the first step.
    WithoutKernel(&'a [&'a Node]),
    /// A step of gradient descent.
    Step {
        /// Epoch, from 1.
        epoch: usize,
        /// Step since the run began, from 1.
        step: u64,
        /// Rows of this epoch that are done.
        rows: usize,
        /// Averages of this epoch so far.
        figures: &'a Averages,
    },
    /// An epoch is complete.
    Epoch(&'a EpochRecord),
    /// The pretraining of a layer is over, after the last of its epochs.
    Layer(&'a PretrainedLayer),
}

/// An observer; what it answers breaks the run off or lets it go on.
pub(crate) type Observe<'a> = dyn FnMut(&Event<'_>) -> ControlFlow<()> + 'a;
