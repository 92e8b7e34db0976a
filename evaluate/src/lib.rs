//! What a model does, shown: pictures now, figures and reports later, all over what the runtime
//! returns.

mod grid;
mod pictures;

pub use grid::{PictureError, grid, is_picture};
pub use pictures::{reconstructions, samples};
