//! The table of outcomes.

use std::{collections::BTreeMap, fmt::Write};

/// The number of cases of each group and outcome.
pub(crate) type Counts = BTreeMap<(String, String), u64>;

/// Returns the table: the outcomes of each group, the most frequent ones first.
pub(crate) fn table(counts: &Counts) -> String {
    let mut rows: Vec<_> = counts.iter().collect();
    rows.sort_by_key(|((group, _), count)| (group.clone(), std::cmp::Reverse(**count)));
    let mut text = String::new();
    for ((group, outcome), count) in rows {
        let _ = writeln!(text, "{group:<18} {count:>9}  {outcome}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_sorted_by_group_and_number() {
        let row = |group: &str, outcome: &str, count| ((group.to_owned(), outcome.to_owned()), count);
        let counts = Counts::from([row("b", "read", 1), row("a", "read", 2), row("a", "refused", 30)]);
        let table = table(&counts);
        let lines: Vec<_> = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(lines, ["a 30 refused", "a 2 read", "b 1 read"]);
    }
}
