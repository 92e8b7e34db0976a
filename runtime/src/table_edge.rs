//! The rows of a mixed table at the edge of a graph: their cells are split into the inputs for numbers and categories,
//! and joined from the outputs.

use std::ops::Range;

use narrows_bundle::{
    ElementType, GraphPorts, Port, Role, Sample,
    table::{Cell, CellKind, Layout, MissingCells},
};
use ndarray::{ArrayViewD, ArrayViewMutD, Ix2};

use crate::{Error, rows::InputRows, samples::Values};

/// Where the cells of a row are among the inputs and outputs of a graph.
#[derive(Debug, Clone)]
pub(crate) struct TableEdge {
    cells: Vec<Cell>,
    layout: Layout,
    missing: MissingCells,
    /// The rows that a caller gives: `[cells]`.
    pub(crate) input: Port,
    /// The rows that a caller receives, `[cells]`, if the graph decodes.
    pub(crate) output: Option<Port>,
    /// Positions of the inputs with numbers and with categories.
    pub(crate) inputs: [Option<usize>; 2],
    /// Positions of the outputs with numbers and with categories.
    pub(crate) outputs: [Option<usize>; 2],
}

impl TableEdge {
    /// Returns the edge of a graph; `None` if samples are no rows of a mixed table.
    pub(crate) fn of(ports: &GraphPorts, sample: &Sample) -> Option<Self> {
        let (schema, cells) = (sample.table.as_ref()?, sample.cells()?);
        let row = |role| Port { name: "cells".to_owned(), role, dtype: ElementType::F32, shape: vec![cells.len()] };
        let position = |ports: &[Port], role| ports.iter().position(|port| port.role == role);
        let inputs = [Role::Sample, Role::Categories].map(|role| position(&ports.inputs, role));
        let outputs = [Role::Reconstruction, Role::DecodedCategories].map(|role| position(&ports.outputs, role));
        Some(TableEdge {
            layout: Layout::of(&cells),
            missing: schema.missing,
            input: row(Role::Sample),
            output: outputs.iter().any(Option::is_some).then(|| row(Role::Reconstruction)),
            inputs,
            outputs,
            cells,
        })
    }

    /// Returns whether a port is the one for complete rows that a caller receives.
    pub(crate) fn is_output(&self, port: &Port) -> bool {
        self.output.as_ref().is_some_and(|output| output.role == port.role && output.shape == port.shape)
    }

    /// Writes the numbers of a range of rows, `[rows, numbers]`, and returns whether all are allowed. The error of a
    /// row that is not allowed is [`TableEdge::first_error`].
    pub(crate) fn write_numbers(&self, rows: &InputRows<'_, '_>, range: Range<usize>, to: &mut [f32]) -> bool {
        match rows.values() {
            Values::Floats(view) => self.numbers(view, range, to),
            Values::Bytes(view) => self.numbers(view, range, to),
        }
    }

    /// Writes the categories of a range of rows, `[rows, categories]`, and returns whether all are allowed. The error
    /// of a row that is not allowed is [`TableEdge::first_error`].
    pub(crate) fn write_categories(&self, rows: &InputRows<'_, '_>, range: Range<usize>, to: &mut [i64]) -> bool {
        match rows.values() {
            Values::Floats(view) => self.categories(view, range, to),
            Values::Bytes(view) => self.categories(view, range, to),
        }
    }

    fn numbers<T: Copy + Into<f32>>(&self, view: &ArrayViewD<'_, T>, range: Range<usize>, to: &mut [f32]) -> bool {
        let Ok(view) = view.view().into_dimensionality::<Ix2>() else { return false };
        let mut are_allowed = true;
        for (row, to) in range.zip(to.chunks_exact_mut(self.layout.numbers.len().max(1))) {
            let row = view.row(row);
            for (to, &cell) in to.iter_mut().zip(&self.layout.numbers) {
                *to = row[cell].into();
                are_allowed &= self.allows_number(*to);
            }
        }
        are_allowed
    }

