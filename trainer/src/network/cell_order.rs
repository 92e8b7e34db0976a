//! The cells of a row of a mixed table in the order in which a network computes on them.

use narrows_data::table::{Cell, CellKind};

/// The cells of a row, by what they are. A network computes first on the numbers, then on the counts, then on the
/// categories; within each group the order is that of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellOrder {
    /// The positions of the numbers in a row, with heavy tails or without.
    pub numbers: Vec<usize>,
    /// The positions of the counts in a row.
    pub counts: Vec<usize>,
    /// The categories.
    pub categories: Vec<Category>,
}

/// A cell that is a category.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Category {
    /// Its position in a row.
    pub cell: usize,
    /// The number of its levels.
    pub levels: usize,
    /// Whether its levels have an order.
    pub is_ordered: bool,
}

impl CellOrder {
    /// Sorts the cells of a row into the three groups.
    pub fn of(cells: &[Cell]) -> Self {
        let mut order = CellOrder { numbers: Vec::new(), counts: Vec::new(), categories: Vec::new() };
        for (cell, of) in cells.iter().enumerate() {
            match of.kind {
                CellKind::Number | CellKind::HeavyTailed => order.numbers.push(cell),
                CellKind::Count => order.counts.push(cell),
                CellKind::Category { levels, is_ordered } => {
                    order.categories.push(Category { cell, levels, is_ordered });
                }
            }
        }
        order
    }

    /// Returns the number of cells of a row.
    pub fn cells(&self) -> usize {
        self.numeric() + self.categories.len()
    }

    /// Returns the number of cells that are numbers or counts.
    pub fn numeric(&self) -> usize {
        self.numbers.len() + self.counts.len()
    }

    /// Returns the number of logits: one for each number and count, and one for each level of a category.
    pub fn logits(&self) -> usize {
        self.numeric() + self.categories.iter().map(|category| category.levels).sum::<usize>()
    }

    /// Returns the categories, each with the position of its first logit.
    pub fn category_logits(&self) -> impl Iterator<Item = (Category, usize)> + '_ {
        let mut next = self.numeric();
        self.categories.iter().map(move |&category| {
            next += category.levels;
            (category, next - category.levels)
        })
    }

    /// Returns the position of each number and count, in the order of the network, among the numbers and counts of a
    /// row in the order of the table: the columns of the port `x`.
    pub fn port_columns(&self) -> Vec<usize> {
        let mut cells: Vec<usize> = self.numbers.iter().chain(&self.counts).copied().collect();
        let in_network = cells.clone();
        cells.sort_unstable();
        in_network.iter().map(|cell| cells.partition_point(|other| other < cell)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_counts_and_categories_have_their_places() {
        let category = CellKind::Category { levels: 3, is_ordered: true };
        let kinds = [CellKind::Count, category, CellKind::Number, CellKind::HeavyTailed, category];
        let cells: Vec<Cell> = kinds
            .into_iter()
            .enumerate()
            .map(|(column, kind)| Cell { name: column.to_string(), column, kind })
            .collect();
        let order = CellOrder::of(&cells);
        assert_eq!((&order.numbers[..], &order.counts[..]), (&[2, 3][..], &[0][..]));
        assert_eq!((order.cells(), order.numeric(), order.logits()), (5, 3, 9));
        let firsts: Vec<(usize, usize)> = order.category_logits().map(|(of, first)| (of.cell, first)).collect();
        assert_eq!(firsts, [(1, 3), (4, 6)]);
        assert_eq!(order.port_columns(), [1, 2, 0]);
    }
}
