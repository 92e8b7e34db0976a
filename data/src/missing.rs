//! Fills in missing values or drops their rows. Readers represent a missing value by NaN.

use std::path::Path;

use narrows_table::UNSEEN;

use crate::{
    check::column_label,
    error::DataError,
    file_rows::fill_in,
    reading::Missing,
    statistics::{Per, moments, quantiles},
    values::Values,
};

/// How to handle the missing values of all parts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fill {
    /// Leave out rows with a missing value.
    Drop,
    /// Replace missing values by these values, one per feature.
    Values(Vec<f32>),
}

impl Fill {
    /// Computes the fill of `missing` from the training part. `None` if missing values are refused or kept.
    pub(crate) fn of(
        missing: Missing,
        path: &Path,
        columns: Option<&[String]>,
        values: &Values,
    ) -> Result<Option<Self>, DataError> {
        let all: Vec<usize> = (0..values.rows()).collect();
        let fill: Vec<f32> = match missing {
            Missing::Refuse | Missing::Keep | Missing::Mask => return Ok(None),
            Missing::Drop => return Ok(Some(Fill::Drop)),
            Missing::Mean => {
                let mut has_value = vec![false; values.features()];
                values.visit(all.iter().copied(), |_, row| {
                    has_value.iter_mut().zip(row.floats()).for_each(|(has, value)| *has |= !value.is_nan());
                })?;
                let means = moments(values, &all, Per::Column)?.into_iter().zip(has_value);
                means.map(|((mean, _), has_value)| if has_value { mean as f32 } else { f32::NAN }).collect()
            }
            Missing::Median => {
                let medians = quantiles(values, &all, &[0.5], Per::Column)?;
                medians.into_iter().map(|median| median.first().copied().unwrap_or(f32::NAN)).collect()
            }
        };
        if let Some(column) = fill.iter().position(|value| value.is_nan()) {
            let column = column_label(column, columns);
            return Err(DataError::ColumnMissing { path: path.to_owned(), column });
        }
        Ok(Some(Fill::Values(fill)))
    }

    /// Fills in missing values, or drops rows. Returns the remaining rows if any were dropped.
    pub(crate) fn apply(&self, path: &Path, values: &mut Values) -> Result<Option<Vec<usize>>, DataError> {
        match self {
            Fill::Values(fill) => {
                match values {
                    Values::OnDisk(rows) => *rows = rows.clone().filled(fill),
                    in_memory @ (Values::U8(_) | Values::F32(_)) => fill_rows(in_memory, fill),
                    Values::Windows(_) => unreachable!("a recording is filled before it is cut"),
                }
                Ok(None)
            }
            Fill::Drop => {
                let kept = complete_rows(values)?;
                if kept.len() == values.rows() {
                    return Ok(None);
                }
                if kept.is_empty() {
                    return Err(DataError::AllMissing { path: path.to_owned() });
                }
                *values = match &*values {
                    Values::OnDisk(rows) => Values::OnDisk(rows.clone().keep(&kept)),
                    rows @ (Values::U8(_) | Values::F32(_) | Values::Windows(_)) => rows.select(&kept)?,
                };
                Ok(Some(kept))
            }
        }
    }

    /// Fills categories, each a cell and its number of levels, with the unseen level.
    pub(crate) fn without(self, categories: &[(usize, usize)]) -> Self {
        match self {
            Fill::Drop => Fill::Drop,
            Fill::Values(mut fill) => {
                let cells = categories.iter().map(|(cell, _)| *cell);
                cells.for_each(|cell| {
                    if let Some(value) = fill.get_mut(cell) {
                        *value = UNSEEN;
                    }
                });
                Fill::Values(fill)
            }
        }
    }

    pub(crate) fn values(self) -> Option<Vec<f32>> {
        match self {
            Fill::Drop => None,
            Fill::Values(values) => Some(values),
        }
    }
}

/// Returns the rows without a missing value.
pub(crate) fn complete_rows(values: &Values) -> Result<Vec<usize>, DataError> {
    let mut kept = Vec::new();
    values.visit(0..values.rows(), |index, row| {
        if !row.floats().any(f32::is_nan) {
            kept.push(index);
        }
    })?;
    Ok(kept)
}

/// Replaces NaN in rows in memory by the value of each feature in `fill`.
pub(crate) fn fill_rows(values: &mut Values, fill: &[f32]) {
    if let Values::F32(values) = values {
        for mut row in values.rows_mut() {
            fill_in(row.iter_mut(), fill);
        }
    }
}
