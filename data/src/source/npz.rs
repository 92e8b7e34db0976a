//! NPZ, the format of NumPy for an archive of named arrays: samples, labels, and a test part if there is one.

mod archive;
mod directory;
mod entry;

use std::path::Path;

use self::{archive::Archive, entry::Entry};
use crate::{
    error::DataError,
    labels::SeparateLabels,
    open_data::{OpenData, OpenPart},
    reading::LoadOptions,
    source::npy::header::Header,
};

/// Usual names of the training samples, training labels, test samples and test labels.
const CONVENTIONS: [[&str; 4]; 2] = [["x_train", "y_train", "x_test", "y_test"], ["x", "y", "", ""]];

/// The maximum number of arrays that an error message lists.
const MAX_LISTED: usize = 20;

/// Opens the samples that `--key` selects. The default is `x_train` or `x` with its labels, or else the only array of
/// rank 2 or more.
pub(crate) fn open(name: String, path: &Path, options: &LoadOptions) -> Result<OpenData, DataError> {
    let archive = Archive::open(path)?;
    let reading = &options.reading;
    let selected = Selection::of(&archive, reading.key.as_deref(), reading.label_column.as_deref())?;
    let part = |samples: &Entry, labels: Option<&Entry>| -> Result<OpenPart, DataError> {
        let opened = archive.samples(samples, options)?;
        let separate = |entry: &Entry| -> Result<SeparateLabels, DataError> {
            let labels = archive.labels(entry, options)?;
            Ok(SeparateLabels { path: archive.path_of(entry), labels })
        };
        let labels = labels.map(separate).transpose()?;
        Ok(OpenPart { path: archive.path_of(samples), opened, labels })
    };
    let train = part(selected.samples, selected.labels)?;
    let test = selected.test.map(|(samples, labels)| part(samples, labels)).transpose()?;
    Ok(OpenData { name, train, test, classes: None })
}

/// The selected arrays.
struct Selection<'a> {
    samples: &'a Entry,
    labels: Option<&'a Entry>,
    test: Option<(&'a Entry, Option<&'a Entry>)>,
}

impl<'a> Selection<'a> {
    fn of(archive: &'a Archive, key: Option<&str>, label_key: Option<&str>) -> Result<Self, DataError> {
        let required = |name: &str| {
            let missing = || {
                let (path, arrays) = (archive.path().to_owned(), list(archive));
                DataError::ArrayMissing { path, name: name.to_owned(), arrays }
            };
            archive.named(name).ok_or_else(missing)
        };
        let labels = label_key.map(required).transpose()?;
        if let Some(key) = key {
            return Ok(Selection { samples: required(key)?, labels, test: None });
        }
        for [x, y, x_test, y_test] in CONVENTIONS {
            let Some(samples) = archive.like(x) else { continue };
            let usual = archive.like(y);
            // If other labels are selected, the test labels of the usual name may not match them.
            let is_usual = labels.is_none_or(|labels| usual.is_some_and(|usual| usual.name == labels.name));
            let test_labels = archive.like(y_test).filter(|_| is_usual && usual.is_some());
            let test = archive.like(x_test).map(|samples| (samples, test_labels));
            return Ok(Selection { samples, labels: labels.or(usual), test });
        }
        Ok(Selection { samples: only_samples(archive, labels)?, labels, test: None })
    }
}

/// Returns the only array that can contain samples.
fn only_samples<'a>(archive: &'a Archive, labels: Option<&Entry>) -> Result<&'a Entry, DataError> {
    let ambiguous = || DataError::ArrayChoice { path: archive.path().to_owned(), arrays: list(archive) };
    let has_rows = |entry: &&Entry| {
        let is_labels = labels.is_some_and(|labels| labels.name == entry.name);
        !is_labels && archive.header(entry).is_ok_and(|header| header.element.is_ok() && header.shape.len() >= 2)
    };
    // Reading each header takes a read of the file, and a choice among so many arrays is never unambiguous.
    if archive.entries().len() > archive::MAX_HEADERS {
        return Err(ambiguous());
    }
    let mut candidates = archive.entries().iter().filter(has_rows);
    match (candidates.next(), candidates.next()) {
        (Some(entry), None) => Ok(entry),
        _ => Err(ambiguous()),
    }
}

/// Lists the arrays with their types and shapes.
fn list(archive: &Archive) -> String {
    let describe = |entry: &Entry| match archive.header(entry) {
        Ok(Header { element, shape, .. }) => {
            let element = element.map_or_else(|name| name, |element| element.to_string());
            format!("{} ({element}, {shape:?})", entry.printable_name())
        }
        Err(_) => format!("{} (not an array)", entry.printable_name()),
    };
    let mut listed: Vec<String> = archive.entries().iter().take(MAX_LISTED).map(describe).collect();
    match archive.entries().len() {
        0 => listed.push("nothing".to_owned()),
        count if count > MAX_LISTED => listed.push(format!("and {} more", count - MAX_LISTED)),
        _ => {}
    }
    listed.join(", ")
}

#[cfg(test)]
mod tests;
