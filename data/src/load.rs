//! Loads a data set: into memory if it fits, otherwise to disk.

use std::collections::HashSet;

use crate::{
    collect::{Collected, collect},
    dataset::{Dataset, Part},
    error::DataError,
    head::Head,
    missing::Fill,
    open_data::OpenData,
    reading::{LoadOptions, Missing, Reading},
    source::{self},
    statistics::{Per, extremes},
    values::Values,
};

/// Loads `digits`, `mnist`, `fashion-mnist`, or the file or folder at the path `spec`.
///
/// The name of a data set takes precedence over a file of the same name; write `./digits` for the file. The format
/// follows from the extension (`.csv` and `.tsv`, each also with `.gz`; `.npy`, `.npz`, `.parquet`, `.arrow`). An IDX
/// file, raw or gzipped, is recognised by its content. A folder contains either the four files of an MNIST-like data
/// set, or images with one subfolder per class.
///
/// # Errors
///
/// A [`DataError`] that names the file and the position: if a file is unreadable, malformed or empty, if a value is not
/// finite, if the labels do not match the rows, or if an option does not apply to the source.
pub fn load(spec: &str, options: &LoadOptions) -> Result<Dataset, DataError> {
    load_with(spec, options, |train| {
        let Collected { path, head, values, .. } = train;
        Fill::of(options.reading.missing.unwrap_or_default(), path, head.columns.as_deref(), values)
    })
}

/// Loads data like [`load`], and replaces missing values by `fill`, one value per feature: those of a trained model.
///
/// # Errors
/// Those of [`load`], and [`DataError::FillWidth`] if `fill` has a different number of features.
pub fn load_filled(spec: &str, options: &LoadOptions, fill: &[f32]) -> Result<Dataset, DataError> {
    let reading = Reading { missing: Some(Missing::Keep), ..options.reading.clone() };
    load_with(spec, &LoadOptions { reading, ..options.clone() }, |train| {
        let features = train.values.features();
        if features == fill.len() {
            return Ok(Some(Fill::Values(fill.to_vec())));
        }
        Err(DataError::FillWidth { path: train.path.clone(), features, fill: fill.len() })
    })
}

/// Loads data, and handles missing values by what `fill` returns for the training part.
fn load_with(
    spec: &str,
    options: &LoadOptions,
    fill: impl FnOnce(&Collected) -> Result<Option<Fill>, DataError>,
) -> Result<Dataset, DataError> {
    let OpenData { name, train, test, classes } = source::open(spec, options)?;
    let mut train = collect(train, options)?;
    let fill = fill(&train)?;
    train.finish(fill.as_ref())?;
    let mut test = test.map(|test| collect(test, options)).transpose()?;
    if let Some(test) = &mut test {
        test.check_like(&train.head.sample_shape, train.head.is_bytes)?;
        test.finish(fill.as_ref())?;
    }
    let train_rows = train.values.rows();
    let mut labels = train.labels;
    if let (Some(labels), Some(more)) = (&mut labels, test.as_mut().and_then(|test| test.labels.take())) {
        labels.append(more);
    }
    let (labels, classes) = match (labels, classes) {
        // Every class of a named data set occurs, so the class index of a label is the label itself.
        (Some(labels), Some(classes)) => (Some(labels.encoded().0), Some(classes)),
        (Some(labels), None) => {
            let (labels, classes) = labels.encoded();
            (Some(labels), Some(classes))
        }
        (None, _) => (None, None),
    };
    let (train_labels, test_labels) = match labels {
        Some(mut labels) => {
            let test = labels.split_off(train_rows);
            (Some(labels), Some(test).filter(|test| !test.is_empty()))
        }
        None => (None, None),
    };
    let Head { sample_shape, columns, range, .. } = train.head;
    let range = match range {
        Some(range) => range,
        None => range_of(&train.values)?,
    };
    // Names that are not unique cannot select columns.
    let columns = columns.filter(|names| names.iter().collect::<HashSet<_>>().len() == names.len());
    Ok(Dataset {
        name,
        sample_shape,
        sample_kind: options.reading.sample_kind(),
        range,
        columns,
        fill: fill.and_then(Fill::values),
        train: Part { values: train.values, labels: train_labels },
        valid: None,
        test: test.map(|test| Part { values: test.values, labels: test_labels }),
        classes,
    })
}

/// Returns the minimum and maximum value.
fn range_of(values: &Values) -> Result<(f32, f32), DataError> {
    let all: Vec<usize> = (0..values.rows()).collect();
    Ok(extremes(values, &all, Per::Set)?.first().copied().unwrap_or_default())
}

#[cfg(test)]
mod tests;
