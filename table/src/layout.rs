//! Which cells of a row are the numbers and which are the categories of a graph.

use crate::cell::{Cell, CellKind};

/// The cells of a row, separated into the inputs and outputs of the graphs of a mixed table.
///
/// The input `x` of an encoder and the output `x_hat` of a decoder have the numbers and counts, in the order of the
/// cells. `categories` and `categories_hat` have the categories. `probabilities` has the probabilities of the levels of
/// all categories, one category after the other, without a probability for unseen levels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The cells that are numbers or counts.
    pub numbers: Vec<usize>,
    /// The cells that are categories, each with its number of levels.
    pub categories: Vec<(usize, usize)>,
}

impl Layout {
    /// Returns the layout of the cells of a row.
    pub fn of(cells: &[Cell]) -> Self {
        let (mut numbers, mut categories) = (Vec::new(), Vec::new());
        for (index, cell) in cells.iter().enumerate() {
            match cell.kind {
                CellKind::Number | CellKind::HeavyTailed | CellKind::Count => numbers.push(index),
                CellKind::Category { levels, .. } => categories.push((index, levels)),
            }
        }
        Layout { numbers, categories }
    }

    /// Returns the number of cells.
    pub fn cells(&self) -> usize {
        self.numbers.len() + self.categories.len()
    }

    /// Returns the number of levels of all categories together.
    pub fn levels(&self) -> usize {
        self.categories.iter().map(|(_, levels)| levels).sum()
    }
}
