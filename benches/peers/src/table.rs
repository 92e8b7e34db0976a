//! Tables as they stand in a README.

use comfy_table::{CellAlignment, Table, presets::ASCII_MARKDOWN};

/// A table whose columns from `first_number` on are aligned to the right.
pub(crate) fn table(heads: impl IntoIterator<Item = String>, first_number: usize) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(heads.into_iter().collect::<Vec<_>>());
    for column in table.column_iter_mut().skip(first_number) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// A cell that may have nothing to show.
pub(crate) fn cell(figure: Option<String>) -> String {
    figure.unwrap_or("-".to_owned())
}

/// A table with the reasons below it why cells of it are empty.
pub(crate) fn with_reasons(table: &Table, mut reasons: Vec<String>) -> String {
    reasons.dedup();
    reasons.into_iter().fold(table.to_string(), |text, reason| format!("{text}\n\n{reason}"))
}
