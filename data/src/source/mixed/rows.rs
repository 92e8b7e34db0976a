//! Reads the rows of a mixed table as cells.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow_array::{ArrayRef, RecordBatch, StringArray, cast::AsArray};
use narrows_table::{
    Cell, CodecError, Column, ColumnKind, Encoder, MissingCells, Schema, UnseenLevels, Value, for_each_value,
};
use ndarray::Array2;

use super::form::Form;
use crate::{
    check::column_label,
    chunk::Chunk,
    column_types::typed,
    counted::counted,
    error::DataError,
    head::{Head, Roles},
    notes::{Note, NoteCode, Notes},
    precision::{Exact, Precision},
    printable::printable,
    reader::{Place, Reader},
    reading::{Features, LoadOptions, Missing},
    source::csv::{Content, Notation},
    table_error::TableError,
    values::Values,
};

/// Reads the rows of a mixed table as cells.
pub(super) struct Rows {
    path: PathBuf,
    inner: Box<dyn Reader>,
    head: Head,
    /// The notes on the types of the columns.
    opening_notes: Notes,
    encoder: Encoder,
    cells: Vec<Cell>,
    columns: Vec<Feature>,
    form: Form,
    missing: Missing,
    /// Whether the schema is that of a trained model.
    is_trained: bool,
    /// Whether the columns that are features pass through as well.
    keeps_features: bool,
    unseen: UnseenLevels,
    /// The rounding of numbers, by cell.
    precision: Precision,
    /// The number of rows read.
    read: usize,
}

/// A column of the schema that is a feature.
struct Feature {
    /// Its position in the schema.
    index: usize,
    name: String,
    /// Its first cell.
    cell: usize,
    is_number: bool,
}

impl Rows {
    pub(super) fn new(
        path: &Path,
        inner: Box<dyn Reader>,
        schema: Arc<Schema>,
        form: Form,
        options: &LoadOptions,
        notes: Notes,
    ) -> Result<Self, DataError> {
        let cells = schema.cells();
        let own = inner.head();
        let feature = |(index, column): (usize, &Column)| {
            let is_number = match column.kind {
                ColumnKind::Number { .. } | ColumnKind::HeavyTailed { .. } | ColumnKind::Count => true,
                ColumnKind::Category { .. } | ColumnKind::Ordered { .. } | ColumnKind::Date { .. } => false,
                ColumnKind::Label { .. } => return None,
            };
            let cell = cells.iter().position(|cell| cell.column == index)?;
            Some(Feature { index, name: column.name.clone(), cell, is_number })
        };
        let columns: Vec<Feature> = schema.columns.iter().enumerate().filter_map(feature).collect();
        let mut opening_notes = own.notes.clone();
        opening_notes.extend(notes);
        let head = Head {
            sample_shape: vec![cells.len()],
            is_bytes: false,
            range: None,
            columns: Some(cells.iter().map(|cell| cell.name.clone()).collect()),
            roles: Roles::default(),
            date_columns: None,
            table: Some(Schema::clone(&schema)),
            notes: opening_notes.clone(),
            ..own.clone()
        };
        let missing = match (options.reading.missing, schema.missing) {
            (Some(missing), _) => missing,
            (None, MissingCells::Masked) => Missing::Mask,
            (None, MissingCells::Refused) => Missing::Refuse,
        };
        Ok(Rows {
            path: path.to_owned(),
            inner,
            head,
            opening_notes,
            encoder: Encoder::new(&schema),
            precision: Precision::new(cells.len()),
            cells,
            columns,
            form,
            missing,
            is_trained: options.schema.is_some(),
            keeps_features: options.features == Features::ValuesAndColumns,
            unseen: UnseenLevels::default(),
            read: 0,
        })
    }

