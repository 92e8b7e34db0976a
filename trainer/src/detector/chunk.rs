//! Rows in chunks, in scaled units and 64-bit floats, from which scores are computed.

use std::ops::Range;

use narrows_bundle::Scaling;
use ndarray::{Array, Array2, ArrayView1, Axis, Dimension, Slice};
use rayon::prelude::*;

use super::{DetectorError, Rows, cells::CellErrors};

/// Number of rows of a chunk. It is fixed, so that sums do not depend on the number of cores, and small, so that the
/// distances of a chunk to all stored rows stay in the cache.
const CHUNK_ROWS: usize = 128;

/// In which unit samples are compared with their reconstructions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit<'a> {
    pub(super) scaling: &'a Scaling,
    /// The errors of the cells of a mixed table; `None` for other samples.
    pub(super) cells: Option<&'a CellErrors>,
}

/// Some of the rows.
pub(super) struct Chunk<'a> {
    /// The class of every row, if the graphs take labels.
    pub(super) labels: Option<&'a [i64]>,
    /// Samples in scaled units, `[rows, features]`; `[rows, 0]` for mixed tables.
    pub(super) targets: Array2<f64>,
    /// Samples minus reconstructions in scaled units, `[rows, features]`; `[rows, 0]` for mixed tables.
    pub(super) residuals: Array2<f64>,
    /// The errors of the cells of a mixed table, `[rows, cells]`.
    pub(super) errors: Option<Array2<f64>>,
    /// Codes, `[rows, latent]`.
    pub(super) codes: Array2<f64>,
    /// Logarithms of the variances of the posteriors, `[rows, latent]`; variational encoders only.
    pub(super) log_variances: Option<Array2<f64>>,
}

impl<'a> Chunk<'a> {
    fn of(rows: &'a Rows, range: Range<usize>, unit: Unit<'_>) -> Self {
        let part = |array: &'a Array2<f32>| array.slice_axis(Axis(0), Slice::from(range.clone()));
        // Rounded to 32-bit floats as in the graph; one value stands for all features.
        let (offset, inverse) =
            (ArrayView1::from(&unit.scaling.offset), ArrayView1::from(&unit.scaling.scale).mapv(f32::recip));
        let samples = part(&rows.samples);
        let nothing = || Array2::zeros((range.len(), 0));
        let (targets, residuals, errors) = match unit.cells {
            None => (
                ((&samples - &offset) * &inverse).mapv(f64::from),
                ((&samples - &part(&rows.reconstructions)) * &inverse).mapv(f64::from),
                None,
            ),
            Some(cells) => (nothing(), nothing(), Some(cells.errors(&samples, &part(&rows.reconstructions)))),
        };
        Chunk {
            labels: rows.labels.as_deref().and_then(|labels| labels.get(range.clone())),
            targets,
            residuals,
            errors,
            codes: part(&rows.codes).mapv(f64::from),
            log_variances: rows.log_variances.as_ref().map(|array| part(array).mapv(f64::from)),
        }
    }
}

/// Calls `each` for every chunk of the rows, on several threads, and returns the results in the order of the rows.
pub(super) fn for_each_chunk<T: Send>(
    rows: &Rows,
    unit: Unit<'_>,
    should_stop: &dyn Fn() -> bool,
    each: impl Fn(&Chunk<'_>) -> Result<T, DetectorError> + Sync,
) -> Result<Vec<T>, DetectorError> {
    let mut results = Vec::new();
    visit_chunks(rows, unit, should_stop, each, |result| results.push(result))?;
    Ok(results)
}

/// Computes the sum of `each` over all chunks of the rows, which are added in their order; `None` without rows.
pub(super) fn sum_of_chunks<D: Dimension>(
    rows: &Rows,
    unit: Unit<'_>,
    should_stop: &dyn Fn() -> bool,
    each: impl Fn(&Chunk<'_>) -> Array<f64, D> + Sync,
) -> Result<Option<Array<f64, D>>, DetectorError> {
    let mut sum: Option<Array<f64, D>> = None;
    visit_chunks(
        rows,
        unit,
        should_stop,
        |chunk| Ok(each(chunk)),
        |part| match &mut sum {
            Some(sum) => *sum += &part,
            none => *none = Some(part),
        },
    )?;
    Ok(sum)
}

/// Calls `each` for every chunk on several threads, and `visit` with the results in the order of the rows. Few results
/// exist at a time.
fn visit_chunks<T: Send>(
    rows: &Rows,
    unit: Unit<'_>,
    should_stop: &dyn Fn() -> bool,
    each: impl Fn(&Chunk<'_>) -> Result<T, DetectorError> + Sync,
    mut visit: impl FnMut(T),
) -> Result<(), DetectorError> {
    let starts: Vec<usize> = (0..rows.count()).step_by(CHUNK_ROWS).collect();
    let of_chunk = |&start: &usize| {
        let range = start..rows.count().min(start + CHUNK_ROWS);
        each(&Chunk::of(rows, range, unit))
    };
    for starts in starts.chunks(2 * rayon::current_num_threads()) {
        if should_stop() {
            return Err(DetectorError::Interrupted);
        }
        let results = starts.par_iter().map(of_chunk).collect::<Result<Vec<T>, DetectorError>>()?;
        results.into_iter().for_each(&mut visit);
    }
    Ok(())
}

/// Copies the given rows.
pub(super) fn select(rows: &Rows, indices: &[usize]) -> Rows {
    let pick = |array: &Array2<f32>| array.select(Axis(0), indices);
    Rows {
        samples: pick(&rows.samples),
        labels: rows.labels.as_ref().map(|labels| indices.iter().map(|&row| labels[row]).collect()),
        codes: pick(&rows.codes),
        log_variances: rows.log_variances.as_ref().map(pick),
        reconstructions: pick(&rows.reconstructions),
    }
}
