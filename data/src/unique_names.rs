//! Gives columns of the same name different names, as pandas does: `x`, `x.1`, `x.2`.

use std::collections::{HashMap, HashSet};

use crate::{
    notes::{Note, NoteCode},
    printable::printable,
};

/// Renames all but the first column of each name, and describes the changes. `None` if the names are unique.
pub(crate) fn make_unique(place: impl std::fmt::Display, names: &mut [String]) -> Option<Note> {
    /// More names do not help the reader.
    const MAX_NAMES: usize = 5;
    let mut known: HashSet<String> = names.iter().cloned().collect();
    if known.len() == names.len() {
        return None;
    }
    let (mut used, mut renamed, mut count) = (HashSet::with_capacity(names.len()), Vec::new(), 0);
    // The number of each name that was used last, so that many equal names do not take quadratic time.
    let mut numbers: HashMap<String, usize> = HashMap::new();
    for (column, name) in names.iter_mut().enumerate() {
        if used.insert(name.clone()) {
            continue;
        }
        let number = numbers.entry(name.clone()).or_default();
        let free = loop {
            *number += 1;
            let free = format!("{name}.{number}");
            if !known.contains(&free) {
                break free;
            }
        };
        if renamed.len() < MAX_NAMES {
            let (name, free) = (printable(name), printable(&free));
            renamed.push(format!("column {column} (counted from 0) is another `{name}` and is called `{free}`"));
        }
        count += 1;
        known.insert(free.clone());
        used.insert(free.clone());
        *name = free;
    }
    let more = if count > MAX_NAMES { format!("; so are {} more", count - MAX_NAMES) } else { String::new() };
    Some(Note::new(NoteCode::Names, place, format!("{}{more}", renamed.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_unique_as_in_pandas() {
        let cases = [("a b", "a b"), ("a a a", "a a.1 a.2"), ("a a a.1", "a a.2 a.1"), ("x A x B A", "x A x.1 B A.1")];
        for (before, after) in cases {
            let mut names: Vec<String> = before.split(' ').map(str::to_owned).collect();
            let note = make_unique("t.csv", &mut names);
            assert_eq!((names.join(" ").as_str(), note.is_none()), (after, before == after));
        }
        let note = make_unique("t.csv", &mut ["a".to_owned(), "a".to_owned()]).expect("renamed");
        assert_eq!(note.to_string(), "t.csv: column 1 (counted from 0) is another `a` and is called `a.1`");
    }
}
