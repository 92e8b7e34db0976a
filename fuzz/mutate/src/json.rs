//! Mutations of JSON documents, such as manifests.

use fastrand::Rng;
use serde_json::{Number, Value, json};

use crate::{bytes::extreme, text::word};

/// Changes one value of a document. `donor` is another document, from which values are copied.
pub(crate) fn mutate(rng: &mut Rng, document: &mut Value, donor: &Value) {
    let count = count(document);
    let chosen = rng.usize(..count);
    let donated = nth(&mut donor.clone(), &mut rng.usize(..self::count(donor))).map(|value| value.take());
    if let Some(value) = nth(document, &mut { chosen }) {
        mutate_value(rng, value, donated.unwrap_or(Value::Null));
    }
}

fn mutate_value(rng: &mut Rng, value: &mut Value, donated: Value) {
    match rng.u8(..12) {
        0 => return *value = donated,
        1 => return *value = Value::Null,
        2 => return *value = json!([]),
        3 => return *value = json!({}),
        _ => {}
    }
    match value {
        Value::Null | Value::Bool(_) => *value = json!(word(rng)),
        Value::Number(number) => *number = extreme_number(rng),
        Value::String(text) => match rng.u8(..4) {
            0 => *text = text.repeat([0, 2, 5000][rng.usize(..3)]),
            1 => text.insert_str(0, word(rng)),
            2 => *text = text.chars().rev().collect(),
            _ => *text = word(rng).to_owned(),
        },
        Value::Array(items) => {
            let at = rng.usize(..=items.len());
            match (rng.u8(..5), items.get(at).cloned()) {
                (0, Some(item)) => items.insert(at, item),
                (1, Some(_)) => drop(items.remove(at)),
                (2, Some(item)) => items.extend(vec![item; [3, 1000, 20_000][rng.usize(..3)]]),
                (3, _) => items.clear(),
                _ => items.insert(at, donated),
            }
        }
        Value::Object(members) => {
            let names: Vec<String> = members.keys().cloned().collect();
            match names.get(rng.usize(..=names.len())) {
                Some(name) if rng.bool() => drop(members.remove(name)),
                Some(name) => {
                    let moved = members.remove(name).unwrap_or_default();
                    members.insert(word(rng).to_owned(), moved);
                }
                None => drop(members.insert(word(rng).to_owned(), donated)),
            }
        }
    }
}

fn extreme_number(rng: &mut Rng) -> Number {
    let float = |value: f64| Number::from_f64(value).unwrap_or_else(|| Number::from(0));
    match rng.u8(..6) {
        0 => float(f64::MAX),
        1 => float(-1e-300),
        2 => float(0.5),
        3 => Number::from(u64::MAX),
        _ => Number::from(extreme(rng)),
    }
}

/// Counts the values of a document, with those that contain others.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Returns the value at a position in depth-first order.
fn nth<'a>(value: &'a mut Value, position: &mut usize) -> Option<&'a mut Value> {
    if *position == 0 {
        return Some(value);
    }
    *position -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| nth(item, position)),
        Value::Object(members) => members.values_mut().find_map(|member| nth(member, position)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_can_be_reached_and_changed() {
        let document = json!({"a": [1, {"b": null}], "c": "text"});
        assert_eq!(count(&document), 6);
        let outcomes: std::collections::BTreeSet<String> = (0..300)
            .map(|seed| {
                let mut changed = document.clone();
                mutate(&mut Rng::with_seed(seed), &mut changed, &json!([1]));
                changed.to_string()
            })
            .collect();
        assert!(outcomes.len() > 40, "{}", outcomes.len());
        assert_eq!(nth(&mut document.clone(), &mut 3), Some(&mut json!({"b": null})));
    }
}
