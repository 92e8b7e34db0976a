//! Notes on reading: what a reader passed over, changed or interpreted.
//!
//! Readers add notes when they open a file and while they read rows. [`Head`](crate::Head) holds those of a file,
//! [`Dataset`](crate::Dataset) those of all files that were loaded.

use std::fmt;

use serde::Serialize;

/// What kind of thing a note tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NoteCode {
    /// Columns that are neither features nor labels because of their type.
    Columns,
    /// A column of row numbers that is not a feature.
    Index,
    /// Columns that were renamed because their names occur twice.
    Names,
    /// Files or folders that were not read.
    Files,
    /// Several files that were read as one table, or folders that were read as parts.
    Parts,
    /// Columns whose distinct values become equal in 32-bit floats.
    Precision,
    /// Bits per channel of images that were reduced.
    Depth,
    /// Values that lie far outside the range of the training data.
    Range,
    /// Colours or transparency of images that were converted or dropped.
    Colour,
    /// Images that were rotated or mirrored as their metadata says.
    Orientation,
    /// Frames of an animation, or pages of a document, that were not read.
    Frames,
    /// How the text of a table was interpreted: delimiter, decimal sign, booleans.
    Notation,
    /// How labels were interpreted.
    Labels,
    /// What a sample is: a series or an image.
    Sample,
    /// What the values of the columns of a mixed table mean.
    Types,
    /// Levels of a category that the model does not know.
    Unseen,
}

impl fmt::Display for NoteCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Columns => "columns",
            Self::Index => "index",
            Self::Names => "names",
            Self::Files => "files",
            Self::Parts => "parts",
            Self::Precision => "precision",
            Self::Depth => "depth",
            Self::Range => "range",
            Self::Colour => "colour",
            Self::Orientation => "orientation",
            Self::Frames => "frames",
            Self::Notation => "notation",
            Self::Labels => "labels",
            Self::Sample => "sample",
            Self::Types => "types",
            Self::Unseen => "unseen",
        })
    }
}

/// Something that a reader passed over, changed or interpreted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The kind of thing.
    pub code: NoteCode,
    /// The file or folder, and where necessary the column or row.
    pub place: String,
    /// What happened and what can be done about it, in lower case without a full stop. It does not repeat the place.
    pub text: String,
    /// The features that it is about, as indices. Empty if it is not about single features.
    #[serde(skip)]
    pub features: Vec<usize>,
}

impl Note {
    /// Creates a note.
    pub fn new(code: NoteCode, place: impl fmt::Display, text: impl Into<String>) -> Self {
        Note { code, place: place.to_string(), text: text.into(), features: Vec::new() }
    }

    /// Returns the note with the features that it is about.
    #[must_use]
    pub fn about(self, features: Vec<usize>) -> Self {
        Note { features, ..self }
    }
}

/// `place: text`, one line.
impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.text)
    }
}

/// Notes in the order in which they were added, each once.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Notes(Vec<Note>);

impl Notes {
    /// Adds a note, unless an equal one exists.
    pub fn add(&mut self, note: Note) {
        if !self.0.contains(&note) {
            self.0.push(note);
        }
    }

    /// Whether there are no notes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the notes in the order in which they were added.
    pub fn iter(&self) -> std::slice::Iter<'_, Note> {
        self.0.iter()
    }
}

impl Extend<Note> for Notes {
    fn extend<T: IntoIterator<Item = Note>>(&mut self, notes: T) {
        notes.into_iter().for_each(|note| self.add(note));
    }
}

impl IntoIterator for Notes {
    type Item = Note;
    type IntoIter = std::vec::IntoIter<Note>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Notes {
    type Item = &'a Note;
    type IntoIter = std::slice::Iter<'a, Note>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_notes_are_kept_once_and_in_order() {
        let note = |text: &str| Note::new(NoteCode::Files, "photos", text);
        let mut notes = Notes::default();
        notes.extend([note("b"), note("a"), note("b")]);
        assert_eq!(notes.iter().map(ToString::to_string).collect::<Vec<_>>(), ["photos: b", "photos: a"]);
        let json = serde_json::to_value(&notes).expect("text");
        assert_eq!(json[0], serde_json::json!({"code": "files", "place": "photos", "text": "b"}));
    }

    #[test]
    fn a_code_reads_alike_in_text_and_in_json() {
        for code in [NoteCode::Columns, NoteCode::Orientation, NoteCode::Notation] {
            assert_eq!(serde_json::to_value(code).expect("text"), code.to_string());
        }
    }
}
