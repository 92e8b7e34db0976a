//! A file and the expected result of reading it.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use narrows_data::{Limits, LoadOptions, Missing, Reading, load, stream};

use crate::content::Content;

/// The time limit per file. A second is enough, but other tests may run at the same time.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// The limit on the peak memory of this program in bytes, over all files.
pub(crate) const MAX_MEMORY: u64 = 100_000_000;

/// A file and the expected result of reading it.
pub(crate) struct Case {
    /// The name of the file or folder.
    name: &'static str,
    content: Content,
    reading: Reading,
    limits: Limits,
    outcome: Outcome,
    /// The file that the message must name, if it is not the file itself.
    named: Option<String>,
}

enum Outcome {
    /// An error whose message contains these words and the name of the file.
    Refused(&'static str),
    /// The number of rows.
    Read(usize),
}

/// A file that is refused with a message that contains `words`.
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

/// An unusual file that is valid.
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

    /// Reads the file, and describes how the result differs from the expected one.
    pub(crate) fn failure(self, folder: &Path) -> Option<String> {
        let path = folder.join(self.name);
        self.content.put(&path);
        let labels = self.reading.labels.as_ref();
        let labels = labels.map(|file| folder.join(file).to_string_lossy().into_owned());
        let reading = Reading { labels, ..self.reading };
        let (start, before) = (Instant::now(), peak_memory());
        let options = LoadOptions { reading, limits: self.limits, ..LoadOptions::default() };
        let spec = path.to_string_lossy();
        let loaded = load(&spec, &options).map(|data| data.train.values.rows()).map_err(|error| error.to_string());
        let streamed = all_rows(&spec, &options).map_err(|error| error.to_string());
        let took = start.elapsed();
        let wrong_outcome = match (&self.outcome, &loaded) {
            (Outcome::Read(rows), Ok(found)) if rows == found => None,
            (Outcome::Read(_), _) if loaded.is_ok() => Some(format!("read {loaded:?} rows")),
            (Outcome::Read(_), _) => Some(format!("refused: {loaded:?}")),
            (Outcome::Refused(_), Ok(rows)) => Some(format!("read {rows} rows")),
            (Outcome::Refused(words), Err(message)) => {
                let names_both =
                    message.contains(words) && message.contains(self.named.as_deref().unwrap_or(self.name));
                (!names_both).then(|| format!("`{message}` lacks `{words}` or the name of the file"))
            }
        };
        let difference = (loaded != streamed && options.reading.missing.is_none())
            .then(|| format!("loaded {loaded:?}, streamed {streamed:?}"));
        let slow = (took > TIME_LIMIT).then(|| format!("took {took:?}"));
        let (after, name) = (peak_memory(), self.name);
        if after > before {
            println!("{name}: {before} to {after} bytes");
        }
        let large = (after > MAX_MEMORY && before <= MAX_MEMORY).then(|| format!("{before} to {after} bytes"));
        remove(&path);
        let failures: Vec<String> = [wrong_outcome, difference, slow, large].into_iter().flatten().collect();
        (!failures.is_empty()).then(|| format!("{name}: {}", failures.join("; ")))
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
        fs::remove_dir_all(path).expect("a file of this test");
    } else {
        fs::remove_file(path).expect("a file of this test");
    }
}

/// The peak memory of this program in bytes, or 0 if the system does not report it.
pub(crate) fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|number| number.parse().ok());
    kilobytes.unwrap_or(0u64) * 1024
}
