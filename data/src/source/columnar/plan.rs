//! Assigns the columns of a table to the features, the label and the pass-through columns.

mod left_out;
mod passed;

use std::{
    cell::RefCell,
    path::{Path, PathBuf},
};

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Schema};
use ndarray::Array2;

use self::passed::{default_passed, passed_of};
use crate::{
    check::column_label,
    error::DataError,
    head::Roles,
    in_memory::matrix,
    labels::Labels,
    precision::Precision,
    printable::printable,
    reading::{Features, LoadOptions, Missing, Reading},
    series_error::SeriesError,
    source::columnar::{labels, lists, numbers, schema::index_columns, tensors::tensor_shape},
    values::Values,
};

/// The role of each column of a table.
pub(super) struct Plan {
    path: PathBuf,
    /// The names of all columns.
    names: Vec<String>,
    sample: Sample,
    /// The columns of the labels: none, one, or the targets of a regression.
    labels: Vec<usize>,
    time: Option<usize>,
    group: Option<usize>,
    others: Vec<usize>,
    /// The columns that would be features, if all columns pass through.
    passed: Option<Vec<usize>>,
    kind: Kind,
    /// The shape of a sample, if the features are tensors with a declared shape.
    tensor: Option<Vec<usize>>,
}

enum Sample {
    /// One feature per column.
    Columns(Vec<usize>),
    /// One column of lists, with all features of a sample.
    List(usize),
}

/// The type of the features in memory.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// 0 and 1.
    Booleans,
    Bytes,
    Floats,
}

impl Plan {
    pub(super) fn new(path: &Path, schema: &Schema, options: &LoadOptions) -> Result<Self, DataError> {
        let reading = &options.reading;
        let find = |name: &String| find(path, schema, name);
        let labels = label_columns(path, schema, reading)?;
        labels.iter().try_for_each(|&label| labels::check_type(path, schema.field(label)))?;
        let ignored = reading.ignore.iter().flatten().map(find);
        let mut ignored = ignored.collect::<Result<Vec<_>, _>>()?;
        let time = reading.time_column.as_ref().map(find).transpose()?;
        let group = reading.group_column.as_ref().map(find).transpose()?;
        ignored.extend(time.into_iter().chain(group));
        let is_passed = options.features == Features::PassThrough;
        let is_free = |column: usize| !labels.contains(&column) && !ignored.contains(&column);
        let passed = match &reading.columns {
            _ if !is_passed => None,
            Some(names) => Some(passed_of(path, schema, &labels, names.iter().map(find).collect::<Result<_, _>>()?)?),
            None => Some(default_passed(path, schema, is_free)?),
        };
        let sample = match &reading.columns {
            _ if is_passed => Sample::Columns(Vec::new()),
            Some(names) => {
                let columns = names.iter().map(find).collect::<Result<_, _>>()?;
                sample_of(path, schema, &labels, columns)?
            }
            None => default_sample(path, schema, is_free)?,
        };
        let in_sample: &[usize] = match &sample {
            Sample::Columns(columns) => columns,
            Sample::List(column) => std::slice::from_ref(column),
        };
        for (role, option) in [(time, "time-column"), (group, "group-column")] {
            if let Some(column) = role.filter(|column| in_sample.contains(column)) {
                let (path, column) = (path.to_owned(), schema.field(column).name().clone());
                return Err(DataError::series(SeriesError::InSample { path, column, option }));
            }
        }
        let tensor = match &sample {
            Sample::Columns(_) => None,
            Sample::List(column) => tensor_shape(path, schema.field(*column))?,
        };
        let fields: Vec<_> = in_sample.iter().map(|&column| schema.field(column)).collect();
        let has_type = |fits: fn(&DataType) -> bool| fields.iter().all(|field| fits(lists::leaf(field).0));
        let may_miss = fields.iter().any(|field| lists::leaf(field).1);
        let kind = match reading.missing.unwrap_or_default() {
            // A byte cannot represent a missing value.
            Missing::Mean | Missing::Median | Missing::Drop | Missing::Keep | Missing::Mask if may_miss => Kind::Floats,
            _ if is_passed => Kind::Floats,
            _ if has_type(|kind| *kind == DataType::Boolean) => Kind::Booleans,
            _ if has_type(|kind| matches!(kind, DataType::Boolean | DataType::UInt8)) => Kind::Bytes,
            _ => Kind::Floats,
        };
        let others = (0..schema.fields().len()).filter(|column| !in_sample.contains(column)).collect();
        let names = schema.fields().iter().map(|field| field.name().clone()).collect();
        Ok(Plan { path: path.to_owned(), names, sample, labels, time, group, others, passed, kind, tensor })
    }

    pub(super) fn is_bytes(&self) -> bool {
        self.kind != Kind::Floats
    }

    pub(super) fn range(&self) -> Option<(f32, f32)> {
        match self.kind {
            Kind::Booleans => Some((0.0, 1.0)),
            Kind::Bytes => Some((0.0, 255.0)),
            Kind::Floats => None,
        }
    }

