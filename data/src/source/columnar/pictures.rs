//! A column of encoded images, as Hugging Face's `datasets` writes it: a struct with the field `bytes`, and often
//! `path`.
//!
//! Samples are the pixels, `[height, width, channels]`. A label column may have names of classes in the metadata.

use std::path::{Path, PathBuf};

use arrow_array::{Array, RecordBatch, StructArray, cast::AsArray};
use arrow_schema::{DataType, Schema};

use crate::{
    chunk::Chunk,
    content_error::ContentError,
    error::DataError,
    head::{Head, Roles},
    labels::Labels,
    notes::{Note, NoteCode, Notes},
    reader::Reader,
    reading::{Depth, Reading},
    source::{
        columnar::{
            batches::{Batches, next_rows},
            labels,
        },
        images::{Changes, Picture, Target, decode},
    },
};

/// The name of the field with the encoded image.
const BYTES: &str = "bytes";
/// The number of images to decode at a time.
const MAX_IMAGES: usize = 256;

/// Returns the only column of encoded images, unless the options select other columns.
pub(super) fn column_of_images(schema: &Schema, reading: &Reading) -> Option<usize> {
    let fields = schema.fields().iter().enumerate().filter(|(_, field)| has_bytes(field.data_type()));
    let is_allowed = |name: &str| {
        let is_ignored = reading.ignore.iter().flatten().any(|ignored| ignored == name);
        let is_label = reading.label_column.as_deref() == Some(name);
        let is_selected = reading.columns.as_ref().is_none_or(|columns| columns.len() == 1 && columns[0] == name);
        !is_ignored && !is_label && is_selected
    };
    let mut images = fields.filter(|(_, field)| is_allowed(field.name())).map(|(column, _)| column);
    images.next().filter(|_| images.next().is_none())
}

fn has_bytes(kind: &DataType) -> bool {
    let DataType::Struct(fields) = kind else { return false };
    let is_binary = |kind: &DataType| matches!(kind, DataType::Binary | DataType::LargeBinary | DataType::BinaryView);
    fields.find(BYTES).is_some_and(|(_, field)| is_binary(field.data_type()))
}

/// Reads the images of a table.
pub(super) struct Pictures<B> {
    path: PathBuf,
    /// The column of the images, and its name.
    column: (usize, String),
    /// The label column, and its name.
    label: Option<(usize, String)>,
    /// The names of classes, if the labels are indices.
    classes: Vec<String>,
    others: Vec<usize>,
    head: Head,
    opening_notes: Notes,
    changes: Changes,
    target: Target,
    batches: B,
    rest: Option<RecordBatch>,
    read: usize,
}

impl<B: Batches> Pictures<B> {
    /// Reads the header of the first image. `column` is the column of the images, `label` that of the labels.
    pub(super) fn open(
        path: &Path,
        schema: &Schema,
        (column, label): (usize, Option<usize>),
        rows: Option<usize>,
        mut batches: B,
        reading: &Reading,
        mut notes: Notes,
    ) -> Result<Self, DataError> {
        let name = |column: usize| schema.field(column).name().clone();
        if let Some(label) = label {
            labels::check_type(path, schema.field(label))?;
        }
        let Some(first) = next_rows(&mut batches)? else {
            return Err(DataError::NoRows { path: path.to_owned() });
        };
        let label = label.map(|label| (label, name(label)));
        let others: Vec<usize> = (0..schema.fields().len()).filter(|&other| other != column).collect();
        let unused = others.iter().filter(|&&other| label.as_ref().is_none_or(|(label, _)| *label != other));
        let unused: Vec<_> =
            unused.map(|&other| format!("`{}` ({})", name(other), schema.field(other).data_type())).collect();
        if !unused.is_empty() {
            let text = format!(
                "the features are the pixels of `{}`; not read: {}; --label-column makes one of them the labels",
                name(column),
                unused.join(", ")
            );
            notes.add(Note::new(NoteCode::Columns, path.display(), text));
        }
        let place = place(path, 0);
        let bytes = bytes(path, &name(column), first.column(column), 0, 0)?;
        let target = Target::of(Picture { path: &place, bytes: Some(bytes) }, reading)?;
        let form = target.form;
        let among_others = |label: usize| others.iter().position(|&other| other == label);
        let head = Head {
            sample_shape: form.shape(),
            is_bytes: form.depth == Depth::Eight,
            range: Some(form.depth.range()),
            columns: None,
            rows,
            has_labels: label.is_some(),
            roles: Roles { label: label.as_ref().and_then(|(label, _)| among_others(*label)), ..Roles::default() },
            date_columns: None,
            table: None,
            notes,
        };
        let classes = label.as_ref().map(|(_, label)| class_names(schema, label)).unwrap_or_default();
        Ok(Pictures {
            path: path.to_owned(),
            column: (column, name(column)),
            label,
            classes,
            others,
            opening_notes: head.notes.clone(),
            head,
            changes: Changes::default(),
            target,
            batches,
            rest: Some(first),
            read: 0,
        })
    }

