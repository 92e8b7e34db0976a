//! A summary of a data set: shape, range, classes and missing values, to inspect before training.

use std::collections::HashSet;

use narrows_table::Column;
use serde::Serialize;

use crate::{
    dataset::{Dataset, Part},
    error::DataError,
    notes::{NoteCode, Notes},
    row::Row,
    sample_kind::SampleKind,
    statistics::{Per, extremes},
    values::Values,
    windows::{rows::WindowRows, walk::WindowCounts},
};

/// A summary of a data set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Description {
    /// The same as [`Dataset::name`].
    pub name: String,
    /// The shape of one sample.
    pub sample_shape: Vec<usize>,
    /// Whether a sample is a series.
    pub sample_kind: SampleKind,
    /// The type of the values: `bytes` or `floats`.
    pub dtype: &'static str,
    /// The minimum and maximum value, in the unit of the data.
    pub range: (f32, f32),
    /// The names of the features, if the source is a table with column names.
    pub columns: Option<Vec<String>>,
    /// The columns of a mixed table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub types: Option<Vec<DescribedColumn>>,
    /// The parts that exist, starting with the training part.
    pub parts: Vec<Described>,
    /// Features with the same value in every training row, each as its index and its name, if it has one.
    pub constant: Vec<String>,
    /// Features that are missing in every training row, in the same notation.
    pub empty: Vec<String>,
    /// The names of the classes, if there are labels.
    pub classes: Option<Vec<String>>,
    /// The same as [`Dataset::fingerprint`].
    pub fingerprint: String,
    /// The same as [`Dataset::notes`].
    pub notes: Notes,
}

/// A column of a mixed table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DescribedColumn {
    /// The name of the column.
    pub name: String,
    /// What its values mean, as in `--types`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The number of levels of a category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub levels: Option<usize>,
    /// The first levels of a category, at most five.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
}

impl DescribedColumn {
    fn of(column: &Column) -> Self {
        let levels = column.levels();
        DescribedColumn {
            name: column.name.clone(),
            kind: column.kind.name(),
            levels: levels.map(<[String]>::len),
            examples: levels.unwrap_or_default().iter().take(5).cloned().collect(),
        }
    }
}

/// A summary of a part of a data set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Described {
    /// `training`, `validation` or `test`.
    pub name: &'static str,
    /// The number of rows.
    pub rows: usize,
    /// What the recording consists of, if the rows are windows of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub windows: Option<WindowCounts>,
    /// Whether the rows stay on disk because they exceed the memory limit.
    pub is_on_disk: bool,
    /// The number of missing values.
    pub missing: MissingCounts,
    /// The number of rows of each class, in the order of [`Description::classes`], if there are labels.
    pub class_counts: Option<Vec<usize>>,
}

/// Counts of missing values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct MissingCounts {
    /// The number of missing values.
    pub values: u64,
    /// The number of rows with at least one missing value.
    pub rows: usize,
    /// The number of features with at least one missing value.
    pub columns: usize,
}

impl Dataset {
    /// Summarises this data set in a few passes over the rows and in constant memory.
    ///
    /// Missing values are counted only if loading kept them ([`Missing::Keep`](crate::Missing::Keep)).
    ///
    /// # Errors
    /// [`DataError`] if the rows are in a file that can no longer be read.
    pub fn describe(&self) -> Result<Description, DataError> {
        let all: Vec<usize> = (0..self.train.values.rows()).collect();
        let per_column = extremes(&self.train.values, &all, Per::Column)?;
        // Distinct values that become equal in 32-bit floats are not constant.
        let precision = self.notes.iter().filter(|note| note.code == NoteCode::Precision);
        let rounded: HashSet<usize> = precision.flat_map(|note| note.features.iter().copied()).collect();
        let columns_where = |has_property: fn(f32, f32) -> bool| {
            let columns = per_column.iter().enumerate().filter(|(column, _)| !rounded.contains(column));
            let columns = columns.filter(|(_, (low, high))| has_property(*low, *high));
            columns.map(|(column, _)| indexed_name(column, self.columns.as_deref())).collect()
        };
        let classes = self.classes.as_ref().map_or(0, Vec::len);
        Ok(Description {
            name: self.name.clone(),
            sample_shape: self.sample_shape.clone(),
            sample_kind: self.sample_kind,
            dtype: if self.train.values.is_bytes() { "bytes" } else { "floats" },
            range: self.range,
            columns: self.columns.clone(),
            types: self.table.as_ref().map(|table| table.columns.iter().map(DescribedColumn::of).collect()),
            parts: self.parts().map(|(name, part)| describe_part(name, part, classes)).collect::<Result<_, _>>()?,
            constant: columns_where(|low, high| low == high),
            empty: columns_where(|low, high| low > high),
            classes: self.classes.clone(),
            fingerprint: self.fingerprint()?,
            notes: self.notes.clone(),
        })
    }
}

