//! Loads data for a model that exists: read as its training data was read, and with its fill values.

use narrows_bundle::{Manifest, Sample};
use narrows_data::{Dataset, Limits, Note, NoteCode, Reading};
use narrows_trainer::options::DataOptions;

use super::data::{LabelType, LoadContext, load_parts};
use crate::{
    input::{MissingAdvice, columns_of, fill_values, read_like_model},
    notes::say_one,
};

/// Loads the data as the training data of the model was read, unless the user says otherwise, and with its fill values
/// for missing values.
pub(crate) fn load_for_model(
    source: &DataOptions,
    limits: &Limits,
    model: &Manifest,
    labels: LabelType,
) -> anyhow::Result<Dataset> {
    let fill = fill_values(source.reading.missing, model)?;
    let (schema, features) = columns_of(&model.sample);
    let context = LoadContext { fill, labels, schema, features };
    let load =
        |reading: &Reading| load_parts(&DataOptions { reading: reading.clone(), ..source.clone() }, limits, &context);
    let data =
        read_like_model(&source.reading, model, load).map_err(|error| MissingAdvice::of(model).explain(error))?;
    check_range(&data, &model.sample)?;
    Ok(data)
}

/// Says that the data may be in another unit than that of the model, if its values are far outside their range.
fn check_range(data: &Dataset, sample: &Sample) -> anyhow::Result<()> {
    let ((lowest, highest), (low, high)) = (data.range, sample.range);
    if !sample.is_far_outside(lowest) && !sample.is_far_outside(highest) {
        return Ok(());
    }
    let text = format!(
        "its values go from {lowest} to {highest}, far outside the range of the training data of the model, {low} to \
         {high}; convert the data to the unit of the training data"
    );
    say_one(Note::new(NoteCode::Range, &data.name, text))
}
