//! The columns of the first lines, and the cells of a line in their order.

use std::{collections::HashMap, path::Path};

use super::cells::{Cells, Entry, Kind, MAX_CELLS, MAX_KEYS};
use crate::{counted::counted, error::DataError, source::csv::Record};

/// The columns that the keys of objects give; none for arrays.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// The keys in the order in which they first occur, and what they contain.
    keys: Vec<(String, Kind)>,
    indices: HashMap<String, usize>,
    /// `None` before the first line.
    form: Option<Form>,
}

/// What every line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Object,
    Array,
}

impl Form {
    fn of(cells: &Cells) -> Self {
        if cells.entries.is_some() { Form::Object } else { Form::Array }
    }

    fn name(self) -> &'static str {
        match self {
            Form::Object => "an object",
            Form::Array => "an array",
        }
    }
}

impl Columns {
    /// Adds a line.
    pub(super) fn add(&mut self, path: &Path, line: u64, cells: &Cells) -> Result<(), DataError> {
        self.check_alike(cells).map_err(|fault| DataError::json_line(path, line, fault))?;
        self.form = Some(Form::of(cells));
        for entry in cells.entries.iter().flatten() {
            if self.keys.len() == MAX_KEYS && !self.indices.contains_key(&entry.key) {
                return Err(DataError::json_line(
                    path,
                    line,
                    format!("has key {} of the file; write fewer", MAX_KEYS + 1),
                ));
            }
            let index = *self.indices.entry(entry.key.clone()).or_insert_with(|| {
                self.keys.push((entry.key.clone(), Kind::Null));
                self.keys.len() - 1
            });
            let known = &mut self.keys[index].1;
            // Other differences are errors when the line is read.
            if *known == Kind::Null {
                *known = entry.kind;
            }
        }
        let width: usize = self.keys.iter().map(|(_, kind)| kind.width()).sum();
        if width > MAX_CELLS {
            let fault = format!("brings the columns of the file to {width}, expected at most {MAX_CELLS}; write fewer");
            return Err(DataError::json_line(path, line, fault));
        }
        Ok(())
    }

    /// Whether the columns have names.
    pub(super) fn has_names(&self) -> bool {
        self.form == Some(Form::Object)
    }

    /// Returns the names of all columns.
    pub(super) fn names(&self) -> Vec<String> {
        self.keys.iter().flat_map(|(key, kind)| names_of(key, *kind)).collect()
    }

    /// Returns the names of the columns of a key, or the name itself if it is not the key of a list.
    pub(super) fn expanded(&self, name: &str) -> Vec<String> {
        match self.indices.get(name).and_then(|&index| self.keys.get(index)) {
            Some((key, kind @ Kind::List(_))) => names_of(key, *kind),
            Some(_) | None => vec![name.to_owned()],
        }
    }

    /// Describes the keys that are not read; `None` if all are.
    pub(super) fn left_out(&self) -> Option<String> {
        let nested = self.keys.iter().filter(|(_, kind)| *kind == Kind::Nested);
        let names: Vec<_> = nested.map(|(key, _)| format!("`{key}`")).collect();
        (!names.is_empty()).then(|| {
            format!(
                "objects, nested lists and lists of text are not read: {}; write their numbers as lists",
                names.join(", ")
            )
        })
    }

    /// Writes the cells of a line in the order of the columns. Keys that a line lacks are missing values.
    pub(super) fn put(&self, cells: &Cells, record: &mut Record) -> Result<(), String> {
        self.check_alike(cells)?;
        let Some(entries) = &cells.entries else {
            (0..cells.len()).for_each(|cell| record.push(cells.cell(cell)));
            return Ok(());
        };
        let mut found: Vec<Option<&Entry>> = vec![None; self.keys.len()];
        for entry in entries {
            let Some(&index) = self.indices.get(&entry.key) else {
                return Err(format!(
                    "has the key `{}`, which no earlier line has; write it in the first line, with null for a missing \
                     value",
                    entry.key
                ));
            };
            if found[index].replace(entry).is_some() {
                return Err(format!("has the key `{}` twice; remove one of them", entry.key));
            }
        }
        for ((key, kind), entry) in self.keys.iter().zip(found) {
            let found = entry.map_or(Kind::Null, |entry| entry.kind);
            let first = entry.map_or(0, |entry| entry.first);
            match (*kind, found) {
                (Kind::Nested, _) => {}
                (Kind::Null | Kind::Scalar, Kind::Null) => record.push(b""),
                (Kind::Null | Kind::Scalar, Kind::Scalar) => record.push(cells.cell(first)),
                (Kind::List(count), Kind::Null) => (0..count).for_each(|_| record.push(b"")),
                (Kind::List(count), Kind::List(own)) if count == own => {
                    (first..first + count).for_each(|cell| record.push(cells.cell(cell)));
                }
                (expected, found) => {
                    return Err(format!(
                        "has {} for `{key}`, but earlier lines have {}",
                        named(found),
                        named(expected)
                    ));
                }
            }
        }
        Ok(())
    }

    /// Refuses a mix of objects and arrays.
    fn check_alike(&self, cells: &Cells) -> Result<(), String> {
        let own = Form::of(cells);
        match self.form.filter(|form| *form != own) {
            Some(first) => Err(format!("is {}, but the first line is {}", own.name(), first.name())),
            None => Ok(()),
        }
    }
}

impl Kind {
    /// Returns the number of columns.
    fn width(self) -> usize {
        match self {
            Kind::Null | Kind::Scalar => 1,
            Kind::List(count) => count,
            Kind::Nested => 0,
        }
    }
}

fn names_of(key: &str, kind: Kind) -> Vec<String> {
    match kind {
        Kind::Null | Kind::Scalar => vec![key.to_owned()],
        Kind::List(count) => (0..count).map(|index| format!("{key}_{index}")).collect(),
        Kind::Nested => Vec::new(),
    }
}

fn named(kind: Kind) -> String {
    match kind {
        Kind::Null | Kind::Scalar => "a single value".to_owned(),
        Kind::List(count) => format!("a list of {}", counted(count, "number")),
        Kind::Nested => "an object, a nested list or a list of text".to_owned(),
    }
}
