//! NPZ, the format of NumPy for an archive of named arrays: samples, labels, and a test part if there is one.

mod archive;
mod directory;
mod entry;

use std::path::Path;

use self::archive::Archive;
use crate::{
    error::DataError,
    labels::SeparateLabels,
    notes::Notes,
    open_data::{OpenData, OpenPart},
    reading::LoadOptions,
    source::choice::choose,
};

/// Opens the samples that `--key` selects. The default is `x_train` or `x` with its labels, or else the only array of
/// rank 2 or more.
pub(crate) fn open(name: String, path: &Path, options: &LoadOptions) -> Result<OpenData, DataError> {
    let archive = Archive::open(path)?;
    let reading = &options.reading;
    let chosen = choose(&archive, reading.key.as_deref(), reading.label_column.as_deref())?;
    let part = |samples: usize, labels: Option<usize>| -> Result<OpenPart, DataError> {
        let samples = &archive.entries()[samples];
        let opened = archive.samples(samples, options)?;
        let separate = |labels: usize| -> Result<SeparateLabels, DataError> {
            let entry = &archive.entries()[labels];
            let labels = archive.labels(entry, options)?;
            Ok(SeparateLabels { path: archive.path_of(entry), labels, notes: Notes::default() })
        };
        let labels = labels.map(separate).transpose()?;
        Ok(OpenPart { path: archive.path_of(samples), opened, labels })
    };
    let train = part(chosen.samples, chosen.labels)?;
    let test = chosen.test.map(|(samples, labels)| part(samples, labels)).transpose()?;
    Ok(OpenData { name, train, test, classes: None })
}

#[cfg(test)]
mod tests;
