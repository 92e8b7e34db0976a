//! The scaling of some cells of a table.

use narrows_bundle::Scaling;

/// Returns the scaling of these cells, in their order.
pub(crate) fn scaling_of(scaling: &Scaling, cells: &[usize]) -> Scaling {
    let of = |values: &[f32]| match values {
        [value] => vec![*value; cells.len()],
        values => cells.iter().map(|&cell| values[cell]).collect(),
    };
    Scaling { offset: of(&scaling.offset), scale: of(&scaling.scale) }
}
