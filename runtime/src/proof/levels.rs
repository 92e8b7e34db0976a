//! The comparison of decoded levels: equal, except where rounding errors decide between two of them.

use std::ops::RangeInclusive;

use narrows_bundle::table::{Cell, CellKind};
use ndarray::{Array2, ArrayD, ArrayView2, Axis, Ix2, Slice};

/// The levels that an engine may decode for each row of a probe and each category.
#[derive(Debug, Clone)]
pub(super) struct AcceptedLevels(Array2<RangeOrSet>);

/// The accepted levels of one category in one row, from 1.
#[derive(Debug, Clone)]
enum RangeOrSet {
    /// The level of the trainer, and those that are as probable.
    Set(Vec<usize>),
    /// Consecutive levels at which the cumulative probability passes one half.
    Range(RangeInclusive<usize>),
}

impl AcceptedLevels {
    /// Returns the levels that follow from the stored levels, `[rows, categories]`, and the stored probabilities,
    /// `[rows, levels]`, which an engine computes with an error of at most `tolerance`. `None` if an array has another
    /// shape.
    pub(super) fn of(
        cells: &[Cell],
        stored: &ArrayD<f32>,
        probabilities: &ArrayD<f32>,
        tolerance: f32,
    ) -> Option<Self> {
        let stored = stored.view().into_dimensionality::<Ix2>().ok()?;
        let probabilities = probabilities.view().into_dimensionality::<Ix2>().ok()?;
        let mut accepted = Array2::from_elem(stored.dim(), RangeOrSet::Set(Vec::new()));
        let categories = cells.iter().filter_map(|cell| match cell.kind {
            CellKind::Category { levels, is_ordered } => Some((levels, is_ordered)),
            CellKind::Number | CellKind::HeavyTailed | CellKind::Count => None,
        });
        let mut first = 0;
        for (column, (levels, is_ordered)) in categories.enumerate() {
            let end = first + levels;
            if column >= stored.ncols() || end > probabilities.ncols() || stored.nrows() != probabilities.nrows() {
                return None;
            }
            let own = probabilities.slice_axis(Axis(1), Slice::from(first..end));
            for (row, probabilities) in own.outer_iter().enumerate() {
                let level = stored[[row, column]] as usize;
                let probabilities = probabilities.iter().copied();
                accepted[[row, column]] = if is_ordered {
                    RangeOrSet::Range(medians(level, probabilities, tolerance))
                } else {
                    RangeOrSet::Set(most_probable(level, probabilities, tolerance))
                };
            }
            first = end;
        }
        Some(AcceptedLevels(accepted))
    }

    /// Returns whether the levels that an engine decoded for the rows with these indices, `[batch, categories]`, are
    /// all accepted.
    pub(super) fn contain(&self, computed: ArrayView2<'_, f32>, rows: &[usize]) -> bool {
        computed.outer_iter().zip(rows).all(|(levels, &row)| {
            levels.iter().zip(self.0.row(row)).all(|(&level, accepted)| match accepted {
                RangeOrSet::Set(set) => set.contains(&(level as usize)),
                RangeOrSet::Range(range) => range.contains(&(level as usize)),
            })
        })
    }
}

/// Returns the stored level, and the levels that are as probable within twice the tolerance, because both probabilities
/// can be off by it.
fn most_probable(stored: usize, probabilities: impl Iterator<Item = f32>, tolerance: f32) -> Vec<usize> {
    let probabilities: Vec<f32> = probabilities.collect();
    let of_stored = stored.checked_sub(1).and_then(|index| probabilities.get(index)).copied().unwrap_or(f32::INFINITY);
    let near = |&(index, &probability): &(usize, &f32)| {
        index + 1 == stored || (probability - of_stored).abs() <= 2.0 * tolerance
    };
    let levels: Vec<usize> = probabilities.iter().enumerate().filter(near).map(|(index, _)| index + 1).collect();
    if levels.is_empty() { vec![stored] } else { levels }
}

/// Returns the range of levels from the stored one in which the cumulative probability is within the tolerance of one
/// half.
fn medians(stored: usize, probabilities: impl Iterator<Item = f32>, tolerance: f32) -> RangeInclusive<usize> {
    let (mut first, mut last, mut sum) = (stored, stored, 0.0);
    let sums: Vec<f32> = probabilities
        .map(|probability| {
            sum += probability;
            sum
        })
        .collect();
    let is_half = |level: usize| {
        let sum = level.checked_sub(1).and_then(|index| sums.get(index));
        sum.is_some_and(|sum| (sum - 0.5).abs() <= tolerance)
    };
    while first > 1 && is_half(first - 1) {
        first -= 1;
    }
    while last < sums.len() && is_half(last) {
        last += 1;
    }
    first..=last
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn accepts(is_ordered: bool, stored: f32, probabilities: [f32; 3]) -> Vec<usize> {
        let cell = |is_ordered| Cell {
            name: "size".to_owned(),
            column: 0,
            kind: CellKind::Category { levels: 3, is_ordered },
        };
        let probabilities = array![probabilities].into_dyn();
        let accepted = AcceptedLevels::of(&[cell(is_ordered)], &array![[stored]].into_dyn(), &probabilities, 1e-4);
        let accepted = accepted.expect("arrays that fit");
        (0..5).filter(|&level| accepted.contain(array![[level as f32]].view(), &[0])).collect()
    }

    #[test]
    fn another_level_is_accepted_only_if_it_is_as_probable() {
        assert_eq!(accepts(false, 1.0, [0.5, 0.3, 0.2]), [1]);
        assert_eq!(accepts(false, 1.0, [0.4, 0.399_9, 0.200_1]), [1, 2]);
        assert_eq!(accepts(false, 3.0, [0.25, 0.25, 0.5]), [3]);
        // A stored level that is not the most probable one is a fault of the trainer, and not a tie.
        assert_eq!(accepts(false, 2.0, [0.9, 0.05, 0.05]), [2, 3]);
    }

    #[test]
    fn the_next_level_of_an_ordered_category_is_accepted_only_if_the_sum_is_one_half() {
        assert_eq!(accepts(true, 2.0, [0.4, 0.4, 0.2]), [2]);
        assert_eq!(accepts(true, 1.0, [0.500_05, 0.3, 0.199_95]), [1, 2]);
        assert_eq!(accepts(true, 2.0, [0.499_95, 0.3, 0.200_05]), [1, 2]);
        assert_eq!(accepts(true, 3.0, [0.5, 0.0, 0.5]), [1, 2, 3]);
        assert_eq!(accepts(true, 1.0, [0.51, 0.3, 0.19]), [1]);
    }

    #[test]
    fn arrays_that_do_not_fit_the_table_are_refused() {
        let cell = Cell {
            name: "size".to_owned(),
            column: 0,
            kind: CellKind::Category { levels: 1 << 24, is_ordered: false },
        };
        let short = array![[0.5_f32, 0.5]].into_dyn();
        assert!(AcceptedLevels::of(&[cell], &array![[1.0]].into_dyn(), &short, 1e-4).is_none());
    }
}
