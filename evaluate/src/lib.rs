//! What a model does, shown: pictures and loss curves now, figures and reports later.

mod curves;
mod grid;
mod pictures;

pub use curves::{Curve, CurveError, label_curves, loss_curves};
pub use grid::{PictureError, grid, is_picture};
pub use pictures::{reconstructions, samples};
