//! Names of saved training state other than the weights, such as `first/encoder.0.weight`.

use std::collections::BTreeMap;

use candle_core::Result;

/// Returns the name of a parameter's state: `KIND/PARAMETER`.
pub(super) fn state_key(kind: &str, parameter: &str) -> String {
    format!("{kind}/{parameter}")
}

/// Returns a copy of the state `name` of a parameter with `count` values.
///
/// # Errors
/// If the state is missing or has a different number of values.
pub(super) fn restored_values<V: AsRef<[f32]>>(
    state: &BTreeMap<String, V>,
    name: &str,
    count: usize,
) -> Result<Vec<f32>> {
    match state.get(name).map(V::as_ref) {
        Some(values) if values.len() == count => Ok(values.to_vec()),
        Some(values) => {
            candle_core::bail!("in the saved state, `{name}` has {} values, expected {count}", values.len())
        }
        None => candle_core::bail!("the saved state has no `{name}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_missing_or_mismatched_state() {
        let state = BTreeMap::from([(state_key("first", "w"), vec![1.0, 2.0])]);
        assert_eq!(restored_values(&state, "first/w", 2).expect("a saved state"), [1.0, 2.0]);
        let message = |name, count| restored_values(&state, name, count).expect_err("a mismatch").to_string();
        assert!(message("first/w", 3).contains("`first/w` has 2 values, expected 3"));
        assert!(message("second/w", 2).contains("no `second/w`"));
    }
}
