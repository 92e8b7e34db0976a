//! Rows of one part of a data set, with the classes that a model takes.

use anyhow::{Context, bail};
use narrows_data::{Dataset, Part};
use narrows_runtime::{Autoencoder, Class};

/// Rows of one part of a data set.
#[derive(Debug)]
pub(crate) struct SelectedRows<'a> {
    pub(crate) part: &'a Part,
    /// Indices of the rows, ascending.
    pub(crate) rows: Vec<usize>,
    /// Names of the classes in the data set.
    pub(super) classes: &'a [String],
    /// The data as the user named it.
    pub(crate) spec: String,
}

impl<'a> SelectedRows<'a> {
    /// Selects rows of a part of `data`, which the user named `spec`.
    pub(super) fn of(part: &'a Part, rows: Vec<usize>, data: &'a Dataset, spec: &str) -> Self {
        let classes = data.classes.as_deref().unwrap_or_default();
        SelectedRows { part, rows, classes, spec: spec.to_owned() }
    }

    /// Returns other rows of the same part.
    pub(super) fn with_rows(&self, rows: Vec<usize>) -> Self {
        SelectedRows { part: self.part, rows, classes: self.classes, spec: self.spec.clone() }
    }

    /// Returns the class of every row as an index of the model's classes; `None` if the model takes no labels.
    pub(crate) fn labels(&self, model: &Autoencoder) -> anyhow::Result<Option<Vec<i64>>> {
        if !model.takes_labels() {
            return Ok(None);
        }
        let Some(labels) = &self.part.labels else {
            bail!(
                "this model needs the class of every sample, but `{}` has no labels; name them with --labels, \
                 --label-column or --calibration-labels",
                self.spec
            );
        };
        let index_of = |&row: &usize| {
            let name = labels.get(row).and_then(|&label| self.classes.get(label as usize)).map_or("", String::as_str);
            let index = Class::Name(name).label_in(model.classes());
            Ok(index.with_context(|| format!("labels of `{}`", self.spec))? as i64)
        };
        self.rows.iter().map(index_of).collect::<anyhow::Result<_>>().map(Some)
    }
}
