//! Notes on the columns that are not features although no option says so.

use arrow_schema::{DataType, Schema};

use super::{Plan, Sample, find, list};
use crate::{
    notes::{Note, NoteCode},
    reading::Reading,
    source::columnar::schema::index_columns,
};

impl Plan {
    /// Describes the columns that are not features although no option says so.
    pub(in crate::source::columnar) fn notes(&self, schema: &Schema, reading: &Reading) -> Vec<Note> {
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
        let left_out: Vec<usize> = self.others.iter().copied().filter(|&column| !is_named(column)).collect();
        let (index, others): (Vec<_>, Vec<_>) = left_out.into_iter().partition(|column| index.contains(column));
        let list = |columns: &[usize]| list(schema, |column| columns.contains(&column));
        let (are, they) =
            if others.len() == 1 { ("is not a feature", "it has") } else { ("are not features", "they have") };
        let reason = match self.sample {
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
            format!("{} {are}, because {reason}{dates}", list(&others))
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
