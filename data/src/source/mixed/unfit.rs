//! Columns of text that can be no category.

use std::path::Path;

use crate::{error::DataError, printable::printable, table_error::TableError};

use super::tally::{Excess, MAX_LEVEL_BYTES, MAX_LEVELS, MAX_VOCABULARY_BYTES};

/// Why a column of text can be no category.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It has no value.
    Empty,
    /// Most texts are different.
    Identifiers {
        /// The number of different texts.
        levels: usize,
        /// The number of texts.
        rows: usize,
    },
    /// It has too many or too long texts.
    Excess(Excess),
}

impl Unfit {
    /// Returns the error of a column that is a feature.
    pub(super) fn error(self, path: &Path, name: &str, option: String) -> DataError {
        let (path, column) = (path.to_owned(), printable(name).into_owned());
        DataError::table(match self {
            Unfit::Empty => TableError::EmptyColumn { path, column },
            Unfit::Identifiers { levels, rows } => TableError::Identifiers { path, column, levels, rows, option },
            Unfit::Excess(Excess::Long(bytes)) => TableError::LongLevel { path, column, bytes, most: MAX_LEVEL_BYTES },
            Unfit::Excess(excess @ (Excess::Levels | Excess::Bytes)) => {
                TableError::Levels { path, column, limit: limit(excess) }
            }
        })
    }

    /// Says why the column is not a feature, and what to do if it should be one.
    pub(super) fn reason(self, option: &str) -> String {
        match self {
            Unfit::Empty => "it has no value".to_owned(),
            Unfit::Identifiers { levels, rows } => {
                format!("it has {levels} different texts in {rows} rows; pass --types {option} if it is a category")
            }
            Unfit::Excess(Excess::Long(bytes)) => {
                format!("it has a text of {bytes} bytes, and a category has at most {MAX_LEVEL_BYTES}")
            }
            Unfit::Excess(excess @ (Excess::Levels | Excess::Bytes)) => {
                format!("it has more than {}, which is too much for a category", limit(excess))
            }
        }
    }
}

fn limit(excess: Excess) -> String {
    match excess {
        Excess::Levels => format!("{MAX_LEVELS} levels"),
        Excess::Bytes => format!("{} MiB of different texts", MAX_VOCABULARY_BYTES >> 20),
        Excess::Long(_) => format!("{MAX_LEVEL_BYTES} bytes in a text"),
    }
}
