//! What a column is, by what is known about its values and by what the options say.

use std::path::Path;

use arrow_schema::{DataType, TimeUnit};
use narrows_table::{Column, ColumnKind, Stored};

use super::{
    form::Form,
    levels::{Levels, Rare, as_boolean},
    tally::{MAX_FEW, Tally},
    unfit::Unfit,
};
use crate::{
    column_types::{TypeName, typed},
    error::DataError,
    printable::printable,
    table_error::TableError,
};

/// Whole numbers are a category only in a table with at least so many of them.
const MIN_FEW_ROWS: usize = 20;
/// Texts that are mostly different are refused only in a table with at least so many of them.
const MIN_IDENTIFIER_ROWS: usize = 100;

/// A column that has been read.
pub(super) struct Read<'a> {
    pub(super) path: &'a Path,
    pub(super) name: &'a str,
    pub(super) tally: Tally,
    /// The type of the column.
    pub(super) data_type: &'a DataType,
    pub(super) form: Form,
    /// The largest number of levels of a category.
    pub(super) max_levels: usize,
}

/// A column that is a feature.
pub(super) struct Feature {
    pub(super) column: Column,
    /// What its vocabulary lacks, if it has one.
    pub(super) rare: Option<Rare>,
}

impl Read<'_> {
    /// Returns the column of a feature.
    pub(super) fn feature(&self, said: Option<&TypeName>) -> Result<Feature, DataError> {
        let tally = &self.tally;
        if tally.values() == 0 {
            return Err(self.error(Unfit::Empty));
        }
        let decimals = tally.decimals();
        let (kind, rare) = match said {
            Some(TypeName::Number) => (ColumnKind::Number { decimals }, None),
            Some(TypeName::HeavyTailed) => (ColumnKind::HeavyTailed { decimals }, None),
            Some(TypeName::Count) => (ColumnKind::Count, None),
            Some(TypeName::Category) => self.category(self.levels()?),
            Some(TypeName::Ordered(order)) => (ColumnKind::Ordered { levels: self.ordered(order)? }, None),
            Some(TypeName::Date) => (ColumnKind::Date { has_time: tally.has_time }, None),
            None => self.told()?,
        };
        let column = Column { name: self.name.to_owned(), stored: self.stored(&kind), kind };
        Ok(Feature { column, rare })
    }

    /// Returns the column of a label, which is the part of the class at this place.
    pub(super) fn label(&self, part: usize) -> Column {
        let kind = ColumnKind::Label { part };
        Column { name: self.name.to_owned(), stored: self.stored(&kind), kind }
    }

    /// Returns why the column can be no feature, unless an option says what it is.
    pub(super) fn unfit(&self) -> Option<Unfit> {
        let (tally, levels) = (&self.tally, self.tally.levels.len());
        match () {
            () if tally.values() == 0 => Some(Unfit::Empty),
            () if tally.texts == 0 || self.is_date() => None,
            () if self.not_date().is_some() => None,
            () if tally.texts >= MIN_IDENTIFIER_ROWS && levels > tally.texts / 2 => {
                Some(Unfit::Identifiers { levels, rows: tally.texts })
            }
            () => tally.excess.map(Unfit::Excess),
        }
    }

    /// Returns the first text that is no date, with its row, if most texts are dates.
    fn not_date(&self) -> Option<&(usize, String)> {
        let Tally { text_dates, texts, other, .. } = &self.tally;
        other.as_ref().filter(|_| 2 * text_dates > *texts)
    }

    fn is_date(&self) -> bool {
        let tally = &self.tally;
        tally.dates > 0 || (tally.texts > 0 && tally.text_dates == tally.texts)
    }

    /// Tells the kind from the values.
    fn told(&self) -> Result<(ColumnKind, Option<Rare>), DataError> {
        let tally = &self.tally;
        if let Some(unfit) = self.unfit() {
            return Err(self.error(unfit));
        }
        if self.is_date() {
            return Ok((ColumnKind::Date { has_time: tally.has_time }, None));
        }
        if let Some((row, value)) = self.not_date() {
            let (path, value) = (self.path.to_owned(), format!("`{}`", printable(value)));
            let column = printable(self.name).into_owned();
            let option = typed(self.name, "category");
            return Err(DataError::table(TableError::NotDate { path, row: *row, column, value, option }));
        }
        if tally.texts == 0 && tally.booleans == 0 {
            let is_few = !tally.has_fraction && !tally.has_negative && tally.few.len() <= MAX_FEW;
            return Ok(if is_few && tally.numbers >= MIN_FEW_ROWS {
                self.category(Levels::of_numbers(&tally.few))
            } else {
                (ColumnKind::Number { decimals: tally.decimals() }, None)
            });
        }
        Ok(self.category(self.levels()?))
    }

    /// Returns the category of the most frequent levels.
    fn category(&self, levels: Levels) -> (ColumnKind, Option<Rare>) {
        let (levels, rare) = levels.most_frequent(self.max_levels);
        (ColumnKind::Category { levels }, rare)
    }

    /// Returns the error of a column that can be no feature.
    pub(super) fn error(&self, unfit: Unfit) -> DataError {
        unfit.error(self.path, self.name, typed(self.name, "category"))
    }

    fn levels(&self) -> Result<Levels, DataError> {
        if let Some(excess) = self.tally.excess {
            return Err(self.error(Unfit::Excess(excess)));
        }
        if self.tally.levels.is_empty() {
            return Err(self.error(Unfit::Empty));
        }
        Ok(Levels::of(&self.tally.levels))
    }

    /// Returns the levels in the order that the options say, or in that of whole numbers.
    fn ordered(&self, order: &[String]) -> Result<Vec<String>, DataError> {
        let mut levels = self.levels()?.names();
        let (path, column) = (self.path.to_owned(), printable(self.name).into_owned());
        if !order.is_empty() {
            return match levels.iter().find(|level| !order.contains(level)) {
                Some(level) => Err(DataError::table(TableError::NotInOrder {
                    path,
                    column,
                    level: format!("`{}`", printable(level)),
                })),
                None => Ok(order.to_vec()),
            };
        }
        if levels.iter().all(|level| level.parse::<i64>().is_ok()) {
            if levels.len() > self.max_levels {
                let (levels, limit, option) = (levels.len(), self.max_levels, typed(self.name, "number"));
                return Err(DataError::table(TableError::OrderedLevels { path, column, levels, limit, option }));
            }
            levels.sort_by_key(|level| level.parse::<i64>().unwrap_or_default());
            return Ok(levels);
        }
        if levels.iter().all(|level| as_boolean(level).is_some()) {
            return Ok(levels);
        }
        levels.truncate(5);
        let option = typed(self.name, &format!("ordered:{}", levels.join("|")));
        Err(DataError::table(TableError::Order { path, column, option }))
    }

    /// Returns how the file stores the values, so that they can be written in the same way.
    fn stored(&self, kind: &ColumnKind) -> Stored {
        match self.form {
            Form::Typed => stored(self.data_type, kind),
            Form::Text(_) => match kind {
                ColumnKind::Number { .. } | ColumnKind::HeavyTailed { .. } if self.tally.has_fraction => {
                    Stored::Float64
                }
                ColumnKind::Number { .. } | ColumnKind::HeavyTailed { .. } | ColumnKind::Count => Stored::Int64,
                ColumnKind::Date { .. } => Stored::Text,
                ColumnKind::Category { levels } | ColumnKind::Ordered { levels } => of_levels(levels),
                ColumnKind::Label { .. } => {
                    let is_whole = self.tally.numbers > 0 && self.tally.texts == 0 && !self.tally.has_fraction;
                    if is_whole { Stored::Int64 } else { Stored::Text }
                }
            },
        }
    }
}

