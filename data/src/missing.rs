//! Missing values, which stand as NaN between reading and the end of loading.

use std::path::Path;

use crate::{
    collect::Collected,
    error::DataError,
    file_rows::fill_in,
    finite::first_wrong,
    reading::Missing,
    statistics::{Per, moments, quantiles},
    values::{Row, Values},
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
    pub(crate) fn of(missing: Missing, training: &Collected) -> Result<Option<Self>, DataError> {
        let values = &training.values;
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
            let column = place(column, training.head.columns.as_deref());
            return Err(DataError::ColumnMissing { path: training.path.clone(), column });
        }
        Ok(Some(Fill::Values(fill)))
    }

    pub(crate) fn values(self) -> Option<Vec<f32>> {
        match self {
            Fill::Drop => None,
            Fill::Values(values) => Some(values),
        }
    }
}

/// Fills a part in, or leaves rows out; then it returns those that stay.
pub(crate) fn treat(part: &mut Collected, fill: &Fill) -> Result<Option<Vec<usize>>, DataError> {
    match fill {
        Fill::Values(fill) => {
            match &mut part.values {
                Values::OnDisk(rows) => *rows = rows.clone().filled(fill),
                in_memory @ (Values::U8(_) | Values::F32(_)) => fill_rows(in_memory, fill),
            }
            Ok(None)
        }
        Fill::Drop => {
            let kept = whole_rows(&part.values)?;
            if kept.len() == part.values.rows() {
                return Ok(None);
            }
            if kept.is_empty() {
                return Err(DataError::AllMissing { path: part.path.clone() });
            }
            part.values = match &part.values {
                Values::OnDisk(rows) => Values::OnDisk(rows.clone().keep(&kept)),
                in_memory => in_memory.select(&kept)?,
            };
            Ok(Some(kept))
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

/// Refuses what no `f32` holds, and NaN unless it may stand for a missing value, in values whose first row is
/// that number of the file.
pub(crate) fn check_from(
    path: &Path,
    first: usize,
    values: &Values,
    columns: Option<&[String]>,
    missing: Missing,
) -> Result<(), DataError> {
    if values.is_bytes() {
        return Ok(());
    }
    let features = values.features();
    if let Values::F32(values) = values
        && let Some(numbers) = values.as_slice()
    {
        return check_numbers(path, first.saturating_mul(features), numbers, features, columns, missing);
    }
    let mut outcome = Ok(());
    values.visit(0..values.rows(), |row, numbers| {
        if let (Ok(()), Row::F32(numbers)) = (&outcome, numbers) {
            outcome = check_numbers(path, (first + row) * features, numbers, features, columns, missing);
        }
    })?;
    outcome
}

/// The same for numbers that lie row after row, of which the first is that number of the file.
pub(crate) fn check_numbers(
    path: &Path,
    first: usize,
    numbers: &[f32],
    features: usize,
    columns: Option<&[String]>,
    missing: Missing,
) -> Result<(), DataError> {
    let Some(wrong) = first_wrong(numbers, missing) else { return Ok(()) };
    let (row, column) = ((first + wrong) / features, (first + wrong) % features);
    let column = place(column, columns);
    Err(DataError::NotFinite { path: path.to_owned(), row, column, value: numbers[wrong] })
}

/// A column by its number, and by its name where it has one.
pub(crate) fn place(column: usize, columns: Option<&[String]>) -> String {
    match columns.and_then(|columns| columns.get(column)) {
        Some(name) => format!("{column} (`{name}`)"),
        None => column.to_string(),
    }
}
