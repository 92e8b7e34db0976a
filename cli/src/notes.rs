//! Notes on the data: what a reader passed over, changed or interpreted. Each is printed once on standard error, stands
//! in the reports of `--json`, and is an error with `--strict`.

use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::bail;
use narrows_data::{Note, Notes};
use serde_json::{Value, json};

use crate::report::{is_strict, print, print_note};

/// The notes that were printed. They are global because data is read in several places of one command.
static PRINTED: OnceLock<Mutex<Notes>> = OnceLock::new();

fn with_printed<T>(action: impl FnOnce(&mut Notes) -> T) -> T {
    action(&mut PRINTED.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner))
}

/// Prints the notes that were not printed before.
///
/// # Errors
/// With `--strict`, if there are some.
pub(crate) fn say(notes: &Notes) -> anyhow::Result<()> {
    let new: Vec<Note> = with_printed(|printed| {
        let new = notes.iter().filter(|note| !printed.iter().any(|other| other == *note)).cloned().collect();
        printed.extend(notes.iter().cloned());
        new
    });
    if is_strict() && !new.is_empty() {
        let lines: Vec<String> = new.iter().map(ToString::to_string).collect();
        bail!("{} (--strict makes an error of this note; without it, the data is read like this)", lines.join("\n  "));
    }
    new.iter().for_each(print_note);
    Ok(())
}

/// Prints one note.
///
/// # Errors
/// Those of [`say`].
pub(crate) fn say_one(note: Note) -> anyhow::Result<()> {
    let mut notes = Notes::default();
    notes.add(note);
    say(&notes)
}

/// Adds the key `notes` to the report of a command: a list of objects with `code`, `place` and `text`.
pub(crate) fn with_notes(mut report: Value) -> Value {
    if let Some(object) = report.as_object_mut() {
        object.insert("notes".to_owned(), with_printed(|notes| json!(notes)));
    }
    report
}

/// Prints the report of a command with its notes as one JSON object.
pub(crate) fn print_json(report: Value) -> anyhow::Result<()> {
    print(format!("{:#}", with_notes(report)))
}
