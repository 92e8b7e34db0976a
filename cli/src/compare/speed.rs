//! The time to encode a row, measured after everything else.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use narrows_runtime::Autoencoder;
use ndarray::Array2;

use super::{Measurement, chunks::Chunks, train::check_stop};

/// Number of rows in a batch.
pub(crate) const ENCODE_ROWS: usize = 1024;
/// Largest number of values in a batch (256 MiB): batches of larger samples have fewer rows.
const BATCH_VALUES: usize = 1 << 26;
/// Number of batches before the measurement, so that memory is allocated and threads are awake.
const WARM_UP: usize = 3;
/// Smallest number of measured batches.
const MIN_BATCHES: usize = 5;
/// Largest number of measured batches.
const MAX_BATCHES: usize = 101;
/// The measurement ends after this time, once it has the smallest number of batches.
const LONGEST: Duration = Duration::from_millis(300);

/// Returns the median time to encode a row, in microseconds, of batches of [`ENCODE_ROWS`] rows that judge; rows repeat
/// if there are fewer. Batches of very large samples have fewer rows.
pub(crate) fn measure_speed(bundle: &Path, measurement: &Measurement<'_>) -> anyhow::Result<f64> {
    let model = Autoencoder::open(bundle)?;
    // Which rows judge does not matter here, so the split of a seed is not computed again.
    let (fitted, judged) = measurement.judge.split(measurement.data, None);
    let rows = if judged.rows.is_empty() { fitted } else { judged };
    let count = (BATCH_VALUES / measurement.data.train.values.features().max(1)).clamp(1, ENCODE_ROWS);
    let chunk = Chunks::of(&model, measurement.data, &rows, (measurement.binarize, 0))?.repeated(count)?;
    let mut codes = Array2::zeros((count, model.latent_dim()));
    let mut encode = || -> anyhow::Result<Duration> {
        let start = Instant::now();
        model.encode_into(chunk.samples(), &mut codes.view_mut())?;
        Ok(start.elapsed())
    };
    for _ in 0..WARM_UP {
        encode()?;
    }
    let (start, mut times) = (Instant::now(), Vec::new());
    while times.len() < MIN_BATCHES || (times.len() < MAX_BATCHES && start.elapsed() < LONGEST) {
        check_stop(measurement.stop)?;
        times.push(encode()?);
    }
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    Ok(1e6 * median.as_secs_f64() / count as f64)
}
