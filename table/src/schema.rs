//! The columns of a table, in the order of its file.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::{
    cell::Cell,
    column::{Column, ColumnKind, Stored},
};

/// The largest number of columns, and of levels of all columns together. It is far above that of any table, and limits
/// the memory for the schema of an untrusted file.
const MAX_SIZE: usize = 1 << 24;

/// The columns of a table, in the order of its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// The columns.
    pub columns: Vec<Column>,
    /// What a missing value is to the network.
    pub missing: MissingCells,
}

/// What a missing value is to the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingCells {
    /// No value may be missing: the network was trained on complete rows.
    #[default]
    Refused,
    /// Any value may be missing: the network was trained with masked cells.
    Masked,
}

/// What is wrong with a schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// There is no column with a cell.
    #[error("the table has no column that is a feature")]
    NoCells,
    /// Two columns, or two levels of a column, have the same name.
    #[error("{what} `{name}` occurs twice")]
    Duplicate {
        /// `column`, or `level of column x`.
        what: String,
        /// The name.
        name: String,
    },
    /// A category has no levels.
    #[error("column `{column}` is a category without levels")]
    NoLevels {
        /// The name of the column.
        column: String,
    },
    /// The file cannot store values of this kind in this way.
    #[error("column `{column}` is {kind}, but its values are stored as {stored:?}")]
    Stored {
        /// The name of the column.
        column: String,
        /// What its values mean.
        kind: &'static str,
        /// How they are stored.
        stored: Stored,
    },
    /// The places of the columns of the label are not 0, 1, 2 and so on.
    #[error("the columns of the label have wrong places in the name of a class")]
    LabelParts,
    /// There are too many columns or levels.
    #[error("the table has {count} columns and levels, at most {MAX_SIZE} are supported")]
    TooLarge {
        /// Their number.
        count: usize,
    },
}

impl Schema {
    /// Returns the cells of a row, in the order of the columns.
    pub fn cells(&self) -> Vec<Cell> {
        self.columns.iter().enumerate().flat_map(|(index, column)| column.cells(index)).collect()
    }

    /// Returns the columns of the label, in the order of their values in the name of a class, with their positions in
    /// that name.
    pub fn label_columns(&self) -> Vec<(usize, &Column)> {
        let part = |column: &Column| match column.kind {
            ColumnKind::Label { part } => Some(part),
            ColumnKind::Number { .. }
            | ColumnKind::HeavyTailed { .. }
            | ColumnKind::Count
            | ColumnKind::Category { .. }
            | ColumnKind::Ordered { .. }
            | ColumnKind::Date { .. } => None,
        };
        let mut columns: Vec<_> = self.columns.iter().filter_map(|column| Some((part(column)?, column))).collect();
        columns.sort_by_key(|(part, _)| *part);
        columns
    }

    /// Checks a schema, for example of an untrusted manifest.
    ///
    /// # Errors
    /// [`SchemaError`] for the first contradiction.
    pub fn check(&self) -> Result<(), SchemaError> {
        let levels = |column: &Column| column.levels().map_or(0, <[String]>::len);
        let count = self.columns.iter().fold(self.columns.len(), |total, column| total.saturating_add(levels(column)));
        if count > MAX_SIZE {
            return Err(SchemaError::TooLarge { count });
        }
        check_unique("column", self.columns.iter().map(|column| &column.name))?;
        for column in &self.columns {
            let Column { name, kind, stored } = column;
            if let Some(levels) = column.levels() {
                check_unique(&format!("level of column `{name}`"), levels.iter())?;
                if levels.is_empty() {
                    return Err(SchemaError::NoLevels { column: name.clone() });
                }
            }
            if !kind.can_be(*stored) {
                return Err(SchemaError::Stored { column: name.clone(), kind: kind.name(), stored: *stored });
            }
        }
        if self.columns.iter().all(|column| column.kind.is_label()) {
            return Err(SchemaError::NoCells);
        }
        let parts = self.label_columns().into_iter().map(|(part, _)| part);
        if parts.enumerate().any(|(place, part)| place != part) {
            return Err(SchemaError::LabelParts);
        }
        Ok(())
    }
}