    /// Returns the names of the features, if each feature is a column.
    pub(super) fn names(&self) -> Option<Vec<String>> {
        if let Some(passed) = &self.passed {
            return Some(passed.iter().map(|&column| self.names[column].clone()).collect());
        }
        match &self.sample {
            Sample::Columns(columns) => Some(columns.iter().map(|&column| self.names[column].clone()).collect()),
            Sample::List(_) => None,
        }
    }

    /// Returns the name of the column of lists, if the features are in one.
    pub(super) fn list(&self) -> Option<&str> {
        match &self.sample {
            Sample::Columns(_) => None,
            Sample::List(column) => Some(&self.names[*column]),
        }
    }

    pub(super) fn has_labels(&self) -> bool {
        !self.labels.is_empty()
    }

    /// Returns the roles of the pass-through columns.
    pub(super) fn roles(&self) -> Roles {
        let among_others = |role: Option<usize>| self.others.iter().position(|column| Some(*column) == role);
        Roles {
            time: among_others(self.time),
            group: among_others(self.group),
            label: among_others(self.labels.first().copied()),
        }
    }

    /// Determines the shape of a sample from the first rows.
    pub(super) fn sample_shape(&self, first: &RecordBatch) -> Result<Vec<usize>, DataError> {
        let column = match &self.sample {
            Sample::Columns(columns) => return Ok(vec![self.passed.as_ref().unwrap_or(columns).len()]),
            Sample::List(column) => *column,
        };
        let (path, name) = (self.path.clone(), &self.names[column]);
        let Some(shape) = lists::shape(first.column(column)) else {
            return Err(DataError::ListsMissing { path, column: name.clone() });
        };
        if shape.contains(&0) {
            return Err(DataError::NoFeatures { path });
        }
        Ok(self.tensor.clone().unwrap_or(shape))
    }

    /// Converts a batch to samples. `first` is the row in the file of its first row. Compares the items of lists with
    /// their rounded values.
    pub(super) fn values(
        &self,
        batch: &RecordBatch,
        shape: &[usize],
        first: usize,
        precision: &mut Precision,
    ) -> Result<Values, DataError> {
        let features = shape.iter().product();
        if self.passed.is_some() {
            return Ok(Values::F32(Array2::zeros((batch.num_rows(), 0))));
        }
        Ok(if self.is_bytes() {
            let bytes = |array: &dyn arrow_array::Array| numbers::bytes(array);
            Values::U8(matrix(self.rows(batch, shape, first, bytes, None)?, features))
        } else {
            let precision = RefCell::new(precision);
            let floats = |array: &dyn arrow_array::Array| {
                let floats = numbers::floats(array)?;
                if self.list().is_some() {
                    compare(array, floats.iter().copied(), 0, &mut precision.borrow_mut());
                }
                Ok((floats, None))
            };
            Values::F32(matrix(self.rows(batch, shape, first, floats, Some(f32::NAN))?, features))
        })
    }

    /// Compares the values of columns with their rounded values, which are `values`.
    pub(super) fn compare(&self, batch: &RecordBatch, values: &Values, precision: &mut Precision) {
        let (Sample::Columns(columns), Values::F32(values)) = (&self.sample, values) else { return };
        for (feature, (&column, values)) in columns.iter().zip(values.columns()).enumerate() {
            compare(batch.column(column), values.iter().copied(), feature, precision);
        }
    }

    /// Converts columns to values in row-major order. `leaf` converts a column, and returns the index of the first
    /// missing value if none may be missing. `missing` replaces the values of a missing list.
    fn rows<T: Copy + Default>(
        &self,
        batch: &RecordBatch,
        shape: &[usize],
        first: usize,
        leaf: impl Fn(&dyn arrow_array::Array) -> Result<(Vec<T>, Option<usize>), DataError>,
        missing: Option<T>,
    ) -> Result<Vec<T>, DataError> {
        let is_missing = |row: usize, column: usize| DataError::NotFinite {
            path: self.path.clone(),
            row: first + row,
            column: column_label(column, self.names().as_deref()),
            value: f32::NAN,
        };
        match &self.sample {
            Sample::Columns(columns) => {
                let mut rows = vec![T::default(); batch.num_rows() * columns.len()];
                for (feature, &column) in columns.iter().enumerate() {
                    let (numbers, missing_at) = leaf(batch.column(column))?;
                    if let Some(row) = missing_at {
                        return Err(is_missing(row, feature));
                    }
                    let into = rows.iter_mut().skip(feature).step_by(columns.len());
                    into.zip(numbers).for_each(|(into, number)| *into = number);
                }
                Ok(rows)
            }
            Sample::List(column) => {
                // The lists of tensors are flat.
                let flat = [shape.iter().product()];
                let shape = if self.tensor.is_some() { &flat } else { shape };
                lists::flatten(batch.column(*column), shape, &leaf, missing).map_err(|fault| match fault {
                    lists::Fault::Length { row, expected, found } => DataError::ListLength {
                        path: self.path.clone(),
                        row: first + row,
                        column: self.names[*column].clone(),
                        expected,
                        found,
                    },
                    lists::Fault::Missing { row, column } => is_missing(row, column),
                    lists::Fault::Other(error) => error,
                })
            }
        }
    }

