//! Which arrays of a file with named arrays contain the samples, the labels and the test part.

use std::path::Path;

use crate::{element::Element, error::DataError, source::npy::dictionary::printable};

/// Usual names of the training samples, training labels, test samples and test labels.
const CONVENTIONS: [[&str; 4]; 2] = [["x_train", "y_train", "x_test", "y_test"], ["x", "y", "", ""]];

/// The maximum number of arrays that an error message lists.
const MAX_LISTED: usize = 20;
/// The maximum number of arrays to search for the samples. A choice among more arrays is never unambiguous.
const MAX_SEARCHED: usize = 1000;

/// The named arrays of a file.
pub(super) trait Arrays {
    /// The path of the file, for error messages.
    fn path(&self) -> &Path;

    /// The names of the arrays, in the order of the file.
    fn names(&self) -> Vec<&str>;

    /// Returns the type and the shape of an array, or `None` if it is not an array. A type that is not supported is its
    /// name in the file.
    fn type_and_shape(&self, array: usize) -> Option<(Result<Element, String>, Vec<usize>)>;
}

/// The selected arrays, each as an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) samples: usize,
    pub(super) labels: Option<usize>,
    /// The samples and the labels of the test part.
    pub(super) test: Option<(usize, Option<usize>)>,
}

/// Chooses the samples that `key` names. The default is `x_train` or `x` with its labels, or else the only array of
/// rank 2 or more.
pub(super) fn choose(arrays: &impl Arrays, key: Option<&str>, label_key: Option<&str>) -> Result<Choice, DataError> {
    let names = arrays.names();
    let required = |name: &str| {
        let missing = || {
            let (path, arrays) = (arrays.path().to_owned(), list(arrays));
            DataError::ArrayMissing { path, name: name.to_owned(), arrays }
        };
        named(&names, name).ok_or_else(missing)
    };
    let labels = label_key.map(required).transpose()?;
    if let Some(key) = key {
        return Ok(Choice { samples: required(key)?, labels, test: None });
    }
    for [x, y, x_test, y_test] in CONVENTIONS {
        let Some(samples) = like(&names, x) else { continue };
        let usual = like(&names, y);
        // If other labels are selected, the test labels of the usual name may not match them.
        let is_usual = labels.is_none_or(|labels| usual.is_some_and(|usual| names[usual] == names[labels]));
        let test_labels = like(&names, y_test).filter(|_| is_usual && usual.is_some());
        let test = like(&names, x_test).map(|samples| (samples, test_labels));
        return Ok(Choice { samples, labels: labels.or(usual), test });
    }
    Ok(Choice { samples: only_samples(arrays, &names, labels)?, labels, test: None })
}

/// Returns the array with this name. If there are two, it is the last one, as in NumPy.
fn named(names: &[&str], name: &str) -> Option<usize> {
    let name = name.strip_suffix(".npy").unwrap_or(name);
    names.iter().rposition(|known| *known == name)
}

/// Returns the array with this name, or else one whose name differs only in case.
fn like(names: &[&str], name: &str) -> Option<usize> {
    named(names, name).or_else(|| names.iter().rposition(|known| known.eq_ignore_ascii_case(name)))
}

/// Returns the only array that can contain samples.
fn only_samples(arrays: &impl Arrays, names: &[&str], labels: Option<usize>) -> Result<usize, DataError> {
    let ambiguous = || DataError::ArrayChoice { path: arrays.path().to_owned(), arrays: list(arrays) };
    let has_rows = |&array: &usize| {
        let is_labels = labels.is_some_and(|labels| names[labels] == names[array]);
        let has_rows = |(element, shape): (Result<Element, String>, Vec<usize>)| element.is_ok() && shape.len() >= 2;
        !is_labels && arrays.type_and_shape(array).is_some_and(has_rows)
    };
    if names.len() > MAX_SEARCHED {
        return Err(ambiguous());
    }
    let mut candidates = (0..names.len()).filter(has_rows);
    match (candidates.next(), candidates.next()) {
        (Some(array), None) => Ok(array),
        _ => Err(ambiguous()),
    }
}

/// Lists the arrays with their types and shapes.
fn list(arrays: &impl Arrays) -> String {
    let names = arrays.names();
    let describe = |(array, name): (usize, &&str)| {
        let name = printable(name);
        match arrays.type_and_shape(array) {
            Some((element, shape)) => {
                let element = element.map_or_else(|name| name, |element| element.to_string());
                format!("{name} ({element}, {shape:?})")
            }
            None => format!("{name} (not an array)"),
        }
    };
    let mut listed: Vec<String> = names.iter().enumerate().take(MAX_LISTED).map(describe).collect();
    match names.len() {
        0 => listed.push("nothing".to_owned()),
        count if count > MAX_LISTED => listed.push(format!("and {} more", count - MAX_LISTED)),
        _ => {}
    }
    listed.join(", ")
}
