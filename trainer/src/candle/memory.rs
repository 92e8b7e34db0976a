//! What a run remembers beside its weights, by name: `first/encoder.0.weight`.

use std::collections::BTreeMap;

use candle_core::Result;

/// The name under which the memory of this kind is kept for a parameter.
pub(super) fn memory_name(kind: &str, parameter: &str) -> String {
    format!("{kind}/{parameter}")
}

/// A copy of what was kept under `name` for a parameter of `count` numbers.
///
/// # Errors
/// If nothing is kept under the name, or another count of numbers.
pub(super) fn recalled<V: AsRef<[f32]>>(state: &BTreeMap<String, V>, name: &str, count: usize) -> Result<Vec<f32>> {
    match state.get(name).map(V::as_ref) {
        Some(values) if values.len() == count => Ok(values.to_vec()),
        Some(values) => candle_core::bail!("the saved state has {} numbers in `{name}`, not {count}", values.len()),
        None => candle_core::bail!("the saved state has no `{name}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_what_is_missing_or_of_another_length() {
        let state = BTreeMap::from([(memory_name("first", "w"), vec![1.0, 2.0])]);
        assert_eq!(recalled(&state, "first/w", 2).expect("it is there"), [1.0, 2.0]);
        let message = |name, count| recalled(&state, name, count).expect_err("not what was saved").to_string();
        assert!(message("first/w", 3).contains("2 numbers in `first/w`, not 3"));
        assert!(message("second/w", 2).contains("no `second/w`"));
    }
}
