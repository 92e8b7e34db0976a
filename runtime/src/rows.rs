//! Rows that a graph can take: of the right shape, finite, and in row-major order.

use std::borrow::Cow;

use narrows_bundle::Port;
use ndarray::ArrayViewD;

use crate::{Error, samples::Values};

/// Checked rows, as they go into a graph's input.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    pub(crate) count: usize,
    pub(crate) values: Cow<'a, [f32]>,
}

impl<'a> Rows<'a> {
    /// Checks an array against the port that it is meant for.
    pub(crate) fn check(values: Values<'a>, port: &Port) -> Result<Self, Error> {
        match values {
            Values::Floats(view) => {
                let count = count(view.shape(), port)?;
                let values = row_major(view);
                check_finite(&values, port)?;
                Ok(Rows { count, values })
            }
            Values::Bytes(view) => {
                let count = count(view.shape(), port)?;
                Ok(Rows { count, values: view.iter().map(|&byte| f32::from(byte)).collect() })
            }
        }
    }
}

/// Numbers in one row of a port.
pub(crate) fn width(port: &Port) -> usize {
    port.shape.iter().product()
}

/// The shape of `rows` rows of a port.
pub(crate) fn full_shape(rows: usize, port: &Port) -> Vec<usize> {
    std::iter::once(rows).chain(port.shape.iter().copied()).collect()
}

fn count(found: &[usize], port: &Port) -> Result<usize, Error> {
    match found {
        [count, row @ ..] if row == port.shape || row == [width(port)] => Ok(*count),
        _ => Err(Error::Shape { input: port.name.clone(), row: port.shape.clone(), found: found.to_vec() }),
    }
}

fn row_major(view: ArrayViewD<'_, f32>) -> Cow<'_, [f32]> {
    view.to_slice().map_or_else(|| view.iter().copied().collect(), Cow::Borrowed)
}

fn check_finite(values: &[f32], port: &Port) -> Result<(), Error> {
    let Some(at) = values.iter().position(|value| !value.is_finite()) else {
        return Ok(());
    };
    // A port has at least one number a row: the manifest's check refuses an empty sample or code.
    let (row, mut inner) = (at / width(port).max(1), at % width(port).max(1));
    let mut position: Vec<_> = port
        .shape
        .iter()
        .rev()
        .map(|&size| {
            let index = inner % size.max(1);
            inner /= size.max(1);
            index
        })
        .collect();
    position.reverse();
    let value = values.get(at).copied().unwrap_or(f32::NAN);
    Err(Error::NotFinite { input: port.name.clone(), row, position, value })
}

#[cfg(test)]
mod tests {
    use narrows_bundle::{ElementType, Role};
    use ndarray::{Array3, array};

    use super::*;

    fn port() -> Port {
        Port { name: "x".to_owned(), role: Role::Sample, dtype: ElementType::F32, shape: vec![2, 3] }
    }

    #[test]
    fn contiguous_rows_are_borrowed_and_others_are_brought_into_order() {
        let array = Array3::from_shape_fn((4, 2, 3), |(row, y, x)| (row * 6 + y * 3 + x) as f32);
        let rows = Rows::check(Values::Floats(array.view().into_dyn()), &port()).expect("the port's shape");
        assert!(matches!(rows.values, Cow::Borrowed(_)));

        let mirrored = Array3::from_shape_fn((3, 2, 4), |(x, y, row)| array[[row, y, x]]);
        let rows = Rows::check(Values::Floats(mirrored.t().into_dyn()), &port()).expect("the port's shape");
        assert_eq!((rows.count, rows.values.as_ref()), (4, array.as_slice().expect("standard layout")));
    }

    #[test]
    fn the_place_of_a_value_that_is_not_finite_is_its_index_in_the_sample() {
        let flat = array![[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], [0.0, 1.0, 2.0, 3.0, f32::INFINITY, 5.0]];
        let error = Rows::check(Values::Floats(flat.view().into_dyn()), &port()).expect_err("infinite");
        assert_eq!(error.to_string(), "input `x` holds inf in row 1 at [1, 1] (fill or drop such values first)");
    }

    #[test]
    fn a_wrong_shape_is_answered_with_both_accepted_ones() {
        for shape in [vec![], vec![6], vec![3, 5], vec![3, 3, 2], vec![1, 3, 2, 3]] {
            let array = ndarray::ArrayD::<u8>::zeros(shape.clone());
            let error = Rows::check(Values::Bytes(array.view()), &port()).expect_err("another shape");
            assert_eq!(error.to_string(), format!("input `x` expects [batch, 2, 3] (or [batch, 6]), got {shape:?}"));
        }
    }
}