/// Returns how a file of text stores levels.
fn of_levels(levels: &[String]) -> Stored {
    let is_integer = |level: &String| level.parse::<i64>().is_ok_and(|integer| integer.to_string() == *level);
    if levels.iter().all(is_integer) {
        Stored::Int64
    } else if levels.iter().all(|level| level == "true" || level == "false") {
        Stored::Boolean
    } else {
        Stored::Text
    }
}

/// Returns how a typed file stores the values of a column.
pub(crate) fn stored(data_type: &DataType, kind: &ColumnKind) -> Stored {
    let is_date = matches!(kind, ColumnKind::Date { .. } | ColumnKind::Label { .. });
    match data_type {
        DataType::Boolean => Stored::Boolean,
        DataType::Int8 => Stored::Int8,
        DataType::Int16 => Stored::Int16,
        DataType::Int32 => Stored::Int32,
        DataType::Int64 => Stored::Int64,
        DataType::UInt8 => Stored::UInt8,
        DataType::UInt16 => Stored::UInt16,
        DataType::UInt32 => Stored::UInt32,
        DataType::UInt64 => Stored::UInt64,
        DataType::Float16 | DataType::Float32 => Stored::Float32,
        DataType::Float64
        | DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => Stored::Float64,
        DataType::Dictionary(_, values) => stored(values, kind),
        DataType::Date32 if is_date => Stored::Date32,
        DataType::Date64 | DataType::Timestamp(TimeUnit::Millisecond, _) if is_date => Stored::TimestampMillisecond,
        DataType::Timestamp(TimeUnit::Second, _) if is_date => Stored::TimestampSecond,
        DataType::Timestamp(TimeUnit::Microsecond, _) if is_date => Stored::TimestampMicrosecond,
        DataType::Timestamp(TimeUnit::Nanosecond, _) if is_date => Stored::TimestampNanosecond,
        // Text, and dates that are categories.
        _ => Stored::Text,
    }
}
