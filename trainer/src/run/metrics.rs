//! The metrics of a run: a line of JSON an epoch, and the same for TensorBoard.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use narrows_bundle::write_atomic;

use super::{RunError, tensorboard};
use crate::{EpochRecord, Figures, history::wall_time};

const METRICS: &str = "metrics.jsonl";
const EVENTS: &str = "events.out.tfevents.";

/// What happened, and the two files that say so.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    records: Vec<EpochRecord>,
    /// Lines and events, open at their ends.
    files: Vec<(PathBuf, File)>,
}

impl Metrics {
    /// The first `epochs` records of a folder; fewer if lines are missing or damaged.
    pub(super) fn read(folder: &Path, epochs: usize) -> Self {
        let text = fs::read_to_string(folder.join(METRICS)).unwrap_or_default();
        let records = text.lines().map_while(|line| serde_json::from_str::<EpochRecord>(line).ok());
        let records = records.zip(1..=epochs).map_while(|(record, epoch)| (record.epoch == epoch).then_some(record));
        Metrics { records: records.collect(), files: Vec::new() }
    }

    /// Writes the files of a folder anew, with these records in them and nothing else.
    pub(super) fn begin(&mut self, folder: &Path) -> Result<(), RunError> {
        remove_events(folder)?;
        let lines: String = self.records.iter().map(line).collect();
        let began = self.records.first().map_or_else(wall_time, |record| record.wall_time - record.seconds);
        let events = tensorboard::file_start(began).into_iter().chain(self.records.iter().flat_map(event));
        self.files = vec![
            begun(folder.join(METRICS), lines.as_bytes())?,
            // TensorBoard sorts files by the number behind the point.
            begun(folder.join(format!("{EVENTS}{began:.0}.narrows")), &events.collect::<Vec<u8>>())?,
        ];
        Ok(())
    }

    pub(super) fn records(&self) -> &[EpochRecord] {
        &self.records
    }

    pub(super) fn append(&mut self, record: &EpochRecord) -> Result<(), RunError> {
        let added = [line(record).into_bytes(), event(record)];
        for (file, bytes) in self.files.iter_mut().zip(&added) {
            append(file, bytes)?;
        }
        self.records.push(record.clone());
        Ok(())
    }

    /// Makes durable what was appended.
    pub(super) fn sync(&self) -> Result<(), RunError> {
        for (path, file) in &self.files {
            file.sync_data().map_err(RunError::io("write", path))?;
        }
        Ok(())
    }
}

/// Removes the files from a folder.
pub(super) fn remove(folder: &Path) {
    let _ = fs::remove_file(folder.join(METRICS));
    let _ = remove_events(folder);
}

fn begun(path: PathBuf, bytes: &[u8]) -> Result<(PathBuf, File), RunError> {
    write_atomic(&path, bytes).map_err(RunError::io("write", &path))?;
    let file = OpenOptions::new().append(true).open(&path).map_err(RunError::io("write", &path))?;
    Ok((path, file))
}

/// A line is whole or not there: what a full disk let through of it is taken back.
fn append((path, file): &mut (PathBuf, File), bytes: &[u8]) -> Result<(), RunError> {
    let before = file.metadata().map_err(RunError::io("write", path.as_path()))?.len();
    file.write_all(bytes).map_err(|source| {
        let _ = file.set_len(before);
        RunError::Io { action: "write", path: path.clone(), source }
    })
}

fn remove_events(folder: &Path) -> Result<(), RunError> {
    let entries = fs::read_dir(folder).map_err(RunError::io("read", folder))?;
    for entry in entries.filter_map(Result::ok) {
        if entry.file_name().to_string_lossy().starts_with(EVENTS) {
            fs::remove_file(entry.path()).map_err(RunError::io("remove", entry.path()))?;
        }
    }
    Ok(())
}

fn line(record: &EpochRecord) -> String {
    // Numbers under plain names: nothing of it can fail.
    serde_json::to_string(record).map_or_else(|_| String::new(), |line| line + "\n")
}

fn event(record: &EpochRecord) -> Vec<u8> {
    let whole = [
        ("learning_rate", Some(record.learning_rate)),
        ("gradient_norm", Some(record.gradient_norm)),
        ("samples_per_second", Some(record.samples_per_second)),
        ("seconds", Some(record.seconds)),
        ("kl_weight", record.kl_weight),
        ("variance", record.variance),
    ];
    let named = whole.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let train = record.train.named().into_iter().map(|(name, value)| (format!("train/{name}"), value));
    let valid = record.valid.iter().flat_map(Figures::named).map(|(name, value)| (format!("valid/{name}"), value));
    // The losses of a layer are no beginning of those of the whole: they get curves of their own.
    let prefix = record.layer.map_or(String::new(), |layer| format!("layer{layer}/"));
    let values = named.chain(train).chain(valid).map(|(name, value)| (prefix.clone() + &name, value));
    let values: Vec<(String, f64)> = values.collect();
    tensorboard::scalars(record.wall_time, record.epoch as u64, &values)
}
