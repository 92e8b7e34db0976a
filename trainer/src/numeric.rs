//! Arithmetic on slices of 32-bit floats: matrix products, elementary functions, losses and optimizer steps, and
//! how they are vectorised and spread over cores.
//!
//! Nothing here knows a tensor or a network. Slices that do not fit together are a panic, never a result that is
//! left as it was. Results depend on the numbers and their sizes alone: the same bits on every processor and any number
//! of cores, but for the products of `gemm` (see `product.rs`).

mod adam;
mod approach;
mod buffers;
mod elementary;
#[cfg(test)]
pub(crate) mod example;
pub(crate) mod kl_divergence;
mod lanes;
mod matrix;
mod point_loss;
mod pointwise;
mod product;
mod reduction;
pub(crate) mod reparameterise;
mod rows;
mod rule;
mod sgd;
mod spread;
mod squares;
mod update;
mod vectorized;
mod write;

pub(crate) use approach::approach;
pub(crate) use buffers::{Buffer, BufferPool};
pub(crate) use elementary::{exp, normal, sigmoid, tanh};
pub use matrix::Matrix;
pub(crate) use point_loss::PointLoss;
pub(crate) use pointwise::{chain, map};
pub(crate) use product::product;
pub(crate) use reduction::Reduction;
pub(crate) use rows::{add_to_rows, scaled_rows, sum_columns_by_label, sum_rows, sum_rows_by_label};
pub use rule::Rule;
#[cfg(test)]
pub(crate) use spread::PART;
pub(crate) use spread::{rows_each, spread};
pub(crate) use squares::{square, squares};
pub(crate) use update::{Update, take_steps};
pub(crate) use vectorized::vectorized;
pub use write::Write;
