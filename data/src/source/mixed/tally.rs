//! What is known about the values of a column after a pass over the rows.

use std::collections::HashMap;

use narrows_table::{Moment, Value, is_missing_word};

use super::form::Form;
use crate::{column_types::TypeName, source::csv::Content};

/// A column with more levels is no category.
pub(super) const MAX_LEVELS: usize = 1_000_000;
/// The maximum number of bytes of a level.
pub(super) const MAX_LEVEL_BYTES: usize = 10_000;
/// The maximum number of bytes of all levels of a column.
pub(super) const MAX_VOCABULARY_BYTES: usize = 1 << 28;
/// Whole numbers with more different values are no category.
pub(super) const MAX_FEW: usize = 10;
/// Numbers with more decimal places are not rounded.
const MAX_DECIMALS: usize = 6;

/// The number of texts of which one has to be a date in a column of dates.
const DATE_TEXTS: usize = 100;

/// What is known about the values of a column.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Whether the levels are needed whatever the values are.
    needs_levels: bool,
    pub(super) numbers: usize,
    pub(super) texts: usize,
    pub(super) booleans: usize,
    /// Typed dates.
    pub(super) dates: usize,
    /// Texts that are dates.
    pub(super) text_dates: usize,
    /// The first text that is no date, and its row.
    pub(super) other: Option<(usize, String)>,
    /// The number of rows, with missing values.
    rows: usize,
    /// Whether a date has a time of day.
    pub(super) has_time: bool,
    /// Whether a number has a fraction, is negative or too large for a whole number.
    pub(super) has_fraction: bool,
    pub(super) has_negative: bool,
    /// How often each whole number occurs, for up to one more than [`MAX_FEW`] different ones.
    pub(super) few: Vec<(i64, u64)>,
    /// The largest number of decimal places; more than [`MAX_DECIMALS`] if it is unknown.
    decimals: usize,
    /// How often each level occurs.
    pub(super) levels: HashMap<String, u64>,
    level_bytes: usize,
    /// Why the levels are not complete.
    pub(super) excess: Option<Excess>,
}

/// Why a column has too many or too long levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Excess {
    Levels,
    Bytes,
    /// The length of a level in bytes.
    Long(usize),
}

impl Tally {
    pub(super) fn new(said: Option<&TypeName>) -> Self {
        let needs_levels = match said {
            Some(TypeName::Category | TypeName::Ordered(_)) => true,
            Some(TypeName::Number | TypeName::HeavyTailed | TypeName::Count | TypeName::Date) | None => false,
        };
        Tally { needs_levels, ..Tally::default() }
    }

    /// Returns the number of values that are not missing.
    pub(super) fn values(&self) -> usize {
        self.numbers + self.texts + self.booleans + self.dates
    }

    /// Returns the largest number of decimal places, if all numbers have few.
    pub(super) fn decimals(&self) -> Option<u8> {
        u8::try_from(self.decimals).ok().filter(|_| self.decimals <= MAX_DECIMALS)
    }

    /// Takes a value.
    pub(super) fn add(&mut self, value: Value<'_>, form: Form) {
        self.rows += 1;
        match (value, form) {
            (Value::Missing, _) => {}
            (Value::Text(text), Form::Text(notation)) => match notation.read(text) {
                Content::Missing => {}
                Content::Number { value, integer, decimals } => {
                    self.add_number(f64::from(value), integer, decimals);
                    self.add_level_if_needed(text);
                }
                Content::OutOfRange => {
                    self.add_number(f64::INFINITY, None, None);
                    self.add_level_if_needed(text);
                }
                Content::Text => self.add_text(text),
            },
            (Value::Text(text), Form::Typed) => match text.trim() {
                missing if is_missing_word(missing) => {}
                text => self.add_text(text),
            },
            (Value::Number(number), _) if number.is_nan() => {}
            (Value::Number(number), _) => {
                // Formatting costs more than all else, so it stops once the places are known to be many.
                let places = || number.to_string().split_once('.').map_or(0, |(_, fraction)| fraction.len());
                let decimals = (self.decimals <= MAX_DECIMALS).then(places);
                self.add_number(number, None, decimals);
                self.add_level_if_needed(&value.level());
            }
            (Value::Integer(integer), _) => {
                self.add_number(integer as f64, Some(integer), Some(0));
                self.add_level_if_needed(&value.level());
            }
            (Value::Boolean(_), _) => {
                self.booleans += 1;
                self.add_level(&value.level());
            }
            (Value::Date(moment), _) => {
                self.dates += 1;
                self.has_time |= moment.has_time();
                self.add_level_if_needed(&value.level());
            }
        }
    }

    fn add_number(&mut self, value: f64, integer: Option<i64>, decimals: Option<usize>) {
        self.numbers += 1;
        self.has_negative |= value < 0.0;
        self.decimals = self.decimals.max(decimals.unwrap_or(MAX_DECIMALS + 1));
        match integer {
            Some(integer) => match self.few.iter().position(|(known, _)| *known == integer) {
                Some(place) => self.few[place].1 += 1,
                None if self.few.len() <= MAX_FEW => self.few.push((integer, 1)),
                None => {}
            },
            None => self.has_fraction = true,
        }
    }

    fn add_text(&mut self, text: &str) {
        self.texts += 1;
        // A column whose first texts are no dates has none.
        if self.text_dates > 0 || self.texts <= DATE_TEXTS {
            if Moment::parse(text).is_some() {
                self.text_dates += 1;
                self.has_time |= text.trim().len() > "2024-02-28".len();
            } else if self.other.is_none() {
                self.other = Some((self.rows - 1, text.to_owned()));
            }
        }
        self.add_level(text);
    }

    fn add_level_if_needed(&mut self, text: &str) {
        if self.needs_levels {
            self.add_level(text);
        }
    }

    fn add_level(&mut self, text: &str) {
        if let Some(count) = self.levels.get_mut(text) {
            *count += 1;
            return;
        }
        if self.excess.is_some() {
            return;
        }
        self.level_bytes += text.len();
        self.excess = match () {
            () if text.len() > MAX_LEVEL_BYTES => Some(Excess::Long(text.len())),
            () if self.levels.len() == MAX_LEVELS => Some(Excess::Levels),
            () if self.level_bytes > MAX_VOCABULARY_BYTES => Some(Excess::Bytes),
            () => {
                self.levels.insert(text.to_owned(), 1);
                None
            }
        };
    }
}
