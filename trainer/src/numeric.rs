//! Arithmetic on slices of 32-bit floats: matrix products, elementary functions, losses and optimizer steps, and
//! how they are vectorised and spread over cores.
//!
//! Nothing here knows a tensor or a network. Results depend on the numbers and their sizes alone: the same bits on
//! every processor and any number of cores, but for the products of `gemm` (see [`product`]).

mod adam;
mod elementary;
#[cfg(test)]
pub(crate) mod example;
mod lanes;
mod product;
mod rule;
mod sgd;
mod slabs;
mod spread;
mod vectorized;
mod write;

pub(crate) use elementary::{exp, normal, sigmoid, sigmoid_and_softplus, tanh};
pub(crate) use lanes::{LANES, add_to_lanes};
pub use product::Matrix;
pub(crate) use product::{add_to_rows, product};
pub(crate) use rule::Kernel;
pub use rule::Rule;
pub(crate) use slabs::{Slab, Slabs};
pub(crate) use spread::{PART, rows_each, spread};
pub(crate) use vectorized::vectorized;
pub use write::Write;
