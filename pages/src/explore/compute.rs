//! What the routes compute: from the fields of a request to the bytes of an answer.

use narrows_runtime::{
    Codes, GenerateOptions, Interpolation, Noise, NoiseSource, Samples, ScoreOptions, codes_between,
};
use ndarray::{Array2, ArrayD, Axis};
use serde::Serialize;

use super::{
    fields::Fields,
    plane::Plane,
    refusal::{Refusal, to_json},
    rows::row_errors,
    state::Explorer,
};

/// Largest seed. JavaScript represents larger whole numbers inexactly.
const MAX_SEED: u64 = (1 << 53) - 1;
/// Largest temperature.
const MAX_TEMPERATURE: f64 = 100.0;

/// Computes the answer to a request.
pub(crate) type Compute = fn(&Explorer, &Fields) -> Result<Vec<u8>, Refusal>;

#[derive(Serialize)]
struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    codes: Option<Vec<Vec<f32>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    samples: Option<Vec<Vec<f32>>>,
}

#[derive(Serialize)]
struct ScoreAnswer {
    squared_error: Vec<f64>,
    reconstruction: Vec<f64>,
    kl: Option<Vec<f64>>,
    /// Which part of the rows has a smaller squared error.
    part_below: Option<Vec<Option<f64>>>,
}

#[derive(Serialize)]
struct RowAnswer {
    samples: Vec<Vec<f32>>,
    codes: Vec<Vec<f32>>,
    /// Numbers of the rows in the data.
    numbers: Vec<usize>,
    labels: Option<Vec<String>>,
    /// Class of the model, for a model that takes labels.
    classes: Option<Vec<String>>,
    squared_error: Option<Vec<f64>>,
}

/// `codes`, `label` -> `samples`.
pub(crate) fn decode(explorer: &Explorer, fields: &Fields) -> Result<Vec<u8>, Refusal> {
    let codes = fields.matrix("codes", explorer.model.latent_dim(), explorer.max_rows())?;
    let label = label(explorer, fields)?;
    to_json(&Answer { codes: None, samples: Some(decoded(explorer, &codes, label, "codes")?) })
}

/// `samples`, `label` -> `codes`.
pub(crate) fn encode(explorer: &Explorer, fields: &Fields) -> Result<Vec<u8>, Refusal> {
    let codes = with_samples(explorer, fields, |samples| Ok(explorer.model.encode(samples)?))?;
    to_json(&Answer { codes: Some(finite_rows(codes.into_dyn(), "encoder", "samples")?), samples: None })
}

/// `samples`, `label` -> `codes`, `samples`.
pub(crate) fn reconstruct(explorer: &Explorer, fields: &Fields) -> Result<Vec<u8>, Refusal> {
    let label = label(explorer, fields)?;
    let codes = with_samples(explorer, fields, |samples| Ok(explorer.model.encode(samples)?))?;
    let samples = decoded(explorer, &codes, label, "samples")?;
    to_json(&Answer { codes: Some(finite_rows(codes.into_dyn(), "encoder", "samples")?), samples: Some(samples) })
}

/// `samples`, `label` -> `squared_error`, `reconstruction`, `kl`, `part_below`.
pub(crate) fn score(explorer: &Explorer, fields: &Fields) -> Result<Vec<u8>, Refusal> {
    let scores =
        with_samples(explorer, fields, |samples| Ok(explorer.model.score(samples, &ScoreOptions::default())?))?;
    let numbers = [Some(&scores.squared_error), Some(&scores.reconstruction), scores.kl.as_ref()];
    if let Some(value) = numbers.into_iter().flatten().flatten().find(|value| !value.is_finite()) {
        return Err(too_far("score", *value, "samples"));
    }
    let errors = row_errors(&explorer.model, scores.clone());
    let parts = errors.iter().map(|&error| explorer.rows.part_below(error)).collect();
    to_json(&ScoreAnswer {
        reconstruction: scores.reconstruction.to_vec(),
        kl: scores.kl.map(|kl| kl.to_vec()),
        part_below: explorer.rows.part_below(0.0).map(|_| parts),
        squared_error: scores.squared_error.to_vec(),
    })
}

