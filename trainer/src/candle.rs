//! Runs a [`Graph`](crate::network::Graph) in Candle, and what training needs around it: parameters,
//! fused kernels, the optimizer.
//!
//! Candle's CPU operations each walk memory on one core and keep a temporary. The kernels here do the
//! same in one pass, with their own backward; on other devices, and as their test twin, the same is
//! composed from Candle's operations.

mod adam;
mod bernoulli;
mod dense;
mod parameters;
mod run;

pub use adam::{Adam, AdamOptions};
pub use bernoulli::{bernoulli_loss, bernoulli_loss_composed};
pub use dense::{dense, dense_composed};
pub use parameters::Parameters;
pub use run::run;
