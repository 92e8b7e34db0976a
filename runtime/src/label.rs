//! Classes and labels of conditional models.

use narrows_bundle::Manifest;

use crate::{Error, loaded_graph::LoadedGraph};

/// A class, given by its label or its name. A text is looked up as a name first, then parsed as a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class<'a> {
    /// Label, from 0.
    Number(usize),
    /// Name.
    Name(&'a str),
}

impl From<usize> for Class<'_> {
    fn from(number: usize) -> Self {
        Class::Number(number)
    }
}

impl<'a> From<&'a str> for Class<'a> {
    fn from(name: &'a str) -> Self {
        Class::Name(name)
    }
}

impl<'a> From<&'a String> for Class<'a> {
    fn from(name: &'a String) -> Self {
        Class::Name(name)
    }
}

impl Class<'_> {
    /// Returns the label of the class among the names of `classes`.
    ///
    /// # Errors
    /// [`Error::UnknownClass`], which lists all names.
    pub fn label_in(self, classes: &[String]) -> Result<usize, Error> {
        label_of(self, classes)
    }
}

/// Returns the label of a class.
///
/// # Errors
/// [`Error::UnknownClass`], which lists all names.
pub(crate) fn label_of(class: Class<'_>, classes: &[String]) -> Result<usize, Error> {
    let unknown = |class: String| Error::UnknownClass { class, classes: classes.to_vec() };
    let known = |number: &usize| *number < classes.len();
    match class {
        Class::Number(number) => Some(number).filter(known).ok_or_else(|| unknown(number.to_string())),
        Class::Name(name) => classes
            .iter()
            .position(|class| class == name)
            .or_else(|| name.parse().ok().filter(known))
            .ok_or_else(|| unknown(name.to_owned())),
    }
}

/// Checks the labels: if one of the `graphs` takes labels, every row needs one in the range of the classes; otherwise
/// labels are refused. The range check is needed because the operator Gather silently takes -1 as the last class.
pub(crate) fn check_labels(
    labels: Option<&[i64]>,
    rows: usize,
    graphs: &[&LoadedGraph],
    manifest: &Manifest,
) -> Result<(), Error> {
    let (kind, classes) = (manifest.kind, manifest.classes.as_ref().map_or(0, Vec::len));
    let takes_labels = graphs.iter().any(|graph| graph.takes_labels());
    match labels {
        None if takes_labels => Err(Error::LabelsMissing { kind, classes }),
        None => Ok(()),
        Some(labels) if !takes_labels => Err(Error::LabelsUnexpected { kind: kind.name(), labels: labels.len() }),
        Some(labels) if labels.len() != rows => Err(Error::LabelCount { rows, labels: labels.len() }),
        Some(labels) => {
            let is_class = |label: i64| usize::try_from(label).is_ok_and(|label| label < classes);
            match labels.iter().enumerate().find(|&(_, &label)| !is_class(label)) {
                Some((row, &label)) => Err(Error::LabelRange { row, label, classes }),
                None => Ok(()),
            }
        }
    }
}
