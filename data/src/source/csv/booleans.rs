//! Columns of booleans in text: `True` and `False`, or `yes` and `no`, in any case. They become 1 and 0.
//!
//! The first value of a column that is not missing decides whether it contains booleans. All its values are then
//! booleans of the same notation, so that a mistyped cell is not read as a number.

use crate::notes::{Note, NoteCode};

/// The two words of a notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Words {
    TrueFalse,
    YesNo,
}

/// Returns the notation and the value of a word.
pub(super) fn word(cell: &[u8]) -> Option<(Words, f32)> {
    let words = [
        ("true", (Words::TrueFalse, 1.0)),
        ("false", (Words::TrueFalse, 0.0)),
        ("yes", (Words::YesNo, 1.0)),
        ("no", (Words::YesNo, 0.0)),
    ];
    words.into_iter().find(|(word, _)| cell.eq_ignore_ascii_case(word.as_bytes())).map(|(_, value)| value)
}

/// What is known about a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// All values up to this number of rows are missing.
    Missing(usize),
    Booleans(Words),
}

/// Which features contain booleans.
#[derive(Debug)]
pub(super) struct Booleans {
    kinds: Vec<Kind>,
    /// The number of features that contain booleans.
    count: usize,
}

impl Booleans {
    pub(super) fn new(features: usize) -> Self {
        Booleans { kinds: vec![Kind::Missing(0); features], count: 0 }
    }

    /// Whether a feature contains booleans, so that a number in it is an error.
    #[inline]
    pub(super) fn contains(&self, feature: usize) -> bool {
        self.count > 0 && matches!(self.kinds.get(feature), Some(Kind::Booleans(_)))
    }

    /// Takes a missing value in row `row` of the table.
    pub(super) fn add_missing(&mut self, feature: usize, row: usize) {
        if let Some(Kind::Missing(rows)) = self.kinds.get_mut(feature)
            && *rows == row
        {
            *rows += 1;
        }
    }

    /// Takes a cell in row `row` that is not a number. Returns its value if it is a boolean in a column of booleans.
    pub(super) fn value(&mut self, feature: usize, row: usize, cell: &[u8]) -> Option<f32> {
        let (words, value) = word(cell)?;
        match self.kinds.get_mut(feature)? {
            Kind::Booleans(known) => (*known == words).then_some(value),
            kind @ Kind::Missing(_) => {
                let is_first = *kind == Kind::Missing(row);
                if is_first {
                    *kind = Kind::Booleans(words);
                    self.count += 1;
                }
                is_first.then_some(value)
            }
        }
    }

    /// Describes the columns of booleans. `name` formats a feature.
    pub(super) fn note(&self, place: impl std::fmt::Display, name: impl Fn(usize) -> String) -> Option<Note> {
        let of = |words| {
            let features = self.kinds.iter().enumerate().filter(move |(_, kind)| **kind == Kind::Booleans(words));
            features.map(|(feature, _)| name(feature)).collect::<Vec<_>>()
        };
        let described = [(Words::TrueFalse, "true and false"), (Words::YesNo, "yes and no")].map(|(words, text)| {
            let names = of(words);
            (!names.is_empty()).then(|| format!("{text} in {} are read as 1 and 0", names.join(", ")))
        });
        let described: Vec<String> = described.into_iter().flatten().collect();
        (!described.is_empty()).then(|| Note::new(NoteCode::Notation, place, described.join("; ")))
    }
}
