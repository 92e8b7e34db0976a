//! Training data of a head: labelled samples and their codes, computed by the frozen encoder in ONNX Runtime.

use anyhow::bail;
use narrows_bundle::counted;
use narrows_data::{Dataset, Limits, Values};
use narrows_runtime::{Autoencoder, MemoryLimit, Samples};
use narrows_trainer::transfer::{Codes, Options, Task};
use ndarray::{Array2, Axis};

use super::check_stop;
use crate::{
    rows_bar::RowsBar,
    stop::Stop,
    training::{LabelType, load_for_model},
};

/// Number of rows that are encoded at a time.
const CHUNK_ROWS: usize = 4096;

/// Samples with labels, and their codes.
pub(crate) struct EncodedData {
    pub(crate) data: Dataset,
    pub(crate) codes: Codes,
}

impl EncodedData {
    /// Loads the data as the options say, with the columns and fill values of the model, and encodes it. `check` is
    /// called before anything is encoded; its result is returned too.
    pub(crate) fn load<T>(
        options: &Options,
        limits: &Limits,
        model: &Autoencoder,
        stop: &Stop,
        check: impl FnOnce(&Dataset) -> anyhow::Result<T>,
    ) -> anyhow::Result<(Self, T)> {
        let labels = match options.head.task.unwrap_or_default() {
            Task::Classification => LabelType::Classes,
            Task::Regression => LabelType::Numbers,
        };
        let data = load_for_model(&options.data, limits, model.manifest(), labels)?;
        let checked = check(&data)?;
        let codes_of = |values: &Values| encode(model, values, stop);
        let part = |part: &Option<narrows_data::Part>| part.as_ref().map(|part| codes_of(&part.values)).transpose();
        let codes = Codes { train: codes_of(&data.train.values)?, valid: part(&data.valid)?, test: part(&data.test)? };
        Ok((EncodedData { data, codes }, checked))
    }
}

/// Returns the deterministic code of every row, `[rows, latent]`.
fn encode(model: &Autoencoder, values: &Values, stop: &Stop) -> anyhow::Result<Values> {
    let rows = values.rows();
    let (latent_dim, size) = (model.latent_dim() as u64, size_of::<f32>() as u64);
    let what = || format!("the codes of {}, {latent_dim} numbers each,", counted(rows, "row"));
    let advice = "use fewer rows (--label-fraction), or a model with fewer latent dimensions";
    MemoryLimit::Available.check((rows as u64).saturating_mul(latent_dim).saturating_mul(size), what, advice)?;
    let mut codes = Array2::zeros((rows, model.latent_dim()));
    let bar = RowsBar::new(Some(rows));
    for start in (0..rows).step_by(CHUNK_ROWS) {
        check_stop(stop)?;
        let end = rows.min(start + CHUNK_ROWS);
        let chunk = values.select(&(start..end).collect::<Vec<_>>())?;
        let samples = match &chunk {
            Values::U8(samples) => Samples::from(samples.view()),
            Values::F32(samples) => Samples::from(samples.view()),
            Values::OnDisk(_) | Values::Windows(_) => bail!("rows {start} to {end} were not read into memory"),
        };
        model.encode_into(samples, &mut codes.slice_axis_mut(Axis(0), (start..end).into()))?;
        bar.show(end);
    }
    Ok(Values::F32(codes))
}
