//! Rows of a mixed table, collected by the names of the columns.

use std::collections::BTreeSet;

use narrows_bundle::{Sample, quoted, quoted_list};
use narrows_table::{Encoder, UnseenLevels, Value};
use ndarray::ArrayView2;

use crate::{Autoencoder, Classifier, Detector, Error, Samples, table_classes::TableClasses};

/// Rows of a mixed table for a model, collected from values by the names of the columns: from Rust values, from JSON,
/// or from record batches of Arrow (feature `arrow`).
///
/// The order of the columns does not matter. Columns that the model does not have are passed over and listed in
/// [`Table::unknown_columns`]; every column that the model has must be there, with [`Value::Missing`] or `null` for a
/// missing value. After an error the row is not in the table. For a conditional model, the columns of the class give
/// the label of every row, so the table is all that [`Autoencoder::encode`], [`Autoencoder::impute`] and
/// [`Autoencoder::score`] need.
///
/// ```no_run
/// use narrows_runtime::{Autoencoder, Table};
///
/// # fn main() -> Result<(), narrows_runtime::Error> {
/// let model = Autoencoder::open("models/sales")?;
/// let mut table = model.table()?;
/// table.row([("country", "NL".into()), ("amount", 12.5.into())])?;
/// table.json(&serde_json::json!({"amount": 3, "country": "DE"}))?;
/// let codes = model.encode(&table)?; // [2, latent]
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Table {
    encoder: Encoder,
    cells: Vec<f32>,
    unseen: UnseenLevels,
    unknown: BTreeSet<String>,
    /// Which columns of the schema a row has had so far.
    is_given: Vec<bool>,
    /// The classes of the rows, if the model takes labels.
    classes: Option<TableClasses>,
}

impl Autoencoder {
    /// Returns an empty table for rows of the model.
    ///
    /// # Errors
    /// [`Error::NotATable`] if the model was not trained on a mixed table.
    pub fn table(&self) -> Result<Table, Error> {
        let table = Table::of(&self.manifest().sample, self.kind().name())?;
        Ok(if self.takes_labels() { table.with_classes(&self.manifest().sample, self.classes()) } else { table })
    }
}

impl Classifier {
    /// Returns an empty table for rows of the model.
    ///
    /// # Errors
    /// [`Error::NotATable`] if the model was not trained on a mixed table.
    pub fn table(&self) -> Result<Table, Error> {
        Table::of(&self.manifest().sample, self.kind().name())
    }
}

impl Detector {
    /// Returns an empty table for rows of the model.
    ///
    /// # Errors
    /// [`Error::NotATable`] if the model was not trained on a mixed table.
    pub fn table(&self) -> Result<Table, Error> {
        let table = Table::of(&self.manifest().sample, self.manifest().kind.name())?;
        let classes = self.manifest().classes.as_deref().unwrap_or_default();
        Ok(if self.takes_labels() { table.with_classes(&self.manifest().sample, classes) } else { table })
    }
}

impl Table {
    fn of(sample: &Sample, kind: &'static str) -> Result<Self, Error> {
        let schema = sample.table.as_ref().ok_or(Error::NotATable { kind })?;
        Ok(Table {
            encoder: Encoder::new(schema),
            cells: Vec::new(),
            unseen: UnseenLevels::default(),
            unknown: BTreeSet::new(),
            is_given: vec![false; schema.columns.len()],
            classes: None,
        })
    }

    /// Takes the class of every row from the columns of the label.
    fn with_classes(self, sample: &Sample, names: &[String]) -> Self {
        let classes = sample.table.as_ref().and_then(|schema| TableClasses::of(schema, names));
        Table { classes, ..self }
    }

