//! The shape of a row and the names of the columns of a table.

use std::collections::HashSet;

use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema};
use ndarray::ArrayViewD;

use super::error::WriteError;

/// The maximum number of features that become columns of a Parquet file. Each column needs about 20 kB in a writer, and
/// more in readers.
const MAX_COLUMNS: usize = 5_000;

/// The shape of a row, and a name for each of its values.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    shape: Vec<usize>,
    names: Names,
    /// Whether values may be missing, written as NaN.
    may_miss: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Names {
    Numbered(String),
    Given(Vec<String>),
}

impl Layout {
    /// Creates a layout of rows with the given shape. A table has the columns `z0`, `z1` and so on for the prefix `z`.
    /// An empty shape is one value per row.
    pub fn numbered(shape: &[usize], prefix: &str) -> Self {
        Layout { shape: shape.to_vec(), names: Names::Numbered(prefix.to_owned()), may_miss: false }
    }

    /// Creates a layout of rows with one value per name. Appends `_` to a name that occurs before.
    pub fn named(names: Vec<String>) -> Self {
        let mut used = HashSet::new();
        let names: Vec<String> =
            names.into_iter().map(|name| unique(&mut used, name, |name| format!("{name}_"))).collect();
        Layout { shape: vec![names.len()], names: Names::Given(names), may_miss: false }
    }

    /// Creates a layout of rows with the given shape and one name per value. Appends `_` to a name that occurs before.
    pub fn named_in_shape(names: Vec<String>, shape: &[usize]) -> Self {
        Layout { shape: shape.to_vec(), ..Layout::named(names) }
    }

    /// Creates a layout of rows with one value, with the given name.
    pub fn single(name: &str) -> Self {
        Layout { shape: Vec::new(), names: Names::Given(vec![name.to_owned()]), may_miss: false }
    }

    /// Creates a layout of rows of a mixed table: all columns are pass-through columns, and rows have the shape `[0]`.
    pub fn table() -> Self {
        Layout { shape: vec![0], names: Names::Given(Vec::new()), may_miss: false }
    }

    /// Returns whether rows have no values of their own.
    pub(super) fn is_table(&self) -> bool {
        self.shape == [0]
    }

    /// Allows missing values, which are NaN in rows and in an .npy file, null in Parquet and an empty cell in CSV.
    pub fn with_missing(self) -> Self {
        Layout { may_miss: true, ..self }
    }

    pub(super) fn may_miss(&self) -> bool {
        self.may_miss
    }

    pub(super) fn shape(&self) -> &[usize] {
        &self.shape
    }

    pub(super) fn features(&self) -> usize {
        self.shape.iter().product()
    }

    /// Returns the names of the columns of the features.
    pub(super) fn names(&self) -> Vec<String> {
        match &self.names {
            Names::Numbered(prefix) => (0..self.features()).map(|index| format!("{prefix}{index}")).collect(),
            Names::Given(names) => names.clone(),
        }
    }

    /// Checks that the number of columns is allowed in a Parquet file.
    pub(super) fn check_columns(&self) -> Result<(), WriteError> {
        let found = self.features();
        if found > MAX_COLUMNS { Err(WriteError::Wide { most: MAX_COLUMNS, found }) } else { Ok(()) }
    }

    /// Checks the shape of rows.
    pub(super) fn check(&self, rows: &ArrayViewD<'_, f32>) -> Result<(), WriteError> {
        let found = rows.shape().get(1..);
        if found == Some(&self.shape) {
            return Ok(());
        }
        Err(WriteError::Shape { expected: self.shape.clone(), found: found.unwrap_or_default().to_vec() })
    }
}

/// Modifies a name by `next` until it is unique, and adds it to `used`.
pub(super) fn unique(used: &mut HashSet<String>, mut name: String, next: impl Fn(&str) -> String) -> String {
    while !used.insert(name.clone()) {
        name = next(&name);
    }
    name
}

/// Returns the fields of the pass-through columns. Renames those with the name of a feature: `z0` becomes `data_z0`.
pub(super) fn other_fields(names: &[String], others: Option<&RecordBatch>) -> Vec<Field> {
    let mut used: HashSet<String> = names.iter().cloned().collect();
    let schema = others.map_or_else(|| Schema::empty().into(), RecordBatch::schema);
    let field = |field: &std::sync::Arc<Field>| {
        let name = unique(&mut used, field.name().clone(), |name| format!("data_{name}"));
        // Later rows may have missing values even if the first rows have none.
        field.as_ref().clone().with_name(name).with_nullable(true)
    };
    schema.fields().iter().map(field).collect()
}

/// Checks that the pass-through columns are those of the first rows.
pub(super) fn check_others(first: &[Field], names: &[String], others: Option<&RecordBatch>) -> Result<(), WriteError> {
    let found = other_fields(names, others);
    let are_equal = |one: &Field, other: &Field| one.name() == other.name() && one.data_type() == other.data_type();
    if first.len() == found.len() && first.iter().zip(&found).all(|(one, other)| are_equal(one, other)) {
        return Ok(());
    }
    let describe =
        |fields: &[Field]| fields.iter().map(|field| format!("{} ({})", field.name(), field.data_type())).collect();
    Err(WriteError::Changed { expected: describe(first), found: describe(&found) })
}