    /// Replaces indices by names of classes, if the metadata has them.
    fn named(&self, labels: Labels) -> Labels {
        let Labels::Integers(indices) = &labels else { return labels };
        let name = |&index: &i64| self.classes.get(usize::try_from(index).ok()?).cloned();
        indices.iter().map(name).collect::<Option<_>>().map_or(labels.clone(), Labels::Text)
    }
}

impl<B: Batches> Reader for Pictures<B> {
    fn head(&self) -> &Head {
        &self.head
    }

    fn next(&mut self, max_rows: usize) -> Result<Option<Chunk>, DataError> {
        let batch = match self.rest.take() {
            Some(rest) => rest,
            None => match next_rows(&mut self.batches)? {
                Some(batch) => batch,
                None => return Ok(None),
            },
        };
        let rows = batch.num_rows().min(max_rows.clamp(1, MAX_IMAGES));
        if rows < batch.num_rows() {
            self.rest = Some(batch.slice(rows, batch.num_rows() - rows));
        }
        let batch = batch.slice(0, rows);
        let (column, name) = &self.column;
        let places: Vec<PathBuf> = (0..rows).map(|row| place(&self.path, self.read + row)).collect();
        let picture = |(row, path)| {
            let bytes = bytes(&self.path, name, batch.column(*column), row, self.read + row)?;
            Ok(Picture { path, bytes: Some(bytes) })
        };
        let places = places.iter().map(PathBuf::as_path).enumerate();
        let pictures = places.map(picture).collect::<Result<Vec<_>, DataError>>()?;
        let features = self.head.sample_shape.iter().product();
        let (values, changes) = decode(&pictures, features, &self.target)?;
        self.changes.add(changes);
        self.head.notes = self.opening_notes.clone();
        self.head.notes.extend(self.changes.notes(&self.path));
        let labels =
            self.label.as_ref().map(|(label, name)| labels::read(&self.path, name, batch.column(*label), self.read));
        let labels = labels.transpose()?.map(|labels| self.named(labels));
        let others = (!self.others.is_empty()).then(|| batch.project(&self.others));
        self.read += rows;
        Ok(Some(Chunk { values, labels, others: others.transpose().map_err(DataError::column)?, recorded: None }))
    }
}

/// Names an image in messages. Rows are numbered from 0.
fn place(path: &Path, row: usize) -> PathBuf {
    PathBuf::from(format!("{}, row {row},", path.display()))
}

/// Returns an encoded image. `row` is its row in the array, `in_file` its row in the file.
fn bytes<'a>(
    path: &Path,
    column: &str,
    array: &'a dyn Array,
    row: usize,
    in_file: usize,
) -> Result<&'a [u8], DataError> {
    let of = |structs: &'a StructArray| -> Option<&'a [u8]> {
        let bytes = structs.column_by_name(BYTES).filter(|bytes| structs.is_valid(row) && bytes.is_valid(row))?;
        Some(match bytes.data_type() {
            DataType::Binary => bytes.as_binary::<i32>().value(row),
            DataType::LargeBinary => bytes.as_binary::<i64>().value(row),
            DataType::BinaryView => bytes.as_binary_view().value(row),
            _ => return None,
        })
    };
    array.as_struct_opt().and_then(of).ok_or_else(|| {
        let (path, column) = (path.to_owned(), column.to_owned());
        DataError::content(ContentError::ImageMissing { path, row: in_file, column })
    })
}

/// Returns the names of classes that `datasets` stores in the metadata for a label column.
fn class_names(schema: &Schema, label: &str) -> Vec<String> {
    let metadata = schema.metadata().get("huggingface");
    let metadata: Option<serde_json::Value> = metadata.and_then(|text| serde_json::from_str(text).ok());
    let names = metadata.as_ref().and_then(|metadata| metadata.get("info")?.get("features")?.get(label)?.get("names"));
    let names = names.and_then(serde_json::Value::as_array);
    names.into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}