/// `count`, `seed`, `temperature`, `label` -> `codes`, `samples`.
pub(crate) fn generate(explorer: &Explorer, fields: &Fields) -> Result<Vec<u8>, Refusal> {
    let count = fields.whole("count", 1, 1..=explorer.max_rows() as u64)?;
    let mut options = GenerateOptions::default()
        .count(usize::try_from(count).unwrap_or(1))
        .seed(fields.whole("seed", 0, 0..=MAX_SEED)?)
        .temperature(fields.number("temperature", 1.0, 0.0..=MAX_TEMPERATURE)? as f32);
    let label = label(explorer, fields)?;
    if let Some(label) = label.and_then(|label| usize::try_from(label).ok()) {
        options = options.class(label);
    }
    let codes = explorer.model.sample_codes(&options)?;
    let samples = match explorer.is_mixed() {
        true => drawn(explorer, &codes, label, options.seed)?,
        false => decoded(explorer, &codes, label, "temperature")?,
    };
    to_json(&Answer { codes: Some(finite_rows(codes.into_dyn(), "prior", "temperature")?), samples: Some(samples) })
}

/// `from`, `to`, `steps`, `interpolation`, `label` -> `codes`, `samples`.
pub(crate) fn blend(explorer: &Explorer, fields: &Fields) -> Result<Vec<u8>, Refusal> {
    let latent = explorer.model.latent_dim();
    let (from, to) = (fields.vector("from", latent)?, fields.vector("to", latent)?);
    let steps = fields.whole("steps", 2, 2..=explorer.max_rows() as u64)?;
    let interpolation = match fields.text("interpolation")?.as_deref() {
        None | Some("linear") => Interpolation::Linear,
        Some("spherical") => Interpolation::Spherical,
        Some(other) => {
            let message = format!("`interpolation` is \"{other}\", expected \"linear\" or \"spherical\"");
            return Err(Refusal::bad_request(message));
        }
    };
    let codes = codes_between(from.view(), to.view(), usize::try_from(steps).unwrap_or(2), interpolation)?;
    let samples = decoded(explorer, &codes, label(explorer, fields)?, "from` or `to")?;
    to_json(&Answer { codes: Some(finite_rows(codes.into_dyn(), "path", "from` or `to")?), samples: Some(samples) })
}

/// `samples`, `noise`, `seed` -> `samples` with noise, as `narrows denoise --noise` adds it.
pub(crate) fn corrupt(explorer: &Explorer, fields: &Fields) -> Result<Vec<u8>, Refusal> {
    if explorer.is_mixed() {
        return Err(Refusal::bad_request("noise is for numbers only, but this model takes the rows of a mixed table"));
    }
    let mut samples = fields.matrix("samples", explorer.features(), explorer.max_rows())?;
    let noise = fields.text("noise")?.ok_or_else(|| Refusal::bad_request("the field `noise` is missing"))?;
    let noise: Noise = noise.parse().map_err(|error| Refusal::bad_request(format!("`noise`: {error}")))?;
    let seed = fields.whole("seed", 0, 0..=MAX_SEED)?;
    NoiseSource::of(noise, explorer.model.manifest(), seed).apply(samples.view_mut().into_dyn());
    to_json(&Answer { codes: None, samples: Some(finite_rows(samples.into_dyn(), "noise", "noise` or `samples")?) })
}

/// `rows` -> `samples`, `codes`, `labels`, `classes`, `squared_error` of the numbered rows.
pub(crate) fn rows(explorer: &Explorer, fields: &Fields) -> Result<Vec<u8>, Refusal> {
    let coded = &explorer.rows;
    let indices = fields.indices("rows", explorer.max_rows(), coded.len())?;
    let classes = coded.rows.classes.as_ref().filter(|_| explorer.model.takes_labels());
    let class = |&index: &usize| {
        let class = classes.and_then(|classes| classes.get(index)).and_then(|&class| usize::try_from(class).ok());
        class.and_then(|class| explorer.model.classes().get(class)).cloned().unwrap_or_default()
    };
    let select = |array: &Array2<f32>| list(&array.select(Axis(0), &indices).into_dyn());
    to_json(&RowAnswer {
        samples: select(&coded.rows.values),
        codes: select(&coded.codes),
        numbers: indices.iter().filter_map(|&row| coded.rows.numbers.get(row)).copied().collect(),
        labels: coded
            .rows
            .names
            .as_ref()
            .map(|names| indices.iter().filter_map(|&row| names.get(row)).cloned().collect()),
        classes: classes.map(|_| indices.iter().map(class).collect()),
        squared_error: coded.errors.as_ref().ok().map(|errors| errors.select(Axis(0), &indices).to_vec()),
    })
}