    fn categories<T: Copy + Into<f32>>(&self, view: &ArrayViewD<'_, T>, range: Range<usize>, to: &mut [i64]) -> bool {
        let Ok(view) = view.view().into_dimensionality::<Ix2>() else { return false };
        let mut are_allowed = true;
        for (row, to) in range.zip(to.chunks_exact_mut(self.layout.categories.len().max(1))) {
            let row = view.row(row);
            for (to, &(cell, levels)) in to.iter_mut().zip(&self.layout.categories) {
                let value: f32 = row[cell].into();
                // NaN becomes 0, as an unseen level is.
                *to = value as i64;
                are_allowed &= self.allows_level(value, levels);
            }
        }
        are_allowed
    }

    fn allows_number(&self, value: f32) -> bool {
        value.is_finite() || (value.is_nan() && self.missing == MissingCells::Masked)
    }

    fn allows_level(&self, value: f32, levels: usize) -> bool {
        let is_level = value >= 0.0 && value <= levels as f32 && value.fract() == 0.0;
        is_level || (value.is_nan() && self.missing == MissingCells::Masked)
    }

    /// Returns the error for the first cell of a range of rows that is not allowed.
    pub(crate) fn first_error(&self, rows: &InputRows<'_, '_>, range: Range<usize>) -> Error {
        let found = range.clone().find_map(|row| self.error_of_row(row, rows));
        found.unwrap_or_else(|| Error::Shape {
            input: self.input.name.clone(),
            row: self.input.shape.clone(),
            found: rows.values().shape().to_vec(),
        })
    }

    fn error_of_row(&self, row: usize, rows: &InputRows<'_, '_>) -> Option<Error> {
        let mut values = vec![0.0; self.cells.len()];
        rows.copy(row..row + 1, &mut values);
        self.cells.iter().zip(values).enumerate().find_map(|(position, (cell, value))| {
            let not_finite = || Error::NotFinite { input: cell.name.clone(), row, position: vec![position], value };
            match cell.kind {
                CellKind::Number | CellKind::HeavyTailed | CellKind::Count => {
                    (!self.allows_number(value)).then(not_finite)
                }
                CellKind::Category { levels, .. } if self.allows_level(value, levels) => None,
                CellKind::Category { .. } if !value.is_finite() => Some(not_finite()),
                CellKind::Category { levels, .. } => {
                    Some(Error::NotALevel { row, cell: cell.name.clone(), value, levels })
                }
            }
        })
    }

