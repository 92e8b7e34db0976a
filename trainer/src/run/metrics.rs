//! The metrics of a run: one line of JSON per epoch, and the same values for TensorBoard.

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

/// Records of the completed epochs, and the two files that contain them.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    records: Vec<EpochRecord>,
    /// The JSON lines and the TensorBoard events, open for appending.
    files: Vec<(PathBuf, File)>,
}

impl Metrics {
    /// Reads the first `epochs` records of a folder; fewer if lines are missing or damaged.
    pub(super) fn read(folder: &Path, epochs: usize) -> Self {
        let text = fs::read_to_string(folder.join(METRICS)).unwrap_or_default();
        let records = text.lines().map_while(|line| serde_json::from_str::<EpochRecord>(line).ok());
        let records = records.zip(1..=epochs).map_while(|(record, epoch)| (record.epoch == epoch).then_some(record));
        Metrics { records: records.collect(), files: Vec::new() }
    }

    /// Rewrites both files of a folder so that they contain exactly these records, and opens them for appending.
    pub(super) fn begin(&mut self, folder: &Path) -> Result<(), RunError> {
        remove_events(folder)?;
        let lines: String = self.records.iter().map(line).collect();
        let start_time = self.records.first().map_or_else(wall_time, |record| record.wall_time - record.seconds);
        let events = tensorboard::file_start(start_time).into_iter().chain(self.records.iter().flat_map(event));
        self.files = vec![
            create_file(folder.join(METRICS), lines.as_bytes())?,
            // TensorBoard sorts files by the number after `tfevents.`.
            create_file(folder.join(format!("{EVENTS}{start_time:.0}.narrows")), &events.collect::<Vec<u8>>())?,
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

    /// Flushes the appended data to disk.
    pub(super) fn sync(&self) -> Result<(), RunError> {
        for (path, file) in &self.files {
            file.sync_data().map_err(RunError::io("write", path))?;
        }
        Ok(())
    }
}

/// Removes both files from a folder.
pub(super) fn remove(folder: &Path) {
    let _ = fs::remove_file(folder.join(METRICS));
    let _ = remove_events(folder);
}

fn create_file(path: PathBuf, bytes: &[u8]) -> Result<(PathBuf, File), RunError> {
    write_atomic(&path, bytes).map_err(RunError::io("write", &path))?;
    let file = OpenOptions::new().append(true).open(&path).map_err(RunError::io("write", &path))?;
    Ok((path, file))
}

/// Appends a complete record. If the write fails, for example on a full disk, the file is truncated to its old length.
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
    // A record consists of plain numbers and names, so serialization cannot fail.
    serde_json::to_string(record).map_or_else(|_| String::new(), |line| line + "\n")
}

fn event(record: &EpochRecord) -> Vec<u8> {
    let common = [
        ("learning_rate", Some(record.learning_rate)),
        ("gradient_norm", Some(record.gradient_norm)),
        ("samples_per_second", Some(record.samples_per_second)),
        ("seconds", Some(record.seconds)),
        ("kl_weight", record.kl_weight),
        ("variance", record.variance),
    ];
    let named = common.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let train = record.train.named().into_iter().map(|(name, value)| (format!("train/{name}"), value));
    let valid = record.valid.iter().flat_map(Figures::named).map(|(name, value)| (format!("valid/{name}"), value));
    // Losses of a pretrained layer are not comparable with those of the complete network, so they get separate curves.
    let prefix = record.layer.map_or(String::new(), |layer| format!("layer{layer}/"));
    let values = named.chain(train).chain(valid).map(|(name, value)| (prefix.clone() + &name, value));
    let values: Vec<(String, f64)> = values.collect();
    tensorboard::scalars(record.wall_time, record.epoch as u64, &values)
}
