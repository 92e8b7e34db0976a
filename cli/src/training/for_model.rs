//! Loads data for a model that exists: with the columns, the windows and the fill values of its training.

use narrows_bundle::Manifest;
use narrows_data::{Dataset, Limits, Reading};
use narrows_trainer::options::DataOptions;

use super::data::{LabelType, LoadContext, load_parts};
use crate::input::{MissingAdvice, fill_values, read_like_model};

/// Loads the data with the columns that the model was fitted on, unless the user named others, and with its fill values
/// for missing values.
pub(crate) fn load_for_model(
    source: &DataOptions,
    limits: &Limits,
    model: &Manifest,
    labels: LabelType,
) -> anyhow::Result<Dataset> {
    let fill = fill_values(source.reading.missing, model)?;
    let context = LoadContext { fill, labels };
    let load =
        |reading: &Reading| load_parts(&DataOptions { reading: reading.clone(), ..source.clone() }, limits, &context);
    read_like_model(&source.reading, &model.sample, load).map_err(|error| MissingAdvice::of(model).explain(error))
}
