//! Figures with their names and units, as lines of text and as JSON.

use narrows_evaluate::Estimate;
use serde_json::{Map, Value, json};

/// A figure.
pub(super) struct Line {
    /// Key in the JSON output.
    key: &'static str,
    /// Name in the text.
    name: &'static str,
    value: f64,
    /// Standard error of the value, if it is a mean over rows.
    standard_error: Option<f64>,
    /// Unit in the text, with what the figure refers to.
    unit: String,
    form: Form,
}

/// Form of a value in the text.
enum Form {
    /// A whole number.
    Count,
    /// A number with decimals.
    Number,
}

impl Line {
    /// A number without a standard error.
    pub(super) fn number(key: &'static str, name: &'static str, value: f64, unit: impl Into<String>) -> Self {
        Line { key, name, value, standard_error: None, unit: unit.into(), form: Form::Number }
    }

    /// A mean over rows with its standard error.
    pub(super) fn mean(key: &'static str, name: &'static str, estimate: Estimate, unit: impl Into<String>) -> Self {
        let Estimate { mean, standard_error } = estimate;
        Line { standard_error: Some(standard_error), ..Line::number(key, name, mean, unit) }
    }

    /// A whole number.
    pub(super) fn count(key: &'static str, name: &'static str, value: usize, unit: impl Into<String>) -> Self {
        Line { form: Form::Count, ..Line::number(key, name, value as f64, unit) }
    }

    fn text(&self, name_width: usize) -> String {
        let value = match self.form {
            Form::Count => format!("{:.0}", self.value),
            Form::Number => decimal(self.value),
        };
        let error = match self.standard_error {
            Some(error) if error.is_finite() => format!(" ± {}", decimal(error)),
            Some(_) | None => String::new(),
        };
        format!("  {:<name_width$}  {:<20}  {}", self.name, value + &error, self.unit)
    }

    fn add_to(&self, object: &mut Map<String, Value>) {
        let value = match self.form {
            Form::Count => json!(self.value as u64),
            Form::Number => json!(self.value),
        };
        object.insert(self.key.to_owned(), value);
        if let Some(error) = self.standard_error {
            object.insert(format!("{}_standard_error", self.key), json!(error));
        }
    }
}

/// Formats a number with four decimals, or with an exponent if it is small or large.
fn decimal(value: f64) -> String {
    match value.abs() {
        magnitude if magnitude == 0.0 || (0.001..1e7).contains(&magnitude) || !value.is_finite() => {
            format!("{value:.4}")
        }
        _ => format!("{value:.3e}"),
    }
}

/// Lines under a heading.
pub(super) struct Group {
    pub(super) heading: String,
    pub(super) lines: Vec<Line>,
    /// Sentences after the lines.
    pub(super) notes: Vec<String>,
}

impl Group {
    /// Formats the group, without a line break at its end.
    pub(super) fn text(&self) -> String {
        let width = self.lines.iter().map(|line| line.name.chars().count()).max().unwrap_or(0);
        let lines = self.lines.iter().map(|line| line.text(width));
        let notes = self.notes.iter().map(|note| format!("  {note}"));
        [self.heading.clone()].into_iter().chain(lines).chain(notes).collect::<Vec<_>>().join("\n")
    }

    /// Adds every figure to an object, by its key.
    pub(super) fn add_to(&self, object: &mut Map<String, Value>) {
        self.lines.iter().for_each(|line| line.add_to(object));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_its_figure_and_unit_and_its_key_holds_the_value() {
        let estimate = Estimate { mean: 1.5, standard_error: 0.25 };
        let group = Group {
            heading: "Errors".to_owned(),
            lines: vec![Line::mean("mse", "error", estimate, "squared units"), Line::count("n", "rows", 3, "in all")],
            notes: vec!["a note".to_owned()],
        };
        let text = group.text();
        assert!(text.starts_with("Errors\n  error  1.5000 ± 0.2500       squared units\n  rows   3  "), "{text}");
        assert!(text.ends_with("\n  a note"), "{text}");
        let mut object = Map::new();
        group.add_to(&mut object);
        assert_eq!(Value::Object(object), json!({ "mse": 1.5, "mse_standard_error": 0.25, "n": 3 }));
    }

    #[test]
    fn small_numbers_keep_their_digits() {
        assert_eq!([0.0, 0.5, 0.000_123_4, -7.0].map(decimal), ["0.0000", "0.5000", "1.234e-4", "-7.0000"]);
    }
}
