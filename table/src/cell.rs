//! The cells of a row: the values that a network receives.

/// The value of a category cell whose level is not in the vocabulary.
pub const UNSEEN: f32 = 0.0;

/// The levels of the month of a date, in the order of the year.
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The levels of the weekday of a date.
pub const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// A cell of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The name of the column; for a part of a date, followed by a dot and the part, as in `sold.month`.
    pub name: String,
    /// The position of the column in the schema.
    pub column: usize,
    /// What the value is.
    pub kind: CellKind,
}

/// What the value of a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellKind {
    /// A number with a normal distribution around its mean.
    Number,
    /// A number with a Student-t distribution around its mean, because the column has heavy tails.
    HeavyTailed,
    /// A whole number of at least 0.
    Count,
    /// The position of a level in the vocabulary, from 1; 0 for a level that is not in it.
    Category {
        /// The number of levels.
        levels: usize,
        /// Whether the levels have an order.
        is_ordered: bool,
    },
}

impl CellKind {
    /// Returns the number of levels of a category; `None` for numbers and counts.
    pub fn levels(self) -> Option<usize> {
        match self {
            CellKind::Category { levels, .. } => Some(levels),
            CellKind::Number | CellKind::HeavyTailed | CellKind::Count => None,
        }
    }
}
