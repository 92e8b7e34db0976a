//! A whole set of data: in memory as far as it fits, else on disk, and ready to be trained on.

use std::collections::HashSet;

use crate::{
    collect::{Collected, collect},
    dataset::{Dataset, Part},
    error::DataError,
    found::Found,
    head::Head,
    missing::Fill,
    reading::{LoadOptions, Missing, Reading},
    source::{self},
    statistics::{Per, extremes},
    values::Values,
};

/// Loads `digits`, `mnist`, `fashion-mnist`, or the file or folder of that path.
///
/// A name goes before a file of the same name; write `./digits` for the file. What a file holds is told by its
/// name's ending (`.csv`, `.tsv`, each also `.gz`; `.npy`, `.npz`, `.parquet`, `.arrow`), and an IDX file, raw
/// or gzipped, by its content. A folder holds the four files of an MNIST-like set, or images, those of a class
/// in a subfolder of its name.
///
/// # Errors
///
/// A [`DataError`] that names the file and the place in it: for what cannot be read or is
/// malformed, for an empty file, for a value that is not finite, for labels that do not match the
/// rows, and for an option that the source has no use for.
pub fn load(spec: &str, options: &LoadOptions) -> Result<Dataset, DataError> {
    loaded(spec, options, |train| {
        let Collected { path, head, values, labels: _ } = train;
        Fill::of(options.reading.missing.unwrap_or_default(), path, head.columns.as_deref(), values)
    })
}

/// The same with these numbers, one a feature, in the places of missing values: what a model was trained with.
///
/// # Errors
/// Those of [`load`], and [`DataError::FillWidth`] for another number of features.
pub fn load_filled(spec: &str, options: &LoadOptions, fill: &[f32]) -> Result<Dataset, DataError> {
    let reading = Reading { missing: Some(Missing::Keep), ..options.reading.clone() };
    loaded(spec, &LoadOptions { reading, ..options.clone() }, |train| {
        let features = train.values.features();
        if features == fill.len() {
            return Ok(Some(Fill::Values(fill.to_vec())));
        }
        Err(DataError::FillWidth { path: train.path.clone(), features, fill: fill.len() })
    })
}

fn loaded(
    spec: &str,
    options: &LoadOptions,
    fill: impl FnOnce(&Collected) -> Result<Option<Fill>, DataError>,
) -> Result<Dataset, DataError> {
    let Found { name, train, test, classes } = source::open(spec, options)?;
    let mut train = collect(train, options)?;
    let fill = fill(&train)?;
    train.treat(fill.as_ref())?;
    let mut test = test.map(|test| collect(test, options)).transpose()?;
    if let Some(test) = &mut test {
        test.check_like(&train.head.sample_shape, train.head.is_bytes)?;
        test.treat(fill.as_ref())?;
    }
    let train_rows = train.values.rows();
    let mut labels = train.labels;
    if let (Some(labels), Some(more)) = (&mut labels, test.as_mut().and_then(|test| test.labels.take())) {
        labels.append(more);
    }
    let (labels, classes) = match (labels, classes) {
        // All classes of a known set occur, so the index of a label's class is the label itself.
        (Some(labels), Some(classes)) => (Some(labels.numbered().0), Some(classes)),
        (Some(labels), None) => {
            let (labels, classes) = labels.numbered();
            (Some(labels), Some(classes))
        }
        (None, _) => (None, None),
    };
    let (train_labels, test_labels) = match labels {
        Some(mut labels) => {
            let rest = labels.split_off(train_rows);
            (Some(labels), Some(rest).filter(|rest| !rest.is_empty()))
        }
        None => (None, None),
    };
    let Head { sample_shape, columns, range, .. } = train.head;
    let range = match range {
        Some(range) => range,
        None => observed(&train.values)?,
    };
    // Columns that share a name cannot be asked for by it.
    let columns = columns.filter(|names| names.iter().collect::<HashSet<_>>().len() == names.len());
    Ok(Dataset {
        name,
        sample_shape,
        range,
        columns,
        fill: fill.and_then(Fill::values),
        train: Part { values: train.values, labels: train_labels },
        valid: None,
        test: test.map(|test| Part { values: test.values, labels: test_labels }),
        classes,
    })
}

/// The lowest and highest value that the data has.
fn observed(values: &Values) -> Result<(f32, f32), DataError> {
    let all: Vec<usize> = (0..values.rows()).collect();
    Ok(extremes(values, &all, Per::Set)?.first().copied().unwrap_or_default())
}

#[cfg(test)]
mod tests;
