//! Visualisations of models: image grids of samples and reconstructions, and curves of losses and accuracies.

mod curves;
mod grid;
mod pictures;

pub use curves::{Curve, CurveError, label_curves, loss_curves};
pub use grid::{PictureError, grid, is_picture};
pub use pictures::{reconstructions, samples};
