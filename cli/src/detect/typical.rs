//! Leaves rows that may be anomalies out of the fit.

use narrows_bundle::counted;
use narrows_data::{
    Values,
    table::{CellKind, Layout, Schema},
};
use narrows_trainer::detector::typical_rows;
use ndarray::{Array2, Axis, concatenate};

use super::Selection;
use crate::report::note;

/// Largest number of levels of a category that counts in the distances of rows.
const MOST_LEVELS: usize = 100;

impl Selection<'_> {
    /// Leaves out the fitted rows that are farthest from the others, for an assumed fraction of anomalies. Returns how
    /// many. `table` is the schema of the rows of a mixed table.
    pub(crate) fn keep_typical(
        &mut self,
        contamination: f64,
        seed: u64,
        table: Option<&Schema>,
    ) -> anyhow::Result<usize> {
        let rows = &self.fitted.rows;
        if contamination <= 0.0 || contamination >= 0.5 {
            return Ok(0); // The check of the options refuses other values than 0.
        }
        let samples: Array2<f32> = match self.fitted.part.values.select(rows)? {
            Values::F32(samples) => samples,
            other => other.to_f32()?.into_owned(),
        };
        let samples = match table {
            Some(schema) => points(&samples, schema),
            None => samples,
        };
        let kept = typical_rows(&samples, contamination, seed);
        let left_out = rows.len() - kept.len();
        self.fitted.rows = kept.into_iter().map(|position| rows[position]).collect();
        note(format_args!(
            "left {} out of the fit, those farthest from the others (--contamination {contamination})",
            counted(left_out, "row")
        ));
        Ok(left_out)
    }
}

/// Converts the rows of a mixed table, `[rows, cells]`, to points with distances: a number is itself and a missing one
/// the mean, a count is `ln(1 + count)`, and a category is a one-hot vector, which is 0 for a missing or unseen level.
/// Almost all rows differ in a category with more than [`MOST_LEVELS`] levels, which is left out.
fn points(rows: &Array2<f32>, schema: &Schema) -> Array2<f32> {
    let cells = schema.cells();
    let layout = Layout::of(&cells);
    let mut numbers = rows.select(Axis(1), &layout.numbers);
    for (mut column, &cell) in numbers.axis_iter_mut(Axis(1)).zip(&layout.numbers) {
        if cells[cell].kind == CellKind::Count {
            column.mapv_inplace(|count| count.max(0.0).ln_1p());
        }
        let known = column.iter().filter(|value| !value.is_nan());
        let (sum, count) = known.fold((0.0, 0usize), |(sum, count), &value| (sum + f64::from(value), count + 1));
        let mean = if count == 0 { 0.0 } else { (sum / count as f64) as f32 };
        column.mapv_inplace(|value| if value.is_nan() { mean } else { value });
    }
    let categories = layout.categories.iter().filter(|(_, levels)| *levels <= MOST_LEVELS);
    let one_hot =
        categories.map(|&(cell, levels)| {
            Array2::from_shape_fn((rows.nrows(), levels), |(row, level)| {
                if rows[[row, cell]] == (level + 1) as f32 { 1.0 } else { 0.0 }
            })
        });
    one_hot.fold(numbers, |points, levels| concatenate![Axis(1), points, levels])
}

#[cfg(test)]
mod tests {
    use narrows_data::table::{Column, ColumnKind, MissingCells, Stored};
    use ndarray::array;

    use super::*;

    #[test]
    fn rows_of_mixed_tables_are_finite_points_in_which_levels_are_as_far_from_each_other() {
        let column = |name: &str, kind, stored| Column { name: name.to_owned(), kind, stored };
        let levels = ["NL", "DE", "FR"].map(str::to_owned).to_vec();
        let columns = vec![
            column("country", ColumnKind::Category { levels }, Stored::Text),
            column("amount", ColumnKind::Number { decimals: None }, Stored::Float64),
            column("visits", ColumnKind::Count, Stored::Int64),
        ];
        let rows = array![[1.0, 2.0, 0.0], [3.0, f32::NAN, 0.0], [0.0, 4.0, f32::NAN], [f32::NAN, 3.0, 0.0]];
        let points = points(&rows, &Schema { columns, missing: MissingCells::Masked });
        assert_eq!(
            points,
            array![
                [2.0, 0.0, 1.0, 0.0, 0.0],
                [3.0, 0.0, 0.0, 0.0, 1.0],
                [4.0, 0.0, 0.0, 0.0, 0.0],
                [3.0, 0.0, 0.0, 0.0, 0.0]
            ]
        );
    }
}
