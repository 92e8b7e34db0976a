//! Assigns the columns of a table to the features, the label and the pass-through columns.

use std::path::Path;

use super::{
    cells::{content, shortened, text},
    dialect::{Dialect, Syntax},
    first_line,
    heading::{Heading, Hints},
    records::Record,
};
use crate::{
    check::column_label,
    error::DataError,
    head::{Head, Roles},
    notes::{Note, NoteCode, Notes},
    reading::{Features, Header, LoadOptions, Reading},
    series_error::SeriesError,
    unique_names::make_unique,
};

/// The maximum number of pass-through columns. Each of them needs memory.
const MAX_OTHERS: usize = 1 << 16;

/// The roles of the columns, determined from the first line of the table and the options.
#[derive(Debug)]
pub(super) struct Columns {
    /// The number of cells in every row.
    pub(super) width: usize,
    pub(super) heading: Heading,
    /// The columns of the features, in the order of the features.
    pub(super) sample: Vec<usize>,
    /// The names of the features, if there are any. They move to the [`Head`].
    pub(super) sample_names: Option<Vec<String>>,
    /// The columns of the labels: none, one, or the targets of a regression.
    pub(super) labels: Vec<usize>,
    /// All other columns, with their names.
    pub(super) others: Vec<(usize, String)>,
    /// The roles of other columns.
    pub(super) roles: Roles,
    /// What was changed or left out.
    pub(super) notes: Notes,
}

