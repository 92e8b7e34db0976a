//! Column of predicted classes, added to the pass-through columns.

use std::sync::Arc;

use arrow_array::{RecordBatch, StringArray};
use arrow_schema::ArrowError;

use super::extra_columns::{ExtraColumn, with_columns};

/// Name of the column of predicted classes. A pass-through column with that name becomes `data_class`.
const CLASS: &str = "class";

/// Appends the class of every row to the pass-through columns.
pub(crate) fn with_classes<'a>(
    others: Option<&RecordBatch>,
    classes: impl Iterator<Item = &'a str>,
) -> Result<RecordBatch, ArrowError> {
    let values = Arc::new(StringArray::from_iter_values(classes));
    with_columns(others, vec![ExtraColumn { name: CLASS.to_owned(), values }])
}

#[cfg(test)]
mod tests {
    use arrow_array::ArrayRef;

    use super::*;

    fn names(batch: &RecordBatch) -> Vec<String> {
        batch.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    #[test]
    fn the_class_column_is_last_and_columns_with_its_name_are_renamed() {
        let column = || -> ArrayRef { Arc::new(StringArray::from_iter([Some("x"), None])) };
        let others = RecordBatch::try_from_iter(["class", "id", "data_class"].map(|name| (name, column())));
        let others = others.expect("equal lengths");
        let batch = with_classes(Some(&others), ["cat", "dog"].into_iter()).expect("equal lengths");
        assert_eq!(names(&batch), ["data_data_class", "id", "data_class", "class"]);
        let alone = with_classes(None, ["cat", "dog"].into_iter()).expect("no other columns");
        assert_eq!((names(&alone), alone.num_rows()), (vec!["class".to_owned()], 2));
        assert!(with_classes(Some(&others), ["cat"].into_iter()).is_err());
    }
}
