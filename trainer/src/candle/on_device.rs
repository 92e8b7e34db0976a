//! What is computed on a device with its own memory, other than Candle's operations: functions that take one kernel
//! each ([`function`]), norms, optimizers and weight averages. All of it also runs on Candle's CPU device, for tests.
//!
//! No value is read back to the host: the norm of the gradients and the factor that clips them are tensors too. Each
//! type has a counterpart for parameters in the memory of the CPU, which updates slices in place, and saves the same
//! state: a run can continue with the other one.

mod average;
mod elementwise;
mod function;
#[cfg(all(test, unix))]
mod kernels_on_cpu;
#[cfg(feature = "cuda")]
mod launch;
mod layers;
mod norm;
mod optimizer;

use std::{borrow::Cow, collections::BTreeMap};

use candle_core::{Result, Tensor};

pub(crate) use average::DeviceAverage;
#[cfg(any(feature = "cuda", test))]
pub(crate) use elementwise::activated;
pub(super) use elementwise::{losses, sample, twice_kl};
pub(super) use layers::ActivatedLayers;
pub(crate) use norm::{clip_factor, norm};
pub(crate) use optimizer::DeviceOptimizer;

/// Training state other than the weights by name, such as `first/encoder.0.weight`, in the memory of the host.
pub(crate) type Memory<'a> = BTreeMap<String, Cow<'a, [f32]>>;

/// Reads the values of a tensor from its device.
fn read_back(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.flatten_all()?.to_vec1()
}
