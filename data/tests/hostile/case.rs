//! A file that is read, and what has to become of it.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use narrows_data::{Limits, LoadOptions, Missing, Reading, load, stream};

use crate::content::Content;

/// An error should be there within a second; this many on a machine that tests many things at once.
const SOON: Duration = Duration::from_secs(10);
/// Of the whole program, over all files.
pub(crate) const MOST_MEMORY: u64 = 100_000_000;

/// A file, and what becomes of it.
pub(crate) struct Case {
    /// The file, or the folder.
    name: &'static str,
    content: Content,
    reading: Reading,
    limits: Limits,
    outcome: Outcome,
    /// What the message has to name, where it is not the file itself.
    named: Option<String>,
}

enum Outcome {
    /// The message holds this, and the name of the file.
    Refused(&'static str),
    /// So many rows.
    Read(usize),
}

/// A file that is refused with these words.
pub(crate) fn refused(name: &'static str, content: impl Into<Content>, words: &'static str) -> Case {
    Case {
        name,
        content: content.into(),
        reading: Reading::default(),
        limits: Limits::default(),
        outcome: Outcome::Refused(words),
        named: None,
    }
}

/// A file that only looks odd.
pub(crate) fn fine(name: &'static str, content: impl Into<Content>, rows: usize) -> Case {
    Case { outcome: Outcome::Read(rows), ..refused(name, content, "") }
}

impl Case {
    pub(crate) fn read_as(self, reading: Reading) -> Self {
        Case { reading, ..self }
    }

    pub(crate) fn missing(self, missing: Missing) -> Self {
        self.read_as(Reading { missing: Some(missing), ..Reading::default() })
    }

    pub(crate) fn naming(self, other: &str) -> Self {
        Case { named: Some(other.to_owned()), ..self }
    }

    pub(crate) fn within(self, limits: Limits) -> Self {
        Case { limits, ..self }
    }

    /// What is wrong with how it was read.
    pub(crate) fn fault(self, folder: &Path) -> Option<String> {
        let path = folder.join(self.name);
        self.content.put(&path);
        let labels = self.reading.labels.as_ref();
        let labels = labels.map(|file| folder.join(file).to_string_lossy().into_owned());
        let reading = Reading { labels, ..self.reading };
        let (begun, before) = (Instant::now(), peak_memory());
        let options = LoadOptions { reading, limits: self.limits, sets: None };
        let spec = path.to_string_lossy();
        let loaded = load(&spec, &options).map(|data| data.train.values.rows()).map_err(|error| error.to_string());
        let streamed = all_rows(&spec, &options).map_err(|error| error.to_string());
        let took = begun.elapsed();
        let wrong = match (&self.outcome, &loaded) {
            (Outcome::Read(rows), Ok(found)) if rows == found => None,
            (Outcome::Read(_), _) if loaded.is_ok() => Some(format!("read {loaded:?} rows")),
            (Outcome::Read(_), _) => Some(format!("refused: {loaded:?}")),
            (Outcome::Refused(_), Ok(rows)) => Some(format!("read {rows} rows")),
            (Outcome::Refused(words), Err(message)) => {
                let is_told = message.contains(words) && message.contains(self.named.as_deref().unwrap_or(self.name));
                (!is_told).then(|| format!("`{message}` lacks `{words}` or the file's name"))
            }
        };
        let other = (loaded != streamed && options.reading.missing.is_none())
            .then(|| format!("loaded {loaded:?}, streamed {streamed:?}"));
        let slow = (took > SOON).then(|| format!("took {took:?}"));
        let (after, name) = (peak_memory(), self.name);
        if after > before {
            println!("{name}: {before} to {after} bytes");
        }
        let large = (after > MOST_MEMORY && before <= MOST_MEMORY).then(|| format!("{before} to {after} bytes"));
        remove(&path);
        let faults: Vec<String> = [wrong, other, slow, large].into_iter().flatten().collect();
        (!faults.is_empty()).then(|| format!("{name}: {}", faults.join("; ")))
    }
}

fn all_rows(spec: &str, options: &LoadOptions) -> Result<usize, narrows_data::DataError> {
    let streams = stream(spec, options)?;
    let mut rows = streams.train;
    while rows.next(100, None)?.is_some() {}
    Ok(rows.read() - rows.dropped())
}

fn remove(path: &Path) {
    if path.is_dir() {
        fs::remove_dir_all(path).expect("ours");
    } else {
        fs::remove_file(path).expect("ours");
    }
}

/// The most memory that this program has had at once, in bytes; 0 where the system does not say.
pub(crate) fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|number| number.parse().ok());
    kilobytes.unwrap_or(0u64) * 1024
}
