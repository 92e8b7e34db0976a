//! Figures and pictures of models: how well an exported model reconstructs, encodes and generates, grids of images,
//! line plots of series, and curves of losses and accuracies.

mod animation;
mod associations;
mod canvas;
mod category_drift;
mod chart;
mod class_spread;
mod components;
mod copying;
mod correlation;
mod curves;
mod drift;
mod embedding;
mod error;
mod figures;
mod frechet;
mod generated;
mod grid;
mod images;
mod marginal;
mod moments;
mod nearest;
mod neighbourhoods;
mod palette;
mod panels;
mod picture;
mod pictures;
mod psnr;
mod quality;
mod ranking;
mod raster;
mod reservoir;
mod row_space;
mod scaled;
mod sprites;
mod ssim;
mod strengths;
mod table_space;
mod zoom;

pub use animation::animation;
pub use associations::{Associations, total_variation};
pub use category_drift::{CategoryDrift, CategoryDriftCounts};
pub use chart::{
    Bar, ChartError, CorrelationCharts, MarginalChart, Threshold, bars, correlation_charts, histogram, marginal_charts,
};
pub use class_spread::ClassSpread;
pub use components::Components;
pub use copying::CopyTest;
pub use correlation::Correlations;
pub use curves::{Curve, label_curves, latent_curves, loss_curves, rate_distortion_curves};
pub use drift::{Drift, DriftCounts};
pub use embedding::neighbour_embedding;
pub use error::PictureError;
pub use figures::{
    Aggregate, CategoryFigures, CellFigures, EvaluatedRow, Evaluator, FeatureError, Figures, ImageFigures, Nll,
    PosteriorFigures, encode,
};
pub use frechet::frechet_distance;
pub use generated::generated;
pub use grid::{grid, is_picture};
pub use marginal::MarginalDistance;
pub use moments::{Estimate, Moments};
pub use nearest::{NearestRow, NearestRows};
pub use neighbourhoods::Neighbourhoods;
pub use panels::LinePlots;
pub use picture::Picture;
pub use pictures::{reconstructions, samples};
pub use psnr::psnr;
pub use quality::{FeatureSpace, SampleQuality};
pub use ranking::Ranking;
pub use reservoir::Reservoir;
pub use row_space::RowSpace;
pub use scaled::Columns;
pub use sprites::{SpriteSheet, sprite_sheet};
pub use ssim::{Ssim, SsimWindow};
pub use strengths::dimension_strengths;
pub use table_space::TableSpace;

/// Compiles the examples of the guide as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/evaluation.md")]
struct Guide;
