//! Text tables: aligned columns without borders.

use comfy_table::{Table, presets::NOTHING};

/// Formats rows under a header.
pub(crate) fn table(heading: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(heading);
    table.add_rows(rows);
    table.trim_fmt()
}