    pub(super) fn labels(&self, batch: &RecordBatch, first: usize) -> Result<Option<Labels>, DataError> {
        let read = |&label: &usize| labels::read(&self.path, &self.names[label], batch.column(label), first);
        let columns = self.labels.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok((!columns.is_empty()).then(|| Labels::joined(columns)))
    }

    /// Returns the pass-through columns, including the label, or `None` if there are none.
    pub(super) fn others(&self, batch: &RecordBatch) -> Result<Option<RecordBatch>, DataError> {
        if self.others.is_empty() {
            return Ok(None);
        }
        batch.project(&self.others).map(Some).map_err(DataError::column)
    }
}

/// Compares the values of an array with their rounded values.
fn compare(
    array: &dyn arrow_array::Array,
    rounded: impl Iterator<Item = f32>,
    feature: usize,
    precision: &mut Precision,
) {
    for (row, rounded) in rounded.enumerate() {
        if !rounded.is_nan()
            && precision.add(feature, rounded)
            && let Some(exact) = numbers::exact(array, row)
        {
            precision.add_exact(feature, exact, rounded);
        }
    }
}

/// Finds a column by its name, or else by its index from 0.
pub(super) fn find(path: &Path, schema: &Schema, name: &str) -> Result<usize, DataError> {
    let by_name = schema.fields().iter().position(|field| field.name() == name);
    let by_index = || name.parse().ok().filter(|&column: &usize| column < schema.fields().len());
    by_name.or_else(by_index).ok_or_else(|| {
        let (path, name, columns) = (path.to_owned(), name.to_owned(), list(schema, |_| true));
        DataError::ColumnUnknown { path, name, columns }
    })
}

/// Returns the columns of the labels, each once.
fn label_columns(path: &Path, schema: &Schema, reading: &Reading) -> Result<Vec<usize>, DataError> {
    let names = reading.label_columns(|name| find(path, schema, name).is_ok());
    let mut columns = Vec::with_capacity(names.len());
    for name in &names {
        let column = find(path, schema, name)?;
        if columns.contains(&column) {
            return Err(DataError::ColumnTwice { path: path.to_owned(), column: format!("`{name}`") });
        }
        columns.push(column);
    }
    Ok(columns)
}

/// Makes the selected columns the features.
fn sample_of(path: &Path, schema: &Schema, labels: &[usize], columns: Vec<usize>) -> Result<Sample, DataError> {
    if let [column] = columns[..]
        && lists::is_of_numbers(schema.field(column).data_type())
        && !labels.contains(&column)
    {
        return Ok(Sample::List(column));
    }
    for &column in &columns {
        let (path, field) = (path.to_owned(), schema.field(column));
        if labels.contains(&column) {
            return Err(DataError::LabelInSample { path, column: field.name().clone() });
        }
        if !numbers::is_number(field.data_type()) {
            let expected = "numbers or booleans, or a single column of lists of them";
            let found = field.data_type().to_string();
            return Err(DataError::ColumnType { path, column: field.name().clone(), found, expected });
        }
    }
    Ok(Sample::Columns(columns))
}

/// Selects the only column of lists, or else all columns of numbers, among the columns that are allowed.
fn default_sample(path: &Path, schema: &Schema, is_allowed: impl Fn(usize) -> bool) -> Result<Sample, DataError> {
    let index = index_columns(schema);
    let with = |fits: fn(&DataType) -> bool| -> Vec<usize> {
        let fields = schema.fields().iter().enumerate();
        let fitting = fields.filter(|(column, field)| is_allowed(*column) && fits(field.data_type()));
        fitting.filter(|(column, _)| !index.contains(column)).map(|(column, _)| column).collect()
    };
    let lists = with(lists::is_of_numbers);
    let numbers = with(numbers::is_number);
    let path = path.to_owned();
    match (&lists[..], numbers.is_empty()) {
        (&[list], _) => Ok(Sample::List(list)),
        ([], false) => Ok(Sample::Columns(numbers)),
        ([], true) => Err(DataError::NoNumbers { path, columns: list(schema, |_| true) }),
        (lists, _) => Err(DataError::ManyLists { path, columns: list(schema, |column| lists.contains(&column)) }),
    }
}

/// Lists the selected columns with their types.
fn list(schema: &Schema, is_selected: impl Fn(usize) -> bool) -> String {
    /// A longer list does not help the reader.
    const MAX_COLUMNS: usize = 40;
    let fields: Vec<_> = schema.fields().iter().enumerate().filter(|(column, _)| is_selected(*column)).collect();
    let mut entries: Vec<_> = fields
        .iter()
        .take(MAX_COLUMNS)
        .map(|(_, field)| printable(&format!("`{}` ({})", field.name(), field.data_type())).into_owned())
        .collect();
    if fields.len() > MAX_COLUMNS {
        entries.push(format!("and {} more", fields.len() - MAX_COLUMNS));
    }
    if entries.is_empty() { "none".to_owned() } else { entries.join(", ") }
}
