//! A table in parts: a folder of Parquet, Arrow or CSV files, as Spark and Dask write it, read as one table.
//!
//! The names of Hive partitions, such as `kind=a`, are columns: pass-through columns, or the labels.

mod files;

use std::{collections::VecDeque, path::Path, sync::Arc};

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use crate::{
    chunk::Chunk,
    content_error::ContentError,
    counted::counted,
    error::DataError,
    head::{Head, Roles},
    labels::Labels,
    notes::{Note, NoteCode, Notes},
    reader::{Opened, Place, Reader},
    reading::{LoadOptions, Reading},
};

pub(super) use files::{Kind, kind_of};
use files::{Part, list};

/// Opens a file of one format.
type Open = fn(&Path, &LoadOptions) -> Result<Opened, DataError>;

/// Opens the first part of the table in `folder`. `open` opens a part.
pub(super) fn open(folder: &Path, options: &LoadOptions, open: Open) -> Result<Opened, DataError> {
    let mut parts: VecDeque<Part> = list(folder)?.into();
    let mut notes = Notes::default();
    notes.extend(parts_note(folder, &parts));
    let Some(first) = parts.pop_front() else { return Err(DataError::NoRows { path: folder.to_owned() }) };
    let names: Vec<String> = first.names().cloned().collect();
    if let Some(part) = parts.iter().find(|part| !part.names().eq(&names)) {
        let (path, expected) = (part.path.clone(), names.join(", "));
        return Err(DataError::content(ContentError::Partitions { path, expected }));
    }
    let label = options.reading.label_column.as_ref().and_then(|label| names.iter().position(|name| name == label));
    // A part has no column of a partition.
    let reading = Reading {
        label_column: options.reading.label_column.clone().filter(|_| label.is_none()),
        ignore: options
            .reading
            .ignore
            .clone()
            .map(|ignored| ignored.into_iter().filter(|name| !names.contains(name)).collect()),
        ..options.reading.clone()
    };
    let options = LoadOptions { reading, ..options.clone() };
    let reader = reader(&first.path, &options, open)?;
    let own = reader.head().clone();
    check_partitions(&first.path, &names, own.columns.iter().flatten())?;
    let shift = |role: Option<usize>| role.map(|role| role + names.len());
    let head = Head {
        rows: None,
        has_labels: own.has_labels || label.is_some(),
        roles: Roles {
            time: shift(own.roles.time),
            group: shift(own.roles.group),
            label: label.or(shift(own.roles.label)),
        },
        notes: notes.clone(),
        ..own
    };
    let reading = match &head.columns {
        // Columns are matched by name, in whatever order a part has them.
        Some(columns) => Reading { columns: Some(columns.clone()), ignore: None, ..options.reading.clone() },
        None => options.reading.clone(),
    };
    let options = LoadOptions { reading, ..options };
    let current = Some((first, reader));
    let table = Parts { head, notes, partitions: names, label, options, open, parts, current, others: None };
    Ok(Opened::Reader(Box::new(table)))
}

/// Says that several files are one table, and which columns the names of folders are.
fn parts_note(folder: &Path, parts: &VecDeque<Part>) -> Option<Note> {
    let names: Vec<&str> = parts.front()?.names().map(String::as_str).collect();
    let columns = match names[..] {
        [] => String::new(),
        [name] => {
            format!("; the column {name} of the folders is passed through, or the label if --label-column names it")
        }
        [..] => format!(
            "; the columns {} of the folders are passed through, or the label if --label-column names one",
            names.join(", ")
        ),
    };
    let are = match parts.len() {
        1 => "is read as a table",
        _ => "are read as one table, in the order of their names",
    };
    let text = format!("{} {are}{columns}", counted(parts.len(), "file"));
    (parts.len() > 1 || !names.is_empty()).then(|| Note::new(NoteCode::Parts, folder.display(), text))
}

fn reader(path: &Path, options: &LoadOptions, open: Open) -> Result<Box<dyn Reader>, DataError> {
    match open(path, options)? {
        Opened::Reader(reader) => Ok(reader),
        Opened::Rows(..) => unreachable!("tables are read sequentially"),
    }
}

/// Says that a part has no rows.
fn empty_part(path: &Path) -> Note {
    Note::new(NoteCode::Files, path.display(), "the file has no rows")
}

fn quoted(name: &str) -> String {
    format!("`{name}`")
}

/// Checks that no column of a part has the name of a partition: it would be unclear which of them is meant.
fn check_partitions<'a>(
    path: &Path,
    partitions: &[String],
    mut columns: impl Iterator<Item = &'a String>,
) -> Result<(), DataError> {
    match columns.find(|column| partitions.contains(column)) {
        Some(column) => {
            Err(DataError::content(ContentError::PartitionColumn { path: path.to_owned(), column: column.clone() }))
        }
        None => Ok(()),
    }
}

