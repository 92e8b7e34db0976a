//! What to do about a table that does not have the expected cells.

use std::collections::BTreeMap;

use super::{
    booleans::word,
    cells::{Cell, content, is_blank, shortened, text},
    columns::default_name,
    dialect::Syntax,
    heading::Heading,
    numbers::Numbers,
    table::Table,
};
use crate::{
    column_types::typed, content_error::ContentError, error::DataError, reading::Character, windows::time::is_date,
};

/// The delimiters of other dialects.
const DELIMITERS: [u8; 3] = [b';', b'\t', b'|'];

impl Table {
    /// Returns what to do about a cell of text that has another notation than the options say. `None` for other text.
    pub(super) fn notation_advice(&self, feature: usize, cell: &str) -> Option<String> {
        if self.booleans.contains(feature) {
            let category = match self.may_be_mixed {
                true => format!(", or pass --types {} if the column is a category", self.typed(feature, "category")),
                false => String::new(),
            };
            return Some(format!("the values above are booleans of one notation, so correct the cell{category}"));
        }
        match self.dialect.syntax {
            Syntax::Csv => {}
            Syntax::JsonLines => return None,
        }
        of_notation(self.columns.width, self.dialect.numbers, cell)
    }

    /// Returns what to do about a cell of text that is no number in any notation.
    pub(super) fn text_advice(&self, feature: usize, cell: &str) -> String {
        if self.may_be_mixed {
            let (kind, what) = if is_date(cell) { ("date", "has dates") } else { ("category", "is a category") };
            let option = self.typed(feature, kind);
            let otherwise = if self.has_selection { "leave it out of --columns" } else { "exclude it with --ignore" };
            return format!("correct the cell, pass --types {option} if the column {what}, or {otherwise}");
        }
        if is_date(cell) {
            let name = self.name_as_typed(feature);
            return format!(
                "pass --date-columns {name} to make features of its dates, or exclude it with --ignore {name}"
            );
        }
        let advice = if self.has_selection {
            "correct the cell, or leave the column out of --columns"
        } else {
            "correct the cell, exclude the column with --ignore, or use it as the labels with --label-column"
        };
        advice.to_owned()
    }

    /// Returns the type of a feature as it is typed in a shell.
    fn typed(&self, feature: usize, kind: &str) -> String {
        match self.head.columns.as_ref().and_then(|names| names.get(feature)) {
            Some(name) => typed(name, kind),
            None => typed(&default_name(self.columns.sample[feature]), kind),
        }
    }

    /// Returns the name of a feature, or else the index of its column, as it is typed in a shell.
    fn name_as_typed(&self, feature: usize) -> String {
        match self.head.columns.as_ref().and_then(|names| names.get(feature)) {
            Some(name) if name.contains(char::is_control) => self.columns.sample[feature].to_string(),
            Some(name) if name.contains([',', '"', ' ']) => format!("'{}'", quoted(name)),
            Some(name) => name.clone(),
            None => self.columns.sample[feature].to_string(),
        }
    }

    /// Returns what to do about a row with another number of cells than the first line: if the first line has another
    /// delimiter, name it. Empty if nothing is known.
    pub(super) fn ragged_advice(&self) -> String {
        match self.dialect.syntax {
            Syntax::Csv => {}
            Syntax::JsonLines => return String::new(),
        }
        let names = self.head.columns.iter().flatten().chain(self.columns.others.iter().map(|(_, name)| name));
        let first: Vec<&String> = names.collect();
        let has = |delimiter: u8| first.iter().any(|name| name.as_bytes().contains(&delimiter));
        match DELIMITERS.into_iter().find(|&delimiter| has(delimiter)) {
            Some(delimiter) if self.dialect.delimiter == b',' => format!(
                "; the first line contains `{}`, so pass {}, and --decimal ',' if the numbers have a decimal comma",
                Character(delimiter),
                flag(delimiter)
            ),
            Some(delimiter) => {
                format!("; the first line contains `{}`, so pass {}", Character(delimiter), flag(delimiter))
            }
            None if self.read == 0 && self.record.len() == self.columns.width + 1 => self.one_more_cell_advice(),
            None => String::new(),
        }
    }

    /// Returns what to do about a first row with one more cell than the first line.
    fn one_more_cell_advice(&self) -> String {
        let is_last_empty = is_blank(self.record.cell(self.columns.width));
        match (self.columns.heading, is_last_empty) {
            (_, false) if self.columns.width == 1 && self.dialect.delimiter == b',' => {
                "; if it is one number with a decimal comma, pass --decimal ',' --delimiter ';'".to_owned()
            }
            (_, true) => {
                "; it ends with a delimiter, so remove it from each line, or add one to the first line".to_owned()
            }
            (Heading::Names | Heading::NamesByLabel, false) => {
                "; if it starts with a row name, as R's write.table writes it, add a name for it to the first line"
                    .to_owned()
            }
            (Heading::None, false) => String::new(),
        }
    }

