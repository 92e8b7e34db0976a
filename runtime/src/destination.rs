//! Where computed rows go.

use narrows_bundle::Port;
use ndarray::{ArrayViewMut, ArrayViewMut2, ArrayViewMutD, Axis, Dimension};

use crate::{
    Error,
    rows::{full_shape, width},
};

/// An array `[rows, ...]` of any layout that an output is written to.
#[derive(Debug)]
pub(crate) struct Destination<'a> {
    view: ArrayViewMutD<'a, f32>,
}

impl<'a> Destination<'a> {
    /// An array whose shape is known to be right.
    pub(crate) fn of<D: Dimension>(view: ArrayViewMut<'a, f32, D>) -> Self {
        Destination { view: view.into_dyn() }
    }

    /// An array for `rows` rows of a port, which may lie flat.
    ///
    /// # Errors
    /// [`Error::Destination`] if it has another shape.
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

    /// Writes all rows, given in row-major order.
    pub(crate) fn write(&mut self, values: &[f32]) {
        match self.view.as_slice_mut() {
            Some(flat) if flat.len() == values.len() => flat.copy_from_slice(values),
            _ => self.view.iter_mut().zip(values).for_each(|(place, value)| *place = *value),
        }
    }

    /// The same array in pieces of `rows` rows, the last of which may have fewer.
    pub(crate) fn pieces(self, rows: usize) -> Pieces<'a> {
        Pieces { left: self.view, rows }
    }
}

/// The pieces of a destination, in order.
#[derive(Debug)]
pub(crate) struct Pieces<'a> {
    left: ArrayViewMutD<'a, f32>,
    rows: usize,
}

impl<'a> Pieces<'a> {
    /// The next piece, which is empty when there is none left.
    pub(crate) fn take(&mut self) -> Destination<'a> {
        let rows = self.left.len_of(Axis(0)).min(self.rows);
        let left = std::mem::replace(&mut self.left, ArrayViewMut2::from(&mut [[0.0; 0]; 0]).into_dyn());
        let (piece, left) = left.split_at(Axis(0), rows);
        self.left = left;
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
    fn pieces_land_in_their_places_in_any_layout() {
        let (mut flat, mut wide) = (Array2::zeros((5, 2)), Array2::zeros((10, 3)));
        for view in [flat.view_mut(), wide.slice_mut(s![..;2, ..;2])] {
            let mut pieces = Destination::check(view, 5, &port()).expect("its shape").pieces(2);
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
    fn an_array_of_another_shape_is_refused_with_both() {
        let error = Destination::check(Array2::zeros((3, 2)).view_mut(), 4, &port()).expect_err("a row short");
        assert_eq!(error.to_string(), "the array for `z` has shape [3, 2], it should have [4, 2]");
    }
}
