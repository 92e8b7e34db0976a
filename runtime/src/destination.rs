//! Arrays that receive computed rows.

use narrows_bundle::Port;
use ndarray::{ArrayViewMut, ArrayViewMut2, ArrayViewMutD, Axis, Dimension};

use crate::{
    Error,
    rows::{full_shape, width},
};

/// An array `[rows, ...]` of any layout that receives the rows of an output.
#[derive(Debug)]
pub(crate) struct Destination<'a> {
    view: ArrayViewMutD<'a, f32>,
}

impl<'a> Destination<'a> {
    /// Wraps an array whose shape is known to be correct.
    pub(crate) fn of<D: Dimension>(view: ArrayViewMut<'a, f32, D>) -> Self {
        Destination { view: view.into_dyn() }
    }

    /// Checks that an array has the shape of `rows` rows of a port, `[rows, ...port shape]` or `[rows, width]`.
    ///
    /// # Errors
    /// [`Error::Destination`] if the array has another shape.
    pub(crate) fn check<D: Dimension>(view: ArrayViewMut<'a, f32, D>, rows: usize, port: &Port) -> Result<Self, Error> {
        match view.shape() {
            [count, row @ ..] if *count == rows && (row == port.shape || row == [width(port)]) => Ok(Self::of(view)),
            found => Err(Error::Destination {
                output: port.name.clone(),
                expected: full_shape(rows, port),
                found: found.to_vec(),
            }),
        }
    }

    /// Writes all rows from values in row-major order.
    pub(crate) fn write(&mut self, values: &[f32]) {
        match self.view.as_slice_mut() {
            Some(flat) if flat.len() == values.len() => flat.copy_from_slice(values),
            _ => self.view.iter_mut().zip(values).for_each(|(element, value)| *element = *value),
        }
    }

    /// Splits the array into pieces of `rows` rows; the last one may have fewer.
    pub(crate) fn pieces(self, rows: usize) -> Pieces<'a> {
        Pieces { remaining: self.view, rows }
    }
}

/// The pieces of a destination, in order.
#[derive(Debug)]
pub(crate) struct Pieces<'a> {
    remaining: ArrayViewMutD<'a, f32>,
    rows: usize,
}

impl<'a> Pieces<'a> {
    /// Returns the next piece, which is empty after the last one.
    pub(crate) fn take(&mut self) -> Destination<'a> {
        let rows = self.remaining.len_of(Axis(0)).min(self.rows);
        let remaining = std::mem::replace(&mut self.remaining, ArrayViewMut2::from(&mut [[0.0; 0]; 0]).into_dyn());
        let (piece, remaining) = remaining.split_at(Axis(0), rows);
        self.remaining = remaining;
        Destination { view: piece }
    }
}

#[cfg(test)]
mod tests {
    use narrows_bundle::{ElementType, Role};
    use ndarray::{Array2, array, s};

    use super::*;

    fn port() -> Port {
        Port { name: "z".to_owned(), role: Role::Latent, dtype: ElementType::F32, shape: vec![2] }
    }

    #[test]
    fn pieces_are_written_to_their_rows_in_any_layout() {
        let (mut flat, mut wide) = (Array2::zeros((5, 2)), Array2::zeros((10, 3)));
        for view in [flat.view_mut(), wide.slice_mut(s![..;2, ..;2])] {
            let mut pieces = Destination::check(view, 5, &port()).expect("the right shape").pieces(2);
            for first in [0.0, 4.0] {
                pieces.take().write(&[first, first + 1.0, first + 2.0, first + 3.0]);
            }
            pieces.take().write(&[8.0, 9.0]);
        }
        assert_eq!(flat, array![[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0], [8.0, 9.0]]);
        assert_eq!(wide.slice(s![..;2, ..;2]), flat);
        assert_eq!(wide.sum(), flat.sum());
    }

    #[test]
    fn the_error_for_a_wrong_shape_names_both_shapes() {
        let error = Destination::check(Array2::zeros((3, 2)).view_mut(), 4, &port()).expect_err("a row short");
        assert_eq!(error.to_string(), "the array for `z` has shape [3, 2], expected [4, 2]");
    }
}
