//! Seeded random numbers. Each use has its own stream, so that one seed gives independent numbers for different uses.

use ndarray::Array2;
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};
use rand_distr::{Distribution, StandardNormal};

use crate::{Error, bounds::Bounds};

/// The use of the random numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stream {
    /// Codes sampled from the prior.
    Prior,
    /// Codes sampled from the posterior.
    Posterior,
    /// Codes sampled from the posterior for likelihood estimates.
    Importance,
    /// Components of a mixture.
    Component,
    /// Replacements of values outside a truncated prior.
    Truncation,
    /// Noise that is added to samples.
    Noise,
    /// Cells of generated rows.
    Cells,
    /// Codes sampled from the posterior to fill in missing cells.
    Imputation,
}

/// Returns the generator of a stream: ChaCha with 8 rounds, which gives the same bits on every machine.
pub(crate) fn generator(seed: u64, stream: Stream) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    // Never change these numbers: that would change the result of every seed.
    generator.set_stream(match stream {
        Stream::Prior => 0,
        Stream::Posterior => 1,
        Stream::Importance => 2,
        Stream::Component => 3,
        Stream::Truncation => 8,
        Stream::Noise => 9,
        Stream::Cells => 10,
        Stream::Imputation => 11,
    });
    generator
}

/// Derives the seed of a row from the seed and the row's values by 64-bit FNV-1a (Fowler, Noll and Vo 1991). Equal rows
/// have the same seed.
pub(crate) fn seed_of_row(seed: u64, values: impl IntoIterator<Item = f64>) -> u64 {
    // Adding zero maps -0.0 to 0.0, and every missing value has the same bits.
    let bits = |value: f64| if value.is_nan() { f64::NAN.to_bits() } else { (value + 0.0).to_bits() };
    let bytes = std::iter::once(seed).chain(values.into_iter().map(bits)).flat_map(u64::to_le_bytes);
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Samples uniform numbers of [0, 1) without end, each from the upper 53 bits of one output.
pub(crate) fn uniforms(seed: u64, stream: Stream) -> impl Iterator<Item = f64> {
    let mut generator = generator(seed, stream);
    std::iter::repeat_with(move || (generator.next_u64() >> 11) as f64 / (1u64 << 53) as f64)
}

/// Samples independent standard normal values, `[rows, width]`, row by row: fewer rows are a prefix of more rows.
///
/// # Errors
/// [`Error::Memory`] and [`Error::TooMany`] if they do not fit into memory, and [`Error::Cancelled`].
pub(crate) fn standard_normals(
    seed: u64,
    stream: Stream,
    [rows, width]: [usize; 2],
    bounds: &Bounds,
) -> Result<Array2<f32>, Error> {
    bounds.check_memory(rows, width)?;
    let too_many = Error::TooMany { rows, width };
    let mut values: Vec<f32> = Vec::new();
    match rows.checked_mul(width).map(|total| values.try_reserve_exact(total)) {
        Some(Ok(())) => {}
        Some(Err(_)) | None => return Err(too_many),
    }
    let mut normals = Distribution::<f32>::sample_iter(StandardNormal, generator(seed, stream));
    bounds.in_blocks(rows, |block| values.extend(normals.by_ref().take(block.len() * width)))?;
    Array2::from_shape_vec((rows, width), values).map_err(|_| too_many)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MemoryLimit, Options};

    #[test]
    fn the_values_of_a_seed_are_stable() {
        let normals = standard_normals(0, Stream::Prior, [1, 4], &Bounds::default()).expect("four values");
        assert_eq!(
            normals.as_slice().expect("standard layout"),
            [0.699_960_77, -0.144_061_64, 0.302_886_28, -1.374_513_9]
        );
    }

    #[test]
    fn the_seed_of_a_row_is_stable_and_differs_between_rows_and_seeds() {
        assert_eq!(seed_of_row(7, [0.5, 0.0]), seed_of_row(7, [0.5, -0.0]));
        assert_eq!(seed_of_row(7, [f64::NAN]), seed_of_row(7, [-f64::NAN]));
        let others = [seed_of_row(7, [0.0, 0.5]), seed_of_row(8, [0.5, 0.0]), seed_of_row(7, [0.5, 0.25])];
        assert!(!others.contains(&seed_of_row(7, [0.5, 0.0])));
        assert_eq!(seed_of_row(7, [0.5, 0.0]), 13_615_965_513_978_721_515);
    }

    #[test]
    fn fewer_rows_are_a_prefix_and_streams_differ() {
        let sample = |stream, rows| standard_normals(7, stream, [rows, 3], &Bounds::default()).expect("a few values");
        let (many, few) = (sample(Stream::Prior, 100), sample(Stream::Prior, 9));
        assert_eq!(many.slice(ndarray::s![..9, ..]), few);
        assert_ne!(few, sample(Stream::Posterior, 9));
        assert_ne!(sample(Stream::Posterior, 9), sample(Stream::Importance, 9));
    }

    #[test]
    fn ten_thousand_normals_have_mean_zero_and_variance_one() {
        let normals = standard_normals(1, Stream::Prior, [10_000, 1], &Bounds::default()).expect("ten thousand values");
        // Four standard errors: 4 / sqrt(n) of the mean, 4 * sqrt(2 / n) of the variance.
        assert!(normals.mean().expect("not empty").abs() < 0.04);
        assert!((normals.var(0.0) - 1.0).abs() < 0.057);
    }

    #[test]
    fn more_rows_than_memory_are_an_error() {
        for rows in [usize::MAX, usize::MAX / 4, 1 << 58] {
            let bounds = Bounds::of(&Options::default().memory(MemoryLimit::Unlimited));
            assert!(matches!(standard_normals(0, Stream::Prior, [rows, 20], &bounds), Err(Error::TooMany { .. })));
        }
    }
}
