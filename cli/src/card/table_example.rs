//! A row of a mixed table in the examples of a card.

use narrows_bundle::{
    Sample,
    table::{Column, ColumnKind, Layout, SEPARATOR},
};
use serde::Serialize;

/// What the examples of a model of a mixed table need to know.
#[derive(Debug, Serialize)]
pub(super) struct TableOfExample {
    /// The positions of the cells that are numbers and categories, as lists, and their lengths.
    numbers: String,
    number_count: usize,
    categories: String,
    category_count: usize,
    /// The columns of a row with values, as pairs in Rust.
    row: Vec<String>,
}

impl TableOfExample {
    /// Describes the table of a model. `class` is the class of the example, for the columns of the label. `None` for
    /// other data.
    pub(super) fn of(sample: &Sample, class: Option<&str>) -> Option<Self> {
        let Layout { numbers, categories } = Layout::of(&sample.cells()?);
        let categories: Vec<usize> = categories.into_iter().map(|(cell, _)| cell).collect();
        let schema = sample.table.as_ref()?;
        let parts = schema.label_columns().len();
        let row = schema
            .columns
            .iter()
            .filter_map(|column| Some(format!("({:?}, {}.into())", column.name, value(column, class, parts)?)));
        Some(TableOfExample {
            number_count: numbers.len(),
            numbers: listed(&numbers),
            category_count: categories.len(),
            categories: listed(&categories),
            row: row.collect(),
        })
    }
}

/// Returns a value of a column as a literal of Rust; `None` for a column of a label that the model does not take.
fn value(column: &Column, class: Option<&str>, parts: usize) -> Option<String> {
    let text = |text: &str| format!("{text:?}");
    Some(match &column.kind {
        ColumnKind::Number { .. } | ColumnKind::HeavyTailed { .. } => "1.5".to_owned(),
        ColumnKind::Count => "1".to_owned(),
        ColumnKind::Category { levels } | ColumnKind::Ordered { levels } => {
            text(levels.first().map_or("", String::as_str))
        }
        ColumnKind::Date { has_time: true } => text("2024-02-28 17:30:00"),
        ColumnKind::Date { has_time: false } => text("2024-02-28"),
        ColumnKind::Label { part } => {
            let class = class?;
            text(if parts < 2 { class } else { class.split(SEPARATOR).nth(*part).unwrap_or_default() })
        }
    })
}

fn listed(positions: &[usize]) -> String {
    positions.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}
