//! Notes on the columns that are not features although no option says so.

use arrow_schema::{DataType, Schema};

use super::{Plan, Sample, find, list};
use crate::{
    column_types::typed,
    notes::{Note, NoteCode},
    reading::LoadOptions,
    source::columnar::schema::index_columns,
};

/// The maximum number of columns in an advice.
const MAX_ADVISED: usize = 5;

impl Plan {
    /// Describes the columns that are not features although no option says so.
    pub(in crate::source::columnar) fn notes(&self, schema: &Schema, options: &LoadOptions) -> Vec<Note> {
        let reading = &options.reading;
        if reading.columns.is_some() {
            return Vec::new();
        }
        let index = index_columns(schema);
        let is_named = |column: usize| {
            let name = &self.names[column];
            let by_option = reading.ignore.iter().flatten().any(|ignored| {
                ignored == name || find(&self.path, schema, ignored).is_ok_and(|ignored| ignored == column)
            });
            by_option || self.labels.contains(&column) || [self.time, self.group].contains(&Some(column))
        };
        let is_passed = |column: &usize| self.passed.iter().flatten().any(|passed| passed == column);
        let left_out = self.others.iter().copied().filter(|column| !is_named(*column) && !is_passed(column));
        let left_out: Vec<usize> = left_out.collect();
        let (index, others): (Vec<_>, Vec<_>) = left_out.into_iter().partition(|column| index.contains(column));
        let list = |columns: &[usize]| list(schema, |column| columns.contains(&column));
        let (are, they) =
            if others.len() == 1 { ("is not a feature", "it has") } else { ("are not features", "they have") };
        let reason = match self.sample {
            Sample::Columns(_) if self.passed.is_some() => {
                format!("{they} neither numbers, booleans, text nor dates")
            }
            Sample::Columns(_) => format!("{they} neither numbers nor booleans"),
            Sample::List(_) => "the features are in the column of lists".to_owned(),
        };
        let place = self.path.display();
        let index_text = || {
            format!("{} is the index of pandas and not a feature; select it with --columns if it is one", list(&index))
        };
        let others_text = || {
            let is_date = |column: &&usize| {
                let kind = schema.field(**column).data_type();
                matches!(kind, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..))
            };
            let dates: Vec<_> = others.iter().filter(is_date).map(|&column| self.names[column].as_str()).collect();
            let dates = match &dates[..] {
                [] => String::new(),
                dates => format!("; --date-columns {} makes features of dates", dates.join(",")),
            };
            let is_text = |column: &&usize| is_text(schema.field(**column).data_type());
            let texts = others.iter().filter(is_text).map(|&column| typed(&self.names[column], "category"));
            let texts: Vec<_> = texts.take(MAX_ADVISED).collect();
            let types = match &texts[..] {
                [] => String::new(),
                texts if options.may_be_mixed() => format!("; --types {} makes a category of text", texts.join(",")),
                _ => String::new(),
            };
            format!("{} {are}, because {reason}{dates}{types}", list(&others))
        };
        [
            (!index.is_empty()).then(|| Note::new(NoteCode::Index, &place, index_text())),
            (!others.is_empty()).then(|| Note::new(NoteCode::Columns, &place, others_text())),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Returns whether a type is text, or a dictionary of text.
fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}
