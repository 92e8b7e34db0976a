//! Figures of the cells of a mixed table.

use narrows_runtime::bundle::{
    CellLikelihood, Distribution, SMALLEST_PROBABILITY,
    table::{Cell, CellKind},
};
use ndarray::{ArrayView1, ArrayView2, Axis};

use crate::moments::Moments;

/// Figures of a cell over the rows in which it is there.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CellFigures {
    /// The name of the cell.
    pub name: String,
    /// Position of the cell in a row.
    pub cell: usize,
    /// Number of rows in which the cell is there.
    pub rows: usize,
    /// Mean error of the cell in the loss: the negative log-likelihood in nats of a variational model, otherwise the
    /// weighted error, which is about 1 for a constant reconstruction. NaN without rows.
    pub error: f64,
    /// How well a category is reconstructed; `None` for numbers and counts.
    pub category: Option<CategoryFigures>,
}

/// How well a category is reconstructed.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct CategoryFigures {
    /// Share of the rows whose reconstruction has the right level. An unseen level is never right.
    pub accuracy: f64,
    /// Mean of `-ln p` of the right level in nats, with probabilities of at least 1e-7. The probability of an unseen
    /// level is that of the manifest.
    pub cross_entropy: f64,
    /// Number of rows with an unseen level.
    pub unseen: usize,
}

/// Sums of the figures of all cells.
#[derive(Debug)]
pub(super) struct CellSums(Vec<CellSum>);

#[derive(Debug)]
struct CellSum {
    cell: Cell,
    /// Where the probabilities of the levels begin among those of all categories.
    first_level: usize,
    /// The probability of an unseen level.
    unseen_probability: f64,
    error: Moments,
    cross_entropy: Moments,
    right: usize,
    unseen: usize,
}

impl CellSums {
    /// Starts the sums of cells with their distributions. A cell without one, or that is no category, has no unseen
    /// levels.
    pub(super) fn new(cells: Vec<Cell>, likelihoods: &[CellLikelihood]) -> Self {
        let mut first_level = 0;
        let of = |(position, cell): (usize, Cell)| {
            let unseen_probability = match likelihoods.get(position).map(|likelihood| likelihood.distribution) {
                Some(Distribution::Categorical { unseen }) => unseen,
                Some(
                    Distribution::Gaussian { .. }
                    | Distribution::StudentT { .. }
                    | Distribution::Poisson
                    | Distribution::NegativeBinomial { .. },
                )
                | None => SMALLEST_PROBABILITY,
            };
            let own = first_level;
            first_level += cell.kind.levels().unwrap_or(0);
            let (error, cross_entropy) = (Moments::default(), Moments::default());
            CellSum { cell, first_level: own, unseen_probability, error, cross_entropy, right: 0, unseen: 0 }
        };
        CellSums(cells.into_iter().enumerate().map(of).collect())
    }

    /// Returns whether a cell is a number or a count.
    pub(super) fn is_number(&self, cell: usize) -> bool {
        self.0.get(cell).is_some_and(|sum| sum.cell.kind.levels().is_none())
    }

    /// Adds rows of cells with their reconstructions and errors, `[batch, cells]` each, and the probabilities of all
    /// levels, `[batch, levels]`.
    pub(super) fn add(
        &mut self,
        rows: ArrayView2<'_, f32>,
        decoded: ArrayView2<'_, f32>,
        errors: ArrayView2<'_, f64>,
        probabilities: ArrayView2<'_, f32>,
    ) {
        for (position, sum) in self.0.iter_mut().enumerate() {
            let column = |rows: &ArrayView2<'_, f32>| rows.index_axis(Axis(1), position).to_owned();
            let each = column(&rows).into_iter().zip(column(&decoded)).zip(errors.column(position));
            for (((value, decoded), &error), probabilities) in each.zip(probabilities.outer_iter()) {
                if !value.is_nan() {
                    sum.error.add(error);
                    sum.add_level(value, decoded, probabilities);
                }
            }
        }
    }

    pub(super) fn figures(&self) -> Vec<CellFigures> {
        self.0.iter().enumerate().map(|(cell, sum)| sum.figures(cell)).collect()
    }
}

impl CellSum {
    fn add_level(&mut self, value: f32, decoded: f32, probabilities: ArrayView1<'_, f32>) {
        match self.cell.kind {
            CellKind::Number | CellKind::HeavyTailed | CellKind::Count => {}
            CellKind::Category { .. } => {
                let position = (value as usize).checked_sub(1).map(|index| self.first_level + index);
                let probability = position.and_then(|position| probabilities.get(position));
                let probability = probability.map_or(self.unseen_probability, |&probability| f64::from(probability));
                self.cross_entropy.add(-probability.clamp(SMALLEST_PROBABILITY, 1.0).ln());
                self.right += usize::from(value == decoded);
                self.unseen += usize::from(position.is_none());
            }
        }
    }

    fn figures(&self, cell: usize) -> CellFigures {
        let rows = self.error.count();
        let category = || CategoryFigures {
            accuracy: self.right as f64 / rows as f64,
            cross_entropy: self.cross_entropy.mean(),
            unseen: self.unseen,
        };
        CellFigures {
            name: self.cell.name.clone(),
            cell,
            rows,
            error: if rows == 0 { f64::NAN } else { self.error.mean() },
            category: self.cell.kind.levels().filter(|_| rows > 0).map(|_| category()),
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_category_has_an_accuracy_and_a_cross_entropy_and_missing_cells_are_left_out() {
        let cell = |name: &str, kind| Cell { name: name.to_owned(), column: 0, kind };
        let category = CellKind::Category { levels: 2, is_ordered: false };
        let of = |distribution| CellLikelihood { distribution, weight: 1.0, baseline: 1.0 };
        let [common, rare] = [0.125, 1e-7].map(|unseen| of(Distribution::Categorical { unseen }));
        let number = of(Distribution::Gaussian { variance: 1.0 });
        let cells = vec![cell("a", category), cell("n", CellKind::Number), cell("b", category)];
        let mut sums = CellSums::new(cells, &[common, number, rare]);
        assert!(sums.is_number(1) && !sums.is_number(2));
        sums.add(
            array![[1.0, 0.5, 2.0], [0.0, f32::NAN, f32::NAN], [2.0, 1.0, 2.0]].view(),
            array![[1.0, 0.0, 2.0], [1.0, 0.0, 1.0], [1.0, 0.0, 1.0]].view(),
            array![[0.5, 2.0, 1.0], [1.0, 0.0, 0.0], [1.5, 4.0, 3.0]].view(),
            array![[0.5, 0.5, 0.25, 0.75], [0.5, 0.5, 1.0, 0.0], [0.75, 0.25, 1.0, 0.0]].view(),
        );
        let figures = sums.figures();
        let [a, n, b] = &figures[..] else { unreachable!("three cells") };
        assert_eq!((a.rows, a.error, n.rows, n.error, b.rows, b.error), (3, 1.0, 2, 3.0, 2, 2.0));
        assert!(n.category.is_none());
        let (a, b) = (a.category.expect("a category"), b.category.expect("a category"));
        assert_eq!((a.accuracy, a.unseen, b.accuracy, b.unseen), (1.0 / 3.0, 1, 0.5, 0));
        let expected = -(0.5_f64.ln() + 0.125_f64.ln() + 0.25_f64.ln()) / 3.0;
        assert!((a.cross_entropy - expected).abs() < 1e-12);
        assert!((b.cross_entropy - -(0.75_f64.ln() + 1e-7_f64.ln()) / 2.0).abs() < 1e-12);
    }
}
