//! Arguments as rows of numbers, without a model that says how many.

use datafusion::arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray},
    buffer::NullBuffer,
    compute::filter,
    datatypes::{DataType, FieldRef},
};
use narrows_runtime::ndarray::Array2;

use super::{columns, rows::Values, vectors};

/// Which arguments are the features.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Features {
    /// The only argument has all values of a row.
    Vectors,
    /// Every feature is an argument, with these names.
    Columns(Vec<String>),
    /// Every feature is a field of the only argument, with these names.
    Fields(Vec<String>),
}

impl Features {
    /// Checks the types of the arguments.
    pub(crate) fn of(fields: &[FieldRef]) -> Result<Self, String> {
        let names = |fields: &[FieldRef]| {
            let other = fields.iter().find(|field| !vectors::is_number(field.data_type()));
            match other {
                Some(field) => {
                    Err(format!("the column `{}` is {}, expected a number", field.name(), field.data_type()))
                }
                None => Ok(fields.iter().map(|field| field.name().clone()).collect()),
            }
        };
        match fields {
            [] => Err("expected a list of numbers, bytes, or a column for each feature".to_owned()),
            [only] if vectors::is_vector(only.data_type()) => Ok(Features::Vectors),
            [only] => match only.data_type() {
                DataType::Struct(inner) => names(inner).map(Features::Fields),
                _ => names(fields).map(Features::Columns),
            },
            _ => names(fields).map(Features::Columns),
        }
    }

    /// Returns the names of the features, if they have names.
    pub(crate) fn names(&self) -> Option<&[String]> {
        match self {
            Features::Vectors => None,
            Features::Columns(names) | Features::Fields(names) => Some(names),
        }
    }

    /// Returns the rows without a null, `[rows, features]`, and how many rows have one.
    pub(crate) fn matrix(&self, arrays: &[ArrayRef]) -> Result<(Array2<f32>, usize), String> {
        let Some(first) = arrays.first() else { return Ok((Array2::zeros((0, 0)), 0)) };
        let (present, columns) = match self {
            Features::Vectors => (vectors::present(first, false), arrays.to_vec()),
            Features::Columns(_) => (all_present(None, arrays), arrays.to_vec()),
            Features::Fields(_) => {
                let columns = first.as_struct().columns();
                (all_present(first.logical_nulls(), columns), columns.to_vec())
            }
        };
        let nulls = present.as_ref().map_or(0, NullBuffer::null_count);
        let columns = match present.filter(|present| present.null_count() > 0) {
            None => columns,
            Some(present) => {
                let keep = BooleanArray::new(present.inner().clone(), None);
                let kept = columns.iter().map(|column| filter(column, &keep)).collect::<Result<Vec<_>, _>>();
                kept.map_err(|error| error.to_string())?
            }
        };
        let values = match (self, columns.first()) {
            (Features::Vectors, Some(only)) => vectors::values(only, vectors::width_of_first(only), None)?,
            (_, _) => columns::values(&columns.iter().collect::<Vec<_>>(), None)?,
        };
        let (values, width) = match values {
            Values::Floats { values, width } => (values.to_vec(), width),
            Values::Bytes { values, width } => (values.iter().copied().map(f32::from).collect(), width),
            Values::Table(_) => unreachable!("made of numbers"),
        };
        let rows = Array2::from_shape_vec((values.len() / width.max(1), width), values);
        rows.map(|rows| (rows, nulls)).map_err(|error| error.to_string())
    }
}

fn all_present(outer: Option<NullBuffer>, columns: &[ArrayRef]) -> Option<NullBuffer> {
    let nulls = columns.iter().map(|column| column.logical_nulls());
    nulls.fold(outer, |all, nulls| NullBuffer::union(all.as_ref(), nulls.as_ref()))
}