    /// Converts the values of a chunk to cells, `[rows, cells]`.
    fn encoded(&mut self, others: &RecordBatch) -> Result<Array2<f32>, DataError> {
        let (rows, width) = (others.num_rows(), self.encoder.width());
        let mut cells = vec![f32::NAN; rows.saturating_mul(width)];
        for Feature { index, name, cell, is_number } in &self.columns {
            let Some(array) = others.column_by_name(name) else {
                let (path, names) = (self.path.clone(), format!("`{name}`"));
                return Err(DataError::table(TableError::ColumnsMissing { path, names }));
            };
            let mut into = cells.chunks_exact_mut(width.max(1)).enumerate();
            let (encoder, unseen, precision) = (&self.encoder, &mut self.unseen, &mut self.precision);
            let form = self.form;
            let put = |value: Value<'_>| {
                let number = if *is_number { as_number(value, form) } else { value };
                let Some((row, cells)) = into.next() else { return Ok(()) };
                encoder.encode_value(row, *index, number, cells, unseen)?;
                if let Some(&rounded) = cells.get(*cell).filter(|cell| *is_number && !cell.is_nan())
                    && precision.add(*cell, rounded)
                    && let Some(exact) = exact(value, form)
                {
                    precision.add_exact(*cell, exact, rounded);
                }
                Ok(())
            };
            let is_known = for_each_value(array, put).map_err(|error| self.fault(name, error))?;
            if !is_known {
                let (path, column, found) = (self.path.clone(), name.clone(), array.data_type().to_string());
                return Err(DataError::ColumnType {
                    path,
                    column,
                    found,
                    expected: "numbers, text, booleans or dates",
                });
            }
        }
        self.check_missing(&cells)?;
        Array2::from_shape_vec((rows, width), cells).map_err(|source| DataError::Columns { source: source.into() })
    }

    /// Returns where a row of the chunk is.
    fn place(&self, row: usize) -> Place {
        let by_number = || Place { path: self.path.clone(), position: format!("row {}", self.read + row) };
        self.inner.place(row).unwrap_or_else(by_number)
    }

    fn fault(&self, name: &str, error: CodecError) -> DataError {
        let CodecError::Value { row, column, value, expected, advice } = error else {
            return DataError::Columns { source: error.into() };
        };
        let Place { path, position } = self.place(row);
        let advice = match (expected, self.is_trained) {
            ("a number", true) => {
                "write a missing value as NA or leave the cell empty; the model was trained with numbers".to_owned()
            }
            ("a number", false) => format!(
                "write a missing value as NA or leave the cell empty, or pass --types {} if the column is a category",
                typed(name, "category")
            ),
            (_, true) => advice.split(", or train a model").next().unwrap_or(advice).to_owned(),
            (_, false) => {
                advice.replace("train a model with the column as a number (--types)", "pass --types with another type")
            }
        };
        let column = printable(&column).into_owned();
        DataError::table(TableError::Value { path, position, column, value, expected, advice })
    }

    /// Refuses missing values that the options do not allow.
    fn check_missing(&self, cells: &[f32]) -> Result<(), DataError> {
        let width = self.encoder.width();
        let is_refused = |index: &usize| {
            let cell = &self.cells[index % width];
            match self.missing {
                Missing::Refuse => true,
                Missing::Mean | Missing::Median => cell.kind.levels().is_some(),
                Missing::Drop | Missing::Keep | Missing::Mask => false,
            }
        };
        let missing = cells.iter().enumerate().filter(|(_, cell)| cell.is_nan()).map(|(index, _)| index);
        let Some(index) = missing.into_iter().find(is_refused) else { return Ok(()) };
        let Place { path, position } = self.place(index / width);
        let position_of = self.cells[index % width].column;
        let column = self.columns.iter().find(|column| column.index == position_of);
        let column = column.map(|column| printable(&column.name).into_owned()).unwrap_or_default();
        Err(DataError::table(match self.missing {
            Missing::Mean | Missing::Median => TableError::Fill { path, position, column },
            Missing::Refuse | Missing::Drop | Missing::Keep | Missing::Mask => {
                TableError::Missing { path, position, column }
            }
        }))
    }

    /// Returns the columns that pass through: without the features, unless they do so too.
    fn others(&self, all: &RecordBatch) -> Result<Option<RecordBatch>, DataError> {
        let schema = all.schema();
        if self.keeps_features {
            let number = |name: &String| self.columns.iter().any(|column| column.name == *name && column.is_number);
            let columns = schema.fields().iter().zip(all.columns());
            let columns = columns.map(|(field, array)| match self.form {
                Form::Text(notation) if number(field.name()) => (field.name(), numbers_in_rust(array, notation)),
                Form::Text(_) | Form::Typed => (field.name(), Arc::clone(array)),
            });
            return RecordBatch::try_from_iter(columns).map(Some).map_err(DataError::column);
        }
        let is_feature = |name: &String| self.columns.iter().any(|column| column.name == *name);
        let kept: Vec<usize> =
            (0..all.num_columns()).filter(|&column| !is_feature(schema.field(column).name())).collect();
        if kept.is_empty() {
            return Ok(None);
        }
        all.project(&kept).map(Some).map_err(DataError::column)
    }

    fn add_notes(&mut self) {
        // While a schema is told from these rows, an unseen level is a rare one, of which there is a note.
        let unseen = self.unseen.columns().filter(|_| self.is_trained).map(|level| {
            let text = format!(
                "column `{}` has {} with a level that the model does not know, such as {}; {} read as an unseen level",
                level.column,
                counted(level.count, "cell"),
                level.example,
                if level.count == 1 { "it is" } else { "they are" }
            );
            Note::new(NoteCode::Unseen, self.path.display(), text)
        });
        let unseen: Vec<Note> = unseen.collect();
        self.head.notes = self.inner.head().notes.clone();
        self.head.notes.extend(self.opening_notes.clone());
        self.head.notes.extend(unseen);
        let name = |cell| column_label(cell, self.head.columns.as_deref());
        let rounded = self.precision.note(self.path.display(), name);
        self.head.notes.extend(rounded);
    }
}

