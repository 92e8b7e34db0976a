//! The flag that names the classes of rows.

use narrows_bundle::Manifest;

use crate::input::quoted;

/// Returns the flag that names the classes of rows, with a space before it; empty for a model that takes none.
pub(super) fn label_flag(manifest: &Manifest, takes_labels: bool) -> String {
    let columns: Vec<&str> = match &manifest.sample.table {
        Some(schema) => schema.label_columns().into_iter().map(|(_, column)| column.name.as_str()).collect(),
        None => Vec::new(),
    };
    match (takes_labels, columns.is_empty()) {
        (false, _) => String::new(),
        (true, true) => " --label-column class".to_owned(),
        (true, false) => format!(" --label-column {}", quoted(&columns.join(","))),
    }
}
