//! Evaluation and training of a [`Graph`](crate::network::Graph) in Candle: parameters, fused kernels, gradients,
//! optimizers and weight averaging.
//!
//! Each of Candle's CPU operations reads its inputs from memory on one core and allocates its result. The fused
//! kernels of this module compute several operations in one pass, and have their own backward pass. On other devices,
//! [`on_device`] has kernels for a part of them. The rest, and the reference for tests, is composed from Candle's
//! operations.

mod average;
mod bernoulli;
mod borrowed;
mod cell_loss;
#[cfg(test)]
mod depth;
#[cfg(test)]
pub(crate) mod example;
mod floats;
mod gradients;
#[cfg(test)]
mod kernel_tests;
mod kernels;
mod kl_divergence;
mod mixture_density;
mod named_state;
mod norms;
mod on_device;
mod optimizer;
mod parameters;
mod pass;
mod point_loss;
mod reduction;
mod reparameterise;
mod run;
mod saved;
mod sigmoid;
mod squared_error;
mod statistics;
mod steps;
mod tape;
mod tied;

pub(crate) use average::Average;
pub use bernoulli::bernoulli_loss;
#[cfg(test)]
pub(crate) use bernoulli::bernoulli_loss_composed;
pub(crate) use bernoulli::bernoulli_rows;
pub(crate) use cell_loss::cell_loss;
pub(crate) use gradients::Gradients;
pub use kernels::Kernels;
pub use kl_divergence::kl_divergence;
pub(crate) use kl_divergence::twice_kl;
pub(crate) use mixture_density::mixture_log_density;
pub use norms::norms;
pub(crate) use norms::{Norms, clip_scale};
#[cfg(any(feature = "cuda", test))]
pub(crate) use on_device::activated;
pub(crate) use on_device::{DeviceAverage, DeviceOptimizer, Memory, clip_factor, norm};
pub use optimizer::Optimizer;
pub use parameters::Parameters;
pub use reparameterise::reparameterise;
pub use run::run;
pub(crate) use run::{loss, node_values, run_without_gradients};
pub(crate) use sigmoid::scaled_sigmoid;
pub use squared_error::squared_error;
#[cfg(test)]
pub(crate) use squared_error::squared_error_composed;
pub(crate) use squared_error::squared_error_rows;
pub(crate) use tied::tie_decoder;

pub use crate::numeric::Rule;
