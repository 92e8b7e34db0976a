//! Checks of the training data before a fit.

use narrows_bundle::{Likelihood, Scaling};
use narrows_data::{
    Values,
    statistics::{Per, extremes},
};

use crate::{Config, TrainError, samples::LARGEST};

/// The number of rows that are read at a time.
const CHUNK: usize = 1024;

/// Checks that the values, whose minimum and maximum are `range`, are not too large for the arithmetic of a model.
pub(crate) fn check_magnitude(values: &Values, rows: &[usize], range: (f32, f32)) -> Result<(), TrainError> {
    let is_large = |&(low, high): &(f32, f32)| low < -LARGEST || high > LARGEST;
    if !is_large(&range) {
        return Ok(());
    }
    let columns = extremes(values, rows, Per::Column)?;
    let Some((column, (low, high))) = columns.into_iter().enumerate().find(|(_, range)| is_large(range)) else {
        return Ok(());
    };
    Err(TrainError::Data {
        part: "training",
        what: format!(
            "column {column} has values from {low:e} to {high:e}, but a model computes in 32-bit floats and takes \
             values up to {LARGEST:.1e}; divide the column by a constant, or leave it out with --ignore"
        ),
    })
}

/// Checks that the rows are not all equal. Reads only the rows before the first difference.
pub(crate) fn check_variation(values: &Values, rows: &[usize]) -> Result<(), TrainError> {
    let mut first: Option<Vec<f32>> = None;
    for chunk in rows.chunks(CHUNK) {
        let mut has_difference = false;
        values.visit(chunk.iter().copied(), |_, features| match &first {
            None => first = Some(features.floats().collect()),
            Some(first) => {
                has_difference |= !features.floats().map(f32::to_bits).eq(first.iter().map(|value| value.to_bits()))
            }
        })?;
        if has_difference {
            return Ok(());
        }
    }
    let count = rows.len();
    let what = match count {
        1 => "there is only one row, and one row has no variation that a model could learn".to_owned(),
        _ => format!("all {count} rows are equal, so there is no variation that a model could learn"),
    };
    Err(TrainError::Data { part: "training", what })
}

/// Checks that targets are in `[0, 1]` if the likelihood is Bernoulli, which is not defined for other values.
pub(crate) fn check_targets(
    part: &'static str,
    config: &Config,
    values: &Values,
    scaling: &Scaling,
) -> Result<(), TrainError> {
    if config.output_distribution.likelihood != Likelihood::Bernoulli {
        return Ok(());
    }
    let at = |values: &[f32], column: usize| if values.len() == 1 { values[0] } else { values[column] };
    let mut outside = None;
    values.visit(0..values.rows(), |row, features| {
        if outside.is_some() {
            return;
        }
        let is_outside = |&(column, value): &(usize, f32)| {
            !(0.0..=1.0).contains(&((value - at(&scaling.offset, column)) / at(&scaling.scale, column)))
        };
        outside = features.floats().enumerate().find(is_outside).map(|(column, value)| (row, column, value));
    })?;
    let Some((row, column, value)) = outside else { return Ok(()) };
    let low = at(&scaling.offset, column);
    let high = low + at(&scaling.scale, column);
    Err(TrainError::Data {
        part,
        what: format!(
            "row {row}, column {column} is {value}, but the bernoulli likelihood needs values in [{low}, {high}]; pass \
             --likelihood gaussian"
        ),
    })
}

#[cfg(test)]
mod tests {
    use narrows_data::Dataset;
    use ndarray::{Array2, array};

    use super::*;

    fn values(rows: Array2<f32>) -> Values {
        Dataset::from_array("table", rows).expect("finite samples").train.values
    }

    fn message(result: Result<(), TrainError>) -> String {
        result.expect_err("unsuitable rows").to_string()
    }

    #[test]
    fn rows_that_are_all_equal_are_refused_and_one_different_row_is_enough() {
        let mut rows = Array2::from_elem((3000, 2), 7.0);
        let all: Vec<usize> = (0..3000).collect();
        assert!(message(check_variation(&values(rows.clone()), &all)).contains("all 3000 rows are equal"));
        rows[(2900, 1)] = 8.0;
        check_variation(&values(rows.clone()), &all).expect("a different row");
        assert!(message(check_variation(&values(rows), &all[..2900])).contains("all 2900 rows are equal"));
    }

    #[test]
    fn values_near_the_largest_float_are_refused_with_their_column() {
        let large = values(array![[1.0, -3e38], [2.0, 3e38]]);
        let error = message(check_magnitude(&large, &[0, 1], (-3e38, 3e38)));
        assert!(error.contains("column 1 has values from -3e38 to 3e38"), "{error}");
        check_magnitude(&values(array![[1e37], [-1e37]]), &[0, 1], (-1e37, 1e37))
            .expect("values that are not too large");
    }
}
