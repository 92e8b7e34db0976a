//! The start of the fit: k-means with the k-means++ start (Arthur & Vassilvitskii 2007), as in scikit-learn.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::{
    SamplerError,
    rows::{CHUNK_ROWS, chunks},
};

/// Iterations of k-means after the choice of the centres; the mixture is refined afterwards in any case.
const ITERATIONS: usize = 20;

/// Returns the responsibilities of the start, `[rows, components]`: 1 for the nearest centre, 0 for all others.
/// `should_stop` is called before each centre and each iteration.
pub(super) fn nearest_start(
    rows: &ArrayView2<'_, f64>,
    components: usize,
    random: &mut ChaCha8Rng,
    should_stop: &dyn Fn() -> bool,
) -> Result<Array2<f64>, SamplerError> {
    let mut centres = first_centres(rows, components, random, should_stop)?;
    let mut nearest = assign(rows, &centres);
    for _ in 0..ITERATIONS {
        check_stop(should_stop)?;
        centres = means(rows, &nearest, &centres);
        let next = assign(rows, &centres);
        if next == nearest {
            break;
        }
        nearest = next;
    }
    let mut responsibilities = Array2::zeros((rows.nrows(), components));
    for (mut row, component) in responsibilities.outer_iter_mut().zip(nearest) {
        row[component] = 1.0;
    }
    Ok(responsibilities)
}

fn check_stop(should_stop: &dyn Fn() -> bool) -> Result<(), SamplerError> {
    if should_stop() { Err(SamplerError::Interrupted) } else { Ok(()) }
}

/// Chooses the first centre at random and each further one with a probability proportional to the squared distance to
/// the nearest centre so far.
fn first_centres(
    rows: &ArrayView2<'_, f64>,
    components: usize,
    random: &mut ChaCha8Rng,
    should_stop: &dyn Fn() -> bool,
) -> Result<Array2<f64>, SamplerError> {
    let mut centres = Array2::zeros((components, rows.ncols()));
    let mut distances = Array1::from_elem(rows.nrows(), f64::INFINITY);
    for component in 0..components {
        check_stop(should_stop)?;
        let total: f64 = distances.sum();
        let chosen = if component == 0 || total == 0.0 {
            random.random_range(0..rows.nrows())
        } else {
            let target = random.random::<f64>() * total;
            let mut sum = 0.0;
            let at = distances.iter().position(|distance| {
                sum += distance;
                target < sum
            });
            at.unwrap_or(rows.nrows() - 1)
        };
        centres.row_mut(component).assign(&rows.row(chosen));
        let centre = centres.row(component);
        let parts: Vec<_> = chunks(rows).zip(distances.axis_chunks_iter_mut(Axis(0), CHUNK_ROWS)).collect();
        parts.into_par_iter().for_each(|(rows, mut distances)| {
            for (distance, row) in distances.iter_mut().zip(rows.outer_iter()) {
                *distance = distance.min(squared_distance(row, centre));
            }
        });
    }
    Ok(centres)
}

/// Returns the nearest centre of every row.
fn assign(rows: &ArrayView2<'_, f64>, centres: &Array2<f64>) -> Vec<usize> {
    let nearest = |row: ArrayView1<'_, f64>| {
        let distances = centres.outer_iter().map(|centre| squared_distance(row, centre));
        distances.enumerate().min_by(|one, other| one.1.total_cmp(&other.1)).map_or(0, |(component, _)| component)
    };
    let parts: Vec<_> = chunks(rows).collect();
    let parts: Vec<Vec<usize>> = parts.par_iter().map(|rows| rows.outer_iter().map(nearest).collect()).collect();
    parts.concat()
}

/// Returns the mean of the rows of every centre. A centre without rows stays where it is.
fn means(rows: &ArrayView2<'_, f64>, nearest: &[usize], previous: &Array2<f64>) -> Array2<f64> {
    let mut sums = Array2::<f64>::zeros(previous.dim());
    let mut counts = vec![0usize; previous.nrows()];
    for (row, &component) in rows.outer_iter().zip(nearest) {
        let mut sum = sums.row_mut(component);
        sum += &row;
        counts[component] += 1;
    }
    for ((mut sum, count), previous) in sums.outer_iter_mut().zip(counts).zip(previous.outer_iter()) {
        if count == 0 {
            sum.assign(&previous);
        } else {
            sum /= count as f64;
        }
    }
    sums
}

fn squared_distance(one: ArrayView1<'_, f64>, other: ArrayView1<'_, f64>) -> f64 {
    one.iter().zip(other).map(|(one, other)| (one - other) * (one - other)).sum()
}
