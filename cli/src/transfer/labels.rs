//! Warnings about labels that a transfer accepts although they may not be what the user expects.

use narrows_bundle::counted;
use narrows_data::Dataset;
use narrows_trainer::transfer::{Budget, Config, Task};

use crate::report::warn;

/// Prints the warnings about the labels of the training part.
pub(crate) fn warn_of_labels(config: &Config, data: &Dataset) {
    let (Some(classes), Some(labels)) = (&data.classes, &data.train.labels) else { return };
    match config.task {
        Task::Regression => {}
        Task::Classification => {
            let budget = match config.budget {
                Budget::PerClass(count) => few_rows(count, labels, classes.len()),
                Budget::All | Budget::Fraction(_) => None,
            };
            numbers(classes, labels.len()).into_iter().chain(budget).for_each(warn);
        }
    }
}

/// Returns a warning if the classes look like target values: all are numbers, and some are not integers or most rows
/// have a class of their own.
fn numbers(classes: &[String], rows: usize) -> Option<String> {
    let numbers: Option<Vec<f64>> = classes.iter().map(|class| class.trim().parse().ok()).collect();
    let is_measured = numbers?.iter().any(|number| number.fract() != 0.0) || classes.len() * 2 > rows;
    is_measured.then(|| {
        format!(
            "the labels are {}, and each becomes a class; to predict the number itself, pass --task regression",
            counted(classes.len(), "different number")
        )
    })
}

/// Returns a warning if some classes have fewer than `count` rows.
fn few_rows(count: usize, labels: &[u32], classes: usize) -> Option<String> {
    let mut counts = vec![0; classes];
    for &label in labels {
        if let Some(count) = counts.get_mut(label as usize) {
            *count += 1;
        }
    }
    let few = counts.iter().filter(|&&rows| (1..count).contains(&rows)).count();
    (few > 0).then(|| {
        format!("{few} of {classes} classes have fewer than {count} training rows (--labels-per-class); all their rows are used")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_labels_that_look_like_measurements_are_reported() {
        let named = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let prices = numbers(&named(&["1.5", "2", "3.25"]), 80).expect("a price is not an integer");
        assert!(
            prices.contains("the labels are 3 different numbers") && prices.contains("--task regression"),
            "{prices}"
        );
        assert!(numbers(&named(&["10", "20", "30"]), 4).is_some(), "most rows have a class of their own");
        assert_eq!(numbers(&named(&["0", "1", "2"]), 100), None);
        assert_eq!(numbers(&named(&["cat", "1.5"]), 2), None);
    }

    #[test]
    fn classes_with_fewer_rows_than_requested_are_reported() {
        let warning = few_rows(2, &[0, 1, 1], 2).expect("class 0 has one row");
        assert!(warning.starts_with("1 of 2 classes have fewer than 2 training rows"), "{warning}");
        assert_eq!(few_rows(1, &[0, 1, 1], 2), None);
    }
}
