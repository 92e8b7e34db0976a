//! The levels of a category and how often each occurs.

use std::collections::HashMap;

/// The levels of a category and how often each occurs, in the order of its vocabulary.
pub(super) struct Levels(Vec<(String, u64)>);

/// What a vocabulary lacks, because it has the most frequent levels only.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rare {
    /// The number of levels in the vocabulary.
    pub(super) kept: usize,
    /// The number of levels that the vocabulary lacks.
    pub(super) others: usize,
    /// The share of the values whose level the vocabulary lacks.
    pub(super) share: f64,
}

impl Levels {
    /// Orders levels by how often they occur, the most frequent first. Booleans are false, then true.
    pub(super) fn of(counts: &HashMap<String, u64>) -> Self {
        let mut levels: Vec<(String, u64)> = counts.iter().map(|(level, count)| (level.clone(), *count)).collect();
        if levels.iter().all(|(level, _)| as_boolean(level).is_some()) {
            levels.sort_by(|(one, _), (other, _)| (as_boolean(one), one).cmp(&(as_boolean(other), other)));
        } else {
            levels.sort_by(|(one, frequent), (other, more)| more.cmp(frequent).then_with(|| one.cmp(other)));
        }
        Levels(levels)
    }

    /// Orders whole numbers by their value.
    pub(super) fn of_numbers(counts: &[(i64, u64)]) -> Self {
        let mut counts = counts.to_vec();
        counts.sort_unstable();
        Levels(counts.into_iter().map(|(number, count)| (number.to_string(), count)).collect())
    }

    /// Returns all levels.
    pub(super) fn names(self) -> Vec<String> {
        self.0.into_iter().map(|(level, _)| level).collect()
    }

    /// Returns the `limit` most frequent levels in their order, and what that leaves out. Of levels that occur equally
    /// often, the first ones are kept.
    pub(super) fn most_frequent(mut self, limit: usize) -> (Vec<String>, Option<Rare>) {
        let levels = self.0.len();
        if levels <= limit {
            return (self.names(), None);
        }
        let total: u64 = self.0.iter().map(|(_, count)| count).sum();
        let mut places: Vec<usize> = (0..levels).collect();
        places.sort_by_key(|&place| std::cmp::Reverse(self.0[place].1));
        let mut is_kept = vec![false; levels];
        places.iter().take(limit).for_each(|&place| is_kept[place] = true);
        let mut is_kept = is_kept.into_iter();
        self.0.retain(|_| is_kept.next().unwrap_or(false));
        let kept: u64 = self.0.iter().map(|(_, count)| count).sum();
        let share = (total - kept) as f64 / total as f64;
        (self.names(), Some(Rare { kept: limit, others: levels - limit, share }))
    }
}

/// Returns the value of a boolean in any spelling.
pub(super) fn as_boolean(level: &str) -> Option<bool> {
    match level.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_keeps_the_most_frequent_levels_in_their_order() {
        let numbers = || Levels::of_numbers(&[(3, 5), (1, 1), (2, 5), (0, 1)]);
        assert_eq!(numbers().most_frequent(4), (["0", "1", "2", "3"].map(str::to_owned).to_vec(), None));
        let rare = Rare { kept: 3, others: 1, share: 1.0 / 12.0 };
        assert_eq!(numbers().most_frequent(3), (["0", "2", "3"].map(str::to_owned).to_vec(), Some(rare)));
        let texts = Levels::of(&[("b", 2), ("a", 2), ("c", 6)].map(|(level, count)| (level.to_owned(), count)).into());
        let rare = Rare { kept: 2, others: 1, share: 0.2 };
        assert_eq!(texts.most_frequent(2), (["c", "a"].map(str::to_owned).to_vec(), Some(rare)));
    }
}
