//! NPZ, NumPy's archive of arrays by name: samples, labels, and a test part where it is set apart.

mod archive;
mod directory;
mod entry;

use std::path::Path;

use self::{archive::Archive, entry::Entry};
use crate::{
    error::DataError,
    found::{Found, OpenPart},
    labels::Labels,
    reading::LoadOptions,
    source::npy::header::Header,
};

/// Names under which samples and their labels are kept, with those of a test part.
const CONVENTIONS: [[&str; 4]; 2] = [["x_train", "y_train", "x_test", "y_test"], ["x", "y", "", ""]];

/// Arrays that an error lists by name.
const LISTED: usize = 20;

/// Opens the samples that `--key` names. Without it they are `x_train`, or `x`, with the labels that go by that
/// name, or else the only array that has rows and columns.
pub(crate) fn open(name: String, path: &Path, options: &LoadOptions) -> Result<Found, DataError> {
    let archive = Archive::open(path)?;
    let reading = &options.reading;
    let chosen = Chosen::of(&archive, reading.key.as_deref(), reading.label_column.as_deref())?;
    let part = |samples: &Entry, labels: Option<&Entry>| -> Result<OpenPart, DataError> {
        let opened = archive.samples(samples, options)?;
        let labels = labels.map(|labels| archive.labels(labels, options)).transpose()?.map(Labels::from_numbers);
        Ok(OpenPart { path: archive.path_of(samples), opened, labels })
    };
    let train = part(chosen.samples, chosen.labels)?;
    let test = chosen.test.map(|(samples, labels)| part(samples, labels)).transpose()?;
    Ok(Found { name, train, test, classes: None })
}

/// The arrays that are read.
struct Chosen<'a> {
    samples: &'a Entry,
    labels: Option<&'a Entry>,
    test: Option<(&'a Entry, Option<&'a Entry>)>,
}

impl<'a> Chosen<'a> {
    fn of(archive: &'a Archive, key: Option<&str>, label_key: Option<&str>) -> Result<Self, DataError> {
        let required = |wanted: &str| {
            let missing = || {
                let (path, arrays) = (archive.path().to_owned(), list(archive));
                DataError::ArrayMissing { path, wanted: wanted.to_owned(), arrays }
            };
            archive.named(wanted).ok_or_else(missing)
        };
        let labels = label_key.map(required).transpose()?;
        if let Some(key) = key {
            return Ok(Chosen { samples: required(key)?, labels, test: None });
        }
        for [x, y, x_test, y_test] in CONVENTIONS {
            let Some(samples) = archive.like(x) else { continue };
            let own = archive.like(y);
            // Labels of another name than the usual one say nothing of those of the test part.
            let is_own = labels.is_none_or(|labels| own.is_some_and(|own| own.name == labels.name));
            let test_labels = archive.like(y_test).filter(|_| is_own && own.is_some());
            let test = archive.like(x_test).map(|samples| (samples, test_labels));
            return Ok(Chosen { samples, labels: labels.or(own), test });
        }
        Ok(Chosen { samples: only(archive, labels)?, labels, test: None })
    }
}

/// The only array that may be samples.
fn only<'a>(archive: &'a Archive, labels: Option<&Entry>) -> Result<&'a Entry, DataError> {
    let unclear = || DataError::ArrayChoice { path: archive.path().to_owned(), arrays: list(archive) };
    let has_rows = |entry: &&Entry| {
        let is_labels = labels.is_some_and(|labels| labels.name == entry.name);
        !is_labels && archive.header(entry).is_ok_and(|header| header.element.is_ok() && header.shape.len() >= 2)
    };
    // Each look takes a read of the file, and nobody chooses among so many.
    if archive.entries().len() > archive::MOST_LOOKED_AT {
        return Err(unclear());
    }
    let mut found = archive.entries().iter().filter(has_rows);
    match (found.next(), found.next()) {
        (Some(entry), None) => Ok(entry),
        _ => Err(unclear()),
    }
}

/// The arrays that there are, with their types and shapes.
fn list(archive: &Archive) -> String {
    let describe = |entry: &Entry| match archive.header(entry) {
        Ok(Header { element, shape, .. }) => {
            let element = element.map_or_else(|name| name, |element| element.to_string());
            format!("{} ({element}, {shape:?})", entry.shown())
        }
        Err(_) => format!("{} (no array)", entry.shown()),
    };
    let mut listed: Vec<String> = archive.entries().iter().take(LISTED).map(describe).collect();
    match archive.entries().len() {
        0 => listed.push("nothing".to_owned()),
        count if count > LISTED => listed.push(format!("and {} more", count - LISTED)),
        _ => {}
    }
    listed.join(", ")
}

#[cfg(test)]
mod tests;
