//! The settings of a comparison by name, and how two of them differ.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Settings by name.
pub(crate) type Settings = BTreeMap<String, Value>;

/// Lists the settings that differ: "`epochs` is 3 there and 5 here".
pub(super) fn differences(there: &Settings, here: &Settings) -> Vec<String> {
    let keys: BTreeSet<&String> = there.keys().chain(here.keys()).collect();
    let text = |value: Option<&Value>| value.map_or("not set".to_owned(), Value::to_string);
    let difference = |key: &String| {
        let (there, here) = (there.get(key), here.get(key));
        (there != here).then(|| format!("`{key}` is {} there and {} here", text(there), text(here)))
    };
    keys.into_iter().filter_map(difference).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_setting_that_differs_or_exists_on_one_side_is_named_with_both_values() {
        let settings =
            |pairs: &[(&str, Value)]| pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        let there: Settings = settings(&[("epochs", json!(3)), ("kinds", json!(["ae"])), ("l2", json!(0.5))]);
        let here: Settings = settings(&[("epochs", json!(5)), ("kinds", json!(["ae"]))]);
        assert_eq!(
            differences(&there, &here),
            ["`epochs` is 3 there and 5 here", "`l2` is 0.5 there and not set here"]
        );
        assert!(differences(&there, &there).is_empty());
    }
}
