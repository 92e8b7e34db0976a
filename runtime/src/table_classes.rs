//! The classes of the rows of a table, from its columns of the label.

use std::collections::HashMap;

use narrows_table::{SEPARATOR, Schema, Value};

use crate::Error;

/// The classes of rows for a model that takes labels.
#[derive(Debug, Clone)]
pub(crate) struct TableClasses {
    /// The place of a column of the schema in the name of a class.
    places: HashMap<usize, usize>,
    names: Vec<String>,
    /// The values of the current row, in the order of the columns.
    row: Vec<Option<String>>,
    labels: Vec<i64>,
    /// The number of rows without a class.
    unlabelled: usize,
}

impl TableClasses {
    /// Returns `None` if the schema has no column of the label.
    pub(crate) fn of(schema: &Schema, names: &[String]) -> Option<Self> {
        let place = |name: &str| schema.label_columns().iter().position(|(_, column)| column.name == name);
        let columns = schema.columns.iter().enumerate();
        let places: HashMap<usize, usize> =
            columns.filter_map(|(index, column)| Some((index, place(&column.name)?))).collect();
        let row = vec![None; places.len()];
        let names = names.to_vec();
        (!row.is_empty()).then_some(TableClasses { places, names, row, labels: Vec::new(), unlabelled: 0 })
    }

    /// Takes the value of a column of the current row.
    pub(crate) fn take(&mut self, column: usize, value: Value<'_>) {
        if let Some(&place) = self.places.get(&column) {
            let text = value.level();
            self.row[place] = Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
        }
    }

    /// Forgets the values of the current row.
    pub(crate) fn abandon_row(&mut self) {
        self.row.fill(None);
    }

    /// Ends the current row. A row has no class if it lacks one of the columns.
    ///
    /// # Errors
    /// [`Error::TableRow`] if the model does not have the class.
    pub(crate) fn end_row(&mut self, row: usize) -> Result<(), Error> {
        let values: Option<Vec<String>> = self.row.iter_mut().map(Option::take).collect();
        self.abandon_row();
        let Some(values) = values else {
            self.unlabelled += 1;
            return Ok(());
        };
        let name = values.join(&SEPARATOR.to_string());
        // Not `Class::label_in`, which also takes a text that is no class as a position.
        let label = self.names.iter().position(|class| *class == name).ok_or_else(|| {
            let known = Error::UnknownClass { class: name, classes: self.names.clone() };
            Error::TableRow { row, what: format!("has another class: {known}") }
        })?;
        self.labels.push(label as i64);
        Ok(())
    }

    /// Takes the classes of the rows of a record batch, whose first row is `first`. `column` returns the position of a
    /// column in the schema by its name.
    ///
    /// # Errors
    /// [`Error::TableRow`] if the model does not have a class; no row of the batch is then added.
    #[cfg(feature = "arrow")]
    pub(crate) fn add_batch(
        &mut self,
        first: usize,
        batch: &arrow_array::RecordBatch,
        column: impl Fn(&str) -> Option<usize>,
    ) -> Result<(), Error> {
        let mut texts: Vec<(usize, Vec<String>)> = Vec::new();
        for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
            if let Some(column) = column(field.name()).filter(|column| self.places.contains_key(column)) {
                let mut values = Vec::with_capacity(batch.num_rows());
                narrows_table::for_each_value(array, |value| {
                    values.push(value.level().into_owned());
                    Ok::<(), Error>(())
                })?;
                texts.push((column, values));
            }
        }
        let (labels, unlabelled) = (self.labels.len(), self.unlabelled);
        for row in 0..batch.num_rows() {
            for (column, values) in &texts {
                self.take(*column, values.get(row).map_or(Value::Missing, |text| Value::Text(text)));
            }
            if let Err(error) = self.end_row(first + row) {
                self.labels.truncate(labels);
                self.unlabelled = unlabelled;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Returns the label of every row; `None` if a row has none.
    pub(crate) fn labels(&self) -> Option<&[i64]> {
        (self.unlabelled == 0).then_some(&self.labels)
    }

    /// Removes all rows.
    pub(crate) fn clear(&mut self) {
        self.labels.clear();
        self.unlabelled = 0;
        self.abandon_row();
    }
}

#[cfg(test)]
mod tests {
    use narrows_table::{Column, ColumnKind, MissingCells, Stored};

    use super::*;

    #[test]
    fn a_row_has_the_class_of_its_columns_in_their_order_in_the_name() {
        let label =
            |name: &str, part| Column { name: name.to_owned(), kind: ColumnKind::Label { part }, stored: Stored::Text };
        let amount =
            Column { name: "amount".to_owned(), kind: ColumnKind::Number { decimals: None }, stored: Stored::Float64 };
        let schema =
            Schema { columns: vec![label("year", 1), amount, label("country", 0)], missing: MissingCells::Refused };
        let names = ["NL;2024", "DE;2025"].map(str::to_owned);
        let mut classes = TableClasses::of(&schema, &names).expect("two columns of the label");
        for (country, year) in [("DE", 2025), ("NL", 2024)] {
            classes.take(0, Value::Integer(year));
            classes.take(1, Value::Number(3.0));
            classes.take(2, Value::Text(country));
            classes.end_row(0).expect("a known class");
        }
        assert_eq!(classes.labels(), Some(&[1, 0][..]));
        classes.take(2, Value::Text("DE"));
        classes.take(0, Value::Integer(2024));
        let error = classes.end_row(2).expect_err("no such class").to_string();
        assert!(error.contains("row 2") && error.contains("DE;2024"), "{error}");
        classes.take(2, Value::Text("DE"));
        classes.end_row(2).expect("a row without a class");
        assert_eq!(classes.labels(), None);
        classes.clear();
        assert_eq!(classes.labels(), Some(&[][..]));
        assert!(TableClasses::of(&Schema { columns: schema.columns[1..2].to_vec(), ..schema }, &names).is_none());
    }
}
