//! Tables in Markdown.

use comfy_table::{CellAlignment, Table, presets::ASCII_MARKDOWN};

/// Creates a table. Columns from index `first_number` on are right-aligned.
pub(crate) fn table(headers: impl IntoIterator<Item = String>, first_number: usize) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(headers.into_iter().collect::<Vec<_>>());
    for column in table.column_iter_mut().skip(first_number) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// Returns the text of a cell, or `-` for a missing value.
pub(crate) fn cell(value: Option<String>) -> String {
    value.unwrap_or("-".to_owned())
}

/// Returns the table followed by the reasons for its missing values.
pub(crate) fn with_reasons(table: &Table, mut reasons: Vec<String>) -> String {
    reasons.dedup();
    reasons.into_iter().fold(table.to_string(), |text, reason| format!("{text}\n\n{reason}"))
}
