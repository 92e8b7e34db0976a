//! What is wrong with the values of a table.

use crate::column::Stored;

/// Why values cannot be encoded, or cells not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// A value is not of the type of its column.
    #[error("column `{column}`, row {row}: {value} is not {expected}; {advice}")]
    Value {
        /// The name of the column.
        column: String,
        /// The row, from 0.
        row: usize,
        /// The value, shortened and in quotes.
        value: String,
        /// What the column contains.
        expected: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// A value is missing, but the network was trained on complete rows.
    #[error(
        "column `{column}`, row {row}: the value is missing; fill it in or leave out the row, or train a model with \
         --missing mask, which takes missing values as they are"
    )]
    Missing {
        /// The name of the column.
        column: String,
        /// The row, from 0.
        row: usize,
    },
    /// The rows lack columns of the table.
    #[error("the rows have no column {}; the model was trained with {them}", listed(.names), them = them(.names))]
    ColumnsMissing {
        /// The names of the columns.
        names: Vec<String>,
    },
    /// A column has a type without values that a table can have.
    #[error("column `{column}` has the type {found}, expected text, numbers, booleans or dates")]
    Type {
        /// The name of the column.
        column: String,
        /// Its type.
        found: String,
    },
    /// An array of cells has another length than the rows of the table.
    #[error("{found} cells are not rows of {cells} cells")]
    Length {
        /// The number of cells.
        found: usize,
        /// The number of cells of a row.
        cells: usize,
    },
    /// The number of class names is not that of the rows.
    #[error("there are {found} labels for {rows} rows, expected one label for each row")]
    Labels {
        /// The number of labels.
        found: usize,
        /// The number of rows.
        rows: usize,
    },
    /// A class name cannot be stored in the column of the label.
    #[error("column `{column}`, row {row}: the class {value} cannot be stored as {stored:?}")]
    Label {
        /// The name of the column.
        column: String,
        /// The row, from 0.
        row: usize,
        /// The value, shortened and in quotes.
        value: String,
        /// How the column is stored.
        stored: Stored,
    },
}

/// The maximum number of characters of a value in a message.
const MAX_CHARACTERS: usize = 40;
/// The maximum number of names in a message.
const MAX_NAMES: usize = 12;

/// Makes a value fit into one line of a message.
pub(crate) fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_CHARACTERS).flat_map(char::escape_debug).collect();
    if text.chars().nth(MAX_CHARACTERS).is_some() {
        shown.push_str("...");
    }
    format!("`{shown}`")
}

fn listed(names: &[String]) -> String {
    let mut shown: Vec<_> = names.iter().take(MAX_NAMES).map(|name| quoted(name)).collect();
    if names.len() > MAX_NAMES {
        shown.push(format!("and {} more", names.len() - MAX_NAMES));
    }
    shown.join(", ")
}

fn them(names: &[String]) -> &'static str {
    if names.len() == 1 { "it" } else { "them" }
}
