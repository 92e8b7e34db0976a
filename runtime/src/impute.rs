//! Imputation: missing cells of a mixed table are filled in from the reconstruction.

use narrows_bundle::{Role, table::CellKind};
use ndarray::{Array2, ArrayView1, ArrayViewMut1, Axis};
use rand_distr::{Distribution, StandardNormal};

use crate::{
    Autoencoder, CellChoice, Codes, Error, Posterior, Samples,
    autoencoder::as_matrix,
    cell_sampler::CellSampler,
    label::check_labels,
    levels::Decoded,
    random::{Stream, generator, seed_of_row},
    rows::InputRows,
};

/// Largest number of values in a temporary array: 16 MiB of decoded rows or probabilities.
const BLOCK_VALUES: usize = 1 << 22;

/// Options for [`Autoencoder::impute`].
///
/// ```
/// use narrows_runtime::ImputeOptions;
///
/// let options = ImputeOptions::default().draws(20).seed(7);
/// assert_eq!((options.draws, options.passes), (20, 1));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImputeOptions {
    /// Seed of the codes, by default 0.
    pub seed: u64,
    /// Codes per row that a variational model samples from the posterior, by default 10. With 0, the mean of the
    /// posterior is decoded. Other models have one code per row.
    pub draws: usize,
    /// How often rows are encoded, decoded and filled in, by default once. In every further pass the encoder receives
    /// the values of the pass before as if they had been there (pseudo-Gibbs sampling, Rezende et al. 2014, appendix
    /// F).
    pub passes: usize,
    /// Whether missing cells get the values that are expected over the draws, the default, or are drawn from their
    /// distributions given the code of a single draw. Drawn cells are for multiple imputation (Rubin 1987): impute
    /// several times with different seeds, and the differences show how uncertain an analysis is.
    pub cells: CellChoice,
}

impl Default for ImputeOptions {
    fn default() -> Self {
        ImputeOptions { seed: 0, draws: 10, passes: 1, cells: CellChoice::MostLikely }
    }
}

impl ImputeOptions {
    /// Sets the seed of the codes.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the number of codes per row.
    #[must_use]
    pub fn draws(mut self, draws: usize) -> Self {
        self.draws = draws;
        self
    }

    /// Sets how missing cells are chosen.
    #[must_use]
    pub fn cells(mut self, cells: CellChoice) -> Self {
        self.cells = cells;
        self
    }

    /// Sets the number of passes.
    #[must_use]
    pub fn passes(mut self, passes: usize) -> Self {
        self.passes = passes;
        self
    }
}

/// Rows of a mixed table whose missing cells are filled in.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Imputation {
    /// The rows, `[batch, cells]`. A cell that was there has its value. A number or a count is the mean over the draws.
    /// A category has the level that is most probable in the mean over the draws, an ordered one the median level.
    pub rows: Array2<f32>,
    /// How uncertain every filled cell is, `[batch, cells]`: of a number or a count the standard deviation of its
    /// decoded means over the draws, in the unit of the data, 0 for a single draw; of a category 1 minus the
    /// probability of its level. 0 for a cell that was there.
    pub spread: Array2<f32>,
    /// The number of cells that were filled in.
    pub filled: usize,
}