impl ColumnKind {
    /// Returns the name of the kind, as in `--types`.
    pub fn name(&self) -> &'static str {
        match self {
            ColumnKind::Number { .. } => "number",
            ColumnKind::HeavyTailed { .. } => "heavy-tailed",
            ColumnKind::Count => "count",
            ColumnKind::Category { .. } => "category",
            ColumnKind::Ordered { .. } => "ordered",
            ColumnKind::Date { .. } => "date",
            ColumnKind::Label { .. } => "label",
        }
    }

    /// Returns whether the column is the class or a part of it.
    pub fn is_label(&self) -> bool {
        matches!(self, ColumnKind::Label { .. })
    }

    /// Returns whether a file can store values of this kind in this way.
    fn can_be(&self, stored: Stored) -> bool {
        match stored {
            Stored::Text => true,
            Stored::Date32
            | Stored::TimestampSecond
            | Stored::TimestampMillisecond
            | Stored::TimestampMicrosecond
            | Stored::TimestampNanosecond => matches!(self, ColumnKind::Date { .. } | ColumnKind::Label { .. }),
            Stored::Boolean
            | Stored::Int8
            | Stored::Int16
            | Stored::Int32
            | Stored::Int64
            | Stored::UInt8
            | Stored::UInt16
            | Stored::UInt32
            | Stored::UInt64
            | Stored::Float32
            | Stored::Float64 => !matches!(self, ColumnKind::Date { .. }),
        }
    }
}

fn check_unique<'a>(what: &str, names: impl Iterator<Item = &'a String>) -> Result<(), SchemaError> {
    let mut known = HashSet::new();
    for name in names {
        if !known.insert(name) {
            return Err(SchemaError::Duplicate { what: what.to_owned(), name: name.clone() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CellKind, Layout};

    fn column(name: &str, kind: ColumnKind, stored: Stored) -> Column {
        Column { name: name.to_owned(), kind, stored }
    }

    fn levels(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    fn schema() -> Schema {
        Schema {
            columns: vec![
                column("country", ColumnKind::Category { levels: levels(&["NL", "DE"]) }, Stored::Text),
                column("amount", ColumnKind::Number { decimals: Some(2) }, Stored::Float64),
                column("sold", ColumnKind::Date { has_time: true }, Stored::TimestampMillisecond),
                column("class", ColumnKind::Label { part: 0 }, Stored::Text),
                column("visits", ColumnKind::Count, Stored::Int64),
            ],
            missing: MissingCells::Refused,
        }
    }

    #[test]
    fn cells_follow_the_columns_and_a_layout_separates_numbers_from_categories() {
        let cells = schema().cells();
        let names: Vec<&str> = cells.iter().map(|cell| cell.name.as_str()).collect();
        assert_eq!(names, ["country", "amount", "sold.day", "sold.time", "sold.month", "sold.weekday", "visits"]);
        assert_eq!(cells[0].kind, CellKind::Category { levels: 2, is_ordered: false });
        let layout = Layout::of(&cells);
        assert_eq!(layout.numbers, [1, 2, 3, 6]);
        assert_eq!(layout.categories, [(0, 2), (4, 12), (5, 7)]);
        assert_eq!((layout.cells(), layout.levels()), (7, 21));
    }

    #[test]
    fn a_schema_survives_a_round_trip_through_json() {
        let json = serde_json::to_string(&schema()).expect("plain data");
        assert!(json.contains(r#"{"name":"visits","kind":{"type":"count"},"stored":"int64"}"#), "{json}");
        assert_eq!(serde_json::from_str::<Schema>(&json).expect("just written"), schema());
    }

    #[test]
    fn the_error_names_the_contradiction() {
        assert_eq!(schema().check(), Ok(()));
        type Corrupt = fn(&mut Schema);
        let defects: [(&str, Corrupt); 6] = [
            ("the label have wrong places", |schema| schema.columns[3].kind = ColumnKind::Label { part: 1 }),
            ("column `amount` occurs twice", |schema| schema.columns[0].name = "amount".to_owned()),
            ("level of column `country` `NL` occurs twice", |schema| {
                schema.columns[0].kind = ColumnKind::Category { levels: levels(&["NL", "NL"]) };
            }),
            ("a category without levels", |schema| {
                schema.columns[0].kind = ColumnKind::Ordered { levels: Vec::new() };
            }),
            ("is date, but its values are stored as Float64", |schema| schema.columns[2].stored = Stored::Float64),
            ("no column that is a feature", |schema| schema.columns.retain(|column| column.kind.is_label())),
        ];
        for (expected, corrupt) in defects {
            let mut schema = schema();
            corrupt(&mut schema);
            let error = schema.check().expect_err(expected).to_string();
            assert!(error.contains(expected), "`{error}` should contain `{expected}`");
        }
    }
}
