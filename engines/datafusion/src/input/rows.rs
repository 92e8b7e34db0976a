//! The rows of a batch, for the runtime.

use datafusion::arrow::buffer::{Buffer, ScalarBuffer};
use narrows_runtime::{Samples, Table, ndarray::ArrayView2};

/// The rows of a batch, with the label of each row for a conditional model.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(super) values: Values,
    pub(super) labels: Option<Vec<i64>>,
}

/// The values of all rows, row by row.
#[derive(Debug)]
pub(crate) enum Values {
    /// `[rows, width]` numbers.
    Floats { values: ScalarBuffer<f32>, width: usize },
    /// `[rows, width]` bytes.
    Bytes { values: Buffer, width: usize },
    /// Rows of a mixed table.
    Table(Box<Table>),
}

impl Rows {
    pub(crate) fn samples(&self) -> Samples<'_> {
        let shape = |values: usize, width: usize| (values / width.max(1), width);
        let samples: Samples<'_> = match &self.values {
            Values::Floats { values, width } => {
                let view = ArrayView2::from_shape(shape(values.len(), *width), values.as_ref());
                view.expect("whole rows").into()
            }
            Values::Bytes { values, width } => {
                let view = ArrayView2::from_shape(shape(values.len(), *width), values.as_slice());
                view.expect("whole rows").into()
            }
            Values::Table(table) => table.as_ref().into(),
        };
        match &self.labels {
            Some(labels) => samples.labelled(labels),
            None => samples,
        }
    }
}
