//! Input rows of a graph: checked for shape and finite values, and copied in row-major order.

use std::ops::Range;

use narrows_bundle::Port;
use ndarray::{ArrayViewD, Axis};

use crate::{Error, samples::Values};

/// Rows with the shape of a graph's input.
#[derive(Debug)]
pub(crate) struct InputRows<'a, 'p> {
    pub(crate) count: usize,
    port: &'p Port,
    values: Values<'a>,
}

impl<'a, 'p> InputRows<'a, 'p> {
    /// Checks the shape of an array against the port.
    pub(crate) fn of(values: Values<'a>, port: &'p Port) -> Result<Self, Error> {
        let count = row_count(values.shape(), port)?;
        Ok(InputRows { count, port, values })
    }

    /// Returns the values of all rows.
    pub(crate) fn values(&self) -> &Values<'a> {
        &self.values
    }

    /// Copies a range of rows to `to` in row-major order, without a check; `to` has the length of these rows.
    pub(crate) fn copy(&self, rows: Range<usize>, to: &mut [f32]) {
        match &self.values {
            Values::Floats(view) => each_row(view, rows, to, |value| value),
            Values::Bytes(view) => each_row(view, rows, to, f32::from),
        }
    }

    /// Copies a range of rows to `to` in row-major order; `to` has the length of these rows.
    ///
    /// # Errors
    /// [`Error::NotFinite`], with the position in the complete array.
    pub(crate) fn write(&self, rows: Range<usize>, to: &mut [f32]) -> Result<(), Error> {
        let width = width(self.port);
        let flat = rows.start * width..rows.end * width;
        match &self.values {
            Values::Floats(view) => {
                let are_finite = match view.as_slice().and_then(|values| values.get(flat)) {
                    Some(values) => copy_finite(to, values),
                    None => {
                        each_row(view, rows.clone(), to, |value| value);
                        to.iter().all(|value| value.is_finite())
                    }
                };
                if are_finite { Ok(()) } else { Err(self.not_finite(rows.start, to)) }
            }
            Values::Bytes(view) => {
                match view.as_slice().and_then(|values| values.get(flat)) {
                    Some(values) => to.iter_mut().zip(values).for_each(|(to, &byte)| *to = f32::from(byte)),
                    None => each_row(view, rows, to, f32::from),
                }
                Ok(())
            }
        }
    }

    /// Returns the error for the first value that is not finite; `values` begin with row `first`.
    fn not_finite(&self, first: usize, values: &[f32]) -> Error {
        let flat = values.iter().position(|value| !value.is_finite()).unwrap_or(0);
        let width = width(self.port).max(1);
        let (row, mut inner) = (first + flat / width, flat % width);
        let mut position: Vec<_> = self
            .port
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
        let value = values.get(flat).copied().unwrap_or(f32::NAN);
        Error::NotFinite { input: self.port.name.clone(), row, position, value }
    }
}

/// Returns the number of values in one row of a port.
pub(crate) fn width(port: &Port) -> usize {
    port.shape.iter().product()
}

/// Returns the shape of `rows` rows of a port.
pub(crate) fn full_shape(rows: usize, port: &Port) -> Vec<usize> {
    std::iter::once(rows).chain(port.shape.iter().copied()).collect()
}

fn row_count(shape: &[usize], port: &Port) -> Result<usize, Error> {
    match shape {
        [count, row @ ..] if row == port.shape || row == [width(port)] => Ok(*count),
        _ => Err(Error::Shape { input: port.name.clone(), row: port.shape.clone(), found: shape.to_vec() }),
    }
}