/// Reads the parts one after the other.
struct Parts {
    head: Head,
    /// The notes of the folder and of the parts that have been read completely.
    notes: Notes,
    /// The names of the partitions.
    partitions: Vec<String>,
    /// The partition with the labels.
    label: Option<usize>,
    options: LoadOptions,
    open: Open,
    parts: VecDeque<Part>,
    current: Option<(Part, Box<dyn Reader>)>,
    /// The pass-through columns of the first part.
    others: Option<SchemaRef>,
}

impl Reader for Parts {
    fn head(&self) -> &Head {
        &self.head
    }

    fn next(&mut self, max_rows: usize) -> Result<Option<Chunk>, DataError> {
        loop {
            if self.current.is_none() && !self.open_next()? {
                return Ok(None);
            }
            let Some((_, reader)) = &mut self.current else { return Ok(None) };
            let chunk = match reader.next(max_rows) {
                // A part may have no rows, such as that of a filter.
                Err(DataError::NoRows { path }) if !self.parts.is_empty() => {
                    self.notes.add(empty_part(&path));
                    None
                }
                outcome => outcome?,
            };
            self.head.notes = self.notes.clone();
            self.head.notes.extend(reader.head().notes.clone());
            match chunk {
                Some(chunk) => return self.with_partitions(chunk).map(Some),
                None => {
                    self.notes = self.head.notes.clone();
                    self.current = None;
                }
            }
        }
    }

    fn place(&self, row: usize) -> Option<Place> {
        let (part, reader) = self.current.as_ref()?;
        let rows = || Place { path: part.path.clone(), position: format!("row {row} of the rows read together") };
        Some(reader.place(row).unwrap_or_else(rows))
    }
}

impl Parts {
    /// Opens the next part that has rows. Returns `false` at the end.
    fn open_next(&mut self) -> Result<bool, DataError> {
        while let Some(part) = self.parts.pop_front() {
            let reader = match reader(&part.path, &self.options, self.open) {
                Err(DataError::NoRows { .. } | DataError::Empty { .. }) => {
                    self.notes.add(empty_part(&part.path));
                    self.head.notes.add(empty_part(&part.path));
                    continue;
                }
                outcome => outcome?,
            };
            let (own, path) = (reader.head(), part.path.clone());
            if own.sample_shape != self.head.sample_shape || own.columns != self.head.columns {
                let (expected, found) = (self.head.sample_shape.clone(), own.sample_shape.clone());
                return Err(DataError::content(ContentError::PartShape { path, expected, found }));
            }
            if own.is_bytes != self.head.is_bytes {
                let name = |is_bytes| if is_bytes { "bytes" } else { "floats" };
                let (expected, found) = (name(self.head.is_bytes), name(own.is_bytes));
                return Err(DataError::SampleType { path, expected, found });
            }
            self.current = Some((part, reader));
            return Ok(true);
        }
        Ok(false)
    }

    /// Adds the columns of the partitions before the pass-through columns of a part.
    fn with_partitions(&mut self, chunk: Chunk) -> Result<Chunk, DataError> {
        let Some((part, _)) = &self.current else { return Ok(chunk) };
        let rows = chunk.values.rows();
        let mut fields: Vec<Arc<Field>> = Vec::new();
        let mut columns: Vec<ArrayRef> = Vec::new();
        for (name, value) in &part.partitions {
            fields.push(Arc::new(Field::new(name, DataType::Utf8, false)));
            columns.push(Arc::new(StringArray::from_iter_values(std::iter::repeat_n(value, rows))));
        }
        let own = chunk.others.as_ref().map(RecordBatch::schema).unwrap_or_else(|| Arc::new(Schema::empty()));
        check_partitions(&part.path, &self.partitions, own.fields().iter().map(|field| field.name()))?;
        let expected = self.others.get_or_insert_with(|| Arc::clone(&own));
        for field in expected.fields() {
            let column = chunk.others.as_ref().and_then(|others| others.column_by_name(field.name()));
            let Some(column) = column.filter(|column| column.data_type() == field.data_type()) else {
                let (path, column) = (part.path.clone(), field.name().clone());
                return Err(DataError::content(ContentError::PartColumn { path, column }));
            };
            fields.push(Arc::new(field.as_ref().clone().with_nullable(true)));
            columns.push(Arc::clone(column));
        }
        let is_new = |name: &&String| expected.field_with_name(name).is_err();
        let new: Vec<_> =
            own.fields().iter().map(|field| field.name()).filter(is_new).map(|name| quoted(name)).collect();
        if !new.is_empty() {
            let text = format!("columns that the first file does not have are not read: {}", new.join(", "));
            let note = Note::new(NoteCode::Columns, part.path.display(), text);
            self.notes.add(note.clone());
            self.head.notes.add(note);
        }
        let others = (!columns.is_empty()).then(|| RecordBatch::try_new(Arc::new(Schema::new(fields)), columns));
        let labels = match self.label.and_then(|label| part.partitions.get(label)) {
            Some((_, value)) => Some(Labels::Text(vec![value.clone(); rows])),
            None => chunk.labels,
        };
        Ok(Chunk { labels, others: others.transpose().map_err(DataError::column)?, ..chunk })
    }
}

#[cfg(test)]
mod tests;
