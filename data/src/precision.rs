//! Finds features whose distinct values become equal in 32-bit floats, such as timestamps in seconds.

use crate::notes::{Note, NoteCode};

/// A number before it is rounded to `f32`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Exact {
    Integer(i128),
    Float(f64),
}

/// The largest rounding error that is no loss, relative to the range of a feature.
const TOLERANCE: f64 = 1e-4;
/// The largest rounding error of a normal `f32`, relative to its value: 2^-24.
const ROUNDING: f32 = 1.0 / (1 << 24) as f32;
/// The distance between two `f32` close to 0. The rounding error is up to half of it, also of a number that becomes 0.
const SMALLEST: f32 = f32::from_bits(1);
/// Integers of this size and more may be rounded.
const FIRST_ROUNDED: f32 = (1 << 24) as f32;

/// The ranges and the rounding errors of features.
#[derive(Debug)]
pub(crate) struct Precision {
    features: Vec<Feature>,
    /// Whether the only entry of `features` stands for all features together.
    is_shared: bool,
}

#[derive(Clone, Debug)]
struct Feature {
    /// The range of the rounded values.
    low: f32,
    high: f32,
    /// The first integer. Exact values are relative to it, because `f64` does not hold every `i128`.
    base: i128,
    has_base: bool,
    /// The range of the exact values that were compared, relative to the base.
    exact: (f64, f64),
    /// The largest rounding error, and the exact and the rounded value with it.
    error: f64,
    example: Option<(Exact, f32)>,
    /// Whether an integer was rounded.
    is_integer_rounded: bool,
}

impl Precision {
    /// Compares the values of each feature with each other.
    pub(crate) fn new(features: usize) -> Self {
        let feature = Feature {
            low: f32::INFINITY,
            high: f32::NEG_INFINITY,
            base: 0,
            has_base: false,
            exact: (f64::INFINITY, f64::NEG_INFINITY),
            error: 0.0,
            example: None,
            is_integer_rounded: false,
        };
        Precision { features: vec![feature; features], is_shared: false }
    }

    /// Compares the values of all features with each other.
    pub(crate) fn of_all() -> Self {
        Precision { is_shared: true, ..Precision::new(1) }
    }

    #[inline]
    fn feature(&mut self, feature: usize) -> Option<&mut Feature> {
        self.features.get_mut(if self.is_shared { 0 } else { feature })
    }

    /// Takes a rounded value. Returns whether its rounding may matter, so that the exact value is needed.
    #[inline]
    pub(crate) fn add(&mut self, feature: usize, rounded: f32) -> bool {
        let Some(feature) = self.feature(feature) else { return false };
        feature.low = feature.low.min(rounded);
        feature.high = feature.high.max(rounded);
        let magnitude = rounded.abs();
        let error = magnitude * ROUNDING + SMALLEST;
        magnitude >= FIRST_ROUNDED || error > TOLERANCE as f32 * (feature.high - feature.low)
    }

    /// Takes the exact value of the value that was added.
    pub(crate) fn add_exact(&mut self, feature: usize, exact: Exact, rounded: f32) {
        let Some(feature) = self.feature(feature) else { return };
        if let (Exact::Integer(base), false) = (exact, feature.has_base) {
            (feature.base, feature.has_base) = (base, true);
        }
        let (value, rounded_value) = match exact {
            Exact::Integer(exact) => {
                let is_exact = rounded.abs() < FIRST_ROUNDED || rounded as i128 == exact;
                feature.is_integer_rounded |= !is_exact;
                let relative = |value: i128| value.saturating_sub(feature.base) as f64;
                (relative(exact), relative(rounded as i128))
            }
            Exact::Float(exact) => (exact - feature.base as f64, f64::from(rounded) - feature.base as f64),
        };
        feature.exact = (feature.exact.0.min(value), feature.exact.1.max(value));
        let error = (value - rounded_value).abs();
        if error > feature.error {
            (feature.error, feature.example) = (error, Some((exact, rounded)));
        }
    }

    /// Describes the columns of a table that lose distinct values. `name` formats a feature.
    pub(crate) fn note(&self, place: impl std::fmt::Display, name: impl Fn(usize) -> String) -> Option<Note> {
        let note = self.array_note(place, name)?;
        let text = format!("{}, or exclude the column with --ignore", note.text);
        Some(Note { text, ..note })
    }

