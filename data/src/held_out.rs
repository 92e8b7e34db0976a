//! Parts beside the one to train on, each from a source of its own.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    collect::collect,
    dataset::{Dataset, Part},
    error::DataError,
    found::Found,
    labels::Labels,
    missing::Fill,
    reading::{LoadOptions, Missing, Reading},
    source::{self},
};

/// What a part beside the one to train on is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldOut {
    /// To watch training by.
    Valid,
    /// To test with, in the place of a test part that the data has.
    Test,
}

impl Dataset {
    /// With the samples of another source to judge by: those that it sets apart to test with if that is what
    /// they are for, else those to train on. What is missing in them is filled in as in the training part.
    ///
    /// # Errors
    /// As [`load`](crate::load), and for samples of another shape or type, for a class that the training part has not, and
    /// for a source that is the one of the training part.
    pub fn with(self, beside: HeldOut, spec: &str, options: &LoadOptions) -> Result<Self, DataError> {
        self.with_labels(beside, spec, options, |path, labels, classes| numbered_as(path, labels, classes))
    }

    /// The same where labels are numbers to predict: one that the training part has not is added to the classes.
    ///
    /// # Errors
    /// Those of [`Dataset::with`], but for classes.
    pub fn with_numbers(self, beside: HeldOut, spec: &str, options: &LoadOptions) -> Result<Self, DataError> {
        self.with_labels(beside, spec, options, |_, labels, classes| Ok(numbered_anew(labels, classes)))
    }

    fn with_labels(
        mut self,
        beside: HeldOut,
        spec: &str,
        options: &LoadOptions,
        number: impl FnOnce(&Path, &Labels, &mut Vec<String>) -> Result<Vec<u32>, DataError>,
    ) -> Result<Self, DataError> {
        let found = self.open_like(spec, options)?;
        let is_apart = beside == HeldOut::Test && found.test.is_some();
        if !is_apart
            && let Some(data) = &options.reading.data
            && is_same(data, spec)
        {
            return Err(DataError::SameFile { path: PathBuf::from(spec) });
        }
        let part = match (beside, found.test) {
            (HeldOut::Test, Some(test)) => test,
            (HeldOut::Valid | HeldOut::Test, _) => found.train,
        };
        let mut part = collect(part, options)?;
        part.check_like(&self.sample_shape, self.train.values.is_bytes())?;
        let fill = match options.reading.missing {
            Some(Missing::Drop) => Some(Fill::Drop),
            _ => self.fill.clone().map(Fill::Values),
        };
        part.treat(fill.as_ref())?;
        let labels = match (part.labels, &mut self.classes) {
            (Some(labels), Some(classes)) => Some(number(&part.path, &labels, classes)?),
            _ => None,
        };
        let part = Part { values: part.values, labels };
        match beside {
            HeldOut::Valid => self.valid = Some(part),
            HeldOut::Test => self.test = Some(part),
        }
        Ok(self)
    }

    /// Opens a source so that its columns are those of the training part, in their order, where those have names.
    fn open_like(&self, spec: &str, options: &LoadOptions) -> Result<Found, DataError> {
        let Some(columns) = &self.columns else { return source::open(spec, options) };
        let reading = Reading { columns: Some(columns.clone()), ignore: None, ..options.reading.clone() };
        match source::open(spec, &LoadOptions { reading, ..options.clone() }) {
            Err(DataError::OptionUnused { .. }) => source::open(spec, options),
            outcome => outcome,
        }
    }
}

/// Whether two specs name one source: a set, or a file under whatever path.
fn is_same(one: &str, other: &str) -> bool {
    let files = fs::canonicalize(one).ok().zip(fs::canonicalize(other).ok());
    one == other || files.is_some_and(|(one, other)| one == other)
}

/// Labels by the numbers that the training part gave their classes.
fn numbered_as(path: &Path, labels: &Labels, classes: &[String]) -> Result<Vec<u32>, DataError> {
    let numbers: HashMap<&str, u32> = classes.iter().map(String::as_str).zip(0..).collect();
    let settled = labels.clone().settled();
    let number = |row| {
        let label = settled.name(row);
        numbers.get(label.as_ref()).copied().ok_or_else(|| DataError::ClassUnknown {
            path: path.to_owned(),
            row,
            label: label.clone().into_owned(),
            classes: shortened(classes),
        })
    };
    (0..settled.len()).map(number).collect()
}

/// The same, with the classes that are not there yet behind those that are.
fn numbered_anew(labels: &Labels, classes: &mut Vec<String>) -> Vec<u32> {
    let mut numbers: HashMap<String, u32> = classes.iter().cloned().zip(0..).collect();
    let settled = labels.clone().settled();
    let number = |row| {
        let label = settled.name(row).into_owned();
        *numbers.entry(label).or_insert_with_key(|label| {
            classes.push(label.clone());
            (classes.len() - 1) as u32
        })
    };
    (0..settled.len()).map(number).collect()
}

/// The first names, and how many more there are.
fn shortened(classes: &[String]) -> String {
    const MOST: usize = 20;
    let names = classes.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    if classes.len() > MOST { format!("{names} and {} more", classes.len() - MOST) } else { names }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Values;

    fn written(folder: &Path, name: &str, text: &str) -> String {
        let path = folder.join(name);
        fs::write(&path, text).expect("written");
        path.to_string_lossy().into_owned()
    }

    #[test]
    fn another_table_is_read_by_the_names_of_the_columns_and_of_the_classes() {
        let folder = tempfile::tempdir().expect("a folder");
        let train = written(folder.path(), "train.csv", "id,a,b,kind\n7,1,2,x\n8,,4,y\n");
        let test = written(folder.path(), "test.csv", "kind,b,a\ny,20,10\nx,40,\n");
        let reading = Reading {
            data: Some(train.clone()),
            label_column: Some("kind".to_owned()),
            ignore: Some(vec!["id".to_owned()]),
            missing: Some(Missing::Mean),
            ..Reading::default()
        };
        let options = LoadOptions { reading, ..LoadOptions::default() };
        let data = crate::load(&train, &options).expect("a table");
        let data = data.with(HeldOut::Test, &test, &options).expect("the same columns");
        let part = data.test.as_ref().expect("just added");
        // The missing `a` is that of the training part's mean.
        assert_eq!(part.values, Values::F32(ndarray::array![[10.0, 20.0], [1.0, 40.0]]));
        assert_eq!(part.labels, Some(vec![1, 0]));

        let error = data.clone().with(HeldOut::Valid, &train, &options).expect_err("the same file").to_string();
        assert!(error.contains("is given twice"), "{error}");
        let other = written(folder.path(), "other.csv", "a,b,kind\n1,2,z\n");
        let added = data.clone().with_numbers(HeldOut::Valid, &other, &options).expect("any label");
        assert_eq!(added.valid.and_then(|part| part.labels), Some(vec![2]));
        assert_eq!(added.classes, Some(["x", "y", "z"].map(str::to_owned).to_vec()));
        let error = data.with(HeldOut::Valid, &other, &options).expect_err("another class").to_string();
        assert!(error.contains("row 0 has the label `z`, which is none of the training part (x, y)"), "{error}");
    }
}
