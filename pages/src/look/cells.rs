//! The values of the columns of a table as text: numbers, and in a mixed table the names of levels and dates.

use narrows_runtime::bundle::{
    Sample,
    table::{Cell, CellKind, Column, ColumnKind, MONTHS, Moment, WEEKDAYS},
};

use serde::Serialize;

use crate::number::Comparable;

/// What the values of each column are.
#[derive(Debug)]
pub(crate) struct Cells(Vec<CellLook>);

#[derive(Debug)]
enum CellLook {
    Number,
    /// The days of a date.
    Day,
    /// The seconds since midnight.
    Time,
    /// The names of the levels.
    Levels(Vec<String>),
}

/// What a column is to the scripts of the explorer.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum CellDescription<'a> {
    Number,
    Day,
    Time,
    Category { levels: &'a [String] },
}

/// How the values of one column are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CellFormat<'a> {
    look: &'a CellLook,
    digits: Comparable,
}

impl Cells {
    /// Returns what the columns of samples are: all numbers, if the samples are not the rows of a mixed table.
    pub(crate) fn of(sample: &Sample) -> Self {
        let Some((schema, cells)) = sample.table.as_ref().zip(sample.cells()) else { return Cells(Vec::new()) };
        let look = |cell: &Cell| schema.columns.get(cell.column).map_or(CellLook::Number, |column| of(column, cell));
        Cells(cells.iter().map(look).collect())
    }

    /// Returns how the values of a column are written. `values` are those that are compared.
    pub(crate) fn format(&self, column: usize, values: impl Iterator<Item = f32>) -> CellFormat<'_> {
        let look = self.0.get(column).unwrap_or(&CellLook::Number);
        CellFormat { look, digits: Comparable::of(values) }
    }

    /// Describes the columns of a mixed table; there is none for other samples.
    pub(crate) fn describe(&self) -> Vec<CellDescription<'_>> {
        let describe = |look| match look {
            &CellLook::Number => CellDescription::Number,
            &CellLook::Day => CellDescription::Day,
            &CellLook::Time => CellDescription::Time,
            CellLook::Levels(levels) => CellDescription::Category { levels },
        };
        self.0.iter().map(describe).collect()
    }

    /// Returns the names of the levels of a column that is a category.
    pub(crate) fn levels(&self, column: usize) -> Option<&[String]> {
        match self.0.get(column)? {
            CellLook::Levels(levels) => Some(levels),
            CellLook::Number | CellLook::Day | CellLook::Time => None,
        }
    }
}

impl CellFormat<'_> {
    /// Writes a value.
    pub(crate) fn text(&self, value: f32) -> String {
        match self.look {
            CellLook::Number if value.is_nan() => "missing".to_owned(),
            CellLook::Number => self.digits.format(value),
            CellLook::Day | CellLook::Time if !value.is_finite() => "missing".to_owned(),
            CellLook::Day => Moment::of_cells(value, 0.0).date_text(),
            CellLook::Time => {
                let text = Moment::of_cells(0.0, value).date_time_text();
                text.split_once(['T', ' ']).map_or_else(|| text.clone(), |(_, time)| time.to_owned())
            }
            CellLook::Levels(levels) => level_name(levels, value).to_owned(),
        }
    }
}

/// Returns the name of a level of a category.
pub(crate) fn level_name(levels: &[String], value: f32) -> &str {
    if value.is_nan() {
        return "missing";
    }
    let position = value as usize;
    position.checked_sub(1).and_then(|index| levels.get(index)).map_or("unseen level", String::as_str)
}

fn of(column: &Column, cell: &Cell) -> CellLook {
    let names = |levels: &[&str]| CellLook::Levels(levels.iter().map(ToString::to_string).collect());
    match (&column.kind, cell.kind) {
        (ColumnKind::Category { levels } | ColumnKind::Ordered { levels }, _) => CellLook::Levels(levels.clone()),
        (ColumnKind::Date { .. }, CellKind::Category { levels, .. }) if levels == MONTHS.len() => names(&MONTHS),
        (ColumnKind::Date { .. }, CellKind::Category { .. }) => names(&WEEKDAYS),
        (ColumnKind::Date { .. }, _) if cell.name.ends_with(".time") => CellLook::Time,
        (ColumnKind::Date { .. }, _) => CellLook::Day,
        (
            ColumnKind::Number { .. } | ColumnKind::HeavyTailed { .. } | ColumnKind::Count | ColumnKind::Label { .. },
            CellKind::Number | CellKind::HeavyTailed | CellKind::Count | CellKind::Category { .. },
        ) => CellLook::Number,
    }
}

#[cfg(test)]
mod tests {
    use narrows_runtime::bundle::table::UNSEEN;

    use super::*;

    #[test]
    fn categories_are_names_and_dates_are_dates() {
        let levels = vec!["NL".to_owned(), "DE".to_owned()];
        let cells = Cells(vec![CellLook::Levels(levels), CellLook::Number, CellLook::Day, CellLook::Time]);
        let text = |column: usize, value: f32| cells.format(column, [value].into_iter()).text(value);
        assert_eq!([1.0, 2.0, UNSEEN, f32::NAN].map(|value| text(0, value)), ["NL", "DE", "unseen level", "missing"]);
        assert_eq!([0.5, f32::NAN].map(|value| text(1, value)), ["0.5", "missing"]);
        assert_eq!([0.0, 31.0, f32::NAN].map(|value| text(2, value)), ["1970-01-01", "1970-02-01", "missing"]);
        assert_eq!(text(3, 3661.0), "01:01:01");
        // A column beyond those that are known is a number.
        assert_eq!(text(9, 2.0), "2");
    }
}
