//! Data read as that of a model was: its columns in their order, and what it fills in for missing values.

use anyhow::{Context, bail};
use narrows_bundle::Contract;
use narrows_data::{DataError, Missing, Reading};

/// What takes the place of missing values, one number a feature, if anything.
///
/// # Errors
/// For a way with missing values that is not the model's.
pub(crate) fn fill_of(missing: Option<Missing>, manifest: &impl Contract) -> anyhow::Result<Option<Vec<f32>>> {
    let fill = &manifest.sample().fill;
    match missing {
        None => Ok(fill.clone()),
        Some(Missing::Refuse | Missing::Drop) => Ok(None),
        Some(how @ (Missing::Mean | Missing::Median)) if is_other(how, manifest) => {
            bail!("this model was trained with another --missing than {how}, and fills in what it knows; leave it out")
        }
        Some(how @ (Missing::Mean | Missing::Median)) => Ok(Some(fill.clone().with_context(|| {
            format!(
                "this model was not trained with --missing {how}, so it knows nothing to fill in; use --missing drop"
            )
        })?)),
        Some(Missing::Keep) => bail!("a model takes no missing values, so none can be kept; use --missing drop"),
    }
}

/// Whether the model was trained with another way with missing values.
fn is_other(how: Missing, manifest: &impl Contract) -> bool {
    let trained = manifest.training().configuration.get("missing").and_then(|trained| trained.as_str());
    trained.is_some_and(|trained| manifest.sample().fill.is_some() && trained != how.to_string())
}

/// With the columns that a model was fitted on, where nobody names any.
pub(crate) fn with_columns(reading: &Reading, columns: &Option<Vec<String>>) -> Reading {
    match columns {
        Some(columns) if reading.columns.is_none() => {
            Reading { columns: Some(columns.clone()), ignore: None, ..reading.clone() }
        }
        Some(_) | None => reading.clone(),
    }
}

/// Reads as preferred, or plainly where the source has no use for what is preferred.
pub(crate) fn preferring<T>(
    preferred: &Reading,
    plain: &Reading,
    read: impl Fn(&Reading) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    match read(preferred) {
        Err(error) if matches!(error.downcast_ref(), Some(DataError::OptionUnused { .. })) => read(plain),
        outcome => outcome,
    }
}
