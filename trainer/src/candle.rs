//! Runs a [`Graph`](crate::network::Graph) in Candle, and what training needs around it: parameters,
//! fused kernels, optimizers and what is done to gradients and weights between the steps.
//!
//! Candle's CPU operations each walk memory on one core and keep a temporary. The kernels here do the
//! same in one pass, with their own backward; on other devices, and as their test twin, the same is
//! composed from Candle's operations.

mod average;
mod bernoulli;
mod borrowed;
#[cfg(test)]
mod depth;
#[cfg(test)]
pub(crate) mod example;
mod floats;
mod gradients;
mod kept;
mod kernels;
mod kl_divergence;
mod memory;
mod norms;
mod optimizer;
mod parameters;
mod pass;
mod point_loss;
mod reduction;
mod reparameterise;
mod run;
mod squared_error;
mod steps;
mod tape;
mod tied;
#[cfg(test)]
mod twins;

pub use average::Average;
pub use bernoulli::{bernoulli_loss, bernoulli_loss_composed, bernoulli_rows, bernoulli_rows_composed};
pub use gradients::Gradients;
pub use kernels::Kernels;
pub(crate) use kl_divergence::twice_kl_composed;
pub use kl_divergence::{kl_divergence, kl_divergence_composed};
pub use norms::{Norms, clip_scale, norms};
pub use optimizer::Optimizer;
pub use parameters::Parameters;
pub use reparameterise::{reparameterise, reparameterise_composed};
pub use run::run;
pub(crate) use run::{loss, node_values};
pub use squared_error::{squared_error, squared_error_composed, squared_error_rows, squared_error_rows_composed};
pub use tied::tie_decoder;

pub use crate::numeric::Rule;
