//! Judges codes and samples by classifiers: a linear probe and nearest neighbours on codes, and a classifier of
//! samples.

use std::sync::Arc;

use candle_core::Device;
use narrows_data::Values;
use ndarray::Array2;

use super::{
    Head, Targets,
    config::Descent,
    linear::{FittedHead, Linear, output_name, standardisation, unit_of},
    metrics::compute_metrics,
    neighbours::nearest,
    objective::Objective,
    outputs::{Inputs, outputs, unscaled},
    parts::LabelledRows,
    stop::Stop,
    train_head::HeadTrainingLoop,
};
use crate::{
    ScalePer, TrainError,
    candle::Parameters,
    network::{Graph, Weights},
    options::{ScheduleOptions, StepOptions, StoppingOptions},
    problems::Problems,
};

/// Widths of the hidden layers of the classifier of samples.
const HIDDEN: [usize; 1] = [256];
/// Largest number of its epochs.
const EPOCHS: usize = 30;
/// Number of epochs without a lower validation loss after which its training stops.
const PATIENCE: usize = 5;
/// Fraction of its training rows that are held out to choose the epoch.
const VALID_FRACTION: f64 = 0.1;
/// Its weight decay.
const DECAY: f64 = 1e-4;

/// Rows with their class labels, in memory.
#[derive(Debug, Clone)]
pub struct LabelledSet {
    values: Arc<Values>,
    targets: Arc<Targets>,
    rows: Vec<usize>,
}

impl LabelledSet {
    /// Combines rows, `[rows, features]`, with their labels, which are below `classes`.
    ///
    /// # Errors
    /// [`TrainError::Data`] if the number of labels differs from that of the rows, or if a label is not below
    /// `classes`.
    pub fn new(values: Array2<f32>, labels: Vec<u32>, classes: usize) -> Result<Self, TrainError> {
        let wrong = |what: String| TrainError::Data { part: "labelled", what };
        if labels.len() != values.nrows() {
            return Err(wrong(format!("{} labels for {} rows", labels.len(), values.nrows())));
        }
        if let Some(label) = labels.iter().find(|&&label| label as usize >= classes) {
            return Err(wrong(format!("the label {label} is not below the number of classes, {classes}")));
        }
        let rows = (0..labels.len()).collect();
        let (values, targets) = (Arc::new(Values::F32(values)), Arc::new(Targets::Classes { labels, classes }));
        Ok(LabelledSet { values, targets, rows })
    }

    /// Splits the set at random into rows to fit on and rows to judge on, the given fraction of each class. Of a class
    /// with a single row, that row is fitted.
    pub fn split(self, judged: f64, seed: u64) -> (Self, Self) {
        let (fitted, held_out) = self.targets.split(&self.rows, judged, seed);
        (LabelledSet { rows: fitted, ..self.clone() }, LabelledSet { rows: held_out, ..self })
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the number of different classes of the rows.
    pub fn classes(&self) -> usize {
        self.targets.counts(&self.rows).iter().filter(|&&count| count > 0).count()
    }

    fn labelled(&self) -> LabelledRows<'_> {
        LabelledRows { values: &self.values, targets: &self.targets, rows: &self.rows }
    }
}

/// Accuracies of classifiers that are fitted on the codes of one set and judged on those of another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Probe {
    /// Accuracy of softmax regression on standardised codes.
    pub linear_accuracy: f64,
    /// L2 penalty of the regression, chosen on held-out rows of the set that it is fitted on.
    pub weight_decay: f64,
    /// Accuracy of the most frequent class among the nearest neighbours of a standardised code; the nearest one decides
    /// between equally frequent classes.
    pub knn_accuracy: f64,
}

/// Fits a linear classifier on `train`, which are codes, and judges it and the `neighbours` nearest neighbours on
/// `test`. This is the linear head of `narrows transfer` with its defaults. The same seed gives the same figures.
///
/// # Errors
/// [`TrainError::Interrupted`] once `stop` returns true, and errors of Candle.
pub fn probe(
    train: &LabelledSet,
    test: &LabelledSet,
    neighbours: usize,
    seed: u64,
    stop: Stop<'_>,
) -> Result<Probe, TrainError> {
    let head = linear_head(train, seed, stop)?;
    let linear_accuracy = accuracy(&head.graph, &head.weights, test)?;
    let metrics = nearest(neighbours, &head.standardisation, train.labelled(), test.labelled(), stop)?;
    let knn_accuracy = metrics.get("accuracy").copied().unwrap_or(f64::NAN);
    Ok(Probe { linear_accuracy, weight_decay: head.decay, knn_accuracy })
}

/// Fits a linear classifier on `train`, which are codes, and returns its accuracy on `test`: the `linear_accuracy` of
/// [`probe`], without the nearest neighbours.
///
/// # Errors
/// Those of [`probe`].
pub fn linear_probe(train: &LabelledSet, test: &LabelledSet, seed: u64, stop: Stop<'_>) -> Result<f64, TrainError> {
    let head = linear_head(train, seed, stop)?;
    accuracy(&head.graph, &head.weights, test)
}

/// Fits the linear head of `narrows transfer` with its defaults.
fn linear_head(train: &LabelledSet, seed: u64, stop: Stop<'_>) -> Result<FittedHead, TrainError> {
    let linear = Linear { standardise: ScalePer::Column, is_balanced: false, decay: None, seed, stop };
    linear.fit(train.labelled(), None, &mut |_, _| {})
}

