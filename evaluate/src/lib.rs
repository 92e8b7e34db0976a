//! Visualisations of models: grids of images, line plots of series, and curves of losses and accuracies.

mod canvas;
mod curves;
mod error;
mod grid;
mod palette;
mod panels;
mod picture;
mod pictures;

pub use curves::{Curve, CurveError, label_curves, loss_curves};
pub use error::PictureError;
pub use grid::{grid, is_picture};
pub use panels::LinePlots;
pub use picture::Picture;
pub use pictures::{reconstructions, samples};
