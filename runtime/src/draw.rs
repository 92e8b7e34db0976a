//! Rows of a mixed table that are drawn from the distributions of their cells.

use ndarray::{ArrayD, Axis};
use rand_chacha::ChaCha8Rng;

use crate::{
    Autoencoder, Codes, Error,
    cell_sampler::CellSampler,
    levels::Decoded,
    random::{Stream, generator},
};

/// Number of random words that are reserved for each row: the draws of a row do not depend on other rows.
const WORDS_PER_ROW: u128 = 1 << 24;

/// How the cells of generated rows of a mixed table are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CellChoice {
    /// Drawn from their distributions: numbers and counts vary around the decoded mean, and a category has each level
    /// as often as its probability says. Columns then vary as much as in the training data.
    #[default]
    Drawn,
    /// The decoded mean of numbers and counts, the most probable level of categories, and the median of ordered ones.
    MostLikely,
}

impl Autoencoder {
    /// Decodes codes and draws every cell from its distribution, `[batch, cells]`: a number from its normal or
    /// Student-t distribution, a count from its Poisson or negative binomial distribution, and a category from the
    /// probabilities of its levels. Samples of other models are decoded as by [`Autoencoder::decode`].
    ///
    /// The draws of a row depend on the seed and on its number: `first` is that of the first code. Codes can therefore
    /// be decoded in batches of any size.
    ///
    /// # Errors
    /// Those of [`Autoencoder::decode`].
    pub fn decode_drawn<'a>(&self, codes: impl Into<Codes<'a>>, seed: u64, first: usize) -> Result<ArrayD<f32>, Error> {
        let Decoded { mut samples, probabilities } = self.decode_with_probabilities(codes.into())?;
        if let Some(sampler) = CellSampler::of(self.manifest()) {
            let (mut random, count) = (generator(seed, Stream::Cells), probabilities.nrows());
            let rows = samples.axis_iter_mut(Axis(0)).zip(probabilities.outer_iter()).enumerate();
            for (row, (cells, probabilities)) in rows {
                self.bounds().check_cancelled(row, count)?;
                seek(&mut random, first.saturating_add(row));
                if let Ok(cells) = cells.into_dimensionality() {
                    sampler.draw(cells, probabilities, &mut random);
                }
            }
        }
        Ok(samples)
    }
}

/// Moves a generator to the random numbers of a row.
fn seek(random: &mut ChaCha8Rng, row: usize) {
    random.set_word_pos(row as u128 * WORDS_PER_ROW);
}