/// Reads text as a number, in the notation of its file. Other text stays text.
fn as_number(value: Value<'_>, form: Form) -> Value<'_> {
    match (value, form) {
        (Value::Text(text), Form::Text(notation)) => match notation.read(text) {
            Content::Missing => Value::Missing,
            Content::Number { value, .. } => Value::Number(value.into()),
            Content::OutOfRange | Content::Text => value,
        },
        (value, Form::Typed | Form::Text(_)) => value,
    }
}

/// Returns texts with the numbers among them in the notation of Rust. A number that is written in it stays as it is.
fn numbers_in_rust(array: &ArrayRef, notation: Notation) -> ArrayRef {
    let Some(texts) = array.as_string_opt::<i32>() else { return Arc::clone(array) };
    let text = |text: &str| match notation.exact(text) {
        Some(Exact::Float(number)) if text.trim().parse() != Ok(number) => number.to_string(),
        Some(Exact::Integer(number)) if text.trim().parse() != Ok(number) => number.to_string(),
        Some(Exact::Float(_) | Exact::Integer(_)) | None => text.trim().to_owned(),
    };
    Arc::new(texts.iter().map(|value| value.map(text)).collect::<StringArray>())
}

/// Returns a number before it is rounded to `f32`.
fn exact(value: Value<'_>, form: Form) -> Option<Exact> {
    match (value, form) {
        (Value::Text(text), Form::Text(notation)) => notation.exact(text),
        (Value::Text(text), Form::Typed) => text.trim().parse().ok().map(Exact::Float),
        (Value::Number(number), _) => Some(Exact::Float(number)),
        (Value::Integer(integer), _) => Some(Exact::Integer(integer.into())),
        (Value::Missing | Value::Boolean(_) | Value::Date(_), _) => None,
    }
}

impl Reader for Rows {
    fn head(&self) -> &Head {
        &self.head
    }

    fn next(&mut self, max_rows: usize) -> Result<Option<Chunk>, DataError> {
        let Some(chunk) = self.inner.next(max_rows)? else { return Ok(None) };
        let rows = chunk.values.rows();
        let Some(all) = &chunk.others else { return Err(DataError::NoRows { path: self.path.clone() }) };
        let values = self.encoded(all)?;
        let others = self.others(all)?;
        self.read += rows;
        self.add_notes();
        Ok(Some(Chunk { values: Values::F32(values), labels: chunk.labels, others, recorded: None }))
    }

    fn place(&self, row: usize) -> Option<Place> {
        self.inner.place(row)
    }
}
