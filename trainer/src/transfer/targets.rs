//! The targets of the rows: class labels or numbers, and stratified subsets of them.

use std::{collections::BTreeMap, fmt, str::FromStr};

use narrows_bundle::ClassifierKind;
use narrows_data::{Dataset, Part, SEPARATOR};
use ndarray::Array2;
use rand::seq::SliceRandom;

use crate::{
    TrainError,
    random::{Stream, stream},
    text::as_text,
};

/// Task of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Task {
    /// Predict one of several classes.
    #[default]
    Classification,
    /// Predict a number.
    Regression,
}

impl Task {
    /// Kind of the bundle for this task.
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
            _ => Err(format!("`{text}` is not a task: write classification or regression")),
        }
    }
}

/// The targets of a regression: one or more numbers for each row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Numbers {
    /// The values, row by row.
    values: Vec<f32>,
    /// The names of the targets, at least one.
    names: Vec<String>,
}

impl Numbers {
    /// Creates targets of rows with as many values as there are names.
    pub(crate) fn new(values: Vec<f32>, names: Vec<String>) -> Self {
        debug_assert!(!names.is_empty() && values.len().is_multiple_of(names.len()), "rows of equal length");
        Numbers { values, names }
    }

    /// Returns the names of the targets.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Returns the targets of a row.
    pub(crate) fn row(&self, row: usize) -> &[f32] {
        let count = self.names.len();
        self.values.get(row * count..(row + 1) * count).unwrap_or_default()
    }

    /// Returns the targets of these rows, `[rows, targets]`.
    pub(crate) fn selected(&self, rows: &[usize]) -> Array2<f64> {
        let value =
            |(row, target): (usize, usize)| self.row(rows[row]).get(target).map_or(f64::NAN, |&value| value.into());
        Array2::from_shape_fn((rows.len(), self.names.len()), value)
    }

    /// Returns the name of a target that is the same number in all these rows.
    pub(crate) fn constant_in(&self, rows: &[usize]) -> Option<&str> {
        let first = self.row(*rows.first()?);
        let is_constant = |target: usize| rows.iter().all(|&row| self.row(row).get(target) == first.get(target));
        (0..self.names.len()).find(|&target| is_constant(target)).map(|target| self.names[target].as_str())
    }
}

/// The targets of all rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Targets {
    /// Class labels.
    Classes {
        /// Label of each row, below `classes`.
        labels: Vec<u32>,
        /// Number of classes.
        classes: usize,
    },
    /// Finite numbers in the unit of the data.
    Numbers(Numbers),
}

impl Targets {
    /// Returns the targets of one part of the data, called `name` in errors. `names` are those of the targets of a
    /// regression, if they are known.
    ///
    /// # Errors
    /// [`TrainError::Data`] if the part has no labels, or for a regression if a label is not a finite number.
    pub(crate) fn of(
        task: Task,
        names: &[String],
        data: &Dataset,
        name: &'static str,
        part: &Part,
    ) -> Result<Self, TrainError> {
        let wrong = |what: String| TrainError::Data { part: name, what };
        let (Some(labels), Some(classes)) = (&part.labels, &data.classes) else {
            let flag = match name {
                "validation" => "--valid-labels",
                "test" => "--test-labels",
                _ => "--labels",
            };
            return Err(wrong(format!("there are no labels; pass {flag} or --label-column")));
        };
        match task {
            Task::Classification => Ok(Targets::Classes { labels: labels.clone(), classes: classes.len() }),
            Task::Regression => {
                let numbers: Vec<Option<Vec<f32>>> = classes.iter().map(|name| numbers(name)).collect();
                let names = match &numbers.first() {
                    Some(Some(first)) if first.len() == names.len() => names.to_vec(),
                    Some(Some(first)) if first.len() > 1 => (0..first.len()).map(|target| target.to_string()).collect(),
                    Some(_) | None => vec![String::new()],
                };
                let mut values = Vec::with_capacity(labels.len() * names.len());
                for (row, &label) in labels.iter().enumerate() {
                    let found = numbers.get(label as usize).and_then(Option::as_ref);
                    let Some(found) = found.filter(|found| found.len() == names.len()) else {
                        let label = classes.get(label as usize).map_or("", String::as_str);
                        let expected = match names.len() {
                            1 => "finite numbers".to_owned(),
                            count => format!("{count} finite numbers in every row"),
                        };
                        return Err(wrong(format!(
                            "the label of row {row} is `{label}`, but a regression needs {expected}"
                        )));
                    };
                    values.extend(found);
                }
                Ok(Targets::Numbers(Numbers::new(values, names)))
            }
        }
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        match self {
            Targets::Classes { labels, .. } => labels.len(),
            Targets::Numbers(numbers) => numbers.values.len() / numbers.names.len().max(1),
        }
    }

