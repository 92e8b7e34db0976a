//! Rows of a JSON body, without a list for each row: `[[],[],...]` would otherwise take 16 times the memory of its
//! text.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, SeqAccess, Visitor},
};

/// The values of all rows, and their lengths if they differ.
#[derive(Default)]
pub(crate) struct JsonRows {
    pub(crate) values: Vec<f32>,
    pub(crate) count: usize,
    /// Length of the first row.
    first: usize,
    /// The first row of another length: its index and its length.
    other: Option<(usize, usize)>,
}

impl JsonRows {
    /// Returns the index and the length of the first row that does not have `width` values.
    pub(crate) fn wrong_row(&self, width: usize) -> Option<(usize, usize)> {
        match self.count {
            0 => None,
            _ if self.first != width => Some((0, self.first)),
            _ => self.other,
        }
    }
}

impl<'de> Deserialize<'de> for JsonRows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Rows)
    }
}

struct Rows;

impl<'de> Visitor<'de> for Rows {
    type Value = JsonRows;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<JsonRows, A::Error> {
        let mut rows = JsonRows::default();
        loop {
            let before = rows.values.len();
            if list.next_element_seed(Row(&mut rows.values))?.is_none() {
                return Ok(rows);
            }
            let length = rows.values.len() - before;
            if rows.count == 0 {
                rows.first = length;
            } else if rows.first != length && rows.other.is_none() {
                rows.other = Some((rows.count, length));
            }
            rows.count += 1;
        }
    }
}

/// Appends the values of a row.
struct Row<'v>(&'v mut Vec<f32>);

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of numbers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(value) = list.next_element()? {
            self.0.push(value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_parsed_and_the_first_row_of_another_length_is_found() {
        for (text, values, wrong) in [
            ("[]", &[][..], None),
            ("[[1,2],[3,4.5]]", &[1.0, 2.0, 3.0, 4.5], None),
            ("[[1],[2,3]]", &[1.0, 2.0, 3.0], Some((0, 1))),
            ("[[1,2],[],[3]]", &[1.0, 2.0, 3.0], Some((1, 0))),
            ("[[],[]]", &[], Some((0, 0))),
        ] {
            let rows: JsonRows = serde_json::from_str(text).expect("rows");
            assert_eq!((rows.values.as_slice(), rows.wrong_row(2)), (values, wrong), "{text}");
        }
        for (text, error) in [("[1]", "a list of numbers"), ("{}", "a list of rows"), ("[[null]]", "f32")] {
            let found = serde_json::from_str::<JsonRows>(text).err().expect("no rows").to_string();
            assert!(found.contains(error), "{found}");
        }
    }
}
