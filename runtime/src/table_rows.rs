//! Rows of cells as values by the names of the columns.

use narrows_bundle::Sample;
use narrows_table::{Decoder, Value};
use ndarray::{Array2, ArrayBase, Data, Dimension, Ix2};

use crate::{Autoencoder, Detector, Error};

/// Rows of a mixed table as values by the names of the columns: text of the vocabulary, numbers rounded as in the
/// training data, counts as whole numbers, and dates. NaN is a missing value.
///
/// ```no_run
/// use narrows_runtime::Autoencoder;
///
/// # fn main() -> Result<(), narrows_runtime::Error> {
/// let model = Autoencoder::open("models/sales")?;
/// let rows = model.table_rows(&model.generate(3, 7)?)?;
/// println!("{:?}", rows.value(0, "country")); // Some(Text("NL"))
/// println!("{}", rows.json());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct TableRows {
    decoder: Decoder,
    cells: Array2<f32>,
}

impl Autoencoder {
    /// Converts cells, `[rows, cells]`, to values by the names of the columns: of reconstructions, generated or imputed
    /// rows, or of the rows of a [`Table`](crate::Table).
    ///
    /// # Errors
    /// [`Error::NotATable`] if the model was not trained on a mixed table, [`Error::Shape`] for another shape.
    pub fn table_rows<S: Data<Elem = f32>, D: Dimension>(
        &self,
        cells: &ArrayBase<S, D, f32>,
    ) -> Result<TableRows, Error> {
        TableRows::of(&self.manifest().sample, self.kind().name(), cells)
    }
}

impl Detector {
    /// Converts cells, `[rows, cells]`, to values by the names of the columns, for example the expected values of
    /// [`Detector::explain`].
    ///
    /// # Errors
    /// [`Error::NotATable`] if the model was not trained on a mixed table, [`Error::Shape`] for another shape.
    pub fn table_rows<S: Data<Elem = f32>, D: Dimension>(
        &self,
        cells: &ArrayBase<S, D, f32>,
    ) -> Result<TableRows, Error> {
        TableRows::of(&self.manifest().sample, self.manifest().kind.name(), cells)
    }
}

impl TableRows {
    fn of<S: Data<Elem = f32>, D: Dimension>(
        sample: &Sample,
        kind: &'static str,
        cells: &ArrayBase<S, D, f32>,
    ) -> Result<Self, Error> {
        let schema = sample.table.as_ref().ok_or(Error::NotATable { kind })?;
        let decoder = Decoder::new(schema);
        let (row, found) = (vec![decoder.width()], cells.shape().to_vec());
        let matrix = cells.view().into_dimensionality::<Ix2>().ok().filter(|cells| cells.ncols() == decoder.width());
        let matrix = matrix.ok_or(Error::Shape { input: "cells".to_owned(), row, found })?;
        Ok(TableRows { cells: matrix.as_standard_layout().into_owned(), decoder })
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.cells.nrows()
    }

    /// Returns whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the value of a column in a row, from 0; `None` if there is no such row or column.
    pub fn value(&self, row: usize, column: &str) -> Option<Value<'_>> {
        self.row(row).find(|(name, _)| *name == column).map(|(_, value)| value)
    }

    /// Returns the columns of a row and their values, in the order of the file; nothing if there is no such row.
    /// Columns of the label are left out.
    pub fn row(&self, row: usize) -> impl Iterator<Item = (&str, Value<'_>)> {
        let columns = self.decoder.schema().columns.iter().enumerate();
        let features = columns.filter(|(_, column)| !column.kind.is_label());
        let cells = if row < self.len() { self.cells.row(row).to_slice() } else { None };
        features.filter_map(move |(index, column)| {
            Some((column.name.as_str(), self.decoder.decode_value(index, cells?).ok()?))
        })
    }

    /// Returns all rows as a JSON array of objects. A missing value is null, a date is text.
    pub fn json(&self) -> serde_json::Value {
        let object = |row| {
            let pairs = self.row(row).map(|(name, value)| (name.to_owned(), json_of(value)));
            serde_json::Value::Object(pairs.collect())
        };
        (0..self.len()).map(object).collect()
    }

    /// Returns all rows as a record batch of Arrow, with the names, the order and the types of the file. `labels` are
    /// the names of the classes, one per row, for the columns of the label; without `labels` these columns are left
    /// out.
    ///
    /// # Errors
    /// [`Error::Table`] if the number of labels is not that of the rows, or a class does not have the type of its
    /// column.
    #[cfg(feature = "arrow")]
    pub fn batch(&self, labels: Option<&[String]>) -> Result<arrow_array::RecordBatch, Error> {
        Ok(self.decoder.decode_batch(self.cells.as_slice().unwrap_or_default(), labels)?)
    }
}

fn json_of(value: Value<'_>) -> serde_json::Value {
    match value {
        Value::Missing => serde_json::Value::Null,
        Value::Text(text) => text.into(),
        // An infinity has no notation in JSON, and becomes null.
        Value::Number(number) => number.into(),
        Value::Integer(integer) => integer.into(),
        Value::Boolean(boolean) => boolean.into(),
        Value::Date(moment) => moment.to_string().into(),
    }
}
