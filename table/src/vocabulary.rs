//! Finds the level of a value.

use std::collections::HashMap;

use crate::{
    column::Stored,
    value::{Value, is_missing_word},
};

/// What a value is in a vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// A level, by its position from 1.
    Level(u32),
    /// No value.
    Missing,
    /// A value that is not in the vocabulary.
    Unseen,
}

/// The levels of a category with their positions.
#[derive(Debug, Clone)]
pub(crate) struct Vocabulary {
    texts: HashMap<String, u32>,
    /// The levels that are whole numbers.
    integers: HashMap<i64, u32>,
    /// The levels of false and true, in any spelling.
    booleans: [Option<u32>; 2],
    /// Whether `1.0` is the level `1`: the column contains numbers, and not for example codes that begin with 0.
    has_numbers: bool,
}

impl Vocabulary {
    pub(crate) fn new(levels: &[String], stored: Stored) -> Self {
        let position = |index: usize| u32::try_from(index + 1).unwrap_or(u32::MAX);
        let texts: HashMap<String, u32> =
            levels.iter().enumerate().map(|(index, level)| (level.clone(), position(index))).collect();
        let integers = levels.iter().enumerate().filter_map(|(index, level)| {
            let integer = level.parse::<i64>().ok().filter(|integer| integer.to_string() == *level)?;
            Some((integer, position(index)))
        });
        let boolean = |words: [&str; 4]| words.iter().find_map(|word| texts.get(*word).copied());
        let booleans = [boolean(["false", "False", "FALSE", "0"]), boolean(["true", "True", "TRUE", "1"])];
        Vocabulary { integers: integers.collect(), booleans, has_numbers: stored != Stored::Text, texts }
    }

    /// Returns the level of a value. Text that is not a level is compared again without surrounding spaces, in another
    /// spelling of booleans, and as a number if the column contains numbers.
    pub(crate) fn find(&self, value: Value<'_>) -> Found {
        match value {
            Value::Missing => Found::Missing,
            Value::Text(text) => match self.texts.get(text) {
                Some(&level) => Found::Level(level),
                None => self.find_other(text.trim()),
            },
            Value::Number(number) if number.is_nan() => Found::Missing,
            Value::Number(number) => of(self.number(number)),
            Value::Integer(integer) => of(self.integers.get(&integer).copied()),
            Value::Boolean(boolean) => of(self.booleans[usize::from(boolean)]),
            Value::Date(moment) => {
                let known = |text: String| self.texts.get(&text).copied();
                of(known(moment.to_string()).or_else(|| known(moment.date_time_text())))
            }
        }
    }

    /// Returns the level of trimmed text that is not written like a level.
    #[cold]
    fn find_other(&self, text: &str) -> Found {
        if let Some(&level) = self.texts.get(text) {
            return Found::Level(level);
        }
        if is_missing_word(text) {
            return Found::Missing;
        }
        let boolean = match text {
            "false" | "False" | "FALSE" => self.booleans[0],
            "true" | "True" | "TRUE" => self.booleans[1],
            _ => None,
        };
        let number = || text.parse::<f64>().ok().filter(|_| self.has_numbers).and_then(|number| self.number(number));
        of(boolean.or_else(number))
    }

    fn number(&self, number: f64) -> Option<u32> {
        /// Up to this size, `f64` has every integer.
        const MAX_INTEGER: f64 = (1u64 << 53) as f64;
        if number.fract() == 0.0 && number.abs() <= MAX_INTEGER {
            return self.integers.get(&(number as i64)).copied();
        }
        self.texts.get(&number.to_string()).copied()
    }
}

fn of(level: Option<u32>) -> Found {
    level.map_or(Found::Unseen, Found::Level)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary(levels: &[&str], stored: Stored) -> Vocabulary {
        Vocabulary::new(&levels.iter().map(ToString::to_string).collect::<Vec<_>>(), stored)
    }

    #[test]
    fn a_level_is_found_in_every_type_and_spelling_of_its_value() {
        let numbers = vocabulary(&["1", "2", "0.5"], Stored::Int64);
        let level = Found::Level;
        for (value, expected) in [
            (Value::Text("2"), level(2)),
            (Value::Text(" 2.0 "), level(2)),
            (Value::Integer(2), level(2)),
            (Value::Number(2.0), level(2)),
            (Value::Number(0.5), level(3)),
            (Value::Boolean(true), level(1)),
            (Value::Number(f64::NAN), Found::Missing),
            (Value::Text("3"), Found::Unseen),
            (Value::Text("NA"), Found::Missing),
        ] {
            assert_eq!(numbers.find(value), expected, "{value:?}");
        }
        let booleans = vocabulary(&["False", "True"], Stored::Text);
        assert_eq!(booleans.find(Value::Boolean(true)), level(2));
        assert_eq!(booleans.find(Value::Text("false")), level(1));
    }

    #[test]
    fn codes_of_digits_that_are_text_differ_if_they_are_written_differently() {
        let codes = vocabulary(&["01234", "7"], Stored::Text);
        assert_eq!(codes.find(Value::Text("1234")), Found::Unseen);
        assert_eq!(codes.find(Value::Text("7.0")), Found::Unseen);
        assert_eq!(codes.find(Value::Text("01234 ")), Found::Level(1));
    }

    #[test]
    fn a_word_for_missing_values_is_a_level_if_the_vocabulary_contains_it() {
        let text = vocabulary(&["None", "Brick"], Stored::Text);
        assert_eq!(text.find(Value::Text("None")), Found::Level(1));
        assert_eq!(text.find(Value::Text("null")), Found::Missing);
    }
}