    /// Returns the error that names all features with text, if there is more than one in this row and those after it.
    pub(super) fn text_columns(&mut self) -> Result<Option<DataError>, DataError> {
        /// The number of rows to search.
        const MAX_ROWS: usize = 1000;
        if self.has_selection {
            return Ok(None);
        }
        let line = self.record.line;
        let mut found: BTreeMap<usize, String> = BTreeMap::new();
        for _ in 0..MAX_ROWS {
            for (feature, &column) in self.columns.sample.iter().enumerate() {
                let cell = content(self.record.cell(column), self.dialect.quote);
                let is_text = self.dialect.numbers.parse(cell) == Cell::Text && word(cell).is_none();
                if let Some(text) = text(cell).filter(|_| is_text && !found.contains_key(&feature)) {
                    found.insert(feature, shortened(text));
                }
            }
            if !self.advance()? || self.record.len() != self.columns.width {
                break;
            }
        }
        if found.len() < 2 {
            return Ok(None);
        }
        let label = |feature: usize| self.columns.column_label(self.columns.sample[feature], &self.head);
        let columns = found.iter().map(|(&feature, text)| format!("{} (`{text}`)", label(feature))).collect();
        let names: Vec<_> = found.keys().map(|&feature| self.name_as_typed(feature)).collect();
        let names = names.join(",");
        let advice = if self.may_be_mixed {
            let kind = |text: &str| if is_date(text) { "date" } else { "category" };
            let types: Vec<_> = found.iter().map(|(&feature, text)| self.typed(feature, kind(text))).collect();
            format!("pass --types {} to read them as they are, or exclude them with --ignore {names}", types.join(","))
        } else {
            let dates = found.iter().filter(|(_, text)| is_date(text)).map(|(&feature, _)| self.name_as_typed(feature));
            let dates: Vec<_> = dates.collect();
            let dates = match &dates[..] {
                [] => String::new(),
                dates => format!("; --date-columns {} makes features of dates", dates.join(",")),
            };
            format!("exclude them with --ignore {names}, or use one of them as the labels with --label-column{dates}")
        };
        let (path, columns) = (self.path.clone(), joined(columns));
        Ok(Some(DataError::content(ContentError::TextColumns { path, line, columns, advice })))
    }
}

/// Returns what to do about a cell of text that is a number in another notation than `numbers`. `None` for other text.
/// `width` is the number of columns.
pub(super) fn of_notation(width: usize, numbers: Numbers, cell: &str) -> Option<String> {
    let is_number_with = |numbers: Numbers| matches!(numbers.parse(cell.trim().as_bytes()), Cell::Number(_));
    let mut delimiters = DELIMITERS.into_iter().filter(|&delimiter| cell.as_bytes().contains(&delimiter));
    let words = cell.split_whitespace().filter(|word| matches!(Cell::of(word.as_bytes()), Cell::Number(_)));
    match (width, delimiters.next()) {
        (1, Some(delimiter)) => {
            return Some(format!("set the character that separates the cells with {}", flag(delimiter)));
        }
        (1, None) if words.count() > 1 => {
            return Some("set the character that separates the cells with --delimiter ' '".to_owned());
        }
        _ => {}
    }
    let other = if numbers.decimal == b'.' { b',' } else { b'.' };
    let is_decimal = is_number_with(Numbers { decimal: other, thousands: None });
    let is_grouped = is_number_with(Numbers { thousands: Some(other), ..numbers });
    let other = char::from(other);
    match (is_grouped, is_decimal) {
        (true, true) => Some(format!(
            "pass --thousands '{other}' if `{other}` separates thousands, or --decimal '{other}' if it is the \
             decimal sign"
        )),
        (true, false) => Some(format!("pass --thousands '{other}' if `{other}` separates thousands")),
        (false, true) if other == '.' => Some("leave out --decimal, because the decimal sign is a point".to_owned()),
        (false, true) => Some("pass --decimal ',' for numbers with a decimal comma".to_owned()),
        (false, false) => is_number_with(Numbers { decimal: b',', thousands: Some(b'.') })
            .then(|| "pass --decimal ',' and --thousands '.'".to_owned()),
    }
}

/// The flag that sets a delimiter, as it is typed in a shell.
fn flag(delimiter: u8) -> String {
    match delimiter {
        b'\t' => "--delimiter tab".to_owned(),
        other => format!("--delimiter '{}'", char::from(other)),
    }
}

/// Quotes a name as --ignore and --columns read it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Joins the first entries, and counts the others.
fn joined(mut entries: Vec<String>) -> String {
    const MAX_ENTRIES: usize = 20;
    let count = entries.len();
    entries.truncate(MAX_ENTRIES);
    if count > MAX_ENTRIES {
        entries.push(format!("and {} more", count - MAX_ENTRIES));
    }
    entries.join(", ")
}