/// Formats a feature as its index, followed by its name if it has one.
fn indexed_name(column: usize, columns: Option<&[String]>) -> String {
    match columns.and_then(|columns| columns.get(column)) {
        Some(name) => format!("{column} (`{name}`)"),
        None => column.to_string(),
    }
}

fn describe_part(name: &'static str, part: &Part, classes: usize) -> Result<Described, DataError> {
    let class_counts = part.labels.as_ref().map(|labels| {
        let mut counts = vec![0; classes];
        for &label in labels {
            if let Some(count) = counts.get_mut(label as usize) {
                *count += 1;
            }
        }
        counts
    });
    Ok(Described {
        name,
        rows: part.values.rows(),
        windows: part.values.windows().map(WindowRows::counts),
        is_on_disk: part.values.is_on_disk(),
        missing: count_missing(&part.values)?,
        class_counts,
    })
}

fn count_missing(values: &Values) -> Result<MissingCounts, DataError> {
    let mut counts = MissingCounts::default();
    if values.is_bytes() {
        return Ok(counts);
    }
    let mut is_affected = vec![false; values.features()];
    values.visit(0..values.rows(), |_, row| {
        let Row::F32(row) = row else { return };
        let mut missing = 0;
        for (value, is_affected) in row.iter().zip(&mut is_affected) {
            missing += u64::from(value.is_nan());
            *is_affected |= value.is_nan();
        }
        counts.values += missing;
        counts.rows += usize::from(missing > 0);
    })?;
    counts.columns = is_affected.into_iter().filter(|is_affected| *is_affected).count();
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::{LoadOptions, load};

    #[test]
    fn missing_values_and_constant_columns_are_reported() {
        const GAP: f32 = f32::NAN;
        let train = Part {
            values: Values::F32(array![[1.0, GAP, 5.0, GAP], [2.0, GAP, 5.0, 3.0], [3.0, GAP, 5.0, 4.0]]),
            labels: Some(vec![1, 0, 1]),
        };
        let test = Part { values: Values::F32(array![[1.0, 2.0, 3.0, 4.0]]), labels: Some(vec![1]) };
        let data = Dataset {
            name: "table".to_owned(),
            sample_shape: vec![4],
            sample_kind: SampleKind::default(),
            date_columns: None,
            table: None,
            notes: Notes::default(),
            range: (1.0, 5.0),
            columns: Some(["a", "b", "c", "d"].map(str::to_owned).to_vec()),
            fill: None,
            train,
            valid: None,
            test: Some(test),
            classes: Some(vec!["cat".to_owned(), "dog".to_owned()]),
        };
        let description = data.describe().expect("in memory");
        assert_eq!(
            (&description.constant[..], &description.empty[..]),
            (&["2 (`c`)".to_owned()][..], &["1 (`b`)".to_owned()][..])
        );
        let [train, test] = &description.parts[..] else { panic!("{:?}", description.parts) };
        assert_eq!(train.missing, MissingCounts { values: 4, rows: 3, columns: 2 });
        assert_eq!((train.rows, train.class_counts.as_deref()), (3, Some(&[1, 2][..])));
        assert_eq!((test.name, test.missing, test.is_on_disk), ("test", MissingCounts::default(), false));
        assert_eq!(test.class_counts.as_deref(), Some(&[0, 1][..]));
    }

    #[test]
    fn the_description_of_digits_is_correct() {
        let description = load("digits", &LoadOptions::default()).and_then(|data| data.describe()).expect("built in");
        let rows: Vec<_> = description.parts.iter().map(|part| (part.name, part.rows)).collect();
        assert_eq!(rows, [("training", 1437), ("test", 360)]);
        assert_eq!((&description.sample_shape[..], description.range), (&[8, 8][..], (0.0, 16.0)));
        // Pixels at the edges that are 0 in every digit.
        assert_eq!(description.constant, ["0", "32", "39"]);
        assert_eq!(description.classes.map(|classes| classes.len()), Some(10));
    }
}
