//! The comparison of models: a model for every kind, latent size, weight of the KL term and seed, and loaded bundles.
//!
//! [`Plan`] lists the models and checks all of them before anything is trained. [`Folder`] keeps what is finished, so
//! that a broken-off comparison goes on. [`Comparison`] trains and measures the models one after the other, and
//! [`Report`] prints their [`Figures`].

mod chunks;
mod column;
mod comparison;
mod differences;
mod figures;
mod files;
mod folder;
mod format;
mod grid;
mod group;
mod intact;
mod judge;
mod measure;
mod measurement;
mod page;
mod passed;
mod plan;
mod probe;
mod rates;
mod remarks;
mod report;
mod rows;
mod speed;
mod spread;
mod train;

pub(crate) use comparison::{Comparison, Outcome};
pub(crate) use figures::Figures;
pub(crate) use folder::{Folder, Settings};
pub(crate) use grid::Grid;
pub(crate) use group::{Cell, Group};
pub(crate) use judge::Judge;
pub(crate) use measurement::Measurement;
pub(crate) use plan::Plan;
pub(crate) use report::Report;
