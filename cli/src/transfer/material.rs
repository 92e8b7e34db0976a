//! What a head is fitted on: labelled samples, and what the frozen encoder makes of them in ONNX Runtime.

use anyhow::bail;
use narrows_bundle::Manifest;
use narrows_data::{Dataset, Limits, Reading, Values};
use narrows_runtime::{Autoencoder, Samples};
use narrows_trainer::{
    DataOptions,
    transfer::{Codes, Options, Task},
};
use ndarray::{Array2, Axis};

use super::check_stop;
use crate::{
    input::{fill_of, preferring, with_columns},
    rows_bar::RowsBar,
    stop::Stop,
    training::{Known, LabelsAre, parts},
};

/// Rows that are encoded at a time.
const CHUNK: usize = 4096;

/// Samples with labels, and their codes.
pub(crate) struct Material {
    pub(crate) data: Dataset,
    pub(crate) codes: Codes,
}

impl Material {
    /// The data as the options say, read as that of the model was; `check` comes before anything is encoded.
    pub(crate) fn load<T>(
        options: &Options,
        limits: &Limits,
        model: &Autoencoder,
        stop: &Stop,
        check: impl FnOnce(&Dataset) -> anyhow::Result<T>,
    ) -> anyhow::Result<(Self, T)> {
        let data = loaded(options, limits, model.manifest())?;
        let checked = check(&data)?;
        let of = |values: &Values| encoded(model, values, stop);
        let part = |part: &Option<narrows_data::Part>| part.as_ref().map(|part| of(&part.values)).transpose();
        let codes = Codes { train: of(&data.train.values)?, valid: part(&data.valid)?, test: part(&data.test)? };
        Ok((Material { data, codes }, checked))
    }
}

/// The columns that the model was fitted on, where nobody names others, and what it fills in for missing values.
fn loaded(options: &Options, limits: &Limits, model: &Manifest) -> anyhow::Result<Dataset> {
    let source = &options.data;
    let fill = fill_of(source.reading.missing, model)?;
    let labels = match options.head.task.unwrap_or_default() {
        Task::Classification => LabelsAre::Classes,
        Task::Regression => LabelsAre::Numbers,
    };
    let known = Known { fill, labels };
    let of = |reading: &Reading| parts(&DataOptions { reading: reading.clone(), ..source.clone() }, limits, &known);
    preferring(&with_columns(&source.reading, &model.sample.columns), &source.reading, of)
}

/// The deterministic code of every row, `[rows, latent]`.
fn encoded(model: &Autoencoder, values: &Values, stop: &Stop) -> anyhow::Result<Values> {
    let rows = values.rows();
    let mut codes = Array2::zeros((rows, model.latent_dim()));
    let bar = RowsBar::new(Some(rows));
    for start in (0..rows).step_by(CHUNK) {
        check_stop(stop)?;
        let end = rows.min(start + CHUNK);
        let chunk = values.select(&(start..end).collect::<Vec<_>>())?;
        let samples = match &chunk {
            Values::U8(samples) => Samples::from(samples.view()),
            Values::F32(samples) => Samples::from(samples.view()),
            Values::OnDisk(_) => bail!("rows {start} to {end} did not come into memory"),
        };
        model.encode_into(samples, &mut codes.slice_axis_mut(Axis(0), (start..end).into()))?;
        bar.show(end);
    }
    Ok(Values::F32(codes))
}
