//! Reads data as the model's training data was read: the same columns in the same order, and the same fill values
//! for missing values.

use anyhow::{Context, anyhow, bail};
use narrows_bundle::{Contract, Sample, Windows};
use narrows_data::{
    ColumnType, DataError, Missing, Names, Note, NoteCode, Reading, SeriesError, TableError, table::MissingCells,
};

use super::remembered::{completed, remembered, without_refused};
use crate::{misuse::misuse, notes::say_one};

/// Returns the values that replace missing values, one per feature; `None` where missing values are not replaced.
///
/// # Errors
/// If `missing` asks for another replacement than the model was trained with.
pub(crate) fn fill_values(missing: Option<Missing>, manifest: &impl Contract) -> anyhow::Result<Option<Vec<f32>>> {
    let fill = &manifest.sample().fill;
    match missing {
        None => Ok(fill.clone()),
        Some(Missing::Refuse | Missing::Drop) => Ok(None),
        Some(how @ (Missing::Mean | Missing::Median)) if differs_from_training(how, manifest) => {
            bail!(
                "this model was not trained with --missing {how}; leave --missing out to use the fill values of training"
            )
        }
        Some(how @ (Missing::Mean | Missing::Median)) => Ok(Some(fill.clone().with_context(|| {
            format!("this model was trained without --missing {how} and has no fill values; pass --missing drop")
        })?)),
        Some(Missing::Mask) if is_masked(manifest) => Ok(None),
        Some(Missing::Mask) => {
            bail!("this model was trained on complete rows, without --missing mask; pass --missing drop")
        }
        Some(Missing::Keep) => {
            misuse!("--missing keep is not possible here, because a model takes no missing values; pass --missing drop")
        }
    }
}

/// What to do about a missing value in data for a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MissingAdvice {
    /// The model has fill values, but the user asked for another handling.
    UseFillValues,
    /// The model has no fill values.
    DropRows,
    /// The model takes the rows of a mixed table, which were complete in training.
    DropRowsOrMask,
    /// The data are codes, which are computed and not collected.
    WriteCodesAgain,
}

impl MissingAdvice {
    /// Returns the advice for a model.
    pub(crate) fn of(manifest: &impl Contract) -> Self {
        match manifest.sample() {
            sample if sample.fill.is_some() => Self::UseFillValues,
            sample if sample.table.is_some() => Self::DropRowsOrMask,
            _ => Self::DropRows,
        }
    }

    /// Replaces the advice of an error about a cell: that of the reader is for training, and a model refuses it.
    pub(crate) fn explain(self, error: anyhow::Error) -> anyhow::Error {
        let advice = match self {
            Self::UseFillValues => "leave --missing out to use the fill values of the model, or pass --missing drop",
            Self::DropRows => {
                "this model has no fill values, so pass --missing drop, or train it with --missing mean or median"
            }
            Self::DropRowsOrMask => {
                "this model was trained on complete rows, so pass --missing drop, or train it with --missing mask"
            }
            Self::WriteCodesAgain => "remove the row, or write the codes again with `narrows encode`",
        };
        let correct = "expected a finite number; correct the cell";
        if let Some(DataError::Table(fault)) = error.downcast_ref()
            && let TableError::Missing { path, position, column } = &**fault
        {
            return anyhow!("{}: {position}, column `{column}`: the value is missing; {advice}", path.display());
        }
        match error.downcast_ref() {
            Some(DataError::CellMissing { path, line, column, cell }) => {
                let what = if cell.is_empty() { "is empty".to_owned() } else { format!("is `{cell}`") };
                anyhow!("{}: line {line}, column {column} {what}; {advice}", path.display())
            }
            Some(DataError::NotFinite { path, row, column, value }) if value.is_nan() => {
                anyhow!("{}: row {row}, column {column} is NaN; {advice}", path.display())
            }
            Some(DataError::Cell { path, line, column, cell, .. }) => {
                anyhow!("{}: line {line}, column {column} is `{cell}`, {correct}", path.display())
            }
            Some(_) | None => error,
        }
    }
}

/// Returns whether the model was trained with masked cells and takes missing values as they are.
fn is_masked(manifest: &impl Contract) -> bool {
    manifest.sample().table.as_ref().is_some_and(|schema| schema.missing == MissingCells::Masked)
}

/// Returns whether the model was trained with fill values that are not `how`.
fn differs_from_training(how: Missing, manifest: &impl Contract) -> bool {
    let trained = manifest.training().configuration.get("missing").and_then(|trained| trained.as_str());
    trained.is_some_and(|trained| manifest.sample().fill.is_some() && trained != how.to_string())
}

