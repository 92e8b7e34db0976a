//! How the models are measured.

use narrows_data::{Binarize, Dataset};

use super::Judge;
use crate::stop::Stop;

/// What is measured: the data, the rows that judge, and how.
#[derive(Clone, Copy)]
pub(crate) struct Measurement<'a> {
    pub(crate) data: &'a Dataset,
    pub(crate) judge: Judge,
    /// Latent samples per row for the likelihood.
    pub(crate) importance_samples: usize,
    /// How the rows are binarised before a model takes them.
    pub(crate) binarize: Binarize,
    pub(crate) stop: &'a Stop,
}
