//! An example of a row of a table for tests.

use candle_core::{Device, Tensor};
use narrows_data::table::{Cell, CellKind, MissingCells};

use super::TableRow;

/// A number, categories with and without an order, a count, a category with an embedding, and a number with heavy
/// tails.
pub(crate) fn example_row(missing: MissingCells) -> TableRow {
    let category = |levels, is_ordered| CellKind::Category { levels, is_ordered };
    let kinds = [
        CellKind::Number,
        category(3, false),
        CellKind::Count,
        category(40, false),
        category(4, true),
        CellKind::HeavyTailed,
        CellKind::Count,
    ];
    let cells: Vec<Cell> = kinds
        .into_iter()
        .enumerate()
        .map(|(column, kind)| Cell { name: format!("column {column}"), column, kind })
        .collect();
    TableRow::new(&cells, missing)
}

/// Rows of cells, `[rows, 7]`, with unseen levels, and with missing values where these are allowed.
pub(crate) fn example_cells(rows: usize, missing: MissingCells) -> Tensor {
    let value = |(row, cell): (usize, usize)| {
        let wave = (row * 7 + cell) as f32;
        if missing == MissingCells::Masked && (row + 2 * cell) % 5 == 0 {
            return f32::NAN;
        }
        match cell {
            1 => ((row + 1) % 4) as f32,
            2 | 6 => ((row * 5 + cell) % 9) as f32,
            3 => ((row * 11) % 41) as f32,
            4 => (row % 5) as f32,
            _ => (wave * 0.9).sin(),
        }
    };
    let values: Vec<f32> = (0..rows).flat_map(|row| (0..7).map(move |cell| (row, cell))).map(value).collect();
    Tensor::from_vec(values, (rows, 7), &Device::Cpu).expect("as many values as the shape has")
}
