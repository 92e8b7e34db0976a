//! Events that a callback receives while a model is fitted.

use std::ops::ControlFlow;

use crate::{Averages, DeviceReport, EpochRecord, PretrainedLayer};

/// An event during fitting. The callback can stop the run after any event.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Fused kernels are selected, but the primitives of these layers have none. The encoder or decoder that contains
    /// such a layer is computed by Candle's operations, which are several times slower. Sent once, before the first
    /// step.
    WithoutKernel(&'a [String]),
    /// The device on which the run computes, unless the CPU was chosen. Sent once, before the first step.
    Device(&'a DeviceReport),
    /// A step of gradient descent. On a device other than the CPU, losses are read after several steps, and only the
    /// last of them is reported.
    Step {
        /// Number of the epoch, from 1.
        epoch: usize,
        /// Number of the step since the start of the run, from 1.
        step: u64,
        /// Number of rows of this epoch that are processed.
        rows: usize,
        /// Averages over the steps of this epoch so far.
        figures: &'a Averages,
    },
    /// An epoch is complete.
    Epoch(&'a EpochRecord),
    /// The pretraining of a layer is complete. Follows the event of its last epoch.
    Layer(&'a PretrainedLayer),
}

/// A callback that observes a run; its return value stops or continues the run.
pub(crate) type Observe<'a> = dyn FnMut(&Event<'_>) -> ControlFlow<()> + 'a;