impl Autoencoder {
    /// Fills in the missing cells of the rows of a mixed table: encodes a row with its gaps, decodes it, and keeps the
    /// cells that were there.
    ///
    /// A variational model decodes several codes from the posterior of each row. The codes of a row depend on the seed
    /// and on the values of the row, so rows can be filled in in any order and in batches of any size.
    ///
    /// # Errors
    /// [`Error::NotATable`] if the model was not trained on a mixed table, [`Error::NotFinite`] if it was trained on
    /// complete rows and a cell is missing; otherwise those of [`Autoencoder::reconstruct`].
    pub fn impute<'a>(&self, samples: impl Into<Samples<'a>>, options: &ImputeOptions) -> Result<Imputation, Error> {
        self.check_table()?;
        let samples = samples.into();
        let input = InputRows::of(samples.values, self.encoder.input())?;
        check_labels(samples.labels, input.count, &[&self.encoder, &self.decoder], self.manifest())?;
        let cells = self.manifest().sample.features();
        // The rows and their spread.
        self.bounds().check_memory(input.count, cells.saturating_mul(2))?;
        let mut given = Array2::zeros((input.count, cells));
        if let Some(values) = given.as_slice_mut() {
            self.bounds().in_blocks(input.count, |block| {
                input.copy(block.clone(), &mut values[block.start * cells..block.end * cells]);
            })?;
        }
        let has_gap =
            |(row, values): (usize, ArrayView1<'_, f32>)| values.iter().any(|value| value.is_nan()).then_some(row);
        let with_gaps: Vec<usize> = given.outer_iter().enumerate().filter_map(has_gap).collect();

        let filled = given.iter().filter(|value| value.is_nan()).count();
        let mut imputation = Imputation { spread: Array2::zeros(given.dim()), rows: given, filled };
        let draws = match options.cells {
            CellChoice::MostLikely => options.draws.max(1),
            CellChoice::Drawn => 1,
        };
        let block = (BLOCK_VALUES / self.decoded_width().saturating_mul(draws).max(1)).clamp(1, 4096);
        for rows in with_gaps.chunks(block) {
            self.bounds().check_cancelled(rows[0], input.count)?;
            let given = imputation.rows.select(Axis(0), rows);
            let labels = samples.labels.map(|labels| rows.iter().map(|&row| labels[row]).collect::<Vec<_>>());
            let (mut filled, mut spread) = (given.clone(), Array2::zeros(given.dim()));
            for _ in 0..options.passes.max(1) {
                let pass = Pass { given: &given, labels: labels.as_deref(), draws, options };
                self.fill(&pass, &mut filled, &mut spread)
                    .map_err(|error| error.at_row(|row| rows[row]).cancelled_after(rows[0], input.count))?;
            }
            for (index, &row) in rows.iter().enumerate() {
                imputation.rows.row_mut(row).assign(&filled.row(index));
                imputation.spread.row_mut(row).assign(&spread.row(index));
            }
        }
        Ok(imputation)
    }

    /// Replaces the cells of `filled` that are missing in the given rows, and their spread.
    fn fill(&self, pass: &Pass<'_>, filled: &mut Array2<f32>, spread: &mut Array2<f32>) -> Result<(), Error> {
        let codes = self.codes_to_impute(pass, filled)?;
        let draws = codes.nrows() / pass.given.nrows().max(1);
        let of_decoder = pass.labels.filter(|_| self.decoder.takes_labels());
        let labels: Option<Vec<i64>> =
            of_decoder.map(|labels| labels.iter().flat_map(|&label| std::iter::repeat_n(label, draws)).collect());
        let Decoded { samples, probabilities } =
            self.decode_with_probabilities(Codes { labels: labels.as_deref(), ..Codes::from(&codes) })?;
        let mut samples = as_matrix(samples);
        if let (CellChoice::Drawn, Some(sampler)) = (pass.options.cells, CellSampler::of(self.manifest())) {
            let rows = samples.outer_iter_mut().zip(probabilities.outer_iter()).zip(pass.given.outer_iter());
            for ((cells, probabilities), given) in rows {
                let values = given.into_iter().map(|&value| f64::from(value));
                sampler.draw(
                    cells,
                    probabilities,
                    &mut generator(seed_of_row(pass.options.seed, values), Stream::Cells),
                );
            }
        }
        let cells = self.manifest().sample.cells().unwrap_or_default();
        for (row, given) in pass.given.outer_iter().enumerate() {
            let range = row * draws..(row + 1) * draws;
            let mut first_level = 0;
            for (position, cell) in cells.iter().enumerate() {
                let levels = cell.kind.levels().unwrap_or(0);
                let own_levels = first_level..first_level + levels;
                first_level += levels;
                if !given[position].is_nan() {
                    continue;
                }
                let (value, uncertainty) = match cell.kind {
                    CellKind::Category { .. } if pass.options.cells == CellChoice::Drawn => {
                        let level = samples[[row, position]];
                        let probability = probabilities[[row, position_of(level, own_levels.start)]];
                        (f64::from(level), 1.0 - f64::from(probability))
                    }
                    CellKind::Number | CellKind::HeavyTailed | CellKind::Count => {
                        moments(range.clone().map(|draw| f64::from(samples[[draw, position]])))
                    }
                    CellKind::Category { is_ordered, .. } => {
                        let mean = own_levels.map(|level| {
                            let of_draws = range.clone().map(|draw| f64::from(probabilities[[draw, level]]));
                            of_draws.sum::<f64>() / draws as f64
                        });
                        level_of(&mean.collect::<Vec<_>>(), is_ordered)
                    }
                };
                filled[[row, position]] = value as f32;
                spread[[row, position]] = uncertainty as f32;
            }
        }
        Ok(())
    }

    /// Returns the codes to decode, `[rows * draws, latent]`: draws from the posteriors, or one code per row.
    fn codes_to_impute(&self, pass: &Pass<'_>, filled: &Array2<f32>) -> Result<Array2<f32>, Error> {
        let labels = pass.labels.filter(|_| self.encoder.takes_labels());
        let samples = Samples { labels, ..Samples::from(filled) };
        if self.encoder.output(Role::LogVariance).is_none() || pass.options.draws == 0 {
            return self.encode(samples);
        }
        let Posterior { mean, log_variance } = self.posterior(samples)?;
        let mut codes = Array2::zeros((mean.nrows() * pass.draws, mean.ncols()));
        for (row, mut of_row) in codes.axis_chunks_iter_mut(Axis(0), pass.draws).enumerate() {
            let values = pass.given.row(row).into_iter().map(|&value| f64::from(value));
            let mut random = generator(seed_of_row(pass.options.seed, values), Stream::Imputation);
            for code in of_row.outer_iter_mut() {
                draw_code(code, mean.row(row), log_variance.row(row), &mut random);
            }
        }
        Ok(codes)
    }

    /// Returns the largest number of values of one decoded row in an array: cells or probabilities.
    fn decoded_width(&self) -> usize {
        self.decoder.outputs().iter().map(crate::rows::width).max().unwrap_or(1).max(self.latent_dim())
    }
}

