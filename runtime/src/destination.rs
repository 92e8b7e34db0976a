//! Arrays that receive computed rows.

use narrows_bundle::{ElementType, Port};
use ndarray::{ArrayViewMut, ArrayViewMutD, Axis, Dimension};

use crate::{
    Error,
    engine::Frame,
    rows::{full_shape, width},
    table_edge::TableEdge,
};

/// Why an output cannot be written.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// An array that receives the rows of an output.
#[derive(Debug)]
pub(crate) enum Destination<'a> {
    /// Floats in an array `[rows, ...]` of any layout.
    Floats(ArrayViewMutD<'a, f32>),
    /// One boolean per row.
    Booleans(&'a mut [bool]),
}

impl<'a> Destination<'a> {
    /// Wraps an array whose shape is known to be correct.
    pub(crate) fn of<D: Dimension>(view: ArrayViewMut<'a, f32, D>) -> Self {
        Destination::Floats(view.into_dyn())
    }

    /// Checks that an array has the shape of `rows` rows of a port, `[rows, ...port shape]` or `[rows, width]`.
    ///
    /// # Errors
    /// [`Error::Destination`] if the array has another shape.
    pub(crate) fn check<D: Dimension>(view: ArrayViewMut<'a, f32, D>, rows: usize, port: &Port) -> Result<Self, Error> {
        match view.shape() {
            [count, row @ ..] if *count == rows && (row == port.shape || row == [width(port)]) => Ok(Self::of(view)),
            found => Err(wrong_shape(found, rows, port)),
        }
    }

    /// Checks that a slice has one boolean for each of `rows` rows.
    ///
    /// # Errors
    /// [`Error::Destination`] if it has another length.
    pub(crate) fn check_booleans(slice: &'a mut [bool], rows: usize, port: &Port) -> Result<Self, Error> {
        if slice.len() == rows { Ok(Self::Booleans(slice)) } else { Err(wrong_shape(&[slice.len()], rows, port)) }
    }

    /// Writes all rows from the output with this position in the graph. Integers, which are positions of levels, become
    /// floats.
    ///
    /// # Errors
    /// An error of the engine if there is no such output, or if it has another element type than `port`.
    pub(crate) fn write(&mut self, frame: &Frame, output: usize, port: &Port) -> Result<(), Failure> {
        match (self, port.dtype) {
            (Destination::Floats(view), ElementType::F32 | ElementType::Bool) => {
                write_floats(view, frame.output(output)?);
            }
            (Destination::Floats(view), ElementType::I64) => {
                let levels: &[i64] = frame.output(output)?;
                view.iter_mut().zip(levels).for_each(|(element, &level)| *element = level as f32);
            }
            (Destination::Booleans(slice), _) => write_each(slice.iter_mut(), frame.output(output)?),
        }
        Ok(())
    }

    /// Writes all rows of a mixed table, joined from the outputs of a graph with numbers and with categories.
    ///
    /// # Errors
    /// As for [`Destination::write`], and a message for a category outside its vocabulary.
    pub(crate) fn write_cells(&mut self, frame: &Frame, table: &TableEdge) -> Result<(), Failure> {
        let [numbers, categories] = table.outputs;
        let numbers = numbers.map_or(Ok(&[][..]), |index| frame.output(index))?;
        let categories = categories.map_or(Ok(&[][..]), |index| frame.output(index))?;
        match self {
            Destination::Floats(view) => Ok(table.join(numbers, categories, view)?),
            Destination::Booleans(_) => Err("rows of cells are no booleans".into()),
        }
    }

    /// Splits the array into pieces of `rows` rows; the last one may have fewer.
    pub(crate) fn pieces(self, rows: usize) -> Pieces<'a> {
        Pieces { remaining: self, rows }
    }

    /// Splits off the first `rows` rows, or all rows if there are fewer.
    fn split(self, rows: usize) -> (Self, Self) {
        match self {
            Destination::Floats(view) => {
                let rows = rows.min(view.len_of(Axis(0)));
                let (first, rest) = view.split_at(Axis(0), rows);
                (Destination::Floats(first), Destination::Floats(rest))
            }
            Destination::Booleans(slice) => {
                let (first, rest) = slice.split_at_mut(rows.min(slice.len()));
                (Destination::Booleans(first), Destination::Booleans(rest))
            }
        }
    }
}

fn wrong_shape(found: &[usize], rows: usize, port: &Port) -> Error {
    Error::Destination { output: port.name.clone(), expected: full_shape(rows, port), found: found.to_vec() }
}

fn write_floats(view: &mut ArrayViewMutD<'_, f32>, values: &[f32]) {
    match view.as_slice_mut() {
        Some(flat) if flat.len() == values.len() => flat.copy_from_slice(values),
        _ => write_each(view.iter_mut(), values),
    }
}

fn write_each<'a, T: Copy + 'a>(elements: impl Iterator<Item = &'a mut T>, values: &[T]) {
    elements.zip(values).for_each(|(element, value)| *element = *value);
}

/// The pieces of a destination, in order.
#[derive(Debug)]
pub(crate) struct Pieces<'a> {
    remaining: Destination<'a>,
    rows: usize,
}

impl<'a> Pieces<'a> {
    /// Returns the next piece, which is empty after the last one.
    pub(crate) fn take(&mut self) -> Destination<'a> {
        let remaining = std::mem::replace(&mut self.remaining, Destination::Booleans(&mut []));
        let (piece, remaining) = remaining.split(self.rows);
        self.remaining = remaining;
        piece
    }
}

#[cfg(test)]
mod tests {
    use narrows_bundle::Role;
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
            for values in [[0.0, 1.0, 2.0, 3.0].as_slice(), &[4.0, 5.0, 6.0, 7.0], &[8.0, 9.0]] {
                match pieces.take() {
                    Destination::Floats(mut view) => write_floats(&mut view, values),
                    Destination::Booleans(_) => unreachable!("a piece of floats has floats"),
                }
            }
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

    #[test]
    fn booleans_are_split_into_rows_and_need_one_element_per_row() {
        let port = Port { dtype: ElementType::Bool, shape: vec![], ..port() };
        let mut flags = [false; 5];
        let mut pieces = Destination::check_booleans(&mut flags, 5, &port).expect("five rows").pieces(2);
        for values in [[true, false].as_slice(), &[false, true], &[true], &[]] {
            match pieces.take() {
                Destination::Booleans(slice) => {
                    assert_eq!(slice.len(), values.len());
                    write_each(slice.iter_mut(), values);
                }
                Destination::Floats(_) => unreachable!("a piece of booleans has booleans"),
            }
        }
        assert_eq!(flags, [true, false, false, true, true]);
        let error = Destination::check_booleans(&mut flags, 4, &port).expect_err("a row too many");
        assert_eq!(error.to_string(), "the array for `z` has shape [5], expected [4]");
    }
}