/// Copies values and returns whether all are finite. 0 times a value is 0 only for a finite value, so the sum of the
/// products is 0 only if all values are finite. The 16 independent sums let the compiler use SIMD instructions.
fn copy_finite(to: &mut [f32], from: &[f32]) -> bool {
    let mut sums = [0.0_f32; 16];
    let ((to, to_rest), (from, from_rest)) = (to.as_chunks_mut::<16>(), from.as_chunks::<16>());
    for (to, from) in to.iter_mut().zip(from) {
        for ((to, from), sum) in to.iter_mut().zip(from).zip(&mut sums) {
            *to = *from;
            *sum += from * 0.0;
        }
    }
    for (to, from) in to_rest.iter_mut().zip(from_rest) {
        *to = *from;
        sums[0] += from * 0.0;
    }
    sums.iter().sum::<f32>() == 0.0
}

/// Copies rows of any layout.
fn each_row<T: Copy>(view: &ArrayViewD<'_, T>, rows: Range<usize>, to: &mut [f32], widen: impl Fn(T) -> f32) {
    let mut to = to.iter_mut();
    for row in rows {
        let values = view.index_axis(Axis(0), row);
        values.iter().zip(&mut to).for_each(|(&value, to)| *to = widen(value));
    }
}

#[cfg(test)]
mod tests {
    use narrows_bundle::{ElementType, Role};
    use ndarray::{Array2, Array3, array};

    use super::*;

    fn port() -> Port {
        Port { name: "x".to_owned(), role: Role::Sample, dtype: ElementType::F32, shape: vec![2, 3] }
    }

    #[test]
    fn rows_of_any_layout_are_copied_in_row_major_order() {
        let (port, array) = (port(), Array3::from_shape_fn((4, 2, 3), |(row, y, x)| (row * 6 + y * 3 + x) as f32));
        let mirrored = Array3::from_shape_fn((3, 2, 4), |(x, y, row)| array[[row, y, x]]);
        let bytes = array.mapv(|value| value as u8);
        let backwards = Array3::from_shape_fn((4, 2, 3), |(row, y, x)| bytes[[3 - row, y, x]]);
        let all = [
            Values::Floats(array.view().into_dyn()),
            Values::Floats(mirrored.t().into_dyn()),
            Values::Bytes(bytes.view().into_dyn()),
            Values::Bytes(backwards.slice(ndarray::s![..;-1, .., ..]).into_dyn()),
        ];
        for values in all {
            let rows = InputRows::of(values, &port).expect("the port's shape");
            let mut written = [0.0; 12];
            rows.write(1..3, &mut written).expect("finite");
            assert_eq!(written, array.as_slice().expect("standard layout")[6..18]);
        }
    }

    #[test]
    fn the_error_names_the_index_of_a_value_that_is_not_finite() {
        let (port, mut flat) = (port(), Array2::<f32>::zeros((5, 6)));
        flat[[3, 4]] = f32::INFINITY;
        for array in [flat.clone(), flat.t().as_standard_layout().into_owned().reversed_axes()] {
            let rows = InputRows::of(Values::Floats(array.view().into_dyn()), &port).expect("the port's shape");
            let error = rows.write(2..4, &mut [0.0; 12]).expect_err("infinite");
            assert_eq!(error.to_string(), "input `x` contains inf in row 3 at [1, 1] (fill or drop such values first)");
            assert!(rows.write(0..3, &mut [0.0; 18]).is_ok());
        }
    }

    #[test]
    fn the_error_for_a_wrong_shape_names_both_accepted_shapes() {
        for shape in [vec![], vec![6], vec![3, 5], vec![3, 3, 2], vec![1, 3, 2, 3]] {
            let array = ndarray::ArrayD::<u8>::zeros(shape.clone());
            let error = InputRows::of(Values::Bytes(array.view()), &port()).expect_err("another shape").to_string();
            assert_eq!(error, format!("input `x` expects [batch, 2, 3] (or [batch, 6]), got {shape:?}"));
        }
        let column = array![[1.0], [2.0]];
        let port = Port { shape: vec![1], ..port() };
        assert_eq!(InputRows::of(Values::Floats(column.view().into_dyn()), &port).expect("one value per row").count, 2);
    }
}