    /// Joins numbers, `[rows, numbers]`, and categories, `[rows, categories]`, to rows of cells, `[rows, cells]`.
    ///
    /// # Errors
    /// A message for a category outside its vocabulary, which only a damaged graph returns.
    pub(crate) fn join(
        &self,
        numbers: &[f32],
        categories: &[i64],
        to: &mut ArrayViewMutD<'_, f32>,
    ) -> Result<(), String> {
        let mut to = to.view_mut().into_dimensionality::<Ix2>().map_err(|error| error.to_string())?;
        let Layout { numbers: number_cells, categories: category_cells } = &self.layout;
        for (index, mut row) in to.outer_iter_mut().enumerate() {
            let numbers = numbers.iter().skip(index * number_cells.len());
            for (&cell, &number) in number_cells.iter().zip(numbers) {
                row[cell] = number;
            }
            let categories = categories.iter().skip(index * category_cells.len());
            for (&(cell, levels), &level) in category_cells.iter().zip(categories) {
                if !usize::try_from(level).is_ok_and(|level| (1..=levels).contains(&level)) {
                    let name = &self.cells[cell].name;
                    return Err(format!("it decoded `{name}` as level {level}, expected 1 to {levels}"));
                }
                row[cell] = level as f32;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use narrows_bundle::{
        Kind, Ports, SampleKind, SampleType,
        table::{Column, ColumnKind, Schema, Stored},
    };
    use ndarray::{Array2, array};

    use super::*;

    fn edge(missing: MissingCells) -> TableEdge {
        let column = |name: &str, kind| Column { name: name.to_owned(), kind, stored: Stored::Text };
        let levels = ["a", "b", "c"].map(str::to_owned).to_vec();
        let columns = vec![
            column("size", ColumnKind::Category { levels: levels.clone() }),
            column("amount", ColumnKind::Number { decimals: None }),
            column("grade", ColumnKind::Ordered { levels }),
        ];
        let schema = Schema { columns, missing };
        let ports = Ports::of_table(Kind::Ae, &Layout::of(&schema.cells()), 2);
        let sample = Sample {
            shape: vec![3],
            dtype: SampleType::F32,
            range: (0.0, 1.0),
            columns: None,
            fill: None,
            kind: SampleKind::Features,
            windows: None,
            table: Some(schema),
        };
        TableEdge::of(&ports.encoder, &sample).expect("a table")
    }

    fn split(edge: &TableEdge, rows: &Array2<f32>) -> Result<(Vec<f32>, Vec<i64>), Error> {
        let input = InputRows::of(Values::Floats(rows.view().into_dyn()), &edge.input)?;
        let (mut numbers, mut categories) = (vec![0.0; rows.nrows()], vec![0; 2 * rows.nrows()]);
        let range = 0..rows.nrows();
        let are_allowed = edge.write_numbers(&input, range.clone(), &mut numbers)
            & edge.write_categories(&input, range.clone(), &mut categories);
        if are_allowed { Ok((numbers, categories)) } else { Err(edge.first_error(&input, range)) }
    }

    #[test]
    fn cells_of_any_layout_are_split_and_joined_again() {
        let edge = edge(MissingCells::Refused);
        let rows = array![[1.0, 0.5, 3.0], [2.0, -7.0, 1.0]];
        for rows in [rows.clone(), rows.t().as_standard_layout().into_owned().reversed_axes()] {
            let (numbers, categories) = split(&edge, &rows).expect("good cells");
            assert_eq!((numbers.as_slice(), categories.as_slice()), (&[0.5, -7.0][..], &[1, 3, 2, 1][..]));
            let mut joined = Array2::zeros((2, 3));
            edge.join(&numbers, &categories, &mut joined.view_mut().into_dyn()).expect("levels of the table");
            assert_eq!(joined, rows);
        }
    }

    #[test]
    fn a_missing_cell_is_passed_on_only_to_a_network_that_was_trained_with_them() {
        let rows = array![[f32::NAN, f32::NAN, 2.0]];
        let (numbers, categories) = split(&edge(MissingCells::Masked), &rows).expect("masked cells");
        assert!(numbers[0].is_nan());
        assert_eq!(categories, [0, 2]);
        let error = split(&edge(MissingCells::Refused), &rows).expect_err("no masked cells").to_string();
        assert_eq!(error, "input `size` contains NaN in row 0 at [0] (fill or drop such values first)");
    }

    #[test]
    fn the_error_names_the_row_and_the_cell_of_the_first_value_that_is_not_allowed() {
        let good = array![[1.0, 0.5, 3.0], [0.0, -7.0, 1.0]];
        let cases = [
            (0, 4.0, "row 1: `size` is 4, expected a whole number from 1 to 3, or 0 for an unseen level"),
            (2, 1.5, "row 1: `grade` is 1.5, expected a whole number from 1 to 3, or 0 for an unseen level"),
            (2, -1.0, "row 1: `grade` is -1, expected a whole number from 1 to 3, or 0 for an unseen level"),
            (2, f32::INFINITY, "input `grade` contains inf in row 1 at [2] (fill or drop such values first)"),
            (1, f32::NEG_INFINITY, "input `amount` contains -inf in row 1 at [1] (fill or drop such values first)"),
        ];
        for missing in [MissingCells::Refused, MissingCells::Masked] {
            for (cell, value, expected) in cases {
                let mut rows = good.clone();
                rows[[1, cell]] = value;
                assert_eq!(split(&edge(missing), &rows).expect_err("a bad cell").to_string(), expected);
            }
        }
    }

    #[test]
    fn a_decoded_level_outside_the_vocabulary_is_refused() {
        let edge = edge(MissingCells::Refused);
        for level in [0, 4, -1, i64::MIN, i64::MAX] {
            let mut joined = Array2::zeros((1, 3));
            let outcome = edge.join(&[0.5], &[1, level], &mut joined.view_mut().into_dyn());
            assert_eq!(outcome.expect_err("no level"), format!("it decoded `grade` as level {level}, expected 1 to 3"));
        }
    }
}
