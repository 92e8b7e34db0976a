//! The files of a table in parts, and the partitions of each.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    content_error::ContentError,
    error::DataError,
    folder_entries::{is_left_behind, natural_order},
};

/// The format of the parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) enum Kind {
    Csv,
    JsonLines,
    Parquet,
    Arrow,
}

/// A file with rows of the table.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) path: PathBuf,
    /// The names and the values of the partitions.
    pub(super) partitions: Vec<(String, String)>,
}

impl Part {
    /// The names of the partitions.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.partitions.iter().map(|(name, _)| name)
    }
}

/// The deepest nesting of partitions.
const MAX_DEPTH: usize = 16;

/// Returns the format of the parts, or `None` if the folder is not a table in parts.
///
/// # Errors
/// Parts of two formats.
pub(in crate::source) fn kind_of(folder: &Path) -> Result<Option<Kind>, DataError> {
    let mut kind: Option<(Kind, PathBuf)> = None;
    for part in files(folder, &[], MAX_DEPTH)? {
        match (of_name(&part.path), &kind) {
            (None, _) => return Ok(None),
            (Some(own), None) => kind = Some((own, part.path)),
            (Some(own), Some((known, _))) if own == *known => {}
            (Some(_), Some((_, first))) => {
                let (folder, one, other) = (folder.to_owned(), first.clone(), part.path);
                return Err(DataError::content(ContentError::PartFormats { folder, one, other }));
            }
        }
    }
    Ok(kind.map(|(kind, _)| kind))
}

/// Lists the parts in the order of their names.
pub(super) fn list(folder: &Path) -> Result<Vec<Part>, DataError> {
    files(folder, &[], MAX_DEPTH)
}

/// Lists the files of a folder and of its partitions. Skips the files of systems and of writers, such as `_SUCCESS`.
fn files(folder: &Path, partitions: &[(String, String)], depth: usize) -> Result<Vec<Part>, DataError> {
    let io = |source| DataError::Io { path: folder.to_owned(), source };
    let mut entries = fs::read_dir(folder).map_err(io)?.collect::<Result<Vec<_>, _>>().map_err(io)?;
    entries.sort_by(|one, other| natural_order(&one.file_name(), &other.file_name()));
    let mut parts = Vec::new();
    for entry in entries {
        let name = entry.file_name();
        let is_hidden = name.as_encoded_bytes().starts_with(b".") || name.as_encoded_bytes().starts_with(b"_");
        if is_hidden || is_left_behind(&name) {
            continue;
        }
        let (path, text) = (entry.path(), name.to_string_lossy());
        // Only the names of partitions are looked at, because a folder of images may have a million entries.
        match (text.contains('=') && path.is_dir(), text.split_once('=')) {
            (true, Some((name, value))) if depth > 0 => {
                let own = [(decoded(name), decoded(value))];
                parts.extend(files(&path, &[partitions, &own].concat(), depth - 1)?);
            }
            // Another folder is not part of a table.
            _ => parts.push(Part { path, partitions: partitions.to_vec() }),
        }
    }
    Ok(parts)
}

fn of_name(path: &Path) -> Option<Kind> {
    let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending)) && path.is_file();
    match () {
        () if ends(&[".csv", ".tsv", ".csv.gz", ".tsv.gz"]) => Some(Kind::Csv),
        () if ends(&[".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz"]) => Some(Kind::JsonLines),
        () if ends(&[".parquet", ".pq"]) => Some(Kind::Parquet),
        () if ends(&[".arrow", ".feather", ".ipc"]) => Some(Kind::Arrow),
        () => None,
    }
}

/// Decodes `%3A` and the like, which Hive writes for characters that file names cannot contain.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| byte == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}
