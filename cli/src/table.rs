//! Figures for people: columns side by side, without lines.

use comfy_table::{Table, presets::NOTHING};

/// Rows under a heading.
pub(crate) fn table(heading: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(heading);
    table.add_rows(rows);
    table.trim_fmt()
}
