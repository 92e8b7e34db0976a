//! Arithmetic on slices of 32-bit floats: matrix products, elementary functions, losses and optimizer steps, and
//! their vectorisation and their parallel execution on several cores.
//!
//! This module does not use tensors or networks. Slices whose lengths do not match cause a panic, so no output slice
//! keeps old values unnoticed. Results depend only on the values and the lengths: they have the same bits on every
//! processor and with any number of cores. The matrix products of `gemm` are the exception (see `product.rs`).

mod adam;
mod buffers;
mod cell_errors;
mod convolution;
mod elementary;
#[cfg(test)]
pub(crate) mod example;
mod gamma;
pub(crate) mod kl_divergence;
mod lanes;
mod matrix;
mod mixture;
mod moving_average;
mod normalisation;
mod parallel;
mod point_loss;
mod pointwise;
mod pooling;
mod product;
mod reduction;
pub(crate) mod reparameterise;
mod rows;
mod rule;
mod scale;
mod sgd;
mod sigmoid;
mod squares;
mod transpose;
mod update;
mod vectorized;
mod write;

pub(crate) use adam::Adam;
pub(crate) use buffers::{Buffer, BufferPool};
pub use cell_errors::LogRate;
pub(crate) use cell_errors::{CellDistribution, CellErrors, CellResults, CellTerm, CellUnit, LOG_RATE_RANGE};
pub use convolution::Convolution;
pub(crate) use elementary::{exp, normal, sigmoid, tanh};
pub(crate) use gamma::ln_gamma;
pub(crate) use matrix::Matrix;
pub(crate) use mixture::{Components, Densities};
pub(crate) use moving_average::update_moving_average;
pub(crate) use normalisation::{
    EPSILON, GradientSums, Moments, normalise_channels, normalise_channels_gradient, normalise_rows,
    normalise_rows_gradient,
};
#[cfg(test)]
pub(crate) use parallel::CHUNK;
pub(crate) use parallel::{parallel_for_each, rows_per_chunk};
pub(crate) use point_loss::PointLoss;
pub(crate) use pointwise::{chain, combine, copy, map};
pub use pooling::Windows;
pub(crate) use product::product;
pub(crate) use reduction::Reduction;
pub(crate) use rows::{add_to_rows, scaled_rows, sum_columns_by_label, sum_products, sum_rows, sum_rows_by_label};
pub use rule::Rule;
pub(crate) use rule::RuleStep;
pub(crate) use scale::{scale_channels, scale_channels_gradient};
pub(crate) use sgd::Sgd;
pub(crate) use sigmoid::{sigmoid_gradient, sigmoid_of_all};
pub(crate) use squares::{sum_of_squares, sums_of_squares};
pub(crate) use transpose::transpose_rows;
pub(crate) use update::{Update, take_steps};
pub(crate) use vectorized::vectorized;
pub(crate) use write::Write;