    /// Number of outputs of a head: the number of classes, or of targets of a regression.
    pub(crate) fn outputs(&self) -> usize {
        match self {
            Targets::Classes { classes, .. } => *classes,
            Targets::Numbers(numbers) => numbers.names.len(),
        }
    }

    /// Groups the rows by class, in a random order given by the seed. The rows of a regression form a single group.
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

    /// Samples at most `count` rows of each class; for a regression at most `count` rows in total. The result is in
    /// ascending order.
    pub(crate) fn per_class(&self, rows: &[usize], count: usize, seed: u64) -> Vec<usize> {
        self.subset_per_class(rows, seed, |all| count.min(all))
    }

    /// Samples `count` rows, as evenly over the classes as possible, in ascending order.
    pub(crate) fn balanced_subset(&self, rows: &[usize], count: usize, seed: u64) -> Vec<usize> {
        let mut groups: Vec<_> = self.shuffled_by_class(rows, seed).into_iter().map(Vec::into_iter).collect();
        groups.shuffle(&mut stream(seed, Stream::Labels, 1));
        let mut selected = Vec::with_capacity(count);
        while selected.len() < count.min(rows.len()) {
            let round = groups.iter_mut().filter_map(Iterator::next);
            let missing = count - selected.len();
            selected.extend(round.take(missing));
        }
        ascending(selected)
    }

    /// Samples a fraction of the rows of each class, rounded, at least one row. The result is in ascending order.
    pub(crate) fn stratified_fraction(&self, rows: &[usize], fraction: f64, seed: u64) -> Vec<usize> {
        self.subset_per_class(rows, seed, |all| ((all as f64 * fraction).round() as usize).clamp(1, all))
    }

    /// Splits the rows into training rows and held-out rows. `fraction` of the rows of each class, rounded, is held
    /// out; at least one row of each class stays in the training rows.
    pub(crate) fn split(&self, rows: &[usize], fraction: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
        let held_out = self.subset_per_class(rows, seed, |all| ((all as f64 * fraction).round() as usize).min(all - 1));
        let fitted = rows.iter().copied().filter(|row| held_out.binary_search(row).is_err());
        (ascending(fitted), held_out)
    }

    /// Samples rows of each class. `count` maps the number of rows of a class to the number to sample.
    fn subset_per_class(&self, rows: &[usize], seed: u64, count: impl Fn(usize) -> usize) -> Vec<usize> {
        let groups = self.shuffled_by_class(rows, seed).into_iter();
        ascending(groups.flat_map(|mut group| {
            group.truncate(count(group.len()));
            group
        }))
    }

    /// Splits the rows into stratified folds for cross-validation. The only row of a class is in no fold, so it is
    /// always a training row. Empty folds are omitted.
    pub(crate) fn stratified_folds(&self, rows: &[usize], count: usize, seed: u64) -> Vec<Vec<usize>> {
        let mut folds = vec![Vec::new(); count];
        let groups = self.shuffled_by_class(rows, seed);
        let shared = groups.into_iter().filter(|group| group.len() > 1).flatten();
        shared.enumerate().for_each(|(index, row)| folds[index % count].push(row));
        folds.into_iter().map(ascending).filter(|fold| !fold.is_empty()).collect()
    }

