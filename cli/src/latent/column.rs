//! A column that tables have in addition to the samples.

use std::{ops::Range, sync::Arc};

use anyhow::Context;
use arrow_array::{ArrayRef, Float64Array, Int64Array, StringArray};

/// A column with one value per sample.
pub(crate) struct Column {
    /// Name in the header.
    pub(crate) name: String,
    /// The values.
    pub(crate) values: Values,
}

/// The values of a column.
pub(crate) enum Values {
    /// Numbers.
    Numbers(Vec<f64>),
    /// Whole numbers.
    Integers(Vec<i64>),
    /// These names in turn, for any number of samples.
    InTurn(Vec<String>),
}

impl Column {
    /// Returns the class of every sample, as a column: all classes in turn, or always the same one.
    pub(crate) fn of_classes(classes: &[String]) -> Self {
        Column { name: "class".to_owned(), values: Values::InTurn(classes.to_vec()) }
    }

    /// Returns the values of a range of samples.
    pub(super) fn array(&self, rows: Range<usize>) -> anyhow::Result<ArrayRef> {
        let too_short = || format!("the column {} is too short", self.name);
        Ok(match &self.values {
            Values::Numbers(values) => Arc::new(Float64Array::from(values.get(rows).with_context(too_short)?.to_vec())),
            Values::Integers(values) => Arc::new(Int64Array::from(values.get(rows).with_context(too_short)?.to_vec())),
            Values::InTurn(names) => {
                let count = rows.len();
                let start = rows.start.checked_rem(names.len()).with_context(too_short)?;
                Arc::new(StringArray::from_iter_values(names.iter().cycle().skip(start).take(count)))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray;

    use super::*;

    #[test]
    fn names_in_turn_continue_in_every_range() {
        let column = Column::of_classes(&["a", "b", "c"].map(str::to_owned));
        let array = column.array(4..9).expect("any range");
        let names: Vec<&str> = array.as_string::<i32>().iter().flatten().collect();
        assert_eq!(names, ["b", "c", "a", "b", "c"]);
        assert!(Column::of_classes(&[]).array(0..1).is_err());
        let numbers = Column { name: "t".to_owned(), values: Values::Numbers(vec![0.5]) };
        assert!(numbers.array(0..2).is_err());
    }
}
