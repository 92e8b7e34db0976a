//! Parses a line to cells of text: numbers, booleans and text as they are, and nothing for null.

use std::{fmt, io::Write, path::Path};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::error::DataError;

/// The maximum number of keys of an object, and of columns that have names.
pub(super) const MAX_KEYS: usize = 1 << 16;
/// The maximum number of values in a line, as in a line of a CSV table.
pub(super) const MAX_CELLS: usize = 1 << 19;

/// What a key of an object contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    /// A number, a boolean or text.
    Scalar,
    /// A list of this many numbers, booleans or nulls.
    List(usize),
    /// Anything else, whose content is not kept.
    Nested,
}

/// A key of an object.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) kind: Kind,
    /// Its first cell.
    pub(super) first: usize,
}

/// The cells of a line, in its order.
#[derive(Debug, Default)]
pub(super) struct Cells {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// The keys of an object; `None` for an array.
    pub(super) entries: Option<Vec<Entry>>,
}

impl Cells {
    /// Replaces the cells by those of a line.
    pub(super) fn parse(&mut self, path: &Path, line: u64, text: &[u8]) -> Result<(), DataError> {
        self.bytes.clear();
        self.ends.clear();
        self.entries = None;
        let mut deserializer = serde_json::Deserializer::from_slice(text);
        let parsed = deserializer.deserialize_any(Line(self)).and_then(|()| deserializer.end());
        let parsed = parsed.and_then(|()| match self.len() > MAX_CELLS {
            true => Err(serde_json::Error::custom(format_args!("more than {MAX_CELLS} values"))),
            false => Ok(()),
        });
        parsed.map_err(|error| {
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            let fault = format!(
                "is not an object or an array of numbers in JSON ({message}, at byte {}); write one per line, with \
                 null for a missing value",
                error.column()
            );
            DataError::json_line(path, line, fault)
        })
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns the text of a cell.
    pub(super) fn cell(&self, cell: usize) -> &[u8] {
        let start = cell.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied());
        let range = start.zip(self.ends.get(cell).copied());
        range.and_then(|(start, end)| self.bytes.get(start..end)).unwrap_or_default()
    }

    fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
    }

    fn push_number(&mut self, number: impl fmt::Display) {
        // Writing to memory cannot fail.
        let _ = write!(self.bytes, "{number}");
        self.ends.push(self.bytes.len());
    }
}

/// Reads the value of a line.
struct Line<'a>(&'a mut Cells);

impl<'de> Visitor<'de> for Line<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object or an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        while let Some(kind) = values.next_element_seed(Value { cells: &mut *self.0, place: Place::Array })? {
            if kind == Kind::Nested {
                return Err(A::Error::custom("a list or an object in the array"));
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        let mut entries: Vec<Entry> = Vec::new();
        while let Some(key) = values.next_key::<String>()? {
            if entries.len() == MAX_KEYS {
                return Err(A::Error::custom(format_args!("more than {MAX_KEYS} keys")));
            }
            let first = self.0.len();
            let kind = values.next_value_seed(Value { cells: &mut *self.0, place: Place::Key })?;
            entries.push(Entry { key, kind, first });
        }
        self.0.entries = Some(entries);
        Ok(())
    }
}

/// Where a value is.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// An item of the array of a line.
    Array,
    /// The value of a key.
    Key,
    /// An item of a list that is the value of a key.
    List,
}

/// Reads a value.
struct Value<'a> {
    cells: &'a mut Cells,
    place: Place,
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Kind;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Kind, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Kind;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Kind, E> {
        self.cells.push(b"");
        Ok(Kind::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Kind, E> {
        self.cells.push(if value { b"true" } else { b"false" });
        Ok(Kind::Scalar)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Kind, E> {
        self.cells.push_number(number);
        Ok(Kind::Scalar)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Kind, E> {
        self.cells.push_number(number);
        Ok(Kind::Scalar)
    }

    fn visit_f64<E>(self, number: f64) -> Result<Kind, E> {
        self.cells.push(ryu::Buffer::new().format(number).as_bytes());
        Ok(Kind::Scalar)
    }

    fn visit_str<E>(self, text: &str) -> Result<Kind, E> {
        match self.place {
            Place::List => return Ok(Kind::Nested),
            Place::Array | Place::Key => self.cells.push(text.as_bytes()),
        }
        Ok(Kind::Scalar)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Kind, A::Error> {
        match self.place {
            Place::Array | Place::List => {
                while values.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(Kind::Nested);
            }
            Place::Key => {}
        }
        let (mut count, mut is_nested) = (0, false);
        while let Some(item) = values.next_element_seed(Value { cells: &mut *self.cells, place: Place::List })? {
            is_nested |= item == Kind::Nested;
            count += 1;
        }
        Ok(if is_nested { Kind::Nested } else { Kind::List(count) })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut values: A) -> Result<Kind, A::Error> {
        while values.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Kind::Nested)
    }
}