/// Refuses options that contradict the table of a model, whose columns are found by their names.
fn check_table(said: &Reading, sample: &Sample) -> anyhow::Result<()> {
    let Some(schema) = &sample.table else { return Ok(()) };
    if said.max_levels.is_some() {
        misuse!("--max-levels is for training; this model has its levels, so leave it out");
    }
    for ColumnType { name, kind } in said.types.iter().flatten() {
        match schema.columns.iter().find(|column| column.name == *name && !column.kind.is_label()) {
            None => misuse!("--types names `{name}`, which is not a column of this model; leave --types out"),
            Some(column) if column.kind.name() != kind.name() => misuse!(
                "--types reads `{name}` as {}, and this model was trained with it as {}; leave --types out",
                kind.name(),
                column.kind.name()
            ),
            Some(_) => {}
        }
    }
    for column in schema.columns.iter().filter(|column| !column.kind.is_label()) {
        let is_column = |names: &Names| names.contains(&column.name);
        if said.columns.as_ref().is_some_and(|columns| !is_column(columns)) {
            misuse!("--columns leaves out `{}`, which this model needs; leave --columns out", column.name);
        }
        if said.ignore.as_ref().is_some_and(is_column) {
            misuse!("--ignore excludes `{}`, which this model needs; leave --ignore out", column.name);
        }
    }
    Ok(())
}

/// Reads as the training data of a model was read, unless the user says otherwise: the same columns and labels, the
/// same size and channels of images, the same dialect of a table, cut into windows in the same way. What a source does
/// not have is left out, and samples that are already cut are read as they are.
///
/// # Errors
/// Those of `read`, those of notes with `--strict`, and a length of windows that is not the model's.
pub(crate) fn read_like_model<T>(
    said: &Reading,
    manifest: &impl Contract,
    read: impl Fn(&Reading) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let sample = manifest.sample();
    check_window(said, sample.windows.as_ref())?;
    check_table(said, sample)?;
    let like_training = completed(said, remembered(manifest));
    let mut tried = like_training.clone();
    loop {
        let error = match read(&tried) {
            Ok(outcome) => {
                if roles(&tried) != roles(&like_training) {
                    let text = "has no columns, so gaps in time and groups are unknown, and windows may cross them";
                    say_one(Note::new(NoteCode::Columns, said.data.as_deref().unwrap_or("digits"), text))?;
                }
                return Ok(outcome);
            }
            Err(error) => error,
        };
        let known = error.downcast_ref::<DataError>();
        tried = match known.and_then(|known| without_refused(known, &tried, said)) {
            Some(fewer) => fewer,
            None if said.window.is_none() && is_cut(&error, sample) => return read(said),
            None => return Err(error),
        };
    }
}

/// Returns the columns of time and group.
fn roles(reading: &Reading) -> [Option<&String>; 2] {
    [reading.time_column.as_ref(), reading.group_column.as_ref()]
}

/// Whether reading failed because the rows are already windows of the model.
fn is_cut(error: &anyhow::Error, sample: &Sample) -> bool {
    let series = match error.downcast_ref() {
        Some(DataError::Series(series)) => Some(&**series),
        Some(_) | None => None,
    };
    matches!(series, Some(SeriesError::Recording { shape, .. }) if *shape == sample.shape)
}

/// Refuses another length of windows than the model's.
fn check_window(reading: &Reading, windows: Option<&Windows>) -> anyhow::Result<()> {
    match (reading.window, windows) {
        (Some(window), Some(windows)) if window != windows.window => bail!(
            "--window is {window} time steps, but this model takes windows of {}; leave --window out",
            windows.window
        ),
        (Some(_) | None, _) => Ok(()),
    }
}

/// Reads with the preferred options, or with the plain ones if the source does not support the preferred ones.
pub(crate) fn read_preferred<T>(
    preferred: &Reading,
    plain: &Reading,
    read: impl Fn(&Reading) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    match read(preferred) {
        Err(error) if matches!(error.downcast_ref(), Some(DataError::OptionUnused { .. })) => read(plain),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_value_for_a_model_is_reported_with_a_remedy_that_the_model_accepts() {
        let missing = |cell: &str| {
            let (path, column, cell) = ("t.csv".into(), "`y`".to_owned(), cell.to_owned());
            anyhow::Error::new(DataError::CellMissing { path, line: 3, column, cell })
        };
        let text = |advice: MissingAdvice, error| advice.explain(error).to_string();
        assert_eq!(
            text(MissingAdvice::DropRows, missing("")),
            "t.csv: line 3, column `y` is empty; this model has no fill values, so pass --missing drop, or train it with \
             --missing mean or median"
        );
        let filled = text(MissingAdvice::UseFillValues, missing("NA"));
        assert!(filled.starts_with("t.csv: line 3, column `y` is `NA`; leave --missing out"), "{filled}");
        let nan = DataError::NotFinite { path: "c.npy".into(), row: 1, column: "0".to_owned(), value: f32::NAN };
        let codes = text(MissingAdvice::WriteCodesAgain, nan.into());
        assert!(codes.starts_with("c.npy: row 1, column 0 is NaN; remove the row"), "{codes}");
        let other = text(MissingAdvice::DropRows, anyhow!("another error"));
        assert_eq!(other, "another error");
    }
}
