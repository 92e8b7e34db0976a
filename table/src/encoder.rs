//! Converts the values of a table to cells.

use std::collections::{BTreeMap, HashMap};

use crate::{
    cell::{Cell, UNSEEN},
    codec_error::{CodecError, quoted},
    column::{Column, ColumnKind},
    moment::Moment,
    schema::{MissingCells, Schema},
    value::{Value, is_missing_word},
    vocabulary::{Found, Vocabulary},
};

/// Converts the values of a table to cells.
///
/// An encoder does not change, so that threads can share it. Levels that no vocabulary contains are counted in
/// [`UnseenLevels`], which the caller keeps.
///
/// ```
/// use narrows_table::{Column, ColumnKind, Encoder, MissingCells, Schema, Stored, UnseenLevels, Value};
///
/// let column = |name: &str, kind, stored| Column { name: name.to_owned(), kind, stored };
/// let levels = ["NL", "DE"].map(str::to_owned).to_vec();
/// let schema = Schema {
///     columns: vec![
///         column("country", ColumnKind::Category { levels }, Stored::Text),
///         column("amount", ColumnKind::Number { decimals: Some(2) }, Stored::Float64),
///     ],
///     missing: MissingCells::Refused,
/// };
/// let (encoder, mut unseen) = (Encoder::new(&schema), UnseenLevels::default());
/// let mut cells = vec![f32::NAN; encoder.width()];
/// encoder.encode_value(0, 0, Value::Text("DE"), &mut cells, &mut unseen)?;
/// encoder.encode_value(0, 1, Value::Number(9.5), &mut cells, &mut unseen)?;
/// assert_eq!(cells, [2.0, 9.5]);
/// # Ok::<(), narrows_table::CodecError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Encoder {
    columns: Vec<ColumnEncoder>,
    /// The column of each cell.
    cells: Vec<Cell>,
    positions: HashMap<String, usize>,
    missing: MissingCells,
}

/// Converts the values of a column.
#[derive(Debug, Clone)]
pub(crate) struct ColumnEncoder {
    pub(crate) name: String,
    /// The first cell in a row.
    pub(crate) first: usize,
    /// The number of cells; 0 for a label.
    pub(crate) cells: usize,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Number,
    Count,
    Category(Vocabulary),
    Date { has_time: bool },
    Label,
}

impl Encoder {
    /// Creates the encoder of a table.
    pub fn new(schema: &Schema) -> Self {
        let cells = schema.cells();
        let mut first = 0;
        let columns = schema.columns.iter().enumerate().map(|(index, column)| {
            let own = cells.iter().filter(|cell| cell.column == index).count();
            first += own;
            ColumnEncoder { name: column.name.clone(), first: first - own, cells: own, kind: Kind::of(column) }
        });
        let columns = columns.collect();
        let positions = schema.columns.iter().enumerate().map(|(index, column)| (column.name.clone(), index));
        Encoder { columns, positions: positions.collect(), missing: schema.missing, cells }
    }

    /// Returns the number of cells of a row.
    pub fn width(&self) -> usize {
        self.cells.len()
    }

    /// Returns the position of a column in the schema.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.positions.get(name).copied()
    }

    /// Returns the names of the columns that rows need: all but those of the label.
    pub fn required(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().filter(|column| column.cells > 0).map(|column| column.name.as_str())
    }

    #[cfg(feature = "arrow")]
    pub(crate) fn columns(&self) -> &[ColumnEncoder] {
        &self.columns
    }

    /// Writes the cells of a value of the column at position `column` of the schema to `cells`, the cells of its row.
    /// A missing value becomes NaN; [`Encoder::check_complete`] refuses it where the model needs complete rows. A label
    /// has no cells, and is ignored. `row` is the row in the file, from 0, for errors.
    ///
    /// # Errors
    /// [`CodecError`] if the value is not of the type of its column, or there is no such column or cell.
    #[inline]
    pub fn encode_value(
        &self,
        row: usize,
        column: usize,
        value: Value<'_>,
        cells: &mut [f32],
        unseen: &mut UnseenLevels,
    ) -> Result<(), CodecError> {
        let length = || CodecError::Length { found: cells.len(), cells: self.width() };
        let encoder = self.columns.get(column).ok_or_else(length)?;
        if cells.len() != self.width() {
            return Err(length());
        }
        encoder.encode(row, column, value, &mut cells[encoder.first..encoder.first + encoder.cells], unseen)
    }

    /// Refuses missing values if the network was trained on complete rows. `cells` has shape `[rows, width]`, and
    /// `first` is the row in the file of its first row, for errors.
    ///
    /// # Errors
    /// [`CodecError::Missing`] for the first missing value.
    pub fn check_complete(&self, first: usize, cells: &[f32]) -> Result<(), CodecError> {
        let missing = match self.missing {
            MissingCells::Masked => None,
            MissingCells::Refused => cells.iter().position(|cell| cell.is_nan()),
        };
        match missing {
            None => Ok(()),
            Some(index) => {
                let cell = &self.cells[index % self.width()];
                let column = self.columns[cell.column].name.clone();
                Err(CodecError::Missing { column, row: first + index / self.width() })
            }
        }
    }
}

impl Kind {
    fn of(column: &Column) -> Self {
        match &column.kind {
            ColumnKind::Number { .. } | ColumnKind::HeavyTailed { .. } => Kind::Number,
            ColumnKind::Count => Kind::Count,
            ColumnKind::Category { levels } | ColumnKind::Ordered { levels } => {
                Kind::Category(Vocabulary::new(levels, column.stored))
            }
            ColumnKind::Date { has_time } => Kind::Date { has_time: *has_time },
            ColumnKind::Label { .. } => Kind::Label,
        }
    }
}

