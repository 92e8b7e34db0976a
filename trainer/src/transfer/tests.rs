//! Tests of heads on small data with known results.

use narrows_data::{Dataset, Part, Values};
use ndarray::{Array2, array};

use super::{
    linear::Linear,
    parts::LabelledRows,
    targets::{Numbers, Targets},
};
use crate::{
    ScalePer,
    random::{Stream, stream},
};
use rand::Rng;

/// Two classes, separated along the first of three features, and a numeric target that depends on the other two.
fn clouds(rows: usize) -> (Values, Targets, Targets) {
    let mut random = stream(5, Stream::Noise, 0);
    let mut noise = || random.random_range(-1.0f32..1.0);
    let mut values = Array2::zeros((rows, 3));
    let (mut labels, mut numbers) = (Vec::new(), Vec::new());
    for (row, mut into) in values.outer_iter_mut().enumerate() {
        let class = (row % 2) as u32;
        into.assign(&array![noise() + 1.5 * class as f32, 100.0 * noise(), noise()]);
        labels.push(class);
        numbers.push(7.0 + 0.03 * into[1] - into[2]);
    }
    (
        Values::F32(values),
        Targets::Classes { labels, classes: 2 },
        Targets::Numbers(Numbers::new(numbers, vec!["y".to_owned()])),
    )
}

fn linear() -> Linear<'static> {
    Linear { standardise: ScalePer::Column, is_balanced: false, decay: Some(0.0), seed: 0, stop: &|| false }
}

#[test]
fn ridge_without_decay_is_least_squares() {
    let (values, _, targets) = clouds(200);
    let rows: Vec<usize> = (0..200).collect();
    let train = LabelledRows { values: &values, targets: &targets, rows: &rows };
    let head = linear().fit(train, None, &mut |_, _| {}).expect("in memory");
    let weight = &head.weights["head.prediction.weight"];
    let slope = |feature: usize| weight[[feature, 0]] * head.unit.scale[0] / head.standardisation.scale[feature];
    assert!(slope(0).abs() < 1e-3 && (slope(1) - 0.03).abs() < 1e-4 && (slope(2) + 1.0).abs() < 1e-3, "{weight:?}");
}

#[test]
fn decay_shrinks_the_weights_and_the_chosen_one_has_the_lowest_held_out_loss() {
    let (values, targets, _) = clouds(60);
    let rows: Vec<usize> = (0..60).collect();
    let train = LabelledRows { values: &values, targets: &targets, rows: &rows };
    let size = |decay| {
        let head = Linear { decay, ..linear() }.fit(train, None, &mut |_, _| {}).expect("in memory");
        head.weights["head.logits.weight"].iter().map(|weight| weight * weight).sum::<f32>()
    };
    assert!(size(Some(10.0)) < 0.1 * size(Some(0.01)));
    let head = Linear { decay: None, ..linear() }.fit(train, None, &mut |_, _| {}).expect("in memory");
    let lowest = head.trials.iter().map(|(_, loss)| *loss).fold(f64::INFINITY, f64::min);
    assert!(head.trials.len() > 2 && head.trials.contains(&(head.decay, lowest)), "{:?}", head.trials);
}

#[test]
fn balanced_class_weights_raise_the_bias_of_the_rare_class() {
    // Nine of ten rows have class 0, and the classes overlap.
    let mut random = stream(6, Stream::Noise, 0);
    let labels: Vec<u32> = (0..300).map(|row| u32::from(row % 10 == 0)).collect();
    let value = |label: u32| 0.5 * label as f32;
    let values = Array2::from_shape_fn((300, 1), |(row, _)| value(labels[row]) + random.random_range(-1.0..1.0));
    let (values, targets) = (Values::F32(values), Targets::Classes { labels, classes: 2 });
    let rows: Vec<usize> = (0..300).collect();
    let train = LabelledRows { values: &values, targets: &targets, rows: &rows };
    let bias = |is_balanced| {
        let head = Linear { is_balanced, ..linear() }.fit(train, None, &mut |_, _| {}).expect("in memory");
        let bias = &head.weights["head.logits.bias"];
        bias[1] - bias[0]
    };
    assert!(bias(false) < -1.0 && bias(true) > -0.5, "{} and {}", bias(false), bias(true));
}

#[test]
fn decay_is_one_over_the_rows_if_each_class_has_a_single_row() {
    let (values, targets, _) = clouds(2);
    let train = LabelledRows { values: &values, targets: &targets, rows: &[0, 1] };
    let head = Linear { decay: None, ..linear() }.fit(train, None, &mut |_, _| {}).expect("two rows");
    assert!(head.trials.is_empty() && head.decay == 0.5, "{:?}", head.trials);
}

/// A data set with these labels and one feature.
fn labelled(labels: Option<Vec<u32>>, classes: &[&str]) -> Dataset {
    let rows = labels.as_ref().map_or(3, Vec::len);
    let values = Values::F32(Array2::from_shape_fn((rows, 1), |(row, _)| row as f32));
    Dataset {
        name: "rows".to_owned(),
        sample_shape: vec![1],
        sample_kind: narrows_data::SampleKind::default(),
        date_columns: None,
        table: None,
        notes: narrows_data::Notes::default(),
        range: (0.0, rows as f32),
        columns: None,
        fill: None,
        train: Part { values, labels },
        valid: None,
        test: None,
        classes: (!classes.is_empty()).then(|| classes.iter().map(ToString::to_string).collect()),
    }
}

#[test]
fn unusable_labels_are_rejected_with_a_suggestion() {
    use super::{Task, check::check_labels};
    let check = |task, labels, classes: &[&str]| {
        check_labels(task, &[], &labelled(labels, classes)).map(|_| ()).map_err(|error| error.to_string())
    };
    let rejected = |task, labels, classes: &[&str]| check(task, labels, classes).expect_err("unusable labels");
    assert!(rejected(Task::Classification, None, &[]).contains("there are no labels; pass --labels"));
    assert!(rejected(Task::Classification, Some(vec![0, 0]), &["a"]).contains("all rows (2) have the same class"));
    let unique = rejected(Task::Classification, Some(vec![0, 1, 2]), &["0.5", "1", "2"]);
    assert!(unique.contains("no class has two rows") && unique.contains("--task regression"), "{unique}");
    assert!(rejected(Task::Regression, Some(vec![0, 1]), &["1", "x"]).contains("the label of row 1 is `x`"));
    assert!(rejected(Task::Regression, Some(vec![0, 1]), &["1", "nan"]).contains("`nan`"));
    assert!(rejected(Task::Regression, Some(vec![0, 0]), &["1"]).contains("all targets are the same number"));
    assert_eq!(check(Task::Classification, Some(vec![0, 1, 0]), &["a", "b"]), Ok(()));
    assert_eq!(check(Task::Regression, Some(vec![0, 1, 0]), &["1", "2.5"]), Ok(()));
}
