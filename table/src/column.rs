//! The columns of a table: what their values mean, and how the file stores them.

use serde::{Deserialize, Serialize};

use crate::cell::{Cell, CellKind, MONTHS, WEEKDAYS};

/// Separates the values of a class that several columns of a label give.
pub const SEPARATOR: char = ';';

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// The name of the column.
    pub name: String,
    /// What its values mean.
    pub kind: ColumnKind,
    /// How the file stores its values, so that they can be written in the same way.
    pub stored: Stored,
}

/// What the values of a column mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ColumnKind {
    /// Numbers with a normal distribution around their mean.
    Number {
        /// The largest number of decimal places in the training data, if all values have few.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        decimals: Option<u8>,
    },
    /// Numbers with heavy tails, which have a Student-t distribution around their mean.
    HeavyTailed {
        /// As for [`ColumnKind::Number`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        decimals: Option<u8>,
    },
    /// Whole numbers of at least 0: how often something happened.
    Count,
    /// One of a few values without an order: text, booleans or whole numbers.
    Category {
        /// The values, as text.
        levels: Vec<String>,
    },
    /// One of a few values in ascending order.
    Ordered {
        /// The values, as text.
        levels: Vec<String>,
    },
    /// Dates, or dates with times.
    Date {
        /// Whether the dates have a time of day.
        has_time: bool,
    },
    /// The class, or a part of it. The column is not a feature and has no cells; it is written from the class.
    Label {
        /// The place of the value in the name of the class, from 0; the values of several columns are joined by
        /// [`SEPARATOR`].
        #[serde(default)]
        part: usize,
    },
}

/// How a file stores the values of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are those of Arrow's types")]
pub enum Stored {
    Text,
    Boolean,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Float32,
    Float64,
    Date32,
    TimestampSecond,
    TimestampMillisecond,
    TimestampMicrosecond,
    TimestampNanosecond,
}

impl Column {
    /// Returns the cells of the column, whose position in the schema is `column`.
    pub(crate) fn cells(&self, column: usize) -> Vec<Cell> {
        let whole = |kind| vec![Cell { name: self.name.clone(), column, kind }];
        let category = |levels: usize, is_ordered| CellKind::Category { levels, is_ordered };
        match &self.kind {
            ColumnKind::Number { .. } => whole(CellKind::Number),
            ColumnKind::HeavyTailed { .. } => whole(CellKind::HeavyTailed),
            ColumnKind::Count => whole(CellKind::Count),
            ColumnKind::Category { levels } => whole(category(levels.len(), false)),
            ColumnKind::Ordered { levels } => whole(category(levels.len(), true)),
            ColumnKind::Date { has_time } => {
                let part = |name: &str, kind| Cell { name: format!("{}.{name}", self.name), column, kind };
                let time = has_time.then(|| part("time", CellKind::Number));
                let day = std::iter::once(part("day", CellKind::Number)).chain(time);
                let month = part("month", category(MONTHS.len(), false));
                day.chain([month, part("weekday", category(WEEKDAYS.len(), false))]).collect()
            }
            ColumnKind::Label { .. } => Vec::new(),
        }
    }

    /// Returns the vocabulary of a category.
    pub fn levels(&self) -> Option<&[String]> {
        match &self.kind {
            ColumnKind::Category { levels } | ColumnKind::Ordered { levels } => Some(levels),
            ColumnKind::Number { .. }
            | ColumnKind::HeavyTailed { .. }
            | ColumnKind::Count
            | ColumnKind::Date { .. }
            | ColumnKind::Label { .. } => None,
        }
    }
}
