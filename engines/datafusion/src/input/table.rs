//! Rows of a mixed table.

use datafusion::arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, StringArray},
    compute::cast,
    datatypes::{DataType, Float64Type, Int64Type},
};
use narrows_runtime::{Table, Value};

use crate::{Error, Function};

/// Returns whether values of a type can be cells.
pub(super) fn is_cell_type(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_cell_type(values),
        other => {
            other.is_numeric()
                || other.is_string()
                || matches!(other, DataType::Boolean | DataType::Null | DataType::Timestamp(..))
                || matches!(other, DataType::Date32 | DataType::Date64)
        }
    }
}

/// Collects rows by the names of their columns.
pub(super) fn rows(
    function: Function,
    mut table: Table,
    names: &[String],
    columns: &[ArrayRef],
) -> Result<Table, Error> {
    let cells: Vec<Cells> = columns.iter().map(|column| Cells::of(function, column)).collect::<Result<_, _>>()?;
    let count = columns.first().map_or(0, |column| column.len());
    for row in 0..count {
        table.row(names.iter().zip(&cells).map(|(name, cells)| (name, cells.value(row))))?;
    }
    Ok(table)
}

/// A column in one of the types that the cells of a table have.
enum Cells {
    Text(StringArray),
    Integers(Int64Array),
    Numbers(Float64Array),
    Booleans(BooleanArray),
}

impl Cells {
    fn of(function: Function, column: &ArrayRef) -> Result<Self, Error> {
        let to =
            |target| cast(column, &target).map_err(|error| function.error(format!("a column of a table: {error}")));
        let values = match column.data_type() {
            DataType::Dictionary(_, values) => values.as_ref(),
            other => other,
        };
        Ok(match values {
            DataType::Boolean => Cells::Booleans(to(DataType::Boolean)?.as_boolean().clone()),
            // Above 2^63 a whole number is a float.
            other if other.is_integer() && *other != DataType::UInt64 => {
                Cells::Integers(to(DataType::Int64)?.as_primitive::<Int64Type>().clone())
            }
            other if other.is_numeric() => Cells::Numbers(to(DataType::Float64)?.as_primitive::<Float64Type>().clone()),
            _ => Cells::Text(to(DataType::Utf8)?.as_string::<i32>().clone()),
        })
    }

    fn value(&self, row: usize) -> Value<'_> {
        match self {
            Cells::Text(cells) if cells.is_valid(row) => Value::Text(cells.value(row)),
            Cells::Integers(cells) if cells.is_valid(row) => Value::Integer(cells.value(row)),
            Cells::Numbers(cells) if cells.is_valid(row) => Value::Number(cells.value(row)),
            Cells::Booleans(cells) if cells.is_valid(row) => Value::Boolean(cells.value(row)),
            Cells::Text(_) | Cells::Integers(_) | Cells::Numbers(_) | Cells::Booleans(_) => Value::Missing,
        }
    }
}
