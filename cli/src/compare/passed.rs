//! Options that only some of the compared kinds take.

use std::collections::{BTreeMap, BTreeSet};

use narrows_bundle::Kind;
use narrows_trainer::{Options, options::DataOptions};

use super::Grid;
use crate::misuse::misuse;

/// Says which options are passed to some of the kinds only. Refuses flags that none of them takes; an option of the
/// configuration `file` may be one of another kind.
pub(super) fn passed_to_some(grid: &Grid, file: &Options, kinds: &[Kind]) -> anyhow::Result<Vec<String>> {
    let flags = keys_of(grid);
    if kinds.is_empty() {
        return check_untrained(&flags).map(|()| Vec::new());
    }
    let mut by_kinds: BTreeMap<Vec<&str>, Vec<String>> = BTreeMap::new();
    let mut keys: BTreeSet<String> = file.fields().keys().cloned().collect();
    keys.extend(flags.iter().cloned());
    keys.remove("kind");
    for key in keys {
        let mut taking = Options::kinds_of(&key);
        if ["likelihood", "output_link"].contains(&key.as_str()) {
            taking.retain(|&kind| kind != Kind::Pca);
        }
        let compared: Vec<&str> = kinds.iter().filter(|kind| taking.contains(kind)).map(|kind| kind.name()).collect();
        if compared.is_empty() && flags.contains(&key) {
            let names: Vec<&str> = taking.iter().map(|kind| kind.name()).collect();
            misuse!("{} is an option of {}, and none of them is compared; leave it out", flag(&key), names.join(", "));
        }
        if compared.len() < kinds.len() {
            by_kinds.entry(compared).or_default().push(flag(&key));
        }
    }
    let sentence = |(kinds, flags): (&Vec<&str>, &Vec<String>)| {
        let are = if flags.len() == 1 { "is" } else { "are" };
        let flags = flags.join(", ");
        match kinds[..] {
            [] => format!("{flags} {are} not used: no compared kind takes it"),
            _ => format!("{flags} {are} passed to {} only; the other kinds do not take it", kinds.join(", ")),
        }
    };
    Ok(by_kinds.iter().map(sentence).collect())
}

/// Returns the keys of the options that flags set.
fn keys_of(grid: &Grid) -> BTreeSet<String> {
    let lists = [("latent", grid.latent.is_empty()), ("beta", grid.beta.is_empty())];
    let lists = lists.into_iter().filter(|(_, is_empty)| !is_empty).map(|(key, _)| key.to_owned());
    grid.options.fields().keys().cloned().chain(lists).collect()
}

/// Refuses flags of training if only bundles are compared. Those of the data have an effect, and so has `--binarize`.
fn check_untrained(flags: &BTreeSet<String>) -> anyhow::Result<()> {
    let example = Options { data: DataOptions::default(), ..Options::example() }.fields();
    if let Some(key) = flags.iter().find(|key| example.contains_key(*key) && *key != "binarize") {
        misuse!("{} has no effect, because only bundles are compared; leave it out, or name kinds to train", flag(key));
    }
    Ok(())
}

fn flag(key: &str) -> String {
    format!("--{}", key.replace('_', "-"))
}
