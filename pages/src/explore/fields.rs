//! The fields of a request: a JSON object, checked by name, type, shape and range.

use std::ops::RangeInclusive;

use ndarray::{Array1, Array2};
use serde_json::{Map, Value};

use super::refusal::Refusal;

/// The fields of a JSON object.
#[derive(Debug)]
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// Parses a body that may contain only the fields `known`.
    pub(crate) fn parse(body: &[u8], known: &[&str]) -> Result<Self, Refusal> {
        let value: Value = serde_json::from_slice(body).map_err(|error| syntax_error(body, &error))?;
        let Value::Object(fields) = value else {
            return Err(Refusal::bad_request(format!("the body is {}, expected a JSON object", described(&value))));
        };
        if let Some(unknown) = fields.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(Refusal::bad_request(format!(
                "there is no field `{unknown}`; this address takes {}",
                if known.is_empty() { "none".to_owned() } else { known.join(", ") }
            )));
        }
        Ok(Fields(fields))
    }

    /// Returns a list of at most `most` rows, each a list of `width` numbers, as `[rows, width]`.
    pub(crate) fn matrix(&self, name: &str, width: usize, most: usize) -> Result<Array2<f32>, Refusal> {
        self.rows(name, width, most, append)
    }

    /// Returns such a list, in which null is a missing value and becomes NaN.
    pub(crate) fn matrix_with_gaps(&self, name: &str, width: usize, most: usize) -> Result<Array2<f32>, Refusal> {
        self.rows(name, width, most, append_with_gaps)
    }

    fn rows(&self, name: &str, width: usize, most: usize, append: Append) -> Result<Array2<f32>, Refusal> {
        let rows = self.list(name)?;
        if rows.is_empty() || rows.len() > most {
            return Err(Refusal::bad_request(format!("`{name}` has {} rows, expected 1 to {most}", rows.len())));
        }
        let mut values = Vec::with_capacity(rows.len() * width);
        for (index, row) in rows.iter().enumerate() {
            append(&mut values, row, &format!("{name}[{index}]"), width)?;
        }
        Array2::from_shape_vec((rows.len(), width), values).map_err(Refusal::bad_request)
    }

    /// Returns a list of `width` numbers.
    pub(crate) fn vector(&self, name: &str, width: usize) -> Result<Array1<f32>, Refusal> {
        let mut values = Vec::with_capacity(width);
        append(&mut values, self.needed(name)?, name, width)?;
        Ok(values.into())
    }

    /// Returns a whole number, or the default if there is none.
    pub(crate) fn whole(&self, name: &str, default: u64, range: RangeInclusive<u64>) -> Result<u64, Refusal> {
        let Some(value) = self.optional(name) else { return Ok(default) };
        value.as_u64().filter(|number| range.contains(number)).ok_or_else(|| {
            Refusal::bad_request(format!(
                "`{name}` is {}, expected a whole number from {} to {}",
                described(value),
                range.start(),
                range.end()
            ))
        })
    }

    /// Returns a list of at most `most` whole numbers below `end`.
    pub(crate) fn indices(&self, name: &str, most: usize, end: usize) -> Result<Vec<usize>, Refusal> {
        let list = self.list(name)?;
        if list.is_empty() || list.len() > most {
            return Err(Refusal::bad_request(format!("`{name}` has {} numbers, expected 1 to {most}", list.len())));
        }
        let index = |(place, value): (usize, &Value)| {
            let number = value.as_u64().and_then(|number| usize::try_from(number).ok()).filter(|&number| number < end);
            number.ok_or_else(|| {
                Refusal::bad_request(format!(
                    "`{name}[{place}]` is {}, expected a whole number from 0 to {}",
                    described(value),
                    end.saturating_sub(1)
                ))
            })
        };
        list.iter().enumerate().map(index).collect()
    }

    /// Returns two different whole numbers below `end`.
    pub(crate) fn pair(&self, name: &str, end: usize) -> Result<[usize; 2], Refusal> {
        let count = self.list(name)?.len();
        if count != 2 {
            let numbers = if count == 1 { "number" } else { "numbers" };
            return Err(Refusal::bad_request(format!("`{name}` has {count} {numbers}, expected 2")));
        }
        match self.indices(name, 2, end)?[..] {
            [one, other] if one != other => Ok([one, other]),
            [same, ..] => {
                Err(Refusal::bad_request(format!("`{name}` contains {same} twice, expected two different numbers")))
            }
            [] => Err(Refusal::bad_request(format!("`{name}` has 0 numbers, expected 2"))),
        }
    }

    /// Returns a number, or the default if there is none.
    pub(crate) fn number(&self, name: &str, default: f64, range: RangeInclusive<f64>) -> Result<f64, Refusal> {
        let Some(value) = self.optional(name) else { return Ok(default) };
        value.as_f64().filter(|number| range.contains(number)).ok_or_else(|| {
            Refusal::bad_request(format!(
                "`{name}` is {}, expected a number from {} to {}",
                described(value),
                range.start(),
                range.end()
            ))
        })
    }

    /// Returns a text. A number counts as its text, because class names are often numbers.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, Refusal> {
        match self.optional(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(other) => Err(Refusal::bad_request(format!("`{name}` is {}, expected a text", described(other)))),
        }
    }

    fn optional(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn needed(&self, name: &str) -> Result<&Value, Refusal> {
        self.optional(name).ok_or_else(|| Refusal::bad_request(format!("the field `{name}` is missing")))
    }

    fn list(&self, name: &str) -> Result<&Vec<Value>, Refusal> {
        let value = self.needed(name)?;
        value
            .as_array()
            .ok_or_else(|| Refusal::bad_request(format!("`{name}` is {}, expected a list", described(value))))
    }
}

