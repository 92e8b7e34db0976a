//! The probe of a detector, and what it remembers of its calibration rows.

use narrows_bundle::{Calibration, DetectorProbe};
use ndarray::{Array1, Array2, ArrayD, Axis, IxDyn};

use super::{DetectorError, Rows, calibrate::Steps};

/// A row is close to the threshold if its score differs by at most this, relative to the larger of the threshold's size
/// and 1.
const NEAR: f64 = 1e-4;

/// Largest number of rows close to the threshold that the probe keeps, the closest ones.
const MAX_NEAR_ROWS: usize = 1024;

/// Returns the probe: all rows of the first part, and those rows of all others that are close to the threshold.
pub(super) fn detector_probe(
    parts: [(&Rows, &[f64]); 3],
    steps: &Steps,
    threshold: f32,
    level: f64,
    sample_shape: &[usize],
) -> Result<DetectorProbe, DetectorError> {
    let distance = |score: f64| (score - f64::from(threshold)).abs() / f64::from(threshold).abs().max(1.0);
    let [(first, first_scores), others @ ..] = parts;
    let mut near: Vec<(f64, usize, usize)> = Vec::new();
    for (part, (_, scores)) in others.iter().enumerate() {
        let rows = scores.iter().enumerate().map(|(row, &score)| (distance(score), part, row));
        near.extend(rows.filter(|(distance, _, _)| *distance <= NEAR));
    }
    near.sort_by(|one, other| one.0.total_cmp(&other.0));
    near.truncate(MAX_NEAR_ROWS);
    let mut chosen: Vec<(&Rows, usize, f64)> = (0..first.count()).map(|row| (first, row, first_scores[row])).collect();
    chosen.extend(near.into_iter().map(|(_, part, row)| (others[part].0, row, others[part].1[row])));
    let features = first.samples.ncols();
    let mut samples = Array2::zeros((chosen.len(), features));
    for (mut to, (rows, row, _)) in samples.outer_iter_mut().zip(&chosen) {
        to.assign(&rows.samples.row(*row));
    }
    let shape: Vec<usize> = std::iter::once(chosen.len()).chain(sample_shape.iter().copied()).collect();
    let samples: ArrayD<f32> = samples
        .into_shape_with_order(IxDyn(&shape))
        .map_err(|error| DetectorError::Graph(format!("samples do not have the shape {sample_shape:?}: {error}")))?;
    let scores: Array1<f32> = chosen.iter().map(|(_, _, score)| *score as f32).collect();
    let labels = first.labels.is_some().then(|| {
        let label = |(rows, row, _): &(&Rows, usize, f64)| rows.labels.as_ref().map_or(0, |labels| labels[*row]);
        chosen.iter().map(label).collect()
    });
    Ok(DetectorProbe {
        samples,
        labels,
        p_values: scores.mapv(|score| steps.p_value(score)),
        are_anomalies: scores.iter().map(|&score| steps.is_anomaly(score, level)).collect(),
        scores,
    })
}

/// Returns the quantiles of the scores and of the columns of calibration rows.
pub(super) fn calibration(scores: &[f64], rows: &Rows) -> Calibration {
    let mut sorted: Vec<f32> = scores.iter().map(|&score| score as f32).collect();
    sorted.sort_unstable_by(f32::total_cmp);
    let scores = quantiles(&sorted, Calibration::SCORE_QUANTILES);
    let features = rows.samples.ncols();
    let columns = (features <= Calibration::COLUMNS).then(|| {
        let count = rows.count().min(Calibration::COLUMN_QUANTILES);
        let mut columns = Array2::zeros((features, count));
        for (mut quantile_row, column) in columns.outer_iter_mut().zip(rows.samples.axis_iter(Axis(1))) {
            let mut sorted = column.to_vec();
            sorted.sort_unstable_by(f32::total_cmp);
            quantile_row.assign(&quantiles(&sorted, count));
        }
        columns
    });
    Calibration { scores, columns }
}

/// Returns all values, or `most` quantiles at equal distances, the first and the last value among them.
fn quantiles(sorted: &[f32], most: usize) -> Array1<f32> {
    if sorted.len() <= most {
        return Array1::from(sorted.to_vec());
    }
    let last = (sorted.len() - 1) as f64 / (most.max(2) - 1) as f64;
    (0..most).map(|index| sorted[((index as f64 * last).round() as usize).min(sorted.len() - 1)]).collect()
}
