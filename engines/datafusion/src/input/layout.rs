//! Which argument is which feature of the model.

use datafusion::arrow::{
    array::{Array, ArrayRef, AsArray},
    buffer::NullBuffer,
    datatypes::{DataType, FieldRef},
};
use narrows_runtime::{
    Table,
    bundle::{quoted, quoted_list, table::Encoder},
};

use crate::{Error, Function, description::Description};

use super::{
    columns, labels,
    rows::{Rows, Values},
    table, vectors,
};

/// How the arguments after the bundle form the rows.
#[derive(Debug)]
pub(crate) struct Layout {
    source: Source,
    /// Position of the argument with the labels, if the model takes them.
    label: Option<usize>,
}

#[derive(Debug)]
enum Source {
    /// The first argument has all values of a row: a list or bytes.
    Vectors,
    /// Every value of a row has a column of its own. `order` has the position of each feature.
    Columns { form: Form, order: Vec<usize> },
    /// The columns of a mixed table, with their names.
    Table { form: Form, names: Vec<String> },
}

/// Where columns are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Each is an argument.
    Arguments,
    /// They are the fields of the first argument, a struct.
    Struct,
}

impl Layout {
    /// Matches the arguments after the bundle with the features of the model.
    ///
    /// # Errors
    /// [`Error::Arguments`] if they do not fit: another number, type, width or name.
    pub(crate) fn of(function: Function, model: &Description, fields: &[FieldRef]) -> Result<Self, Error> {
        let (source, label) = match &model.sample.table {
            Some(_) => (table_source(model, fields), None),
            None => {
                let inputs = if model.takes_labels() { fields.len().saturating_sub(1) } else { fields.len() };
                let label = model.takes_labels().then_some(inputs);
                let label_field = label.and_then(|label| fields.get(label));
                let source = match (label, label_field) {
                    (Some(_), None) => Err(expected(model)),
                    (_, Some(field)) if !labels::is_label_type(field.data_type()) => Err(format!(
                        "the last argument is the class of the row, as text or a whole number, not {}; {}",
                        field.data_type(),
                        expected(model)
                    )),
                    _ => number_source(model, &fields[..inputs]),
                };
                (source, label)
            }
        };
        match source {
            Ok(source) => Ok(Layout { source, label }),
            Err(what) => Err(function.error(what)),
        }
    }

    /// Returns which rows can be computed, or `None` for all: those without a null that the model cannot replace.
    pub(crate) fn present(&self, arrays: &[ArrayRef], model: &Description) -> Option<NullBuffer> {
        let fill = model.fill().is_some();
        let labels = self.label.and_then(|label| arrays.get(label)).and_then(|labels| labels.logical_nulls());
        let values = match (&self.source, arrays.first()) {
            (_, None) => None,
            (Source::Vectors, Some(array)) => vectors::present(array, fill),
            (Source::Columns { form, .. }, Some(first)) => {
                let outer = first.logical_nulls().filter(|_| *form == Form::Struct);
                let columns = form.columns(arrays, self.label);
                let inner = columns.iter().filter(|_| !fill).map(|column| column.logical_nulls());
                inner.fold(outer, |all, nulls| NullBuffer::union(all.as_ref(), nulls.as_ref()))
            }
            (Source::Table { form, .. }, Some(first)) => first.logical_nulls().filter(|_| *form == Form::Struct),
        };
        NullBuffer::union(labels.as_ref(), values.as_ref()).filter(|nulls| nulls.null_count() > 0)
    }

    /// Converts arguments, of which every row is present, to the rows of a batch. `empty` makes the table for rows of a
    /// mixed table.
    ///
    /// # Errors
    /// [`Error::Arguments`] for lists of another length and unknown classes; those of
    /// [`Table::row`](narrows_runtime::Table::row).
    pub(crate) fn rows(
        &self,
        function: Function,
        arrays: &[ArrayRef],
        description: &Description,
        empty: impl FnOnce() -> Result<Table, Error>,
    ) -> Result<Rows, Error> {
        let features = description.sample.features();
        let fail = |what| function.error(what);
        let values = match (&self.source, arrays.first()) {
            (Source::Vectors, Some(array)) => vectors::values(array, features, description.fill()).map_err(fail)?,
            (Source::Columns { form, order }, _) => {
                let columns = form.columns(arrays, self.label);
                let ordered: Vec<&ArrayRef> = order.iter().filter_map(|&position| columns.get(position)).collect();
                columns::values(&ordered, description.fill()).map_err(fail)?
            }
            (Source::Table { form, names }, _) => {
                let columns = form.columns(arrays, None);
                Values::Table(Box::new(table::rows(function, empty()?, names, &columns)?))
            }
            (Source::Vectors, None) => unreachable!("a layout of vectors has an argument"),
        };
        let labels = self.label.and_then(|label| arrays.get(label));
        let labels = labels.map(|labels| labels::of(labels, &description.classes).map_err(fail)).transpose()?;
        Ok(Rows { values, labels })
    }
}

