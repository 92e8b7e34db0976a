//! A map of codes in the plane in which neighbours stay neighbours: t-SNE.

mod affinities;
mod descent;

use ndarray::{Array2, ArrayView2, Axis};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rand_distr::{Distribution, StandardNormal};

use self::{affinities::affinities, descent::descend};
use crate::components::Components;

/// The effective number of neighbours of a row.
const PERPLEXITY: f64 = 30.0;
/// The standard deviation of the first coordinate at the start, and that of the noise that is added.
const START: f64 = 1e-4;
const NOISE: f64 = 1e-6;

/// Embeds rows, `[rows, width]`, in the plane by exact t-SNE (van der Maaten & Hinton 2008), and returns their
/// coordinates, `[rows, 2]`, centred at 0. `None` if `should_stop`, which is asked before each step, returns true.
///
/// Only neighbourhoods have a meaning in the map: neither its axes, nor the size of a cluster, nor the distance between
/// clusters. The perplexity is 30, or a third of the number of other rows if that is less. The start is the first two
/// principal components with a little noise from `seed` (Kobak & Berens 2019). Equal rows are close together. Rows
/// with values that are not finite have the coordinates NaN and do not influence others.
///
/// The time grows with the square of the number of rows, and so does the memory, 4 bytes for each pair of rows. The
/// same rows and the same seed give the same bits on the same processor.
pub fn neighbour_embedding(
    rows: ArrayView2<'_, f32>,
    seed: u64,
    should_stop: &dyn Fn() -> bool,
) -> Option<Array2<f32>> {
    let is_finite = |row: &usize| rows.row(*row).iter().all(|value| value.is_finite());
    let kept: Vec<usize> = (0..rows.nrows()).filter(is_finite).collect();
    let codes = scaled(rows.select(Axis(0), &kept));
    let perplexity = PERPLEXITY.min((kept.len().saturating_sub(1)) as f64 / 3.0);
    let affinities = affinities(codes.view(), perplexity, should_stop)?;
    let points = descend(&affinities, start(codes.view(), seed), should_stop)?;
    let mut all = Array2::from_elem((rows.nrows(), 2), f32::NAN);
    for (point, row) in points.outer_iter().zip(kept) {
        all.row_mut(row).assign(&point);
    }
    Some(all)
}

/// Divides all values by the largest absolute value, which does not change the map, so that no square overflows.
fn scaled(rows: Array2<f32>) -> Array2<f64> {
    let largest = rows.iter().fold(0.0_f64, |largest, &value| largest.max(f64::from(value).abs()));
    let factor = if largest > 0.0 { 1.0 / largest } else { 1.0 };
    rows.mapv(|value| factor * f64::from(value))
}

/// Returns where the rows are at the start, `[rows, 2]`.
fn start(codes: ArrayView2<'_, f64>, seed: u64) -> Array2<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut noise = || -> f64 { StandardNormal.sample(&mut random) };
    let mut start = Array2::from_shape_simple_fn((codes.nrows(), 2), || NOISE * noise());
    let components = Components::fit(codes, 2).of(codes);
    let spread = components.columns().into_iter().next().map_or(0.0, |first| first.std(0.0));
    if spread > 0.0 {
        for (mut into, component) in start.columns_mut().into_iter().zip(components.columns()) {
            into.scaled_add(START / spread, &component);
        }
    }
    start.mapv(|value| value as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Normal values in blobs around distant centres.
    fn blobs(rows: usize, width: usize, blobs: usize) -> Array2<f32> {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        Array2::from_shape_fn((rows, width), |(row, column)| {
            let noise: f32 = StandardNormal.sample(&mut random);
            noise + if column == row % blobs { 20.0 } else { 0.0 }
        })
    }

    fn embedding(rows: &Array2<f32>, seed: u64) -> Array2<f32> {
        neighbour_embedding(rows.view(), seed, &|| false).expect("nobody stops it")
    }

    fn distance(points: &Array2<f32>, one: usize, other: usize) -> f32 {
        (&points.row(one) - &points.row(other)).mapv(|value| value * value).sum().sqrt()
    }

    #[test]
    fn separate_blobs_stay_separate() {
        let points = embedding(&blobs(300, 8, 3), 0);
        for row in 0..300 {
            let nearest = (0..300)
                .filter(|&other| other != row)
                .min_by(|&one, &other| distance(&points, row, one).total_cmp(&distance(&points, row, other)));
            assert_eq!(nearest.map(|other| other % 3), Some(row % 3));
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_bits_and_another_seed_another_map() {
        let rows = blobs(100, 5, 2);
        assert_eq!(embedding(&rows, 7), embedding(&rows, 7));
        assert_ne!(embedding(&rows, 7), embedding(&rows, 8));
    }

    #[test]
    fn few_equal_and_extreme_rows_have_finite_coordinates() {
        for rows in [0, 1, 2, 3, 4, 9] {
            let points = embedding(&blobs(rows, 2, 1), 0);
            assert!(points.dim() == (rows, 2) && points.iter().all(|value| value.is_finite()), "{points}");
        }
        let equal = embedding(&Array2::from_elem((50, 3), 4.0), 0);
        assert!(equal.iter().all(|value| value.is_finite()), "{equal}");
        let mut doubled = blobs(60, 4, 2);
        for row in 0..30 {
            let copy = doubled.row(row).to_owned();
            doubled.row_mut(row + 30).assign(&copy);
        }
        let points = embedding(&doubled, 0);
        let extent = points.iter().fold(0.0_f32, |extent, value| extent.max(value.abs()));
        assert!((0..30).all(|row| distance(&points, row, row + 30) < 0.1 * extent), "{points}");
        for size in [1e-38_f32, 1e38] {
            let points = embedding(&blobs(40, 3, 2).mapv(|value| size * (value / 30.0)), 0);
            assert!(points.iter().all(|value| value.is_finite()), "{points}");
        }
        let narrow = embedding(&blobs(40, 1, 1), 0);
        assert!(narrow.iter().all(|value| value.is_finite()), "{narrow}");
    }

    #[test]
    fn a_row_that_is_not_finite_has_no_place_and_does_not_move_others() {
        let rows = blobs(41, 4, 2);
        let mut broken = rows.clone();
        broken[[40, 1]] = f32::NAN;
        let points = embedding(&broken, 0);
        assert!(points.row(40).iter().all(|value| value.is_nan()));
        let others = embedding(&rows.slice_axis(Axis(0), (0..40).into()).to_owned(), 0);
        assert_eq!(points.slice_axis(Axis(0), (0..40).into()), others);
    }

    #[test]
    fn it_stops_when_asked() {
        let rows = blobs(30, 4, 2);
        for after in [0, 1, 100] {
            let asked = std::cell::Cell::new(0);
            let should_stop = || asked.replace(asked.get() + 1) == after;
            assert!(neighbour_embedding(rows.view(), 0, &should_stop).is_none());
            assert_eq!(asked.get(), after + 1);
        }
    }
}