/// Appends the `width` numbers of a list with a name.
type Append = fn(&mut Vec<f32>, &Value, &str, usize) -> Result<(), Refusal>;

/// Appends the `width` numbers of a list, and NaN for null.
fn append_with_gaps(values: &mut Vec<f32>, list: &Value, place: &str, width: usize) -> Result<(), Refusal> {
    let first = values.len();
    let Some(cells) = list.as_array() else { return append(values, list, place, width) };
    let filled: Vec<Value> =
        cells.iter().map(|cell| if cell.is_null() { Value::from(0) } else { cell.clone() }).collect();
    append(values, &Value::Array(filled), place, width)?;
    let added = values.iter_mut().skip(first);
    added.zip(cells).filter(|(_, cell)| cell.is_null()).for_each(|(value, _)| *value = f32::NAN);
    Ok(())
}

/// Appends the `width` numbers of a list.
fn append(values: &mut Vec<f32>, list: &Value, place: &str, width: usize) -> Result<(), Refusal> {
    let Some(list) = list.as_array() else {
        let found = described(list);
        return Err(Refusal::bad_request(format!("`{place}` is {found}, expected a list of {width} numbers")));
    };
    if list.len() != width {
        return Err(Refusal::bad_request(format!("`{place}` has {} numbers, this model takes {width}", list.len())));
    }
    for (index, value) in list.iter().enumerate() {
        let number = value.as_f64().map(|number| number as f32).filter(|number| number.is_finite());
        values.push(number.ok_or_else(|| {
            let found = described(value);
            Refusal::bad_request(format!("`{place}[{index}]` is {found}, expected a finite 32-bit float"))
        })?);
    }
    Ok(())
}

/// Describes a value for a message. Long texts and lists are not repeated.
fn described(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.chars().count() <= 40 => format!("\"{text}\""),
        Value::String(_) => "a long text".to_owned(),
        Value::Array(list) => format!("a list of {}", list.len()),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// Describes an error of the syntax, with the field in which it is.
fn syntax_error(body: &[u8], error: &serde_json::Error) -> Refusal {
    let lines: usize =
        body.split_inclusive(|&byte| byte == b'\n').take(error.line().saturating_sub(1)).map(<[u8]>::len).sum();
    let before = body.get(..(lines + error.column()).min(body.len())).unwrap_or_default();
    let before = String::from_utf8_lossy(before);
    let field = before.rsplit_once("\":").and_then(|(name, _)| name.rsplit_once('"')).map(|(_, name)| name);
    let place =
        field.filter(|name| name.len() <= 40).map_or_else(String::new, |name| format!(" in the field `{name}`"));
    Refusal::bad_request(format!("the body is not valid JSON{place}: {error} (JSON has no NaN and no Infinity)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(body: &str, take: impl Fn(&Fields) -> Result<(), Refusal>) -> String {
        let outcome = Fields::parse(body.as_bytes(), &["codes", "seed", "label"]).and_then(|fields| take(&fields));
        format!("{:?}", outcome.expect_err("a refusal"))
    }

    #[test]
    fn a_refusal_names_the_field_and_both_values() {
        let codes = |fields: &Fields| fields.matrix("codes", 2, 3).map(drop);
        for (body, message) in [
            ("{\"codes\": [[1, NaN]]}", "in the field `codes`: expected value at line 1 column 16"),
            ("{\"codes\": [[1, 1e39]]}", "`codes[0][1]` is 1e+39, expected a finite 32-bit float"),
            ("{\"codes\": [[1, null]]}", "`codes[0][1]` is null"),
            ("{\"codes\": [[1, 2], [3]]}", "`codes[1]` has 1 numbers, this model takes 2"),
            ("{\"codes\": [[1,2],[1,2],[1,2],[1,2]]}", "`codes` has 4 rows, expected 1 to 3"),
            ("{\"codes\": []}", "`codes` has 0 rows"),
            ("{\"codes\": 7}", "`codes` is 7, expected a list"),
            ("{}", "the field `codes` is missing"),
            ("{\"code\": 7}", "there is no field `code`; this address takes codes, seed, label"),
            ("[1]", "the body is a list of 1, expected a JSON object"),
        ] {
            let found = refusal(body, codes);
            assert!(found.contains(message), "{body}: {found}");
        }
        let seed = |fields: &Fields| fields.whole("seed", 0, 0..=9).map(drop);
        assert!(refusal("{\"seed\": -1}", seed).contains("`seed` is -1, expected a whole number from 0 to 9"));
        assert!(refusal("{\"seed\": 1.5}", seed).contains("`seed` is 1.5"));
    }

    #[test]
    fn null_is_a_missing_value_only_where_values_may_be_missing() {
        let fields = Fields::parse(b"{\"codes\": [[1, null], [null, 2]]}", &["codes"]).expect("fields");
        let rows = fields.matrix_with_gaps("codes", 2, 3).expect("two rows");
        assert_eq!((rows[[0, 0]], rows[[1, 1]]), (1.0, 2.0));
        assert!(rows[[0, 1]].is_nan() && rows[[1, 0]].is_nan());
        assert!(fields.matrix("codes", 2, 3).is_err());
        let long = Fields::parse(b"{\"codes\": [[1, null, 3]]}", &["codes"]).expect("fields");
        assert!(long.matrix_with_gaps("codes", 2, 3).is_err());
    }
}
