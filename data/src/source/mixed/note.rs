//! Says what the values of the columns mean.

use std::path::Path;

use narrows_table::{ColumnKind, Schema};

use super::{levels::Rare, unfit::Unfit};
use crate::{
    column_types::{ColumnType, typed},
    counted::counted,
    notes::{Note, NoteCode},
    printable::printable,
};

/// The maximum number of columns in a note.
const MAX_COLUMNS: usize = 12;

/// Says the types of the columns for which no option says it. `None` if there are none.
pub(super) fn types_note(path: &Path, schema: &Schema, said: &[ColumnType]) -> Option<Note> {
    let is_said = |name: &str| said.iter().any(|column| column.name == name);
    let features = || schema.columns.iter().filter(|column| !column.kind.is_label() && !is_said(&column.name));
    let described = |column: &narrows_table::Column| {
        let (name, kind) = (printable(&column.name).into_owned(), column.kind.name());
        match &column.kind {
            ColumnKind::Category { levels } | ColumnKind::Ordered { levels } => {
                format!("{name} {kind} ({})", counted(levels.len(), "level"))
            }
            ColumnKind::Number { .. }
            | ColumnKind::HeavyTailed { .. }
            | ColumnKind::Count
            | ColumnKind::Date { .. }
            | ColumnKind::Label { .. } => format!("{name} {kind}"),
        }
    };
    let mut shown: Vec<String> = features().take(MAX_COLUMNS).map(described).collect();
    let count = features().count();
    if count > MAX_COLUMNS {
        shown.push(format!("and {} more", count - MAX_COLUMNS));
    }
    let text = format!("types: {}; set others with --types", shown.join(", "));
    (count > 0).then(|| Note::new(NoteCode::Types, path.display(), text))
}

/// Says which categories have rare levels that their vocabulary lacks. `None` if none has.
pub(super) fn rare_note(path: &Path, columns: &[(String, Rare)]) -> Option<Note> {
    let described = |(name, Rare { kept, others, share }): &(String, Rare)| {
        let (name, kept, share) = (printable(name), counted(*kept, "most frequent level"), 100.0 * share);
        format!(
            "column `{name}` keeps its {kept}; the other {others}, in {share:.1} % of its values, are read as unseen"
        )
    };
    let mut shown: Vec<String> = columns.iter().take(MAX_COLUMNS).map(described).collect();
    if columns.len() > MAX_COLUMNS {
        shown.push(format!("so do {} more columns", columns.len() - MAX_COLUMNS));
    }
    let text = format!("{}; raise --max-levels to keep more levels", shown.join("; "));
    (!shown.is_empty()).then(|| Note::new(NoteCode::Unseen, path.display(), text))
}

/// Says which columns of text are not features. `None` if all are.
pub(super) fn left_out_note(path: &Path, columns: &[(String, Unfit)]) -> Option<Note> {
    let described = |(name, unfit): &(String, Unfit)| {
        format!("`{}` is not a feature, because {}", printable(name), unfit.reason(&typed(name, "category")))
    };
    let mut shown: Vec<String> = columns.iter().take(MAX_COLUMNS).map(described).collect();
    if columns.len() > MAX_COLUMNS {
        shown.push(format!("{} more columns of text are not features", columns.len() - MAX_COLUMNS));
    }
    (!shown.is_empty()).then(|| Note::new(NoteCode::Columns, path.display(), shown.join("; ")))
}