/// A classifier of samples: a network with one hidden layer of 256 ReLU units on standardised features.
#[derive(Debug, Clone)]
pub struct SampleClassifier {
    graph: Graph,
    weights: Weights,
}

impl SampleClassifier {
    /// Trains a classifier by Adam for at most 30 epochs. A tenth of the rows of each class is held out, and the epoch
    /// with the lowest loss on them is kept. The same seed gives the same classifier.
    ///
    /// # Errors
    /// [`TrainError::HeadDiverged`] if a loss becomes infinite or NaN, [`TrainError::Interrupted`] once `stop` returns
    /// true, [`TrainError::Memory`] if the memory is not available, and errors of Candle.
    pub fn fit(train: &LabelledSet, seed: u64, stop: Stop<'_>) -> Result<Self, TrainError> {
        let (fitted, held_out) = train.clone().split(VALID_FRACTION, seed);
        let rows = fitted.labelled();
        let standardisation = standardisation(ScalePer::Column, rows.values, rows.rows)?;
        let unit = unit_of(rows.targets, rows.rows);
        let head = Head::Mlp(HIDDEN.to_vec());
        let outputs = rows.targets.outputs();
        let graph = head.graph(rows.values.features(), &standardisation, outputs, output_name(rows.targets))?;
        let objective = |set| Objective { targets: set, class_weights: None, unit: &unit, decay: DECAY };
        let (objective, valid_objective) = (objective(rows.targets), objective(held_out.labelled().targets));
        let plain = unscaled();
        let descent = descent(!held_out.is_empty())?;
        let training_loop = HeadTrainingLoop {
            graph: &graph,
            descent: &descent,
            train: rows.labelled(&plain, &objective),
            valid: (!held_out.is_empty()).then(|| held_out.labelled().labelled(&plain, &valid_objective)),
            augmentation: None,
            corruption: None,
            seed,
            stop,
        };
        let parameters = Parameters::initial(&[&graph], seed, &Device::Cpu)?;
        let weights = training_loop.run(&parameters, 1.0, None, &mut |_| {})?.weights;
        Ok(SampleClassifier { graph, weights })
    }

    /// Returns the fraction of the rows whose most probable class is their label.
    ///
    /// # Errors
    /// Errors of Candle.
    pub fn accuracy(&self, set: &LabelledSet) -> Result<f64, TrainError> {
        accuracy(&self.graph, &self.weights, set)
    }
}

/// The default settings of a head with hidden layers, with fewer epochs.
fn descent(can_stop: bool) -> Result<Descent, TrainError> {
    let mut problems = Problems::default();
    let descent = Descent {
        epochs: EPOCHS,
        steps: StepOptions::default().check(&mut problems),
        rule: super::Options::default().rule().check(&mut problems),
        learning_rate: ScheduleOptions::default().check(&mut problems),
        early_stop: StoppingOptions::default().check(if can_stop { PATIENCE } else { 0 }, can_stop, &mut problems),
    };
    Ok(problems.none_or(descent)?)
}

fn accuracy(graph: &Graph, weights: &Weights, set: &LabelledSet) -> Result<f64, TrainError> {
    let parameters = Parameters::from_weights(weights, &Device::Cpu)?;
    let plain = unscaled();
    let LabelledRows { values, targets, rows } = set.labelled();
    let outputs = outputs(graph, &parameters, Inputs { values, scaling: &plain }, rows)?;
    Ok(compute_metrics(&outputs, targets, rows, &plain).get("accuracy").copied().unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Class `c` of three lies around angle `c * 120` degrees, at a distance of 1.
    fn rings(rows: usize) -> LabelledSet {
        let labels: Vec<u32> = (0..rows).map(|row| (row % 3) as u32).collect();
        let noise = |row: usize, column: usize| ((row * 7919 + column * 104_729) % 1000) as f32 / 5000.0;
        let values = Array2::from_shape_fn((rows, 2), |(row, column)| {
            let angle = labels[row] as f32 * std::f32::consts::TAU / 3.0;
            noise(row, column) + if column == 0 { angle.cos() } else { angle.sin() }
        });
        LabelledSet::new(values, labels, 3).expect("one label per row")
    }

    #[test]
    fn separate_classes_are_recognised_and_permuted_labels_are_not() {
        let (train, test) = rings(300).split(0.2, 1);
        assert_eq!((train.len(), test.len(), test.classes()), (240, 60, 3));
        let never: Stop<'_> = &|| false;
        let probe = probe(&train, &test, 5, 0, never).expect("in memory");
        assert_eq!((probe.linear_accuracy, probe.knn_accuracy), (1.0, 1.0));
        let classifier = SampleClassifier::fit(&train, 0, never).expect("in memory");
        assert_eq!(classifier.accuracy(&test).expect("in memory"), 1.0);
        let wrong = (0..60).map(|row| ((row + 1) % 3) as u32).collect();
        let Values::F32(values) = &*rings(60).values else { unreachable!("made of floats") };
        let wrong = LabelledSet::new(values.clone(), wrong, 3).expect("one label per row");
        assert_eq!(classifier.accuracy(&wrong).expect("in memory"), 0.0);
    }

    #[test]
    fn labels_that_do_not_fit_the_rows_are_refused() {
        let error = LabelledSet::new(Array2::zeros((3, 1)), vec![0, 1], 2).expect_err("a label short").to_string();
        assert!(error.contains("2 labels for 3 rows"), "{error}");
        assert!(LabelledSet::new(Array2::zeros((1, 1)), vec![2], 2).is_err());
    }
}
