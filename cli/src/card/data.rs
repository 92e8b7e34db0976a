//! The data of a model, as facts of its card.

use narrows_bundle::{
    DataRecord, Manifest, MomentsRecord, PROBE, Sample, SampleKind, SampleType, Scaling, TrainingRecord, Windows,
    counted,
};
use serde::Serialize;

use super::{form::sample_in_words, plain::plain};
use crate::report::join_first;

/// File name of the picture of originals and reconstructions.
pub(super) const RECONSTRUCTIONS: &str = "reconstructions.png";

/// A fact about the data, whose value fits in a cell of a table.
#[derive(Debug, Serialize)]
pub(crate) struct Fact {
    name: &'static str,
    value: String,
}

/// Returns the facts about the data that a model was trained on.
pub(crate) fn facts(
    sample: &Sample,
    training: &TrainingRecord,
    classes: Option<&[String]>,
    scaling: Option<&Scaling>,
) -> Vec<Fact> {
    let data = &training.data;
    let option = |key: &str| training.configuration.get(key).and_then(serde_json::Value::as_str);
    let dtype = match sample.dtype {
        SampleType::U8 => "bytes",
        SampleType::F32 => "32-bit floats",
    };
    let (low, high) = sample.range;
    let augmentation = training.configuration.get("augment").map(|value| match value.as_str() {
        Some(text) => text.to_owned(),
        None => value.to_string().replace('"', ""),
    });
    let fill = sample.fill.as_ref().map(|fill| fill.iter().map(f32::to_string).collect::<Vec<_>>());
    let facts = [
        ("data set", Some(data.name.clone())),
        ("fingerprint", Some(format!("`{}`", data.fingerprint.get(..16).unwrap_or(&data.fingerprint)))),
        ("training rows", Some(data.train_rows.to_string())),
        ("moments", training.moments.as_ref().map(moments_in_words)),
        ("validation rows", Some(data.valid_rows.to_string())),
        ("test rows", Some(data.test_rows.to_string())),
        (
            "a sample",
            Some(if sample.table.is_some() { sample_in_words(sample) } else { format!("{:?}, {dtype}", sample.shape) }),
        ),
        ("range of the values", has_one_unit(sample).then(|| format!("{low} to {high}"))),
        ("windows", sample.windows.as_ref().map(windows)),
        ("columns", sample.columns.as_deref().map(join_first)),
        ("replacements of missing values", fill.map(|fill| join_first(&fill))),
        ("classes", classes.map(join_first)),
        ("scaling", option("scale").map(|scale| scaling_in_words(scale, scaling))),
        ("binarisation", option("binarize").map(binarisation_in_words)),
        ("augmentation", augmentation),
    ];
    facts.into_iter().filter_map(|(name, value)| Some(Fact { name, value: plain(&value?) })).collect()
}

/// Whether all values of a sample have the same unit: not those of several columns, for which one range says nothing.
pub(super) fn has_one_unit(sample: &Sample) -> bool {
    let columns = match sample.kind {
        SampleKind::Series => sample.shape.iter().rev().skip(1).product(),
        SampleKind::Features if sample.shape.len() == 1 => sample.features(),
        SampleKind::Features => 1,
    };
    columns == 1
}

/// Says what the bundle of an autoencoder contains of the data.
pub(super) fn data_notes(manifest: &Manifest) -> String {
    let part = shown_part(&manifest.training.data);
    let pictures = if manifest.files.contains_key(RECONSTRUCTIONS) { ", and a picture shows some of them" } else { "" };
    format!(
        "`{PROBE}` contains up to 64 of the {part} rows{pictures}: whoever receives this folder receives these rows."
    )
}

/// The part of the data whose first rows are in the probe and in the picture of reconstructions.
pub(super) fn shown_part(data: &DataRecord) -> &'static str {
    match (data.test_rows, data.valid_rows) {
        (0, 0) => "training",
        (0, _) => "validation",
        (_, _) => "test",
    }
}

/// Says which rows the statistics of the model are of, where they are more than the training rows.
fn moments_in_words(MomentsRecord { sha256, count }: &MomentsRecord) -> String {
    format!(
        "mean, covariance and range of {count} rows, of which the rows here are a sample (`{}`)",
        sha256.get(..16).unwrap_or(sha256)
    )
}

fn windows(windows: &Windows) -> String {
    let column = |name: &str, column: &Option<String>| {
        column.as_ref().map_or(String::new(), |column| format!(", {name} in the column `{column}`"))
    };
    format!(
        "{}, one every {}{}{}",
        counted(windows.window, "time step"),
        counted(windows.hop, "step"),
        column("time", &windows.time_column),
        column("groups", &windows.group_column)
    )
}

fn scaling_in_words(scale: &str, scaling: Option<&Scaling>) -> String {
    let per = match scaling {
        Some(scaling) if scaling.offset.len() > 1 => ", each column on its own",
        Some(_) | None => "",
    };
    let meaning = match scale {
        "none" => "none",
        "unit" => "range of the data to [0, 1]",
        "standard" => "mean 0 and standard deviation 1",
        "minmax" => "minimum and maximum to 0 and 1",
        "robust" => "median 0 and interquartile range 1",
        other => other,
    };
    format!("{meaning}{per}")
}

fn binarisation_in_words(binarize: &str) -> String {
    match binarize {
        "none" => "none",
        "static" => "each value became 0 or 1 at random once, with the value as the probability",
        "dynamic" => "each value became 0 or 1 at random anew at every step, with the value as the probability",
        other => other,
    }
    .to_owned()
}