    /// Counts the rows of each class.
    pub(crate) fn counts(&self, rows: &[usize]) -> Vec<usize> {
        let mut counts = vec![0; self.outputs()];
        if let Targets::Classes { labels, .. } = self {
            rows.iter().filter_map(|&row| labels.get(row)).for_each(|&label| counts[label as usize] += 1);
        }
        counts
    }
}

/// Parses the numbers of a label: one, or several that the reader of the data has joined.
fn numbers(text: &str) -> Option<Vec<f32>> {
    let number = |text: &str| text.trim().parse().ok().filter(|number: &f32| number.is_finite());
    text.split(SEPARATOR).map(number).collect()
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
    fn subsets_have_the_requested_rows_of_each_class_or_all_of_them() {
        let targets = classes();
        let rows = targets.per_class(&ROWS(), 10, 0);
        assert_eq!(targets.counts(&rows), [10, 10, 9, 1]);
        assert_ne!(rows, targets.per_class(&ROWS(), 10, 1), "another seed samples other rows");
        assert_eq!(rows, targets.per_class(&ROWS(), 10, 0));
        assert_eq!(targets.counts(&targets.balanced_subset(&ROWS(), 30, 0)), [10, 10, 9, 1]);
        assert_eq!(targets.balanced_subset(&ROWS(), 3, 0).len(), 3);
        assert_eq!(targets.balanced_subset(&ROWS(), 100, 0), ROWS());
        assert_eq!(targets.counts(&targets.stratified_fraction(&ROWS(), 0.1, 0)), [6, 3, 1, 1]);
        let (fitted, held_out) = targets.split(&ROWS(), 0.1, 0);
        assert_eq!((targets.counts(&fitted), targets.counts(&held_out)), (vec![54, 27, 8, 1], vec![6, 3, 1, 0]));
    }

    #[test]
    fn a_label_of_several_numbers_has_several_targets_and_every_row_the_same_number_of_them() {
        let data = |classes: &[&str]| {
            let rows = ndarray::Array2::<f32>::zeros((classes.len(), 1));
            let labels: Vec<String> = classes.iter().map(ToString::to_string).collect();
            Dataset::from_array("rows", rows).and_then(|data| data.with_labels(&labels)).expect("labelled rows")
        };
        let targets = |classes: &[&str], names: &[&str]| {
            let (data, names) = (data(classes), names.iter().map(ToString::to_string).collect::<Vec<_>>());
            Targets::of(Task::Regression, &names, &data, "training", &data.train)
        };
        let Ok(Targets::Numbers(numbers)) = targets(&["1.5;2", "-3;2"], &["width", "height"]) else {
            panic!("numbers")
        };
        assert_eq!((numbers.row(0), numbers.row(1)), (&[1.5, 2.0][..], &[-3.0, 2.0][..]));
        assert_eq!(
            (numbers.names().join(" ").as_str(), numbers.constant_in(&[0, 1])),
            ("width height", Some("height"))
        );
        let Ok(Targets::Numbers(numbers)) = targets(&["1;2", "3;4"], &["y"]) else { panic!("numbers") };
        assert_eq!(numbers.names(), ["0", "1"]);
        let error = targets(&["1;2", "3"], &[]).expect_err("one number").to_string();
        assert!(error.contains("the label of row 1 is `3`, but a regression needs 2 finite numbers"), "{error}");
    }

    #[test]
    fn folds_are_disjoint_and_stratified_and_omit_the_only_row_of_a_class() {
        let targets = classes();
        let folds = targets.stratified_folds(&ROWS(), 5, 0);
        let mut all: Vec<usize> = folds.iter().flatten().copied().collect();
        all.sort_unstable();
        assert_eq!(all, (0..99).collect::<Vec<_>>());
        for fold in &folds {
            let counts = targets.counts(fold);
            assert!(counts[0] == 12 && counts[1] == 6 && (1..=2).contains(&counts[2]) && counts[3] == 0, "{counts:?}");
        }
    }
}
