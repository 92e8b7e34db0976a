//! A column of classes beside those that are carried along.

use std::{collections::HashSet, sync::Arc};

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{ArrowError, DataType, Field, Schema};

/// What the column of classes is called. One of the data with that name becomes `data_class`.
const CLASS: &str = "class";

/// The other columns with the class of every row behind them.
pub(crate) fn with_classes<'a>(
    others: Option<&RecordBatch>,
    classes: impl Iterator<Item = &'a str>,
) -> Result<RecordBatch, ArrowError> {
    let told: ArrayRef = Arc::new(StringArray::from_iter_values(classes));
    let schema = others.map_or_else(|| Schema::empty().into(), RecordBatch::schema);
    let mut taken: HashSet<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    let renamed = |field: &Arc<Field>| {
        let mut name = field.name().clone();
        if name == CLASS {
            while !taken.insert(name.clone()) || name == CLASS {
                name = format!("data_{name}");
            }
        }
        field.as_ref().clone().with_name(name)
    };
    let fields: Vec<Field> = schema.fields().iter().map(renamed).collect();
    let fields = fields.into_iter().chain([Field::new(CLASS, DataType::Utf8, false)]);
    let columns = others.map_or(&[][..], RecordBatch::columns).iter().cloned().chain([told]);
    RecordBatch::try_new(Schema::new(fields.collect::<Vec<_>>()).into(), columns.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(batch: &RecordBatch) -> Vec<String> {
        batch.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    #[test]
    fn classes_stand_behind_the_other_columns_which_give_way_by_name() {
        let column = || -> ArrayRef { Arc::new(StringArray::from_iter([Some("x"), None])) };
        let others = RecordBatch::try_from_iter(["class", "id", "data_class"].map(|name| (name, column())));
        let others = others.expect("as long");
        let batch = with_classes(Some(&others), ["cat", "dog"].into_iter()).expect("as long");
        assert_eq!(names(&batch), ["data_data_class", "id", "data_class", "class"]);
        let alone = with_classes(None, ["cat", "dog"].into_iter()).expect("nothing to fit");
        assert_eq!((names(&alone), alone.num_rows()), (vec!["class".to_owned()], 2));
        assert!(with_classes(Some(&others), ["cat"].into_iter()).is_err());
    }
}