const NOT_NUMBER: &str = "a number";
const NUMBER_ADVICE: &str =
    "give a missing value as null, NA or nothing, or train a model with the column as a category (--types)";
const NOT_COUNT: &str = "a count, which is a whole number of at least 0";
const COUNT_ADVICE: &str = "correct it, or train a model with the column as a number (--types)";
const NOT_DATE: &str = "a date";
const DATE_ADVICE: &str =
    "write dates like 2024-02-28 or 2024-02-28 17:30:00, and a missing one as null, NA or nothing";
const TOO_LARGE: &str = "in the range of 32-bit floats";
const RANGE_ADVICE: &str = "give a missing value as null, NA or nothing";

impl ColumnEncoder {
    #[inline]
    pub(crate) fn encode(
        &self,
        row: usize,
        index: usize,
        value: Value<'_>,
        cells: &mut [f32],
        unseen: &mut UnseenLevels,
    ) -> Result<(), CodecError> {
        match (&self.kind, cells) {
            (Kind::Number, [cell]) => *cell = self.number(row, value)?,
            (Kind::Count, [cell]) => {
                *cell = self.number(row, value)?;
                if *cell < 0.0 || cell.fract().abs() > 0.0 {
                    return Err(self.fault(row, value, NOT_COUNT, COUNT_ADVICE));
                }
            }
            (Kind::Category(vocabulary), [cell]) => {
                *cell = match vocabulary.find(value) {
                    Found::Level(level) => level as f32,
                    Found::Missing => f32::NAN,
                    Found::Unseen => {
                        unseen.add(index, &self.name, value);
                        UNSEEN
                    }
                }
            }
            (Kind::Date { has_time }, [day, rest @ ..]) => {
                let moment = self.date(row, value)?;
                let seconds = moment.map(Moment::seconds);
                let (month, weekday) = moment.map_or((f32::NAN, f32::NAN), |moment| {
                    let (month, weekday) = moment.month_and_weekday();
                    (month as f32, weekday as f32)
                });
                *day = moment.map_or(f32::NAN, |moment| moment.day() as f32);
                match (has_time, rest) {
                    (true, [time, first, second]) => {
                        *time = seconds.map_or(f32::NAN, |seconds| seconds as f32);
                        (*first, *second) = (month, weekday);
                    }
                    (false, [first, second]) => (*first, *second) = (month, weekday),
                    (true | false, _) => unreachable!("the schema gives a date its cells"),
                }
            }
            (Kind::Label, _) => {}
            (Kind::Number | Kind::Count | Kind::Category(_) | Kind::Date { .. }, _) => {
                unreachable!("the schema gives every column its cells")
            }
        }
        Ok(())
    }

    fn number(&self, row: usize, value: Value<'_>) -> Result<f32, CodecError> {
        let number = match value {
            Value::Missing => return Ok(f32::NAN),
            Value::Number(number) if number.is_nan() => return Ok(f32::NAN),
            Value::Number(number) => number as f32,
            Value::Integer(integer) => integer as f32,
            Value::Boolean(boolean) => f32::from(u8::from(boolean)),
            Value::Text(text) => {
                let trimmed = text.trim();
                match trimmed.parse::<f32>() {
                    Ok(number) if number.is_nan() => return Ok(f32::NAN),
                    Ok(number) => number,
                    Err(_) if is_missing_word(trimmed) => return Ok(f32::NAN),
                    Err(_) => return Err(self.fault(row, value, NOT_NUMBER, NUMBER_ADVICE)),
                }
            }
            Value::Date(_) => return Err(self.fault(row, value, NOT_NUMBER, NUMBER_ADVICE)),
        };
        if number.is_finite() { Ok(number) } else { Err(self.fault(row, value, TOO_LARGE, RANGE_ADVICE)) }
    }

    fn date(&self, row: usize, value: Value<'_>) -> Result<Option<Moment>, CodecError> {
        match value {
            Value::Missing => Ok(None),
            Value::Number(number) if number.is_nan() => Ok(None),
            Value::Date(moment) => Ok(Some(moment)),
            Value::Text(text) => match Moment::parse(text) {
                Some(moment) => Ok(Some(moment)),
                None if is_missing_word(text.trim()) => Ok(None),
                None => Err(self.fault(row, value, NOT_DATE, DATE_ADVICE)),
            },
            Value::Number(_) | Value::Integer(_) | Value::Boolean(_) => {
                Err(self.fault(row, value, NOT_DATE, DATE_ADVICE))
            }
        }
    }

    #[cold]
    fn fault(&self, row: usize, value: Value<'_>, expected: &'static str, advice: &'static str) -> CodecError {
        CodecError::Value { column: self.name.clone(), row, value: quoted(&value.level()), expected, advice }
    }
}

/// The levels that were not in a vocabulary, counted for each column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnseenLevels(BTreeMap<usize, UnseenLevel>);

/// The levels of a column that were not in its vocabulary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnseenLevel {
    /// The name of the column.
    pub column: String,
    /// The number of cells.
    pub count: usize,
    /// The first such level, shortened and in quotes.
    pub example: String,
}

impl UnseenLevels {
    /// Returns the columns with such levels, in the order of the schema.
    pub fn columns(&self) -> impl Iterator<Item = &UnseenLevel> {
        self.0.values()
    }

    /// Returns whether there are no such levels.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds the counts of other rows of the same table.
    pub fn merge(&mut self, other: UnseenLevels) {
        for (column, level) in other.0 {
            self.0.entry(column).and_modify(|own| own.count += level.count).or_insert(level);
        }
    }

    fn add(&mut self, index: usize, column: &str, value: Value<'_>) {
        let first = || UnseenLevel { column: column.to_owned(), count: 0, example: quoted(&value.level()) };
        self.0.entry(index).or_insert_with(first).count += 1;
    }
}
