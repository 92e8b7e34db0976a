//! What a row is like, and what the columns of a table are called.

use std::collections::HashSet;

use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema};
use ndarray::ArrayViewD;

use super::error::WriteError;

/// Features that become columns of their own at most: each costs a writer some 20 kB, and more in every reader.
const MOST_COLUMNS: usize = 5_000;

/// The shape of a row, and a name for each of its numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    shape: Vec<usize>,
    names: Names,
}

#[derive(Debug, Clone, PartialEq)]
enum Names {
    Numbered(String),
    Given(Vec<String>),
}

impl Layout {
    /// Rows of this shape, flattened in a table to columns `z0`, `z1` and so on for the prefix `z`. An empty
    /// shape is one number a row.
    pub fn numbered(shape: &[usize], prefix: &str) -> Self {
        Layout { shape: shape.to_vec(), names: Names::Numbered(prefix.to_owned()) }
    }

    /// Rows of one number for each name; where two are alike, the second one gets a `_` behind it.
    pub fn named(names: Vec<String>) -> Self {
        let mut taken = HashSet::new();
        let names: Vec<String> =
            names.into_iter().map(|name| free(&mut taken, name, |name| format!("{name}_"))).collect();
        Layout { shape: vec![names.len()], names: Names::Given(names) }
    }

    /// One number a row, with a name.
    pub fn single(name: &str) -> Self {
        Layout { shape: Vec::new(), names: Names::Given(vec![name.to_owned()]) }
    }

    pub(super) fn shape(&self) -> &[usize] {
        &self.shape
    }

    pub(super) fn features(&self) -> usize {
        self.shape.iter().product()
    }

    /// What the columns of the features are called.
    pub(super) fn names(&self) -> Vec<String> {
        match &self.names {
            Names::Numbered(prefix) => (0..self.features()).map(|index| format!("{prefix}{index}")).collect(),
            Names::Given(names) => names.clone(),
        }
    }

    pub(super) fn check_columns(&self) -> Result<(), WriteError> {
        let found = self.features();
        if found > MOST_COLUMNS { Err(WriteError::Wide { most: MOST_COLUMNS, found }) } else { Ok(()) }
    }

    pub(super) fn check(&self, rows: &ArrayViewD<'_, f32>) -> Result<(), WriteError> {
        let found = rows.shape().get(1..);
        if found == Some(&self.shape) {
            return Ok(());
        }
        Err(WriteError::Shape { expected: self.shape.clone(), found: found.unwrap_or_default().to_vec() })
    }
}

/// A name that was not taken, and is now.
fn free(taken: &mut HashSet<String>, mut name: String, next: impl Fn(&str) -> String) -> String {
    while !taken.insert(name.clone()) {
        name = next(&name);
    }
    name
}

/// The fields of the other columns, under names that no feature has: `z0` becomes `data_z0`.
pub(super) fn fields_beside(names: &[String], others: Option<&RecordBatch>) -> Vec<Field> {
    let mut taken: HashSet<String> = names.iter().cloned().collect();
    let schema = others.map_or_else(|| Schema::empty().into(), RecordBatch::schema);
    let field = |field: &std::sync::Arc<Field>| {
        let name = free(&mut taken, field.name().clone(), |name| format!("data_{name}"));
        // Whether something is missing may change from rows to rows.
        field.as_ref().clone().with_name(name).with_nullable(true)
    };
    schema.fields().iter().map(field).collect()
}

/// The columns beside some rows must be those that the file was begun with.
pub(super) fn check_beside(begun: &[Field], names: &[String], others: Option<&RecordBatch>) -> Result<(), WriteError> {
    let found = fields_beside(names, others);
    let alike = |one: &Field, other: &Field| one.name() == other.name() && one.data_type() == other.data_type();
    if begun.len() == found.len() && begun.iter().zip(&found).all(|(one, other)| alike(one, other)) {
        return Ok(());
    }
    let told =
        |fields: &[Field]| fields.iter().map(|field| format!("{} ({})", field.name(), field.data_type())).collect();
    Err(WriteError::Changed { expected: told(begun), found: told(&found) })
}