impl Columns {
    /// Assigns the columns. `first` is the first line and `second` the next one, without cells if there is none.
    pub(super) fn of(
        path: &Path,
        first: &Record,
        second: &Record,
        dialect: Dialect,
        options: &LoadOptions,
    ) -> Result<Self, DataError> {
        let (width, reading) = (first.len(), &options.reading);
        let Reading { columns, ignore, header, time_column, group_column, .. } = reading;
        // Names are not known yet.
        let label_columns = reading.label_columns(|column| by_index(column, width).is_some());
        if columns.is_some() && ignore.is_some() {
            return Err(DataError::ColumnsAndIgnore { path: path.to_owned() });
        }
        let is_sample = is_sample_by_index(width, reading);
        let mut specs = label_columns
            .iter()
            .chain(columns.iter().flatten())
            .chain(ignore.iter().flatten())
            .chain(time_column)
            .chain(group_column);
        let hints = Hints {
            header: header.unwrap_or_default(),
            has_name: specs.any(|spec| by_index(spec, width).is_none()),
            is_sample: &is_sample,
            label: match &label_columns[..] {
                [label] => by_index(label, width),
                [] | [_, ..] => None,
            },
            dialect,
        };
        let heading = Heading::of(path, first, second, hints)?;
        let mut names = match heading {
            Heading::Names | Heading::NamesByLabel => Some(names(path, first, dialect.quote)?),
            Heading::None => None,
        };
        let mut notes = Notes::default();
        if header.unwrap_or_default() == Header::Auto {
            notes.extend(match heading {
                Heading::Names => first_line::header_note(path, first, second, dialect),
                Heading::None => first_line::sample_note(path, first, second, dialect),
                Heading::NamesByLabel => None,
            });
        }
        notes.extend(names.as_mut().and_then(|names| make_unique(path.display(), names)));
        let find = |spec: &String| find(path, spec, width, names.as_deref(), dialect.syntax);
        let labels = reading.label_columns(|column| find(&column.to_owned()).is_ok());
        let labels = labels.iter().map(find).collect::<Result<Vec<_>, _>>()?;
        let ignored = ignore.iter().flatten().map(find).collect::<Result<Vec<_>, _>>()?;
        let selected = columns.as_ref().map(|columns| columns.iter().map(find).collect::<Result<Vec<_>, _>>());

        let time = time_column.as_ref().map(find).transpose()?;
        let group = group_column.as_ref().map(find).transpose()?;
        let mut is_other = vec![columns.is_some(); width];
        ignored
            .into_iter()
            .chain(labels.iter().copied())
            .chain(time)
            .chain(group)
            .for_each(|column| is_other[column] = true);
        let sample = match selected.transpose()? {
            Some(selected) => selected,
            None => {
                let index = if heading == Heading::Names { index_columns(first, dialect.quote) } else { 0 };
                if index > 0 && (0..index).any(|column| !is_other[column]) {
                    (0..index).for_each(|column| is_other[column] = true);
                    notes.add(index_note(path, index));
                }
                (0..width).filter(|&column| !is_other[column]).collect()
            }
        };
        let mut is_used = vec![false; width];
        for &label in &labels {
            if std::mem::replace(&mut is_used[label], true) {
                let column = label_among(label, names.as_deref());
                return Err(DataError::ColumnTwice { path: path.to_owned(), column });
            }
        }
        for (role, option) in [(time, "time-column"), (group, "group-column")] {
            if let Some(column) = role.filter(|column| sample.contains(column)) {
                let column = names.as_ref().map_or_else(|| column.to_string(), |names| shortened(&names[column]));
                let path = path.to_owned();
                return Err(DataError::series(SeriesError::InSample { path, column, option }));
            }
        }
        for &column in &sample {
            if std::mem::replace(&mut is_used[column], true) {
                let column = label_among(column, names.as_deref());
                return Err(DataError::ColumnTwice { path: path.to_owned(), column });
            }
            is_other[column] = options.features == Features::PassThrough;
        }
        if sample.is_empty() {
            return Err(DataError::NoFeatures { path: path.to_owned() });
        }
        if options.features == Features::PassThrough {
            labels.iter().for_each(|&label| is_other[label] = true);
        }
        let others = (0..width).filter(|&column| is_other[column]);
        if others.clone().count() > MAX_OTHERS {
            let found = others.count();
            return Err(DataError::OthersTooMany { path: path.to_owned(), most: MAX_OTHERS, found });
        }
        let passed: Option<Vec<String>> = (options.features == Features::PassThrough).then(|| {
            let name = |&column: &usize| match names.as_ref().and_then(|names| names.get(column)) {
                Some(name) => name.clone(),
                None => default_name(column),
            };
            sample.iter().map(name).collect()
        });
        // Move names instead of copying them: there may be half a million.
        let mut name = |column: usize| match names.as_mut().and_then(|names| names.get_mut(column)) {
            Some(name) => std::mem::take(name),
            None => default_name(column),
        };
        let others: Vec<_> = others.map(|column| (column, name(column))).collect();
        let among_others = |role: Option<usize>| others.iter().position(|(column, _)| Some(*column) == role);
        let roles = Roles {
            time: among_others(time),
            group: among_others(group),
            label: among_others(labels.first().copied()),
        };
        let (sample, sample_names) = match passed {
            Some(names) => (Vec::new(), Some(names)),
            None => {
                let names = (heading != Heading::None).then(|| sample.iter().map(|&column| name(column)).collect());
                (sample, names)
            }
        };
        Ok(Columns { width, heading, sample, sample_names, labels, others, roles, notes })
    }

    /// Formats a column for a message: its name, or its index from 0 without a header. The head has the names of the
    /// features.
    pub(super) fn column_label(&self, column: usize, head: &Head) -> String {
        if self.heading == Heading::None {
            return label_among(column, None);
        }
        let mut names = vec![String::new(); self.width];
        let features = self.sample.iter().zip(head.columns.iter().flatten());
        let others = self.others.iter().map(|(column, name)| (column, name));
        features.chain(others).for_each(|(&column, name)| names[column].clone_from(name));
        label_among(column, Some(&names))
    }
}

/// Formats a column of a table whose columns have these names.
fn label_among(column: usize, names: Option<&[String]>) -> String {
    let names: Vec<String> = names.unwrap_or_default().iter().map(|name| shortened(name)).collect();
    column_label(column, Some(&names))
}

/// Interprets the spec of a column as an index. `None` if there is no such column, so that the spec is a name.
fn by_index(spec: &str, width: usize) -> Option<usize> {
    spec.parse().ok().filter(|&column| column < width)
}

