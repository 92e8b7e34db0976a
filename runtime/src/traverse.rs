//! Codes along single latent dimensions, and on a grid over two of them.

use ndarray::{Array2, ArrayView1};

use crate::{CodeSpread, Error, bounds::Bounds, normal::normal_quantile};

/// Returns codes that differ from `start` in one latent dimension: `steps` values at equal distances, from the mean of
/// that dimension minus `range` standard deviations to the mean plus `range` standard deviations. `[steps, latent]`;
/// one step gives the mean.
///
/// # Errors
/// [`Error::LatentDimension`] if there is no such dimension, [`Error::CodeLengths`] if `start` and `spread` differ in
/// length, [`Error::OutOfRange`] for a range that is not finite, [`Error::TooMany`] if the codes do not fit into
/// memory.
pub fn traversal(
    start: ArrayView1<'_, f32>,
    spread: &CodeSpread,
    dimension: usize,
    range: f64,
    steps: usize,
) -> Result<Array2<f32>, Error> {
    if !range.is_finite() {
        return Err(Error::OutOfRange { option: "range", value: range, expected: "a finite number" });
    }
    check(start, spread, &[dimension])?;
    let mut codes = repeated(start, steps)?;
    let (mean, deviation) = (spread.mean[dimension], spread.deviation[dimension]);
    let last = steps.saturating_sub(1).max(1) as f64;
    for (step, value) in codes.column_mut(dimension).iter_mut().enumerate() {
        // From -1 to 1, and exactly 0 in the middle.
        let position = if steps == 1 { 0.0 } else { (2.0 * step as f64 - last) / last };
        *value = (mean + deviation * range * position) as f32;
    }
    Ok(codes)
}

/// Returns the codes of a grid over two latent dimensions, row by row, `[columns * rows, latent]`. The first dimension
/// grows from left to right, the second from top to bottom; the others are those of `start`.
///
/// The values of a dimension divide a normal distribution with its mean and standard deviation into parts of equal
/// probability: the quantiles of `(i + 1/2) / n` for `n` values (Kingma & Welling 2014, figure 4).
///
/// # Errors
/// [`Error::LatentDimension`] if there is no such dimension, [`Error::CodeLengths`] if `start` and `spread` differ in
/// length, [`Error::TooMany`] if the codes do not fit into memory.
pub fn quantile_grid(
    start: ArrayView1<'_, f32>,
    spread: &CodeSpread,
    [across, down]: [usize; 2],
    [columns, rows]: [usize; 2],
) -> Result<Array2<f32>, Error> {
    check(start, spread, &[across, down])?;
    let mut codes = repeated(start, columns.saturating_mul(rows))?;
    let value = |dimension: usize, index: usize, count: usize| {
        let quantile = normal_quantile((index as f64 + 0.5) / count as f64);
        (spread.mean[dimension] + spread.deviation[dimension] * quantile) as f32
    };
    let across_values: Vec<f32> = (0..columns).map(|column| value(across, column, columns)).collect();
    for (row, mut codes) in codes.axis_chunks_iter_mut(ndarray::Axis(0), columns.max(1)).enumerate() {
        codes.column_mut(down).fill(value(down, row, rows));
        codes.column_mut(across).iter_mut().zip(&across_values).for_each(|(code, value)| *code = *value);
    }
    Ok(codes)
}

fn check(start: ArrayView1<'_, f32>, spread: &CodeSpread, dimensions: &[usize]) -> Result<(), Error> {
    let latent_dim = start.len();
    if let Some(other) = [&spread.mean, &spread.deviation].into_iter().find(|values| values.len() != latent_dim) {
        return Err(Error::CodeLengths { from: latent_dim, to: other.len() });
    }
    match dimensions.iter().find(|&&dimension| dimension >= latent_dim) {
        Some(&dimension) => Err(Error::LatentDimension { dimension, latent_dim }),
        None => Ok(()),
    }
}

fn repeated(start: ArrayView1<'_, f32>, count: usize) -> Result<Array2<f32>, Error> {
    Bounds::default().check_memory(count, start.len())?;
    let rows = start.broadcast((count, start.len()));
    Ok(rows.map_or_else(|| Array2::zeros((count, start.len())), |rows| rows.to_owned()))
}

#[cfg(test)]
mod tests {
    use ndarray::{array, s};

    use super::*;

    fn spread() -> CodeSpread {
        CodeSpread { mean: array![0.0, 10.0, -1.0], deviation: array![1.0, 2.0, 0.5] }
    }

    #[test]
    fn a_traversal_changes_one_dimension_in_equal_steps_around_its_mean() {
        let start = array![0.5, 0.25, 4.0];
        let codes = traversal(start.view(), &spread(), 1, 3.0, 5).expect("a dimension");
        assert_eq!(codes.column(1), array![4.0, 7.0, 10.0, 13.0, 16.0]);
        assert!(codes.column(0).iter().all(|&value| value == 0.5) && codes.column(2).iter().all(|&value| value == 4.0));
        assert_eq!(traversal(start.view(), &spread(), 1, 3.0, 1).expect("a dimension"), array![[0.5, 10.0, 4.0]]);
        assert_eq!(traversal(start.view(), &spread(), 1, 3.0, 0).expect("a dimension").dim(), (0, 3));
    }

    #[test]
    fn a_grid_has_the_quantiles_of_equal_probabilities() {
        let start = array![0.0, 0.0, 7.0];
        let codes = quantile_grid(start.view(), &spread(), [0, 1], [3, 2]).expect("two dimensions");
        let sixth = 0.967_421_6;
        let quarter = 0.674_489_75 * 2.0;
        let expected = array![
            [-sixth, 10.0 - quarter, 7.0],
            [0.0, 10.0 - quarter, 7.0],
            [sixth, 10.0 - quarter, 7.0],
            [-sixth, 10.0 + quarter, 7.0],
            [0.0, 10.0 + quarter, 7.0],
            [sixth, 10.0 + quarter, 7.0],
        ];
        assert!(codes.iter().zip(&expected).all(|(code, expected): (&f32, &f32)| (code - expected).abs() < 1e-6));
        assert_eq!(quantile_grid(start.view(), &spread(), [0, 1], [1, 1]).expect("one"), array![[0.0, 10.0, 7.0]]);
        assert_eq!(quantile_grid(start.view(), &spread(), [0, 1], [0, 4]).expect("none").dim(), (0, 3));
    }

    #[test]
    fn impossible_dimensions_and_sizes_are_errors() {
        let start = array![0.0, 0.0, 7.0];
        let error = traversal(start.view(), &spread(), 3, 1.0, 2).expect_err("three dimensions").to_string();
        assert_eq!(error, "there is no latent dimension 3, this model has the dimensions 0 to 2");
        let error = quantile_grid(start.view(), &spread(), [0, 9], [2, 2]).expect_err("three dimensions");
        assert!(matches!(error, Error::LatentDimension { dimension: 9, .. }));
        let short = start.slice(s![..2]);
        assert!(matches!(traversal(short, &spread(), 0, 1.0, 2), Err(Error::CodeLengths { from: 2, to: 3 })));
        assert!(matches!(traversal(start.view(), &spread(), 0, f64::NAN, 2), Err(Error::OutOfRange { .. })));
        let huge = quantile_grid(start.view(), &spread(), [0, 1], [usize::MAX, 2]);
        assert!(matches!(huge, Err(Error::TooMany { .. })));
    }
}
