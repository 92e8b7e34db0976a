//! Validation and test parts that come from a separate source.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    collect::collect,
    dataset::{Dataset, Part},
    error::DataError,
    labels::Labels,
    missing::Fill,
    open_data::OpenData,
    reading::{Depth, Features, LoadOptions, Missing, Reading},
    source::{self},
};

/// A held-out part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldOut {
    /// The validation part, for the validation loss.
    Valid,
    /// The test part. It replaces the test part of the data, if there is one.
    Test,
}

impl Dataset {
    /// Adds a held-out part from another source. For [`HeldOut::Test`] it takes the test part of the source, if there
    /// is one. Otherwise it takes the training part. Missing values are filled in with the values of this training
    /// part.
    ///
    /// # Errors
    /// Those of [`load`](crate::load); samples with a different shape or type; a class that does not occur in this
    /// training part; and a source that is also the source of this training part.
    pub fn with(self, held_out: HeldOut, spec: &str, options: &LoadOptions) -> Result<Self, DataError> {
        self.with_part(held_out, spec, options, |path, labels, classes| indices_of(path, labels, classes))
    }

    /// Does the same for numeric labels (regression targets): a label that does not occur in the training part is added
    /// to the classes.
    ///
    /// # Errors
    /// Those of [`Dataset::with`], except for unknown classes.
    pub fn with_numbers(self, held_out: HeldOut, spec: &str, options: &LoadOptions) -> Result<Self, DataError> {
        self.with_part(held_out, spec, options, |_, labels, classes| Ok(indices_with_new(labels, classes)))
    }

    fn with_part(
        mut self,
        held_out: HeldOut,
        spec: &str,
        options: &LoadOptions,
        to_indices: impl FnOnce(&Path, &Labels, &mut Vec<String>) -> Result<Vec<u32>, DataError>,
    ) -> Result<Self, DataError> {
        let source = self.open_like(spec, options)?;
        let has_own_test = held_out == HeldOut::Test && source.test.is_some();
        if !has_own_test
            && let Some(data) = &options.reading.data
            && is_same(data, spec)
        {
            return Err(DataError::SameFile { path: PathBuf::from(spec) });
        }
        let part = match (held_out, source.test) {
            (HeldOut::Test, Some(test)) => test,
            (HeldOut::Valid | HeldOut::Test, _) => source.train,
        };
        let mut part = collect(part, options)?;
        part.check_like(&self.sample_shape, self.train.values.is_bytes())?;
        let fill = match options.reading.missing {
            Some(Missing::Drop) => Some(Fill::Drop),
            _ => self.fill.clone().map(Fill::Values),
        };
        part.finish(fill.as_ref())?;
        self.notes.extend(std::mem::take(&mut part.head.notes));
        let labels = match (part.labels, &mut self.classes) {
            (Some(labels), Some(classes)) => Some(to_indices(&part.path, &labels, classes)?),
            _ => None,
        };
        let part = Part { values: part.values, labels };
        match held_out {
            HeldOut::Valid => self.valid = Some(part),
            HeldOut::Test => self.test = Some(part),
        }
        Ok(self)
    }

    /// Opens a source with the columns of the training part, in the same order, if those have names, and with the same
    /// bits per channel of images.
    fn open_like(&self, spec: &str, options: &LoadOptions) -> Result<OpenData, DataError> {
        // Days are counted from the origin of the training part.
        let date_columns = self.date_columns.clone().or_else(|| options.reading.date_columns.clone());
        let said = Reading { date_columns, ..options.reading.clone() };
        let reading = match &self.columns {
            Some(columns) => Reading { columns: Some(columns.clone()), ignore: None, ..said },
            None => {
                let own = Depth::of_samples(&self.sample_shape, self.train.values.is_bytes(), self.range);
                Reading { depth: said.depth.or(own), ..said }
            }
        };
        // The rows of a mixed table become cells by the schema of the training part.
        let (schema, features) = match &self.table {
            Some(schema) => (Some(Arc::new(schema.clone())), Features::Values),
            None => (None, Features::Numbers),
        };
        let like = LoadOptions { schema, features, ..options.clone() };
        match source::open(spec, &LoadOptions { reading, ..like.clone() }) {
            Err(DataError::OptionUnused { .. }) => source::open(spec, &like),
            outcome => outcome,
        }
    }
}

