//! What is in a set of data, in figures: to look at before anything is trained on it.

use serde::Serialize;

use crate::{
    check::place,
    dataset::{Dataset, Part},
    error::DataError,
    row::Row,
    statistics::{Per, extremes},
    values::Values,
};

/// What is in a set of data.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Description {
    /// As [`Dataset::name`].
    pub name: String,
    /// The shape of one sample.
    pub sample_shape: Vec<usize>,
    /// `bytes` or `floats`.
    pub dtype: &'static str,
    /// The lowest and highest value, in the data's own unit.
    pub range: (f32, f32),
    /// The names of the features, where the source is a table that has some.
    pub columns: Option<Vec<String>>,
    /// The parts that are there, that to train on first.
    pub parts: Vec<Described>,
    /// Features that have the same value in every row to train on, by number and by name where they have one.
    pub constant: Vec<String>,
    /// Features that have no value at all in the rows to train on, in the same way.
    pub empty: Vec<String>,
    /// The names of the classes, where there are labels.
    pub classes: Option<Vec<String>>,
    /// As [`Dataset::fingerprint`].
    pub fingerprint: String,
}

/// What is in a part of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Described {
    /// `training`, `validation` or `test`.
    pub name: &'static str,
    /// Rows.
    pub rows: usize,
    /// Whether the rows stay on disk, since they take more memory than they may.
    pub is_on_disk: bool,
    /// What is missing.
    pub missing: MissingCounts,
    /// Rows of each class, in the order of [`Description::classes`], where there are labels.
    pub class_counts: Option<Vec<usize>>,
}

/// How much is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct MissingCounts {
    /// Values that are missing.
    pub values: u64,
    /// Rows with at least one of them.
    pub rows: usize,
    /// Features with at least one of them.
    pub columns: usize,
}

impl Dataset {
    /// Counts and figures of everything that is here, in a few passes over the rows and in constant memory.
    ///
    /// Missing values are counted where loading kept them ([`Missing::Keep`](crate::Missing::Keep)).
    ///
    /// # Errors
    /// [`DataError`] when rows lie in a file that cannot be read any more.
    pub fn describe(&self) -> Result<Description, DataError> {
        let all: Vec<usize> = (0..self.train.values.rows()).collect();
        let per_column = extremes(&self.train.values, &all, Per::Column)?;
        let named = |is_such: fn(f32, f32) -> bool| {
            let columns = per_column.iter().enumerate().filter(|(_, (low, high))| is_such(*low, *high));
            columns.map(|(column, _)| place(column, self.columns.as_deref())).collect()
        };
        let classes = self.classes.as_ref().map_or(0, Vec::len);
        Ok(Description {
            name: self.name.clone(),
            sample_shape: self.sample_shape.clone(),
            dtype: if self.train.values.is_bytes() { "bytes" } else { "floats" },
            range: self.range,
            columns: self.columns.clone(),
            parts: self.parts().map(|(name, part)| described(name, part, classes)).collect::<Result<_, _>>()?,
            constant: named(|low, high| low == high),
            empty: named(|low, high| low > high),
            classes: self.classes.clone(),
            fingerprint: self.fingerprint()?,
        })
    }
}

fn described(name: &'static str, part: &Part, classes: usize) -> Result<Described, DataError> {
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
        is_on_disk: matches!(part.values, Values::OnDisk(_)),
        missing: missing(&part.values)?,
        class_counts,
    })
}

fn missing(values: &Values) -> Result<MissingCounts, DataError> {
    let mut counts = MissingCounts::default();
    if values.is_bytes() {
        return Ok(counts);
    }
    let mut is_affected = vec![false; values.features()];
    values.visit(0..values.rows(), |_, row| {
        let Row::F32(row) = row else { return };
        let mut found = 0;
        for (value, is_affected) in row.iter().zip(&mut is_affected) {
            found += u64::from(value.is_nan());
            *is_affected |= value.is_nan();
        }
        counts.values += found;
        counts.rows += usize::from(found > 0);
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
    fn what_is_missing_or_constant_is_counted_and_named() {
        const GAP: f32 = f32::NAN;
        let train = Part {
            values: Values::F32(array![[1.0, GAP, 5.0, GAP], [2.0, GAP, 5.0, 3.0], [3.0, GAP, 5.0, 4.0]]),
            labels: Some(vec![1, 0, 1]),
        };
        let test = Part { values: Values::F32(array![[1.0, 2.0, 3.0, 4.0]]), labels: Some(vec![1]) };
        let data = Dataset {
            name: "table".to_owned(),
            sample_shape: vec![4],
            range: (1.0, 5.0),
            columns: Some(["a", "b", "c", "d"].map(str::to_owned).to_vec()),
            fill: None,
            train,
            valid: None,
            test: Some(test),
            classes: Some(vec!["cat".to_owned(), "dog".to_owned()]),
        };
        let found = data.describe().expect("in memory");
        assert_eq!((&found.constant[..], &found.empty[..]), (&["2 (`c`)".to_owned()][..], &["1 (`b`)".to_owned()][..]));
        let [train, test] = &found.parts[..] else { panic!("{:?}", found.parts) };
        assert_eq!(train.missing, MissingCounts { values: 4, rows: 3, columns: 2 });
        assert_eq!((train.rows, train.class_counts.as_deref()), (3, Some(&[1, 2][..])));
        assert_eq!((test.name, test.missing, test.is_on_disk), ("test", MissingCounts::default(), false));
        assert_eq!(test.class_counts.as_deref(), Some(&[0, 1][..]));
    }

    #[test]
    fn digits_are_described_as_they_are_known() {
        let found = load("digits", &LoadOptions::default()).and_then(|data| data.describe()).expect("built in");
        let rows: Vec<_> = found.parts.iter().map(|part| (part.name, part.rows)).collect();
        assert_eq!(rows, [("training", 1437), ("test", 360)]);
        assert_eq!((&found.sample_shape[..], found.range), (&[8, 8][..], (0.0, 16.0)));
        // The corners that no digit reaches.
        assert_eq!(found.constant, ["0", "32", "39"]);
        assert_eq!(found.classes.map(|classes| classes.len()), Some(10));
    }
}