impl Form {
    fn columns(self, arrays: &[ArrayRef], label: Option<usize>) -> Vec<ArrayRef> {
        match (self, arrays.first()) {
            (Form::Struct, Some(first)) => first.as_struct().columns().to_vec(),
            (Form::Struct, None) => Vec::new(),
            (Form::Arguments, _) => arrays[..label.unwrap_or(arrays.len())].to_vec(),
        }
    }
}

/// Returns the names and types of the columns, and where they are.
fn named(fields: &[FieldRef]) -> (Form, Vec<FieldRef>) {
    match fields {
        [only] => match only.data_type() {
            DataType::Struct(inner) => (Form::Struct, inner.iter().cloned().collect()),
            _ => (Form::Arguments, fields.to_vec()),
        },
        _ => (Form::Arguments, fields.to_vec()),
    }
}

fn number_source(model: &Description, fields: &[FieldRef]) -> Result<Source, String> {
    let features = model.sample.features();
    let (form, columns) = named(fields);
    if let ([only], Form::Arguments) = (fields, form)
        && vectors::is_vector(only.data_type())
    {
        return vectors::check(only.data_type(), features).map(|()| Source::Vectors);
    }
    if columns.len() != features {
        let found = columns.len();
        return Err(format!("got {found} {}; {}", if found == 1 { "column" } else { "columns" }, expected(model)));
    }
    if let Some(field) = columns.iter().find(|field| !vectors::is_number(field.data_type())) {
        let (name, found) = (quoted(field.name()), field.data_type());
        return Err(format!("the column {name} is {found}, expected a number"));
    }
    let order = match model.columns() {
        None => (0..features).collect(),
        Some(names) => positions(names, &columns)?,
    };
    Ok(Source::Columns { form, order })
}

/// Returns the position of each feature among the columns, by name.
fn positions(names: &[String], columns: &[FieldRef]) -> Result<Vec<usize>, String> {
    let position = |name: &String| columns.iter().position(|column| column.name() == name);
    let missing: Vec<String> = names.iter().filter(|name| position(name).is_none()).cloned().collect();
    if missing.is_empty() {
        return Ok(names.iter().filter_map(position).collect());
    }
    let unknown: Vec<String> =
        columns.iter().map(|column| column.name()).filter(|name| !names.contains(name)).cloned().collect();
    Err(format!(
        "the model has the {} {}, which the arguments do not; they have {} instead (expressions have no name of a \
         column: use named_struct('name', expression, …))",
        if missing.len() == 1 { "column" } else { "columns" },
        quoted_list(&missing),
        quoted_list(&unknown)
    ))
}

fn table_source(model: &Description, fields: &[FieldRef]) -> Result<Source, String> {
    let (form, columns) = named(fields);
    let names: Vec<String> = columns.iter().map(|field| field.name().clone()).collect();
    let Some(schema) = &model.sample.table else { unreachable!("called for mixed tables") };
    let encoder = Encoder::new(schema);
    let missing: Vec<String> =
        encoder.required().filter(|name| !names.iter().any(|given| given == name)).map(str::to_owned).collect();
    if !missing.is_empty() {
        return Err(format!("no argument is the column {}; {}", quoted_list(&missing), expected(model)));
    }
    let unknown: Vec<String> = names.iter().filter(|name| encoder.column(name).is_none()).cloned().collect();
    if !unknown.is_empty() {
        return Err(format!("the model does not have {}; {}", quoted_list(&unknown), expected(model)));
    }
    match columns.iter().find(|field| !table::is_cell_type(field.data_type())) {
        Some(field) => Err(format!("the column {} is {}", quoted(field.name()), field.data_type())),
        None => Ok(Source::Table { form, names }),
    }
}

/// Says which arguments the model takes.
fn expected(model: &Description) -> String {
    let features = model.sample.features();
    if let Some(schema) = &model.sample.table {
        let names: Vec<String> = schema.columns.iter().map(|column| column.name.clone()).collect();
        return format!("expected the columns {}, or a struct of them", quoted_list(&names));
    }
    let label = if model.takes_labels() { ", and then the class of the row" } else { "" };
    match model.columns() {
        Some(names) if names.len() <= 16 => {
            format!("expected a list of {features} numbers, or the columns {}{label}", quoted_list(names))
        }
        _ => format!("expected a list of {features} numbers, {features} bytes, or {features} columns{label}"),
    }
}