    /// Describes the features of an array that lose distinct values. `name` formats a feature.
    pub(crate) fn array_note(&self, place: impl std::fmt::Display, name: impl Fn(usize) -> String) -> Option<Note> {
        /// More examples do not help the reader.
        const MAX_NAMES: usize = 5;
        /// Smaller numbers are written with an exponent.
        const MIN_PLAIN: f64 = 1e-5;
        let lossy: Vec<usize> = (0..self.features.len()).filter(|&feature| self.features[feature].is_lossy()).collect();
        let example = |&feature: &usize| {
            let (exact, rounded) = self.features.get(feature)?.example?;
            let (exact, rounded) = match exact {
                Exact::Integer(exact) => (exact.to_string(), (rounded as i128).to_string()),
                Exact::Float(exact) if exact.abs() < MIN_PLAIN => (format!("{exact:e}"), format!("{rounded:e}")),
                Exact::Float(exact) => (exact.to_string(), rounded.to_string()),
            };
            Some(format!("{} ({exact} becomes {rounded})", name(feature)))
        };
        let mut examples: Vec<String> = lossy.iter().take(MAX_NAMES).filter_map(example).collect();
        if lossy.len() > MAX_NAMES {
            examples.push(format!("{} more columns", lossy.len() - MAX_NAMES));
        }
        let is_tiny = |&feature: &usize| self.features[feature].range() < f64::from(f32::MIN_POSITIVE);
        let remedy = if !lossy.is_empty() && lossy.iter().all(is_tiny) {
            "multiply the values by a constant"
        } else {
            "subtract an offset, such as the smallest value,"
        };
        let text = format!(
            "32-bit floats hold about 7 digits, so values are rounded and may become equal in {}; {remedy} before",
            examples.join(", ")
        );
        let is_lossy = !lossy.is_empty();
        let features = if self.is_shared { Vec::new() } else { lossy };
        is_lossy.then(|| Note::new(NoteCode::Precision, place, text).about(features))
    }
}

impl Feature {
    /// The range of the exact values. Only values whose rounding may matter are known exactly.
    fn range(&self) -> f64 {
        (self.exact.1 - self.exact.0).max(f64::from(self.high) - f64::from(self.low))
    }

    fn is_lossy(&self) -> bool {
        let range = self.range();
        range > 0.0 && (self.is_integer_rounded || self.error > TOLERANCE * range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether values lose precision.
    fn is_lossy(values: &[Exact]) -> bool {
        let mut precision = Precision::new(1);
        for &exact in values {
            let rounded = match exact {
                Exact::Integer(exact) => exact as f32,
                Exact::Float(exact) => exact as f32,
            };
            if precision.add(0, rounded) {
                precision.add_exact(0, exact, rounded);
            }
        }
        precision.note("t.csv", |_| "`x`".to_owned()).is_some()
    }

    #[test]
    fn only_values_whose_rounding_matters_are_lossy() {
        let integers =
            |values: &[i128]| is_lossy(&values.iter().map(|&value| Exact::Integer(value)).collect::<Vec<_>>());
        let floats = |values: &[f64]| is_lossy(&values.iter().map(|&value| Exact::Float(value)).collect::<Vec<_>>());
        assert!(integers(&[1_700_000_010, 1_700_000_017, 1_700_000_600]), "timestamps");
        assert!(integers(&[9_223_372_000_000_000_000, 9_223_372_000_000_000_001]), "one apart beyond f64");
        assert!(integers(&[1, 1 << 40, (1 << 40) + 1]), "some integers are rounded");
        assert!(integers(&[93_546_628, 2]), "one integer is rounded");
        assert!(floats(&[1e-50, 2e-50]), "smaller than every f32");
        assert!(floats(&[0.0, 0.0, 1e-50]), "the last one becomes 0");
        assert!(floats(&[1.5e-44, 1.7e-44]), "denormal");
        assert!(floats(&[20_000.001, 20_000.002, 20_000.003]), "a small range");
        assert!(!integers(&[(1 << 40) + 1, (1 << 40) + 1]), "constant");
        assert!(!integers(&[1 << 30, 1 << 31, 0]), "exact");
        assert!(!integers(&[16_777_214, 16_777_215]), "exact");
        assert!(!floats(&[0.1, 0.1]), "constant");
        assert!(!floats(&[0.1, 0.2, 0.300_000_000_1]), "the range is as large as the values");
        assert!(!floats(&[1e300, 0.0]), "refused by another check");
        assert!(!floats(&[0.0, 1.0, 1e-50]), "the range is much larger");
    }

    #[test]
    fn tiny_values_are_written_with_an_exponent_and_are_to_be_multiplied() {
        let mut precision = Precision::new(1);
        for exact in [1e-50, 2e-50] {
            assert!(precision.add(0, 0.0));
            precision.add_exact(0, Exact::Float(exact), 0.0);
        }
        let note = precision.note("t.csv", |_| "`x`".to_owned()).expect("both become 0").text;
        assert!(note.contains("`x` (2e-50 becomes 0e0); multiply the values by a constant before"), "{note}");
    }
}
