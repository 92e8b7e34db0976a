//! Runs a [`Graph`](crate::network::Graph) in Candle, and what training needs around it: parameters,
//! fused kernels, optimizers and what is done to gradients and weights between the steps.
//!
//! Candle's CPU operations each walk memory on one core and keep a temporary. The kernels here do the
//! same in one pass, with their own backward; on other devices, and as their test twin, the same is
//! composed from Candle's operations.

mod adam;
mod average;
mod bernoulli;
mod bernoulli_rows;
mod dense;
#[cfg(test)]
mod example;
mod floats;
mod gradients;
mod memory;
mod optimizer;
mod parameters;
mod rule;
mod run;
mod sgd;
mod tied;

pub use average::Average;
pub use bernoulli::{bernoulli_loss, bernoulli_loss_composed};
pub use bernoulli_rows::{bernoulli_rows, bernoulli_rows_composed};
pub use dense::{dense, dense_composed};
pub use gradients::{Norms, clip_scale, norms};
pub use optimizer::Optimizer;
pub use parameters::Parameters;
pub use rule::Rule;
pub(crate) use run::node_values;
pub use run::run;
pub use tied::tie_decoder;
