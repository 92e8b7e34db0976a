//! A strict check of the text format of Prometheus, version 0.0.4.

use std::collections::{BTreeMap, BTreeSet};

/// Returns the type of every metric, by its name.
///
/// Checks the syntax of every line, that a series occurs once and follows the type of its metric, and that the buckets
/// of a histogram are cumulative and agree with its count.
pub(crate) fn check(text: &str) -> Result<BTreeMap<String, String>, String> {
    let (mut families, mut series, mut buckets) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
    let mut current = String::new();
    if !text.ends_with('\n') {
        return Err("the last line does not end".to_owned());
    }
    for line in text.lines() {
        let wrong = |reason: &str| format!("{reason}: `{line}`");
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, _) = help.split_once(' ').ok_or_else(|| wrong("no help"))?;
            current = name.to_owned();
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').ok_or_else(|| wrong("no type"))?;
            let is_new = families.insert(name.to_owned(), kind.to_owned()).is_none();
            if !is_new || name != current || !["counter", "gauge", "histogram"].contains(&kind) {
                return Err(wrong("a type that is repeated, unknown or without help"));
            }
        } else {
            let (name, labels, value) = sample(line).ok_or_else(|| wrong("not a sample"))?;
            let kind = families.get(&current).ok_or_else(|| wrong("a sample before its type"))?;
            let suffix = name.strip_prefix(&current).ok_or_else(|| wrong("a sample of another metric"))?;
            let suffixes: &[&str] = if kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            if !suffixes.contains(&suffix) || !series.insert((name.clone(), labels.clone())) {
                return Err(wrong("a sample that is repeated or does not belong to the type"));
            }
            if kind != "gauge" && (value < 0.0 || !value.is_finite()) {
                return Err(wrong("not a count"));
            }
            histogram(&mut buckets, &current, suffix, labels, value).ok_or_else(|| wrong("a wrong bucket"))?;
        }
    }
    match buckets.into_iter().find(|(_, buckets)| !buckets.is_complete()) {
        Some((series, _)) => Err(format!("an incomplete histogram: {series:?}")),
        None => Ok(families),
    }
}

/// The buckets of a histogram so far.
#[derive(Default)]
struct Buckets {
    bound: Option<f64>,
    rows: f64,
    count: Option<f64>,
    has_sum: bool,
}

impl Buckets {
    fn is_complete(&self) -> bool {
        self.bound == Some(f64::INFINITY) && self.count == Some(self.rows) && self.has_sum
    }
}

type Labels = Vec<(String, String)>;

fn histogram(
    all: &mut BTreeMap<(String, Labels), Buckets>,
    name: &str,
    suffix: &str,
    mut labels: Labels,
    value: f64,
) -> Option<()> {
    let bound = labels.iter().position(|(name, _)| name == "le").map(|at| labels.remove(at).1);
    if suffix.is_empty() {
        return bound.is_none().then_some(());
    }
    let buckets = all.entry((name.to_owned(), labels)).or_default();
    match suffix {
        "_bucket" => {
            let bound = number(&bound?)?;
            let grows = buckets.bound.is_none_or(|last| last < bound) && buckets.rows <= value;
            (buckets.bound, buckets.rows) = (Some(bound), value);
            grows.then_some(())
        }
        "_count" => buckets.count.replace(value).is_none().then_some(()),
        _ => (!std::mem::replace(&mut buckets.has_sum, true)).then_some(()),
    }
}

/// Parses `name{label="value",...} number`.
fn sample(line: &str) -> Option<(String, Labels, f64)> {
    let end = line.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_' && letter != ':')?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = Labels::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (label, quoted) = rest.split_once("=\"")?;
            let (value, after) = quoted_text(quoted)?;
            let is_label = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            if label.is_empty() || !label.bytes().all(is_label) || labels.iter().any(|(other, _)| other == label) {
                return None;
            }
            labels.push((label.to_owned(), value));
            match after.strip_prefix(',') {
                Some(next) => rest = next,
                None => {
                    rest = after.strip_prefix('}')?;
                    break;
                }
            }
        }
    }
    let starts_well = name.starts_with(|letter: char| !letter.is_ascii_digit());
    starts_well.then_some((name.to_owned(), labels, number(rest.strip_prefix(' ')?)?))
}

/// Returns a label's value up to its closing quote, and what follows.
fn quoted_text(text: &str) -> Option<(String, &str)> {
    let (mut value, mut letters) = (String::new(), text.char_indices());
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match letters.next()?.1 {
                'n' => '\n',
                letter @ ('\\' | '"') => letter,
                _ => return None,
            }),
            letter => value.push(letter),
        }
    }
    None
}

fn number(text: &str) -> Option<f64> {
    match text {
        "+Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        text if text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.e".contains(&byte)) => text.parse().ok(),
        _ => None,
    }
}

#[test]
fn wrong_expositions_are_found() {
    let good = "# HELP a_total A.\n# TYPE a_total counter\na_total{b=\"c\\\"\"} 1\n\
                # HELP h H.\n# TYPE h histogram\nh_sum 3\nh_count 2\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\n";
    assert!(check(good).is_ok(), "{:?}", check(good));
    for (from, to) in [
        ("h_count 2", "h_count 3"),
        ("h_sum 3\n", ""),
        ("le=\"1\"} 1", "le=\"1\"} 3"),
        ("h_bucket{le=\"+Inf\"} 2\n", ""),
        ("# HELP a_total A.\n", ""),
        ("a_total{b=\"c\\\"\"} 1\n", "a_total{b=\"c\\\"\"} 1\na_total{b=\"c\\\"\"} 2\n"),
        ("c\\\"", "c\""),
        ("{b=", "{b-b="),
        ("} 1\n#", "} one\n#"),
        ("} 1\n#", "} -1\n#"),
        ("a_total{", "a_total {"),
        ("counter", "count"),
        ("a_total{", "b_total{"),
    ] {
        assert!(good.contains(from), "{from}");
        let wrong = good.replacen(from, to, 1);
        assert!(check(&wrong).is_err(), "{wrong}");
    }
}
