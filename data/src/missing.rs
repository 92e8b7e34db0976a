//! Missing values, which stand as NaN between reading and the end of loading.

use std::path::Path;

use crate::{
    check::place,
    error::DataError,
    file_rows::fill_in,
    reading::Missing,
    statistics::{Per, moments, quantiles},
    values::Values,
};

/// What becomes of the missing values of every part.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fill {
    /// Rows that have one are left out.
    Drop,
    /// These numbers, one a feature, take their places.
    Values(Vec<f32>),
}

impl Fill {
    /// As it was asked for, with figures of the training part; `None` where nothing may be missing, or
    /// everything may.
    pub(crate) fn of(
        missing: Missing,
        path: &Path,
        columns: Option<&[String]>,
        values: &Values,
    ) -> Result<Option<Self>, DataError> {
        let all: Vec<usize> = (0..values.rows()).collect();
        let fill: Vec<f32> = match missing {
            Missing::Refuse | Missing::Keep => return Ok(None),
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
            let column = place(column, columns);
            return Err(DataError::ColumnMissing { path: path.to_owned(), column });
        }
        Ok(Some(Fill::Values(fill)))
    }

    /// Fills the rows of a file in, or leaves some out; then it returns those that stay.
    pub(crate) fn treat(&self, path: &Path, values: &mut Values) -> Result<Option<Vec<usize>>, DataError> {
        match self {
            Fill::Values(fill) => {
                match values {
                    Values::OnDisk(rows) => *rows = rows.clone().filled(fill),
                    in_memory @ (Values::U8(_) | Values::F32(_)) => fill_rows(in_memory, fill),
                }
                Ok(None)
            }
            Fill::Drop => {
                let kept = whole_rows(values)?;
                if kept.len() == values.rows() {
                    return Ok(None);
                }
                if kept.is_empty() {
                    return Err(DataError::AllMissing { path: path.to_owned() });
                }
                *values = match &*values {
                    Values::OnDisk(rows) => Values::OnDisk(rows.clone().keep(&kept)),
                    in_memory @ (Values::U8(_) | Values::F32(_)) => in_memory.select(&kept)?,
                };
                Ok(Some(kept))
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

/// The rows without a missing value.
pub(crate) fn whole_rows(values: &Values) -> Result<Vec<usize>, DataError> {
    let mut kept = Vec::new();
    values.visit(0..values.rows(), |place, row| {
        if !row.floats().any(f32::is_nan) {
            kept.push(place);
        }
    })?;
    Ok(kept)
}

/// Fills rows in memory in.
pub(crate) fn fill_rows(values: &mut Values, fill: &[f32]) {
    if let Values::F32(values) = values {
        for mut row in values.rows_mut() {
            fill_in(row.iter_mut(), fill);
        }
    }
}
