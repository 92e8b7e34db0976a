//! The scaling of the numbers of a mixed table.

use narrows_bundle::{Sample, Scaling};
use narrows_data::{
    DataError, Values,
    table::{Cell, CellKind},
};

use super::ScalingRule;

/// The interquartile range of a standard normal distribution.
const NORMAL_RANGE: f32 = 1.349;

impl ScalingRule {
    /// Fits the scaling of the numbers of a mixed table. Where the rule is standard scaling, numbers with heavy tails
    /// are scaled to median 0 and an interquartile range as that of a standard normal distribution, because a few
    /// outliers determine their standard deviation.
    pub(super) fn of_cells(
        self,
        cells: &[Cell],
        sample: &Sample,
        values: &Values,
        rows: &[usize],
    ) -> Result<Scaling, DataError> {
        let has_heavy = cells.iter().any(|cell| cell.kind == CellKind::HeavyTailed);
        let numbers = self.of_features(sample, values, rows)?;
        let heavy = match self {
            ScalingRule::Standard(per) if has_heavy => {
                let Scaling { offset, scale } = ScalingRule::Robust(per).of_features(sample, values, rows)?;
                Some(Scaling { offset, scale: scale.into_iter().map(|scale| scale / NORMAL_RANGE).collect() })
            }
            ScalingRule::Standard(_)
            | ScalingRule::Unchanged
            | ScalingRule::Unit
            | ScalingRule::MinMax(_)
            | ScalingRule::Robust(_) => None,
        };
        let at = |values: &[f32], cell: usize| if values.len() == 1 { values[0] } else { values[cell] };
        let of_cell = |(cell, of): (usize, &Cell)| {
            let scaling = match of.kind {
                CellKind::Number => &numbers,
                CellKind::HeavyTailed => heavy.as_ref().unwrap_or(&numbers),
                CellKind::Count | CellKind::Category { .. } => return (0.0, 1.0),
            };
            (at(&scaling.offset, cell), at(&scaling.scale, cell))
        };
        let (offset, scale) = cells.iter().enumerate().map(of_cell).unzip();
        Ok(Scaling { offset, scale })
    }
}
