//! Figures and pictures of models: how well an exported model reconstructs, encodes and generates, grids of images,
//! line plots of series, and curves of losses and accuracies.

mod animation;
mod canvas;
mod class_spread;
mod components;
mod curves;
mod error;
mod figures;
mod frechet;
mod generated;
mod grid;
mod images;
mod moments;
mod neighbourhoods;
mod palette;
mod panels;
mod picture;
mod pictures;
mod psnr;
mod quality;
mod reservoir;
mod scaled;
mod ssim;

pub use class_spread::ClassSpread;
pub use components::Components;
pub use curves::{Curve, CurveError, label_curves, latent_curves, loss_curves, rate_distortion_curves};
mod raster;
mod zoom;

pub use animation::animation;
pub use error::PictureError;
pub use figures::{Aggregate, Evaluator, FeatureError, Figures, ImageFigures, Nll, PosteriorFigures, encode};
pub use frechet::frechet_distance;
pub use generated::generated;
pub use grid::{grid, is_picture};
pub use moments::{Estimate, Moments};
pub use neighbourhoods::Neighbourhoods;
pub use panels::LinePlots;
pub use picture::Picture;
pub use pictures::{reconstructions, samples};
pub use psnr::psnr;
pub use quality::{FeatureSpace, SampleQuality};
pub use reservoir::Reservoir;
pub use scaled::Columns;
pub use ssim::{Ssim, SsimWindow};

/// Compiles the examples of the guide as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/evaluation.md")]
struct Guide;
