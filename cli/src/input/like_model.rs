//! Reads data as the model's training data was read: the same columns in the same order, and the same fill values
//! for missing values.

use anyhow::{Context, anyhow, bail};
use narrows_bundle::Contract;
use narrows_data::{DataError, Missing, Reading};

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
        Some(Missing::Keep) => {
            bail!("--missing keep is not possible here, because a model takes no missing values; pass --missing drop")
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
    /// The data are codes, which are computed and not collected.
    WriteCodesAgain,
}

impl MissingAdvice {
    /// Returns the advice for a model.
    pub(crate) fn of(manifest: &impl Contract) -> Self {
        if manifest.sample().fill.is_some() { Self::UseFillValues } else { Self::DropRows }
    }

    /// Replaces the advice of an error about a cell: that of the reader is for training, and a model refuses it.
    pub(crate) fn explain(self, error: anyhow::Error) -> anyhow::Error {
        let advice = match self {
            Self::UseFillValues => "leave --missing out to use the fill values of the model, or pass --missing drop",
            Self::DropRows => {
                "this model has no fill values, so pass --missing drop, or train it with --missing mean or median"
            }
            Self::WriteCodesAgain => "remove the row, or write the codes again with `narrows encode`",
        };
        let correct = "expected a finite number; correct the cell";
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

/// Returns whether the model was trained with fill values that are not `how`.
fn differs_from_training(how: Missing, manifest: &impl Contract) -> bool {
    let trained = manifest.training().configuration.get("missing").and_then(|trained| trained.as_str());
    trained.is_some_and(|trained| manifest.sample().fill.is_some() && trained != how.to_string())
}

/// Adds the columns that a model was fitted on, unless the user named columns.
pub(crate) fn with_model_columns(reading: &Reading, columns: &Option<Vec<String>>) -> Reading {
    match columns {
        Some(columns) if reading.columns.is_none() => {
            Reading { columns: Some(columns.clone()), ignore: None, ..reading.clone() }
        }
        Some(_) | None => reading.clone(),
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
