//! What is to be told of every row: its class, or a number.

use std::{collections::BTreeMap, fmt, str::FromStr};

use narrows_bundle::ClassifierKind;
use narrows_data::{Dataset, Part};
use rand::seq::SliceRandom;

use crate::{
    TrainError,
    random::{Stream, stream},
    text::as_text,
};

/// What a head tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Task {
    /// One of some classes.
    #[default]
    Classification,
    /// A number.
    Regression,
}

impl Task {
    /// What a bundle for it is called.
    pub fn kind(self) -> ClassifierKind {
        match self {
            Task::Classification => ClassifierKind::Classifier,
            Task::Regression => ClassifierKind::Regressor,
        }
    }
}

as_text!(Task);

impl fmt::Display for Task {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Task::Classification => "classification",
            Task::Regression => "regression",
        })
    }
}

impl FromStr for Task {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "classification" => Ok(Task::Classification),
            "regression" => Ok(Task::Regression),
            _ => Err(format!("`{text}` is no task: write classification or regression")),
        }
    }
}

/// The answer for every row.
#[derive(Debug, Clone, PartialEq)]
pub enum Targets {
    /// A class each, below `classes`.
    Classes {
        /// One a row.
        labels: Vec<u32>,
        /// How many there are.
        classes: usize,
    },
    /// A number each, finite, in the data's unit.
    Numbers(Vec<f32>),
}

impl Targets {
    /// The answers of one part, `name`, of the data.
    ///
    /// # Errors
    /// [`TrainError::Data`] where there are no labels, or one that is no finite number for a regression.
    pub fn of(task: Task, data: &Dataset, name: &'static str, part: &Part) -> Result<Self, TrainError> {
        let wrong = |what: String| TrainError::Data { part: name, what };
        let (Some(labels), Some(classes)) = (&part.labels, &data.classes) else {
            return Err(wrong("has no labels to learn from (name them by --labels or --label-column)".to_owned()));
        };
        match task {
            Task::Classification => Ok(Targets::Classes { labels: labels.clone(), classes: classes.len() }),
            Task::Regression => {
                let numbers: Vec<Option<f32>> = classes.iter().map(|name| number(name)).collect();
                let of = |(row, &label): (usize, &u32)| {
                    numbers.get(label as usize).copied().flatten().ok_or_else(|| {
                        let name = classes.get(label as usize).map_or("", String::as_str);
                        wrong(format!("the label of row {row} is `{name}`, and a regression takes finite numbers"))
                    })
                };
                Ok(Targets::Numbers(labels.iter().enumerate().map(of).collect::<Result<_, _>>()?))
            }
        }
    }

