//! The classes of rows, for conditional models.

use datafusion::arrow::{
    array::{ArrayRef, AsArray},
    compute::cast,
    datatypes::DataType,
};
use narrows_runtime::bundle::{quoted, quoted_list};

/// Returns whether values of a type can name classes.
pub(super) fn is_label_type(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_label_type(values),
        other => other.is_string() || other.is_integer() || matches!(other, DataType::Boolean | DataType::Null),
    }
}

/// Returns the position of each row's class, by its name. Whole numbers are names, too: classes `3` and `7` are the
/// numbers 3 and 7, not their positions.
pub(super) fn of(labels: &ArrayRef, classes: &[String]) -> Result<Vec<i64>, String> {
    let names = cast(labels, &DataType::Utf8).map_err(|error| error.to_string())?;
    let names = names.as_string::<i32>();
    let position = |(row, name): (usize, Option<&str>)| {
        let name = name.unwrap_or_default();
        let position = classes.iter().position(|class| class == name);
        position.map(|position| position as i64).ok_or_else(|| {
            let known = quoted_list(classes);
            format!("row {row} of a batch has the class {}, the model knows {known}", quoted(name))
        })
    };
    names.iter().enumerate().map(position).collect()
}
