//! Adds features made of dates to a table of any format.
//!
//! The columns of dates are pass-through columns of the table that is read. Their features follow its own, unless
//! `--columns` gives them another place.

use std::path::{Path, PathBuf};

use arrow_array::{ArrayRef, RecordBatch};
use ndarray::Array2;

use crate::{
    check::column_label,
    chunk::Chunk,
    content_error::ContentError,
    date_columns::{DateColumn, DateForm, DatePart, Day},
    error::DataError,
    head::Head,
    notes::Note,
    reader::{Opened, Reader},
    reading::{LoadOptions, Missing, Reading},
    values::Values,
    windows::time::{Fault, Time, times},
};

/// Opens a table with `open`, and adds the features of its columns of dates, if the options name some.
pub(super) fn open(
    path: &Path,
    options: &LoadOptions,
    open: impl FnOnce(&LoadOptions) -> Result<Opened, DataError>,
) -> Result<Opened, DataError> {
    let Some(dates) = &options.reading.date_columns else { return open(options) };
    let reading = without_dates(path, &options.reading, dates)?;
    let inner = match open(&LoadOptions { reading, ..options.clone() })? {
        Opened::Reader(reader) => reader,
        Opened::Rows(..) => unreachable!("tables are read sequentially"),
    };
    let own = inner.head();
    let &[features] = &own.sample_shape[..] else {
        let (path, shape) = (path.to_owned(), own.sample_shape.clone());
        return Err(DataError::content(ContentError::DateShape { path, shape }));
    };
    let sources = sources(options.reading.columns.as_deref(), dates, features);
    let columns = match &own.columns {
        Some(own) => Some(names(path, own, dates, &sources)?),
        None => None,
    };
    let head = Head {
        sample_shape: vec![sources.len()],
        is_bytes: false,
        range: None,
        columns,
        date_columns: Some(dates.clone()),
        ..own.clone()
    };
    let missing = options.reading.missing.unwrap_or_default();
    Ok(Opened::Reader(Box::new(Dates {
        path: path.to_owned(),
        inner,
        head,
        dates: dates.clone(),
        sources,
        missing,
        read: 0,
    })))
}

/// Returns the options of the table without the features of dates. Its columns of dates pass through.
fn without_dates(path: &Path, reading: &Reading, dates: &[DateColumn]) -> Result<Reading, DataError> {
    let reading = Reading { date_columns: None, ..reading.clone() };
    let Some(columns) = &reading.columns else {
        let dates = dates.iter().map(|date| date.name.clone());
        let ignore = reading.ignore.iter().flatten().cloned().chain(dates).collect();
        return Ok(Reading { ignore: Some(ignore), ..reading });
    };
    let columns: Vec<String> = columns.iter().filter(|name| date_of(name, dates).is_empty()).cloned().collect();
    if columns.is_empty() {
        return Err(DataError::content(ContentError::DatesOnly { path: path.to_owned() }));
    }
    Ok(Reading { columns: Some(columns), ..reading })
}

/// Where a feature comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// A feature of the table, by its index.
    Table(usize),
    /// A part of the dates of a column, by its index.
    Date(usize, DatePart),
}

/// Returns the features of dates that a name selects: one, or all of a column.
fn date_of(name: &str, dates: &[DateColumn]) -> Vec<Source> {
    let features = |(index, date): (usize, &DateColumn)| {
        let features = date.features().into_iter();
        let selected = features.filter(|(feature, _)| name == date.name || name == feature);
        selected.map(|(_, part)| Source::Date(index, part)).collect::<Vec<_>>()
    };
    dates.iter().enumerate().flat_map(features).collect()
}

/// Returns the source of each feature. Columns of dates that `columns` does not mention come last.
fn sources(columns: Option<&[String]>, dates: &[DateColumn], features: usize) -> Vec<Source> {
    let selected: Vec<Vec<Source>> = columns.into_iter().flatten().map(|name| date_of(name, dates)).collect();
    let own = selected.iter().filter(|sources| sources.is_empty()).count();
    let mut next = 0..features;
    let mut sources: Vec<Source> = Vec::new();
    // A single column of lists has many features.
    if own == features {
        for dates in selected {
            match dates.is_empty() {
                true => sources.extend(next.next().map(Source::Table)),
                false => sources.extend(dates),
            }
        }
    } else {
        sources.extend(next.map(Source::Table));
        sources.extend(selected.into_iter().flatten());
    }
    for (index, date) in dates.iter().enumerate() {
        if !sources.iter().any(|source| matches!(source, Source::Date(date, _) if *date == index)) {
            sources.extend(date.features().into_iter().map(|(_, part)| Source::Date(index, part)));
        }
    }
    sources
}

/// Returns the names of the features, which must differ.
fn names(path: &Path, own: &[String], dates: &[DateColumn], sources: &[Source]) -> Result<Vec<String>, DataError> {
    let name = |source: &Source| match source {
        Source::Table(index) => own[*index].clone(),
        Source::Date(date, part) => {
            let feature = dates[*date].features().into_iter().find(|(_, other)| other == part);
            feature.map(|(name, _)| name).unwrap_or_default()
        }
    };
    let names: Vec<String> = sources.iter().map(name).collect();
    match names.iter().enumerate().find(|(index, name)| names[..*index].contains(name)) {
        Some((_, name)) => {
            let (path, name) = (path.to_owned(), name.clone());
            Err(DataError::content(ContentError::DateName { path, name }))
        }
        None => Ok(names),
    }
}