    /// Adds a row from pairs of a column and its value.
    ///
    /// # Errors
    /// [`Error::TableRow`] if a column of the model is missing or occurs twice, [`Error::Table`] if a value is not of
    /// the type of its column, or is missing although the model was trained on complete rows.
    pub fn row<'v, N: AsRef<str>>(&mut self, values: impl IntoIterator<Item = (N, Value<'v>)>) -> Result<(), Error> {
        let (row, start) = (self.rows(), self.cells.len());
        let outcome = self.add(row, values);
        if outcome.is_err() {
            self.cells.truncate(start);
            self.classes.iter_mut().for_each(TableClasses::abandon_row);
        }
        outcome
    }

    fn add<'v, N: AsRef<str>>(
        &mut self,
        row: usize,
        values: impl IntoIterator<Item = (N, Value<'v>)>,
    ) -> Result<(), Error> {
        let start = self.cells.len();
        self.cells.resize(start + self.encoder.width(), f32::NAN);
        self.is_given.fill(false);
        for (name, value) in values {
            let name = name.as_ref();
            let Some(column) = self.encoder.column(name) else {
                if !self.unknown.contains(name) {
                    self.unknown.insert(name.to_owned());
                }
                continue;
            };
            if std::mem::replace(&mut self.is_given[column], true) {
                return Err(Error::TableRow { row, what: format!("has the column {} twice", quoted(name)) });
            }
            self.encoder.encode_value(row, column, value, &mut self.cells[start..], &mut self.unseen)?;
            self.classes.iter_mut().for_each(|classes| classes.take(column, value));
        }
        self.check_columns(row)?;
        self.encoder.check_complete(row, &self.cells[start..])?;
        self.classes.iter_mut().try_for_each(|classes| classes.end_row(row))
    }

    /// Checks that the row had every column with a cell.
    fn check_columns(&self, row: usize) -> Result<(), Error> {
        let is_given = |name: &str| self.encoder.column(name).is_some_and(|column| self.is_given[column]);
        let missing: Vec<String> = self.encoder.required().filter(|name| !is_given(name)).map(str::to_owned).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let unknown: Vec<String> = self.unknown.iter().cloned().collect();
        let others = if unknown.is_empty() {
            String::new()
        } else {
            format!("; the model does not have {}", quoted_list(&unknown))
        };
        let what = format!("has no column {} (give a missing value as null){others}", quoted_list(&missing));
        Err(Error::TableRow { row, what })
    }

    /// Adds a row from a JSON object, or several rows from an array of objects. Numbers, text, booleans and null are
    /// values; dates are text.
    ///
    /// # Errors
    /// [`Error::TableRow`] if the JSON is something else, and those of [`Table::row`]. The rows before the error are in
    /// the table.
    pub fn json(&mut self, rows: &serde_json::Value) -> Result<(), Error> {
        match rows {
            serde_json::Value::Array(rows) => rows.iter().try_for_each(|row| self.json_row(row)),
            row => self.json_row(row),
        }
    }

    fn json_row(&mut self, row: &serde_json::Value) -> Result<(), Error> {
        let number = self.rows();
        let object = row.as_object().ok_or_else(|| Error::TableRow {
            row: number,
            what: format!("is {}, expected a JSON object with the columns as keys", name_of(row)),
        })?;
        let mut values = Vec::with_capacity(object.len());
        for (name, value) in object {
            let value = match value {
                serde_json::Value::Null => Value::Missing,
                serde_json::Value::Bool(boolean) => Value::Boolean(*boolean),
                serde_json::Value::String(text) => Value::Text(text),
                serde_json::Value::Number(number) => match number.as_i64() {
                    Some(integer) => Value::Integer(integer),
                    None => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
                },
                // A column that the model does not have can be anything.
                serde_json::Value::Array(_) | serde_json::Value::Object(_) if self.encoder.column(name).is_none() => {
                    Value::Missing
                }
                serde_json::Value::Array(_) | serde_json::Value::Object(_) => {
                    let (name, found) = (quoted(name), name_of(value));
                    let what = format!("has {found} in the column {name}, expected a number, text, a boolean or null");
                    return Err(Error::TableRow { row: number, what });
                }
            };
            values.push((name, value));
        }
        self.row(values)
    }

    /// Adds the rows of a record batch of Arrow. Its columns can have any type of text, number, boolean or date, and
    /// dictionaries of them.
    ///
    /// # Errors
    /// [`Error::Table`] if columns are missing, or a value is not of the type of its column, or is missing although the
    /// model was trained on complete rows. No row of the batch is then in the table.
    #[cfg(feature = "arrow")]
    pub fn batch(&mut self, batch: &arrow_array::RecordBatch) -> Result<(), Error> {
        let first = self.rows();
        let cells = self.encoder.encode_batch(first, batch, &mut self.unseen)?;
        self.encoder.check_complete(first, &cells)?;
        let schema = batch.schema();
        if let Some(classes) = &mut self.classes {
            classes.add_batch(first, batch, |name| self.encoder.column(name))?;
        }
        let names = schema.fields().iter().map(|field| field.name());
        self.unknown.extend(names.filter(|name| self.encoder.column(name).is_none()).cloned());
        if self.cells.is_empty() {
            self.cells = cells;
        } else {
            self.cells.extend_from_slice(&cells);
        }
        Ok(())
    }

    /// Returns the label of every row, from the columns of the class, which a conditional model needs. `None` if the
    /// model takes no labels, or a row lacks one of these columns.
    pub fn labels(&self) -> Option<&[i64]> {
        self.classes.as_ref().and_then(TableClasses::labels)
    }

    /// Returns the number of rows.
    pub fn rows(&self) -> usize {
        self.cells.len() / self.encoder.width().max(1)
    }

    /// Returns the cells of all rows, `[rows, cells]`.
    pub fn cells(&self) -> ArrayView2<'_, f32> {
        let shape = (self.rows(), self.encoder.width());
        ArrayView2::from_shape(shape, &self.cells).expect("the cells of whole rows")
    }

    /// Returns the levels that no vocabulary of the model contains, counted for each column. The model takes them as
    /// unseen levels. Counts are those since [`Table::clear`].
    pub fn unseen(&self) -> &UnseenLevels {
        &self.unseen
    }

    /// Returns the names of columns that the model does not have. They were passed over.
    pub fn unknown_columns(&self) -> &BTreeSet<String> {
        &self.unknown
    }

    /// Removes all rows, and keeps the memory for the next ones.
    pub fn clear(&mut self) {
        self.cells.clear();
        self.unseen = UnseenLevels::default();
        self.unknown.clear();
        self.classes.iter_mut().for_each(TableClasses::clear);
    }
}

impl<'a> From<&'a Table> for Samples<'a> {
    fn from(table: &'a Table) -> Self {
        let samples = Samples::from(table.cells());
        match table.labels() {
            Some(labels) => samples.labelled(labels),
            None => samples,
        }
    }
}

fn name_of(value: &serde_json::Value) -> &'static str {
    match value {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "a boolean",
        serde_json::Value::Number(_) => "a number",
        serde_json::Value::String(_) => "text",
        serde_json::Value::Array(_) => "an array",
        serde_json::Value::Object(_) => "an object",
    }
}
