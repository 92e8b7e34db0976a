//! Says what the values of the columns mean.

use std::path::Path;

use narrows_table::{ColumnKind, Schema};

use super::unfit::Unfit;
use crate::{
    column_types::typed,
    counted::counted,
    notes::{Note, NoteCode},
    printable::printable,
};

/// The maximum number of columns in a note.
const MAX_COLUMNS: usize = 12;

/// Says the types of the columns.
pub(super) fn types_note(path: &Path, schema: &Schema) -> Note {
    let features = || schema.columns.iter().filter(|column| column.kind != ColumnKind::Label);
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
            | ColumnKind::Label => format!("{name} {kind}"),
        }
    };
    let mut shown: Vec<String> = features().take(MAX_COLUMNS).map(described).collect();
    let count = features().count();
    if count > MAX_COLUMNS {
        shown.push(format!("and {} more", count - MAX_COLUMNS));
    }
    let text = format!("types: {}; set others with --types", shown.join(", "));
    Note::new(NoteCode::Types, path.display(), text)
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