/// Reads the rows of a table with the features of dates.
struct Dates {
    path: PathBuf,
    inner: Box<dyn Reader>,
    head: Head,
    dates: Vec<DateColumn>,
    sources: Vec<Source>,
    missing: Missing,
    /// The number of rows read.
    read: usize,
}

impl Reader for Dates {
    fn head(&self) -> &Head {
        &self.head
    }

    fn next(&mut self, max_rows: usize) -> Result<Option<Chunk>, DataError> {
        let Some(chunk) = self.inner.next(max_rows)? else { return Ok(None) };
        let others = chunk.others.as_ref();
        let dates = (0..self.dates.len()).map(|date| self.times(date, others)).collect::<Result<Vec<_>, _>>()?;
        self.head.date_columns = Some(self.dates.clone());
        let own = chunk.values.to_f32()?;
        let origin = |date: usize| match self.dates[date].form {
            DateForm::Days(Some(origin)) => origin,
            // Only days are counted from an origin, and the first date sets it.
            DateForm::Days(None) | DateForm::Cyclic => Day::of(0),
        };
        let values =
            Array2::from_shape_fn((own.nrows(), self.sources.len()), |(row, feature)| match self.sources[feature] {
                Source::Table(column) => own[[row, column]],
                Source::Date(date, part) => dates[date][row].map_or(f32::NAN, |time| part.value(time, origin(date))),
            });
        drop(own);
        self.read += values.nrows();
        self.head.notes = Default::default();
        let notes: Vec<Note> = self.inner.head().notes.iter().map(|note| self.moved(note)).collect();
        self.head.notes.extend(notes);
        Ok(Some(Chunk { values: Values::F32(values), ..chunk }))
    }
}

impl Dates {
    /// Returns the times of a column in nanoseconds since 1970; `None` for a missing value. The first date of a column
    /// sets its origin.
    fn times(&mut self, date: usize, others: Option<&RecordBatch>) -> Result<Vec<Option<i64>>, DataError> {
        let array = self.column(date, others)?;
        let name = &self.dates[date].name;
        let refused = |row: usize, cell: String| {
            let (path, row, column) = (self.path.clone(), self.read + row, name.clone());
            Err(DataError::content(ContentError::NotDate { path, row, column, cell }))
        };
        let Some(times) = times(&array) else {
            let (path, column, found) = (self.path.clone(), name.clone(), array.data_type().to_string());
            return Err(DataError::content(ContentError::DateType { path, column, found }));
        };
        let mut dates = Vec::with_capacity(times.len());
        for (row, time) in times.into_iter().enumerate() {
            dates.push(match time {
                // The reader of times saturates beyond the years 1677 to 2262.
                Ok(Time::Timestamp(i64::MIN | i64::MAX)) => {
                    return refused(row, "outside the years 1678 to 2261".into());
                }
                Ok(Time::Timestamp(time)) => Some(time),
                Ok(time @ (Time::Integer(_) | Time::Number(_))) => return refused(row, time.to_string()),
                Err(Fault::NotTime(cell)) => return refused(row, cell),
                Err(Fault::Missing) if self.missing == Missing::Refuse => {
                    let (path, row) = (self.path.clone(), self.read + row);
                    let column = column_label(0, Some(std::slice::from_ref(name)));
                    return Err(DataError::NotFinite { path, row, column, value: f32::NAN });
                }
                Err(Fault::Missing) => None,
            });
        }
        if let DateForm::Days(origin @ None) = &mut self.dates[date].form {
            *origin = dates.iter().flatten().next().map(|time| Day::of(*time));
        }
        Ok(dates)
    }

    /// Returns a column of dates.
    fn column(&self, date: usize, others: Option<&RecordBatch>) -> Result<ArrayRef, DataError> {
        let name = &self.dates[date].name;
        // Columns of a table without a header are called by their index.
        let by_index = || name.parse::<usize>().ok().map(|index| format!("column{index}"));
        let column = others
            .and_then(|others| others.column_by_name(name).or_else(|| others.column_by_name(&by_index()?)).cloned());
        column.ok_or_else(|| {
            let schema = others.map(RecordBatch::schema);
            let fields = schema.iter().flat_map(|schema| schema.fields());
            let columns: Vec<_> = fields.map(|field| format!("`{}`", field.name())).collect();
            let columns = format!("a column that is not a feature of its own ({})", columns.join(", "));
            DataError::ColumnUnknown { path: self.path.clone(), name: name.clone(), columns }
        })
    }

    /// Returns a note about features of the table as one about the features here.
    fn moved(&self, note: &Note) -> Note {
        let place = |&column: &usize| self.sources.iter().position(|source| *source == Source::Table(column));
        let features = note.features.iter().filter_map(place).collect();
        note.clone().about(features)
    }
}

#[cfg(test)]
mod tests;
