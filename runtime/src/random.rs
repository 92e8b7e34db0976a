//! Seeded noise. Each use has its own stream, so that one seed can serve several without echoes.

use ndarray::Array2;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rand_distr::{Distribution, StandardNormal};

use crate::Error;

/// What the noise is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stream {
    /// Codes to decode.
    Prior,
    /// Codes around the encoder's means.
    Posterior,
    /// Codes around the encoder's means, to estimate a likelihood by.
    Importance,
}

/// The generator of a stream: ChaCha with 8 rounds, whose bits are the same on every machine.
pub(crate) fn generator(seed: u64, stream: Stream) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    // Never change a number: it changes what every seed means.
    generator.set_stream(match stream {
        Stream::Prior => 0,
        Stream::Posterior => 1,
        Stream::Importance => 2,
    });
    generator
}

/// Independent standard normals, `[rows, width]`, drawn row by row: fewer rows are a prefix of more.
pub(crate) fn standard_normals(seed: u64, stream: Stream, rows: usize, width: usize) -> Result<Array2<f32>, Error> {
    let too_many = Error::TooMany { rows, width };
    let mut values: Vec<f32> = Vec::new();
    match rows.checked_mul(width).map(|total| values.try_reserve_exact(total)) {
        Some(Ok(())) => {}
        Some(Err(_)) | None => return Err(too_many),
    }
    let normals = Distribution::<f32>::sample_iter(StandardNormal, generator(seed, stream));
    values.extend(normals.take(rows * width));
    Array2::from_shape_vec((rows, width), values).map_err(|_| too_many)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_keeps_its_numbers_for_good() {
        let normals = standard_normals(0, Stream::Prior, 1, 4).expect("four numbers");
        assert_eq!(
            normals.as_slice().expect("standard layout"),
            [0.699_960_77, -0.144_061_64, 0.302_886_28, -1.374_513_9]
        );
    }

    #[test]
    fn fewer_rows_are_a_prefix_and_streams_differ() {
        let draw = |stream, rows| standard_normals(7, stream, rows, 3).expect("a few numbers");
        let (many, few) = (draw(Stream::Prior, 100), draw(Stream::Prior, 9));
        assert_eq!(many.slice(ndarray::s![..9, ..]), few);
        assert_ne!(few, draw(Stream::Posterior, 9));
        assert_ne!(draw(Stream::Posterior, 9), draw(Stream::Importance, 9));
    }

    #[test]
    fn ten_thousand_normals_have_mean_zero_and_variance_one() {
        let normals = standard_normals(1, Stream::Prior, 10_000, 1).expect("ten thousand numbers");
        // Four standard errors: 4 / sqrt(n) of the mean, 4 * sqrt(2 / n) of the variance.
        assert!(normals.mean().expect("not empty").abs() < 0.04);
        assert!((normals.var(0.0) - 1.0).abs() < 0.057);
    }

    #[test]
    fn more_rows_than_memory_are_an_error() {
        for rows in [usize::MAX, usize::MAX / 4, 1 << 58] {
            assert!(matches!(standard_normals(0, Stream::Prior, rows, 20), Err(Error::TooMany { .. })));
        }
    }
}