    /// Rows that have an answer.
    pub fn len(&self) -> usize {
        match self {
            Targets::Classes { labels, .. } => labels.len(),
            Targets::Numbers(numbers) => numbers.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Numbers that a head gives out for a row.
    pub(crate) fn outputs(&self) -> usize {
        match self {
            Targets::Classes { classes, .. } => *classes,
            Targets::Numbers(_) => 1,
        }
    }

    /// The task that they are the answers of.
    pub fn task(&self) -> Task {
        match self {
            Targets::Classes { .. } => Task::Classification,
            Targets::Numbers(_) => Task::Regression,
        }
    }

    /// These rows by class, each in a random order that the seed decides; of a regression all of them as one.
    fn shuffled_by_class(&self, rows: &[usize], seed: u64) -> Vec<Vec<usize>> {
        let mut order = rows.to_vec();
        order.shuffle(&mut stream(seed, Stream::Labels, 0));
        let mut groups: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for row in order {
            let class = match self {
                Targets::Classes { labels, .. } => labels.get(row).copied().unwrap_or_default(),
                Targets::Numbers(_) => 0,
            };
            groups.entry(class).or_default().push(row);
        }
        groups.into_values().collect()
    }

    /// At most so many rows of every class, in ascending order; of a regression so many in all.
    pub(crate) fn per_class(&self, rows: &[usize], count: usize, seed: u64) -> Vec<usize> {
        self.some(rows, seed, |all| count.min(all))
    }

    /// So many rows, as evenly over the classes as they can be; in ascending order.
    pub(crate) fn evenly(&self, rows: &[usize], count: usize, seed: u64) -> Vec<usize> {
        let mut groups: Vec<_> = self.shuffled_by_class(rows, seed).into_iter().map(Vec::into_iter).collect();
        groups.shuffle(&mut stream(seed, Stream::Labels, 1));
        let mut chosen = Vec::with_capacity(count);
        while chosen.len() < count.min(rows.len()) {
            let round = groups.iter_mut().filter_map(Iterator::next);
            let missing = count - chosen.len();
            chosen.extend(round.take(missing));
        }
        ascending(chosen)
    }

    /// A share of the rows of every class, rounded, at least one; in ascending order.
    pub(crate) fn share(&self, rows: &[usize], share: f64, seed: u64) -> Vec<usize> {
        self.some(rows, seed, |all| ((all as f64 * share).round() as usize).clamp(1, all))
    }

    /// The rows to learn from and those that are held out, a share of every class, rounded; one row of each stays to
    /// be learned from.
    pub(crate) fn split(&self, rows: &[usize], share: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
        let held_out = self.some(rows, seed, |all| ((all as f64 * share).round() as usize).min(all - 1));
        let fitted = rows.iter().copied().filter(|row| held_out.binary_search(row).is_err());
        (ascending(fitted), held_out)
    }

    /// Of every class as many as `count` says of all that it has, at least one.
    fn some(&self, rows: &[usize], seed: u64, count: impl Fn(usize) -> usize) -> Vec<usize> {
        let groups = self.shuffled_by_class(rows, seed).into_iter();
        ascending(groups.flat_map(|mut group| {
            group.truncate(count(group.len()));
            group
        }))
    }

    /// The rows dealt into parts, class by class, so that each part has its share of every class. A row that is
    /// alone in its class is in none: it is always learned from.
    pub(crate) fn dealt(&self, rows: &[usize], parts: usize, seed: u64) -> Vec<Vec<usize>> {
        let mut dealt = vec![Vec::new(); parts];
        let groups = self.shuffled_by_class(rows, seed);
        let shared = groups.into_iter().filter(|group| group.len() > 1).flatten();
        shared.enumerate().for_each(|(at, row)| dealt[at % parts].push(row));
        dealt.into_iter().map(ascending).filter(|part| !part.is_empty()).collect()
    }

    /// Rows of each class among these.
    pub(crate) fn counts(&self, rows: &[usize]) -> Vec<usize> {
        let mut counts = vec![0; self.outputs()];
        if let Targets::Classes { labels, .. } = self {
            rows.iter().filter_map(|&row| labels.get(row)).for_each(|&label| counts[label as usize] += 1);
        }
        counts
    }
}

fn number(text: &str) -> Option<f32> {
    text.trim().parse().ok().filter(|number: &f32| number.is_finite())
}

fn ascending(rows: impl IntoIterator<Item = usize>) -> Vec<usize> {
    let mut rows: Vec<usize> = rows.into_iter().collect();
    rows.sort_unstable();
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes() -> Targets {
        // 60 rows of class 0, 30 of class 1, 9 of class 2, 1 of class 3.
        let labels = (0..100).map(|row| {
            if row < 60 {
                0
            } else if row < 90 {
                1
            } else {
                2 + u32::from(row == 99)
            }
        });
        Targets::Classes { labels: labels.collect(), classes: 4 }
    }

    const ROWS: fn() -> Vec<usize> = || (0..100).collect();

    #[test]
    fn every_class_gives_as_many_rows_as_are_asked_for_or_what_it_has() {
        let targets = classes();
        let rows = targets.per_class(&ROWS(), 10, 0);
        assert_eq!(targets.counts(&rows), [10, 10, 9, 1]);
        assert_ne!(rows, targets.per_class(&ROWS(), 10, 1), "another seed draws other rows");
        assert_eq!(rows, targets.per_class(&ROWS(), 10, 0));
        assert_eq!(targets.counts(&targets.evenly(&ROWS(), 30, 0)), [10, 10, 9, 1]);
        assert_eq!(targets.evenly(&ROWS(), 3, 0).len(), 3);
        assert_eq!(targets.evenly(&ROWS(), 100, 0), ROWS());
        assert_eq!(targets.counts(&targets.share(&ROWS(), 0.1, 0)), [6, 3, 1, 1]);
        let (fitted, held_out) = targets.split(&ROWS(), 0.1, 0);
        assert_eq!((targets.counts(&fitted), targets.counts(&held_out)), (vec![54, 27, 8, 1], vec![6, 3, 1, 0]));
    }

    #[test]
    fn parts_share_no_row_have_all_classes_and_leave_a_lonely_row_to_be_learned_from() {
        let targets = classes();
        let parts = targets.dealt(&ROWS(), 5, 0);
        let mut all: Vec<usize> = parts.iter().flatten().copied().collect();
        all.sort_unstable();
        assert_eq!(all, (0..99).collect::<Vec<_>>());
        for part in &parts {
            let counts = targets.counts(part);
            assert!(counts[0] == 12 && counts[1] == 6 && (1..=2).contains(&counts[2]) && counts[3] == 0, "{counts:?}");
        }
    }
}
