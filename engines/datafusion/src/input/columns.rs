//! Rows whose values are in columns of their own.

use datafusion::arrow::{
    array::{Array, ArrayRef, AsArray},
    compute::cast,
    datatypes::{DataType, Float32Type},
};

use super::rows::Values;

/// Returns the rows of columns in the order of the features. Nulls and NaN are replaced by `fill`.
pub(super) fn values(columns: &[&ArrayRef], fill: Option<&[f32]>) -> Result<Values, String> {
    let width = columns.len();
    let rows = columns.first().map_or(0, |column| column.len());
    let mut values = vec![0_f32; rows * width];
    for (feature, column) in columns.iter().enumerate() {
        let column = cast(column, &DataType::Float32).map_err(|error| error.to_string())?;
        let column = column.as_primitive::<Float32Type>();
        let fill = fill.and_then(|fill| fill.get(feature)).copied();
        let targets = values.iter_mut().skip(feature).step_by(width);
        for (row, (target, value)) in targets.zip(column.values()).enumerate() {
            *target = match fill {
                Some(fill) if value.is_nan() || column.is_null(row) => fill,
                _ => *value,
            };
        }
    }
    Ok(Values::Floats { values: values.into(), width })
}
