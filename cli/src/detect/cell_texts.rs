//! The values of the cells of a mixed table as text: the names of levels, and dates.

use narrows_bundle::{
    Sample,
    table::{Cell, ColumnKind, MONTHS, Moment, Schema, WEEKDAYS},
};

/// Writes the values of the cells of a mixed table as text.
#[derive(Debug)]
pub(crate) struct CellTexts(Vec<CellText>);

#[derive(Debug)]
enum CellText {
    Number,
    /// The day of a date.
    Day,
    /// A category with the names of its levels.
    Levels(Vec<String>),
}

/// The value of a cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum CellValue {
    Number(f32),
    /// A date, or the level of a category.
    Text(String),
    /// A level that is not in the vocabulary.
    Unseen,
    Missing,
}

impl CellTexts {
    /// Returns the texts for the samples of a model; `None` if they are not the rows of a mixed table.
    pub(crate) fn of(sample: &Sample) -> Option<Self> {
        Some(CellTexts(of_cells(sample.table.as_ref()?)))
    }

    /// Returns the value of the cell at this position of a row. A cell that does not exist is a number.
    pub(crate) fn value(&self, cell: usize, value: f32) -> CellValue {
        match self.0.get(cell) {
            _ if value.is_nan() => CellValue::Missing,
            None | Some(CellText::Number) => CellValue::Number(value),
            Some(CellText::Day) => CellValue::Text(Moment::of_cells(value.round(), 0.0).date_text()),
            // Negative numbers become 0, the unseen level.
            Some(CellText::Levels(levels)) => match (value as usize).checked_sub(1).and_then(|level| levels.get(level))
            {
                Some(level) => CellValue::Text(level.clone()),
                None => CellValue::Unseen,
            },
        }
    }
}

fn of_cells(schema: &Schema) -> Vec<CellText> {
    let mut previous = None;
    let of_cell = |cell: Cell| {
        let column = &schema.columns[cell.column];
        let is_first = previous.replace(cell.column) != Some(cell.column);
        match (cell.kind.levels(), column.levels()) {
            (Some(_), Some(levels)) => CellText::Levels(levels.to_vec()),
            (Some(levels), None) => {
                let names: &[&str] = if levels == MONTHS.len() { &MONTHS } else { &WEEKDAYS };
                CellText::Levels(names.iter().map(|&name| name.to_owned()).collect())
            }
            (None, _) if is_first && matches!(column.kind, ColumnKind::Date { .. }) => CellText::Day,
            (None, _) => CellText::Number,
        }
    };
    schema.cells().into_iter().map(of_cell).collect()
}

impl CellValue {
    /// Returns the text in a column of a table, where a missing value is empty.
    pub(crate) fn in_table(self) -> Option<String> {
        match self {
            CellValue::Number(number) => Some(number.to_string()),
            CellValue::Text(text) => Some(text),
            CellValue::Unseen => Some("(unseen level)".to_owned()),
            CellValue::Missing => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use narrows_bundle::table::{Column, MissingCells, Stored};

    use super::*;

    #[test]
    fn values_have_the_names_of_their_levels_and_days_are_dates() {
        let column = |name: &str, kind, stored| Column { name: name.to_owned(), kind, stored };
        let levels = ["NL", "DE"].map(str::to_owned).to_vec();
        let columns = vec![
            column("country", ColumnKind::Category { levels }, Stored::Text),
            column("amount", ColumnKind::Number { decimals: None }, Stored::Float64),
            column("sold", ColumnKind::Date { has_time: false }, Stored::Text),
        ];
        let texts = CellTexts(of_cells(&Schema { columns, missing: MissingCells::Masked }));
        let text = |cell, value| texts.value(cell, value).in_table();
        assert_eq!([1.0, 2.0].map(|level| text(0, level)), [Some("NL".to_owned()), Some("DE".to_owned())]);
        assert_eq!((texts.value(0, 0.0), texts.value(0, 3.0)), (CellValue::Unseen, CellValue::Unseen));
        assert_eq!((texts.value(1, 0.5), texts.value(1, f32::NAN)), (CellValue::Number(0.5), CellValue::Missing));
        assert_eq!(
            [(2, 19_781.0), (3, 2.0), (4, 3.0)].map(|(cell, value)| text(cell, value).unwrap_or_default()),
            ["2024-02-28", "February", "Wednesday"]
        );
    }
}
