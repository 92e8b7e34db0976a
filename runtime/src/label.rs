//! Labels and classes: what a conditional model is told with every row.

use narrows_bundle::Manifest;

use crate::{Error, loaded_graph::LoadedGraph};

/// A class by its number or its name; a name wins over a number that is written the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class<'a> {
    /// Its label, from 0.
    Number(usize),
    /// Its name.
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

/// The number of a class.
///
/// # Errors
/// [`Error::UnknownClass`], with all names.
pub(crate) fn number_of(class: Class<'_>, classes: &[String]) -> Result<usize, Error> {
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

/// Checks that every row has a label that names a class, if one of the `halves` takes labels, and
/// that there are none otherwise. Gather would take -1 for the last class without a word.
pub(crate) fn check_labels(
    labels: Option<&[i64]>,
    rows: usize,
    halves: &[&LoadedGraph],
    manifest: &Manifest,
) -> Result<(), Error> {
    let (kind, classes) = (manifest.kind, manifest.classes.as_ref().map_or(0, Vec::len));
    let taken = halves.iter().any(|half| half.takes_labels());
    match labels {
        None if taken => Err(Error::LabelsMissing { kind, classes }),
        None => Ok(()),
        Some(labels) if !taken => Err(Error::LabelsUnexpected { kind: kind.name(), labels: labels.len() }),
        Some(labels) if labels.len() != rows => Err(Error::LabelCount { rows, labels: labels.len() }),
        Some(labels) => {
            let names_class = |label: i64| usize::try_from(label).is_ok_and(|label| label < classes);
            match labels.iter().enumerate().find(|&(_, &label)| !names_class(label)) {
                Some((row, &label)) => Err(Error::LabelRange { row, label, classes }),
                None => Ok(()),
            }
        }
    }
}