/// Whether two specs name the same source: the same data set, or two paths of the same file.
fn is_same(one: &str, other: &str) -> bool {
    let files = fs::canonicalize(one).ok().zip(fs::canonicalize(other).ok());
    one == other || files.is_some_and(|(one, other)| one == other)
}

/// Converts labels to indices into `classes`.
fn indices_of(path: &Path, labels: &Labels, classes: &[String]) -> Result<Vec<u32>, DataError> {
    let indices: HashMap<&str, u32> = classes.iter().map(String::as_str).zip(0..).collect();
    let labels = labels.clone().parsed();
    let index = |row| {
        let label = labels.name(row);
        indices.get(label.as_ref()).copied().ok_or_else(|| DataError::ClassUnknown {
            path: path.to_owned(),
            row,
            label: label.clone().into_owned(),
            classes: shortened(classes),
        })
    };
    (0..labels.len()).map(index).collect()
}

/// Converts labels to indices into `classes`, and appends labels that are not in `classes` yet.
fn indices_with_new(labels: &Labels, classes: &mut Vec<String>) -> Vec<u32> {
    let mut indices: HashMap<String, u32> = classes.iter().cloned().zip(0..).collect();
    let labels = labels.clone().parsed();
    let index = |row| {
        let label = labels.name(row).into_owned();
        *indices.entry(label).or_insert_with_key(|label| {
            classes.push(label.clone());
            (classes.len() - 1) as u32
        })
    };
    (0..labels.len()).map(index).collect()
}

/// Lists the first 20 names and the index of further names.
fn shortened(classes: &[String]) -> String {
    const MAX_NAMES: usize = 20;
    let names = classes.iter().take(MAX_NAMES).cloned().collect::<Vec<_>>().join(", ");
    if classes.len() > MAX_NAMES { format!("{names} and {} more", classes.len() - MAX_NAMES) } else { names }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Values;

    fn write(folder: &Path, name: &str, text: &str) -> String {
        let path = folder.join(name);
        fs::write(&path, text).expect("written");
        path.to_string_lossy().into_owned()
    }

    #[test]
    fn a_held_out_table_is_matched_by_column_and_class_names() {
        let folder = tempfile::tempdir().expect("a folder");
        let train = write(folder.path(), "train.csv", "id,a,b,kind\n7,1,2,x\n8,,4,y\n");
        let test = write(folder.path(), "test.csv", "kind,b,a\ny,20,10\nx,40,\n");
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
        // The missing `a` is filled in with the mean of the training part.
        assert_eq!(part.values, Values::F32(ndarray::array![[10.0, 20.0], [1.0, 40.0]]));
        assert_eq!(part.labels, Some(vec![1, 0]));

        let error = data.clone().with(HeldOut::Valid, &train, &options).expect_err("the same file").to_string();
        assert!(error.contains("is used both for training"), "{error}");
        let other = write(folder.path(), "other.csv", "a,b,kind\n1,2,z\n");
        let added = data.clone().with_numbers(HeldOut::Valid, &other, &options).expect("any label");
        assert_eq!(added.valid.and_then(|part| part.labels), Some(vec![2]));
        assert_eq!(added.classes, Some(["x", "y", "z"].map(str::to_owned).to_vec()));
        let error = data.with(HeldOut::Valid, &other, &options).expect_err("another class").to_string();
        assert!(error.contains("row 0 has the label `z`, which is not a class of the training part (x, y)"), "{error}");
    }
}