/// Whether each column is a feature, according to the options that are indices. Names are not known yet.
fn is_sample_by_index(width: usize, reading: &Reading) -> Vec<bool> {
    let mut is_sample = vec![reading.columns.is_none(); width];
    let indices = |specs: &[String]| specs.iter().filter_map(|spec| by_index(spec, width)).collect::<Vec<_>>();
    indices(reading.columns.as_deref().unwrap_or_default()).into_iter().for_each(|column| is_sample[column] = true);
    let ignored = indices(reading.ignore.as_deref().unwrap_or_default());
    let roles = [&reading.time_column, &reading.group_column];
    let roles = roles.into_iter().flat_map(|role| indices(role.as_slice()));
    let labels = indices(&reading.label_columns(|column| by_index(column, width).is_some()));
    ignored.into_iter().chain(labels).chain(roles).for_each(|column| is_sample[column] = false);
    is_sample
}

/// Returns the number of first columns that contain row numbers or row names: pandas and R write them without a name,
/// and pandas calls the first one `Unnamed: 0` when it writes such a file again.
fn index_columns(first: &Record, quote: u8) -> usize {
    let is_unnamed = |column: usize| content(first.cell(column), quote).is_empty();
    let count = match (0..first.len()).take_while(|&column| is_unnamed(column)).count() {
        0 if content(first.cell(0), quote) == b"Unnamed: 0" => 1,
        count => count,
    };
    if count < first.len() { count } else { 0 }
}

fn index_note(path: &Path, count: usize) -> Note {
    let text = match count {
        1 => "the first column has no name, so it contains row numbers or row names and is not a feature; select it \
             with --columns if it is one"
            .to_owned(),
        _ => format!(
            "the first {count} columns have no name, so they contain row numbers or row names and are not features; \
             select them with --columns if they are"
        ),
    };
    Note::new(NoteCode::Index, path.display(), text)
}

/// Returns the names in the header. A column without a name gets the one that it has without a header.
fn names(path: &Path, first: &Record, quote: u8) -> Result<Vec<String>, DataError> {
    let name = |(column, cell)| match text(content(cell, quote)) {
        Some("") => Ok(default_name(column)),
        Some(name) => Ok(name.to_owned()),
        None => Err(DataError::NotText { path: path.to_owned(), line: first.line }),
    };
    first.iter().enumerate().map(name).collect()
}

/// Returns the name of a column without a name.
pub(super) fn default_name(column: usize) -> String {
    format!("column{column}")
}

/// Finds a column by its index, or else by its name.
fn find(path: &Path, spec: &str, width: usize, names: Option<&[String]>, syntax: Syntax) -> Result<usize, DataError> {
    if let Some(column) = by_index(spec, width) {
        return Ok(column);
    }
    let by_default_name = || (0..width).find(|&column| names.is_none() && spec == default_name(column));
    let by_name = names.unwrap_or_default().iter().position(|name| name == spec);
    by_name.or_else(by_default_name).ok_or_else(|| {
        let columns = list(width, names, syntax);
        DataError::ColumnUnknown { path: path.to_owned(), name: spec.to_owned(), columns }
    })
}

/// Lists the accepted specs of columns.
fn list(width: usize, names: Option<&[String]>, syntax: Syntax) -> String {
    const MAX_NAMES: usize = 12;
    const OTHER_DELIMITER: &str = "if another character separates the cells, set it with --delimiter";
    match (syntax, names) {
        (Syntax::JsonLines, Some([name])) => return format!("`{}`, its only column", shortened(name)),
        (Syntax::JsonLines, None) => return format!("an index from 0 to {}", width.saturating_sub(1)),
        (Syntax::JsonLines, Some(_)) | (Syntax::Csv, _) => {}
    }
    let indices = format!("an index from 0 to {}", width.saturating_sub(1));
    match names {
        None if width == 1 => return format!("index 0, the only column (the file has no header; {OTHER_DELIMITER})"),
        None => return format!("{indices} (the file has no header)"),
        Some([name]) => return format!("`{}`, its only column ({OTHER_DELIMITER})", shortened(name)),
        Some(_) => {}
    }
    let names = names.unwrap_or_default();
    let shown: Vec<_> = names.iter().take(MAX_NAMES).map(|name| format!("`{}`", shortened(name))).collect();
    let more = if names.len() > MAX_NAMES { ", ..." } else { "" };
    format!("{indices}, or a name ({}{more})", shown.join(", "))
}