/// The rows of a pass.
struct Pass<'a> {
    /// The rows with their gaps, `[rows, cells]`.
    given: &'a Array2<f32>,
    labels: Option<&'a [i64]>,
    /// Codes per row of a variational model.
    draws: usize,
    options: &'a ImputeOptions,
}

fn draw_code(
    code: ArrayViewMut1<'_, f32>,
    mean: ArrayView1<'_, f32>,
    log_variance: ArrayView1<'_, f32>,
    random: &mut rand_chacha::ChaCha8Rng,
) {
    for ((z, &mean), &log_variance) in code.into_iter().zip(mean).zip(log_variance) {
        let eps: f32 = StandardNormal.sample(random);
        *z = mean + (log_variance / 2.0).exp() * eps;
    }
}

/// Returns the position of the probability of a level, from 1, of a category whose first level is at `start`.
fn position_of(level: f32, start: usize) -> usize {
    start + (level as usize).saturating_sub(1)
}

/// Returns the mean and the standard deviation of values.
fn moments(values: impl ExactSizeIterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.len().max(1) as f64;
    let mean = values.clone().sum::<f64>() / count;
    (mean, (values.map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt())
}

/// Returns the most probable level, from 1, or the median level of an ordered category, and 1 minus its probability.
fn level_of(probabilities: &[f64], is_ordered: bool) -> (f64, f64) {
    let index = if is_ordered {
        let mut sum = 0.0;
        let is_half = |probability: &f64| {
            sum += probability;
            sum >= 0.5
        };
        probabilities.iter().position(is_half).unwrap_or(probabilities.len().saturating_sub(1))
    } else {
        let larger = |best: usize, (index, &probability): (usize, &f64)| {
            if probability > probabilities[best] { index } else { best }
        };
        probabilities.iter().enumerate().fold(0, larger)
    };
    let probability = probabilities.get(index).copied().unwrap_or(0.0);
    ((index + 1) as f64, (1.0 - probability).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_category_has_its_most_probable_level_and_an_ordered_one_its_median() {
        assert_eq!(level_of(&[0.25, 0.5, 0.25], false), (2.0, 0.5));
        assert_eq!(level_of(&[0.4, 0.4, 0.2], false), (1.0, 0.6));
        assert_eq!(level_of(&[0.25, 0.125, 0.625], true), (3.0, 0.375));
        assert_eq!(level_of(&[0.5, 0.125, 0.375], true), (1.0, 0.5));
        assert_eq!(level_of(&[0.25, 0.125], true), (2.0, 0.875));
    }

    #[test]
    fn the_spread_of_a_number_is_the_standard_deviation_over_the_draws() {
        assert_eq!(moments([1.0, 3.0].into_iter()), (2.0, 1.0));
        assert_eq!(moments([5.0].into_iter()), (5.0, 0.0));
    }
}
