//! The errors of the cells of a mixed table, from which its scores are computed.
//!
//! An error is at least 0, and 0 for a perfect reconstruction, so that every cell has a share in the score. For models
//! with a distribution over codes it is the negative log-likelihood above that of a perfect reconstruction, in nats;
//! for the others it is the weighted error of the loss. A count has half the squared difference after the
//! variance-stabilising transformation of its distribution, which approximates half the deviance (Anscombe 1948), and
//! unlike the deviance is precise in 32-bit floats.

mod nodes;

use narrows_bundle::{CellLikelihood, Distribution, Manifest, SMALLEST_PROBABILITY};
use narrows_data::table::{Layout, MissingCells};
use ndarray::{Array2, ArrayView2};
pub(super) use nodes::CellValues;

use super::{DetectorError, Rows};

/// The errors of the cells of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CellErrors {
    layout: Layout,
    /// Of each number and count, in the order of the table.
    numbers: Vec<NumberError>,
    /// Of each category, in the order of the table.
    categories: Vec<CategoryError>,
    missing: MissingCells,
}

/// The error of a category: `-factor ln p` with the probability `p` of its level.
#[derive(Debug, Clone, Copy, PartialEq)]
struct CategoryError {
    factor: f64,
    /// The probability of a level that is not in the vocabulary.
    unseen: f64,
}

/// The error of a number or a count as a function of its value `x` and its reconstruction `m`.
#[derive(Debug, Clone, Copy, PartialEq)]
enum NumberError {
    /// `factor ((x - m) / scale)^2`.
    Square { factor: f64, scale: f64 },
    /// `factor ln(1 + ((x - m) / scale)^2)`.
    Logarithm { factor: f64, scale: f64 },
    /// `factor (2 sqrt(x) - 2 sqrt(m))^2`.
    Root { factor: f64 },
    /// `factor (2 asinh(sqrt(d x)) / sqrt(d) - 2 asinh(sqrt(d m)) / sqrt(d))^2` with the dispersion `d`.
    Area { factor: f64, dispersion: f64 },
}

impl NumberError {
    fn of(cell: &CellLikelihood, scale: f64, is_variational: bool) -> Self {
        let factor = |nats: f64| if is_variational { nats } else { cell.weight };
        match cell.distribution {
            Distribution::Gaussian { variance } => NumberError::Square { factor: factor(0.5 / variance), scale },
            Distribution::StudentT { degrees, scale: width } => NumberError::Logarithm {
                factor: (degrees + 1.0) * factor(0.5),
                scale: scale * degrees.sqrt() * if is_variational { width } else { 1.0 },
            },
            Distribution::NegativeBinomial { dispersion } => NumberError::Area { factor: factor(0.5), dispersion },
            // A category is no number; the manifest is checked.
            Distribution::Poisson | Distribution::Categorical { .. } => NumberError::Root { factor: factor(0.5) },
        }
    }

    fn error(self, x: f64, mean: f64) -> f64 {
        let squared = |function: &dyn Fn(f64) -> f64| (function(x.max(0.0)) - function(mean.max(0.0))).powi(2);
        match self {
            NumberError::Square { factor, scale } => factor * ((x - mean) / scale).powi(2),
            NumberError::Logarithm { factor, scale } => factor * ((x - mean) / scale).powi(2).ln_1p(),
            NumberError::Root { factor } => factor * squared(&|value| 2.0 * value.sqrt()),
            NumberError::Area { factor, dispersion } => {
                factor * squared(&|value| 2.0 * (dispersion * value).sqrt().asinh() / dispersion.sqrt())
            }
        }
    }
}

impl CellErrors {
    /// Returns the errors of a model of a mixed table; `None` for other models.
    pub(super) fn of(manifest: &Manifest) -> Option<Self> {
        let (schema, likelihoods) = (manifest.sample.table.as_ref()?, manifest.cells.as_ref()?);
        let layout = Layout::of(&schema.cells());
        let is_variational = manifest.kind.is_variational();
        let scales = &manifest.scaling.scale;
        let scale = |cell: usize| f64::from(if scales.len() == 1 { scales[0] } else { scales[cell] });
        let of_number = |&cell: &usize| Some(NumberError::of(likelihoods.get(cell)?, scale(cell), is_variational));
        let numbers = layout.numbers.iter().map(of_number).collect::<Option<_>>()?;
        let of_category = |&(cell, _): &(usize, usize)| {
            let CellLikelihood { distribution, weight, baseline: _ } = *likelihoods.get(cell)?;
            let factor = if is_variational { 1.0 } else { weight };
            match distribution {
                Distribution::Categorical { unseen } => Some(CategoryError { factor, unseen }),
                Distribution::Gaussian { .. }
                | Distribution::StudentT { .. }
                | Distribution::Poisson
                | Distribution::NegativeBinomial { .. } => None,
            }
        };
        let categories = layout.categories.iter().map(of_category).collect::<Option<_>>()?;
        Some(CellErrors { layout, numbers, categories, missing: schema.missing })
    }

    /// Checks the widths of rows and of their reconstructions.
    pub(super) fn check(&self, rows: &Rows) -> Result<(), DetectorError> {
        let (samples, reconstructions) = (rows.samples.ncols(), rows.reconstructions.ncols());
        let cells = self.layout.numbers.len() + self.layout.categories.len();
        let expected = self.layout.numbers.len() + self.layout.levels();
        match (samples, reconstructions) == (cells, expected) {
            true => Ok(()),
            false => Err(DetectorError::Width { samples, reconstructions, cells, expected }),
        }
    }

    /// Computes the errors of rows, `[rows, cells]`, from the cells, `[rows, cells]`, and their reconstructions: the
    /// numbers, and then the probabilities of all levels, `[rows, numbers + levels]`.
    ///
    /// A missing value has the error 0. The graph cannot tell an unseen level from a missing one where values may be
    /// missing, so an unseen level then has the error 0 as well; otherwise it has the probability of the manifest.
    pub(super) fn errors(&self, cells: &ArrayView2<'_, f32>, reconstructions: &ArrayView2<'_, f32>) -> Array2<f64> {
        let mut errors = Array2::zeros(cells.dim());
        for ((mut errors, cells), decoded) in
            errors.outer_iter_mut().zip(cells.outer_iter()).zip(reconstructions.outer_iter())
        {
            for ((&cell, number), &mean) in self.layout.numbers.iter().zip(&self.numbers).zip(decoded) {
                let x = f64::from(cells[cell]);
                let is_left_out = x.is_nan() && self.missing == MissingCells::Masked;
                errors[cell] = if is_left_out { 0.0 } else { number.error(x, f64::from(mean)) };
            }
            let mut first = self.layout.numbers.len();
            for (&(cell, levels), &CategoryError { factor, unseen }) in
                self.layout.categories.iter().zip(&self.categories)
            {
                let is_known = cells[cell] >= 1.0;
                let probability = match (is_known, self.missing) {
                    (true, _) => f64::from(decoded[first + cells[cell] as usize - 1]),
                    (false, MissingCells::Refused) => unseen,
                    (false, MissingCells::Masked) => 1.0,
                };
                errors[cell] = -factor * probability.clamp(SMALLEST_PROBABILITY, 1.0).ln();
                first += levels;
            }
        }
        errors
    }
}
