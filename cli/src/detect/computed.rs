//! What the autoencoder makes of rows: codes and reconstructions, computed in ONNX Runtime.

use std::{error::Error, ops::Range};

use anyhow::{Context, bail};
use narrows_bundle::{Probe, Role, table::Layout};
use narrows_data::{Limits, Values};
use narrows_runtime::{Autoencoder, Codes, Samples};
use narrows_trainer::detector::{Rows, outlying_samples};
use ndarray::{Array2, ArrayView2, Axis, Slice, concatenate};

use super::selected_rows::SelectedRows;
use crate::{rewrite::check_stop, rows_bar::RowsBar, stop::Stop};

/// Target number of values that are computed at a time.
const CHUNK_VALUES: usize = 1 << 20;
/// Largest number of rows that are computed at a time.
const CHUNK_ROWS: usize = 4096;
/// What an interruption leaves unwritten.
pub(super) const NOUN: &str = "detector";

/// Reads rows in chunks: calls `each` with the positions among the selected rows, and the samples as
/// `[positions, features]`.
pub(super) fn for_each_chunk(
    selected: &SelectedRows<'_>,
    stop: &Stop,
    mut each: impl FnMut(Range<usize>, &Array2<f32>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (values, indices) = (&selected.part.values, &selected.rows);
    let bar = RowsBar::new(Some(indices.len()));
    let chunk_rows = (CHUNK_VALUES / values.features().max(1)).clamp(1, CHUNK_ROWS);
    for (number, chunk) in indices.chunks(chunk_rows).enumerate() {
        check_stop(NOUN, stop)?;
        let first = number * chunk_rows;
        let range = first..first + chunk.len();
        let samples = match values.select(chunk)? {
            Values::U8(samples) => samples.mapv(f32::from),
            Values::F32(samples) => samples,
            Values::OnDisk(_) | Values::Windows(_) => bail!("rows {range:?} were not read into memory"),
        };
        each(range, &samples)?;
        bar.show(first + chunk.len());
    }
    Ok(())
}

/// Runs the encoder and the decoder on rows. `limits` bounds the memory of the result.
pub(crate) fn compute(
    model: &Autoencoder,
    selected: &SelectedRows<'_>,
    limits: &Limits,
    stop: &Stop,
) -> anyhow::Result<Rows> {
    let (count, features) = (selected.rows.len(), selected.part.values.features());
    check_memory(model, count, features, limits, &selected.spec)?;
    let labels = selected.labels(model)?;
    let mut rows = empty(model, count, features);
    for_each_chunk(selected, stop, |range, samples| {
        rows.samples.slice_axis_mut(Axis(0), Slice::from(range.clone())).assign(samples);
        let labels = labels.as_ref().and_then(|labels| labels.get(range.clone()));
        fill(model, &mut rows, range, labels).with_context(|| format!("`{}`", selected.spec))
    })?;
    rows.labels = labels;
    Ok(rows)
}

/// Does the same for the rows of a probe, and for samples far from them, which the detector flags.
pub(crate) fn probe_rows(model: &Autoencoder, probe: &Probe) -> anyhow::Result<Rows> {
    let count = probe.samples.len_of(Axis(0));
    let samples = probe.samples.to_shape((count, probe.samples.len() / count.max(1)))?.into_owned();
    let outlying = outlying_samples(&samples.view(), model.manifest());
    let samples = concatenate(Axis(0), &[samples.view(), outlying.view()])?;
    let count = samples.nrows();
    let mut rows = empty(model, count, samples.ncols());
    rows.samples = samples;
    let labels = probe.labels.as_ref().filter(|_| model.takes_labels());
    rows.labels = labels.map(|labels| labels.iter().chain(labels).copied().take(count).collect());
    let labels = rows.labels.clone();
    fill(model, &mut rows, 0..count, labels.as_deref())?;
    Ok(rows)
}

/// Runs the decoder on codes, and returns what a detector compares with samples: the decoded values, or of a mixed
/// table the numbers and then the probabilities of all levels.
pub(crate) fn decode_with(
    model: &Autoencoder,
    codes: &ArrayView2<'_, f32>,
    labels: Option<&[i64]>,
) -> Result<Array2<f32>, Box<dyn Error + Send + Sync>> {
    let inputs = || match labels {
        Some(labels) => Codes::from(codes.view()).labelled(labels),
        None => Codes::from(codes.view()),
    };
    let decoded = model.decode(inputs())?;
    let features = decoded.len() / codes.nrows().max(1);
    let decoded = decoded.into_shape_with_order((codes.nrows(), features))?;
    let Some(cells) = model.manifest().sample.cells() else { return Ok(decoded) };
    let numbers = decoded.select(Axis(1), &Layout::of(&cells).numbers);
    let probabilities = model.level_probabilities(inputs())?;
    Ok(concatenate(Axis(1), &[numbers.view(), probabilities.view()])?)
}

/// Returns the number of columns that [`decode_with`] returns for rows with `features` values.
fn decoded_width(model: &Autoencoder, features: usize) -> usize {
    model.manifest().sample.cells().map_or(features, |cells| {
        let layout = Layout::of(&cells);
        layout.numbers.len() + layout.levels()
    })
}

/// Computes the codes and reconstructions of samples that are already there.
fn fill(model: &Autoencoder, rows: &mut Rows, range: Range<usize>, labels: Option<&[i64]>) -> anyhow::Result<()> {
    let part = Slice::from(range);
    let samples = rows.samples.slice_axis(Axis(0), part);
    let inputs = match labels {
        Some(labels) => Samples::from(samples.view()).labelled(labels),
        None => Samples::from(samples.view()),
    };
    match &mut rows.log_variances {
        None => model.encode_into(inputs, &mut rows.codes.slice_axis_mut(Axis(0), part))?,
        Some(log_variances) => {
            let posterior = model.posterior(inputs)?;
            rows.codes.slice_axis_mut(Axis(0), part).assign(&posterior.mean);
            log_variances.slice_axis_mut(Axis(0), part).assign(&posterior.log_variance);
        }
    }
    let decoded =
        decode_with(model, &rows.codes.slice_axis(Axis(0), part), labels).map_err(|error| anyhow::anyhow!(error))?;
    rows.reconstructions.slice_axis_mut(Axis(0), part).assign(&decoded);
    Ok(())
}

fn empty(model: &Autoencoder, count: usize, features: usize) -> Rows {
    let codes = || Array2::zeros((count, model.latent_dim()));
    let has_posterior = model.manifest().graphs.encoder.output(Role::LogVariance).is_some();
    Rows {
        samples: Array2::zeros((count, features)),
        labels: None,
        codes: codes(),
        log_variances: has_posterior.then(codes),
        reconstructions: Array2::zeros((count, decoded_width(model, features))),
    }
}

/// Refuses rows whose samples, reconstructions and codes need more memory than the limit.
fn check_memory(model: &Autoencoder, count: usize, features: usize, limits: &Limits, spec: &str) -> anyhow::Result<()> {
    let floats = features + decoded_width(model, features) + 2 * model.latent_dim();
    let bytes = (count as u64).saturating_mul(floats as u64).saturating_mul(size_of::<f32>() as u64);
    if bytes > limits.memory.0 {
        bail!(
            "{count} rows of `{spec}` with their reconstructions and codes need {} MB of memory, more than --memory {}; \
             pass fewer rows or a larger --memory",
            bytes.div_ceil(1_000_000),
            limits.memory
        );
    }
    Ok(())
}