/// `dimensions` -> the plane of two latent dimensions, with the coordinates of the rows.
pub(crate) fn plane(explorer: &Explorer, fields: &Fields) -> Result<Vec<u8>, Refusal> {
    let [across, up] = fields.pair("dimensions", explorer.model.latent_dim())?;
    let plane = Plane::of_dimensions([across, up], explorer.rows.codes.view(), &explorer.spread);
    to_json(&explorer.points(&plane))
}

/// Returns the label of the class that a request names.
fn label(explorer: &Explorer, fields: &Fields) -> Result<Option<i64>, Refusal> {
    let kind = explorer.model.kind();
    match fields.text("label")? {
        Some(_) if !explorer.model.takes_labels() => {
            Err(Refusal::bad_request(format!("`label`: this {kind} takes no class; leave it out")))
        }
        Some(name) => Ok(Some(explorer.model.class_named(&name)? as i64)),
        None if explorer.model.takes_labels() => Err(Refusal::bad_request(format!(
            "the field `label` is missing: this {kind} needs a class, one of {}",
            explorer.model.classes().join(", ")
        ))),
        None => Ok(None),
    }
}

fn with_samples<T>(
    explorer: &Explorer,
    fields: &Fields,
    run: impl FnOnce(Samples<'_>) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let (width, most) = (explorer.features(), explorer.max_rows());
    let values = match explorer.takes_missing() {
        true => fields.matrix_with_gaps("samples", width, most)?,
        false => fields.matrix("samples", width, most)?,
    };
    match label(explorer, fields)? {
        Some(label) => run(Samples::from(&values).labelled(&vec![label; values.nrows()])),
        None => run(Samples::from(&values)),
    }
}

/// Decodes codes that come from a field of the request.
fn decoded(
    explorer: &Explorer,
    codes: &Array2<f32>,
    label: Option<i64>,
    field: &str,
) -> Result<Vec<Vec<f32>>, Refusal> {
    let samples = match label {
        Some(label) => explorer.model.decode(Codes::from(codes).labelled(&vec![label; codes.nrows()]))?,
        None => explorer.model.decode(codes)?,
    };
    finite_rows(samples, "decoder", field)
}

/// Decodes codes, and draws the values of a mixed table from their distributions.
fn drawn(explorer: &Explorer, codes: &Array2<f32>, label: Option<i64>, seed: u64) -> Result<Vec<Vec<f32>>, Refusal> {
    let samples = match label {
        Some(label) => {
            explorer.model.decode_drawn(Codes::from(codes).labelled(&vec![label; codes.nrows()]), seed, 0)?
        }
        None => explorer.model.decode_drawn(codes, seed, 0)?,
    };
    finite_rows(samples, "decoder", "temperature")
}

/// Returns the rows of an array, which must be finite, because JSON has no other numbers. The rows of the data are, so
/// the values of the field are too far from them.
fn finite_rows(rows: ArrayD<f32>, source: &str, field: &str) -> Result<Vec<Vec<f32>>, Refusal> {
    match rows.iter().find(|value| !value.is_finite()) {
        Some(&value) => Err(too_far(source, f64::from(value), field)),
        None => Ok(list(&rows)),
    }
}

fn too_far(source: &str, value: f64, field: &str) -> Refusal {
    Refusal::bad_request(format!("`{field}` is too far from the data: the {source} is {value}, not a finite number"))
}

fn list(rows: &ArrayD<f32>) -> Vec<Vec<f32>> {
    rows.outer_iter().map(|row| row.iter().copied().collect()).collect()
}
