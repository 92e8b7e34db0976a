//! Loads a data set: into memory if it fits, otherwise to disk.

use std::{collections::HashSet, path::Path};

use narrows_table::{Layout, Schema};

use crate::{
    collect::{Collected, collect},
    dataset::{Dataset, Part},
    error::DataError,
    head::Head,
    labels::SEPARATOR,
    missing::Fill,
    notes::{Note, NoteCode},
    open_data::OpenData,
    reading::{InputFormat, LoadOptions, Missing, Reading},
    sample_kind::SampleKind,
    source::{self},
    standard_input,
    statistics::{Per, extremes},
    values::Values,
};

/// Loads `digits`, `mnist`, `fashion-mnist`, or the file or folder at the path `spec`.
///
/// The name of a data set takes precedence over a file of the same name; write `./digits` for the file. The format
/// follows from the extension (`.csv` and `.tsv`, each also with `.gz`; `.npy`, `.npz`, `.parquet`, `.arrow`). An IDX
/// file, raw or gzipped, is recognised by its content. A folder contains either the four files of an MNIST-like data
/// set, or images with one subfolder per class. `-` is standard input, a CSV table or an `.npy` array, which is read
/// once to a temporary file without a name.
///
/// # Errors
///
/// A [`DataError`] that names the file and the position: if a file is unreadable, malformed or empty, if a value is not
/// finite, if the labels do not match the rows, or if an option does not apply to the source.
pub fn load(spec: &str, options: &LoadOptions) -> Result<Dataset, DataError> {
    load_with(spec, options, |train| {
        let Collected { path, head, values, .. } = train;
        let fill = Fill::of(options.reading.missing.unwrap_or_default(), path, head.columns.as_deref(), values)?;
        Ok(match &head.table {
            // Categories have no mean. Whoever fills them in later fills in the unseen level.
            Some(schema) => fill.map(|fill| fill.without(&Layout::of(&schema.cells()).categories)),
            None => fill,
        })
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
    let (sample_kind, sample_note) = sample_kind(&train.path, &train.head, &options.reading);
    let Head { sample_shape, columns, date_columns, table, range, mut notes, .. } = train.head;
    notes.extend(sample_note);
    notes.extend(classes.as_ref().and_then(|classes| several_values(&train.path, classes)));
    notes.extend(classes.as_ref().and_then(|classes| many_classes(&train.path, classes.len(), train_rows)));
    notes.extend(test.iter().flat_map(|test| test.head.notes.clone()));
    let range = match range {
        Some(range) => range,
        None => range_of(&train.values, table.as_ref())?,
    };
    // Names that are not unique cannot select columns.
    let columns = columns.filter(|names| names.iter().collect::<HashSet<_>>().len() == names.len());
    Ok(Dataset {
        name,
        sample_shape,
        sample_kind,
        range,
        columns,
        fill: fill.and_then(Fill::values),
        date_columns,
        table,
        train: Part { values: train.values, labels: train_labels },
        valid: None,
        test: test.map(|test| Part { values: test.values, labels: test_labels }),
        classes,
        notes,
    })
}

/// Returns what a sample is. Without an option, samples of two dimensions in an array of floats are series, unless both
/// dimensions are equal as in most images.
fn sample_kind(path: &Path, head: &Head, reading: &Reading) -> (SampleKind, Option<Note>) {
    // Samples of two dimensions from standard input can only be those of an array.
    let is_array = path
        .ancestors()
        .filter_map(Path::extension)
        .any(|ending| ["npy", "npz", "safetensors"].iter().any(|array| ending == *array))
        || path == Path::new(standard_input::PATH)
        || reading.input_format == Some(InputFormat::Npy);
    match head.sample_shape[..] {
        [channels, length] if channels != length && is_array && !head.is_bytes && reading.is_sample_open() => {
            let text = format!(
                "samples of shape [{channels}, {length}] are read as series of {channels} channels and {length} steps; \
                 pass --sample features for images"
            );
            (SampleKind::Series, Some(Note::new(NoteCode::Sample, path.display(), text)))
        }
        _ => (reading.sample_kind(), None),
    }
}

/// Says that labels have several values, so that each combination is a class.
fn several_values(path: &Path, classes: &[String]) -> Option<Note> {
    let example = classes.first().filter(|_| classes.iter().all(|class| class.contains(SEPARATOR)))?;
    let text = format!("labels have several values, such as `{example}`, and each combination is a class");
    Some(Note::new(NoteCode::Labels, path.display(), text))
}

/// Says that most rows have a class of their own, so that the labels are probably numbers to predict, or identifiers.
fn many_classes(path: &Path, classes: usize, rows: usize) -> Option<Note> {
    /// Fewer classes may be few rows.
    const FEW: usize = 50;
    let text = format!(
        "the labels have {classes} different values in {rows} rows, and each value is a class; check the label column"
    );
    (classes > FEW && classes > rows / 2).then(|| Note::new(NoteCode::Labels, path.display(), text))
}

/// Returns the minimum and maximum value: of a mixed table that of its numbers, or 0 and 1 if it has none.
fn range_of(values: &Values, table: Option<&Schema>) -> Result<(f32, f32), DataError> {
    let all: Vec<usize> = (0..values.rows()).collect();
    let Some(schema) = table else {
        return Ok(extremes(values, &all, Per::Set)?.first().copied().unwrap_or_default());
    };
    let columns = extremes(values, &all, Per::Column)?;
    let numbers = Layout::of(&schema.cells()).numbers.into_iter().filter_map(|cell| columns.get(cell).copied());
    let range = numbers.reduce(|(low, high), (other_low, other_high)| (low.min(other_low), high.max(other_high)));
    Ok(range.filter(|(low, high)| low <= high).unwrap_or((0.0, 1.0)))
}

#[cfg(test)]
mod tests;
