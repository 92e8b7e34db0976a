//! Label efficiency: accuracy of a linear head as a function of the number of labels, on the raw samples, on their
//! principal components and on the codes. The comparison shows whether the codes help.

use candle_core::Device;
use narrows_bundle::Manifest;
use narrows_data::{Dataset, Values};
use rayon::prelude::*;
use serde::Serialize;

use super::{
    Codes, Targets, Task,
    linear::Linear,
    metrics::compute_metrics,
    outputs::{Inputs, outputs, unscaled},
    parts::{LabelledRows, PartValues, sample_values},
    stop::Stop,
};
use crate::{
    ScalePer, TrainError,
    candle::Parameters,
    kinds::Pca,
    network::{Activation, Normalisation, builder::Builder},
};

/// Numbers of labels to train on, as far as the data has that many.
const BUDGETS: [usize; 3] = [10, 100, 1000];

/// How often a random subset of the labels is sampled for each number of labels, and the seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repetitions {
    /// Number of repetitions, at least 1.
    pub count: usize,
    /// Seed of the first repetition; each further repetition increments it by 1.
    pub seed: u64,
}

/// The label-efficiency table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Efficiency {
    /// Numbers of labels, ascending; the last one is the number of all labels.
    pub labels: Vec<usize>,
    /// Number of repetitions behind each mean, except for the last column, which uses all labels once.
    pub draws: usize,
    /// Number of test rows.
    pub test_rows: usize,
    /// The rows of the table: one for each kind of features and of standardisation.
    pub rows: Vec<Row>,
}

/// Accuracies for one kind of features and of standardisation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// `raw`, `pca`, or the kind of the encoder.
    pub features: String,
    /// Number of features.
    pub width: usize,
    /// Standardisation: `column` for each feature separately, `global` for one mean and scale for all features.
    pub standardise: String,
    /// Mean accuracy over the repetitions, for each number of labels.
    pub accuracy: Vec<f64>,
    /// Standard deviation of the accuracy over the repetitions; 0 for a single repetition.
    pub deviation: Vec<f64>,
}

/// Computes the table for a classification task with a test part. `observe` receives each row when it is completed.
///
/// All rows use the same linear head, the same choice of weight decay and the same labels. Labels are sampled as evenly
/// over the classes as possible.
///
/// # Errors
/// [`TrainError::Data`] without labels or a test part, [`TrainError::Interrupted`] once `stop` returns true, and errors
/// of Candle and of reading from disk.
pub fn label_efficiency(
    repetitions: Repetitions,
    model: &Manifest,
    data: &Dataset,
    codes: &Codes,
    stop: Stop<'_>,
    observe: &mut dyn FnMut(&Row),
) -> Result<Efficiency, TrainError> {
    let Some(test) = &data.test else {
        let what = "is missing; the label-efficiency table needs a test part, pass --test".to_owned();
        return Err(TrainError::Data { part: "test", what });
    };
    let train = Targets::of(Task::Classification, &[], data, "training", &data.train)?;
    let test_targets = Targets::of(Task::Classification, &[], data, "test", test)?;
    let all: Vec<usize> = (0..train.len()).collect();
    let test_rows: Vec<usize> = (0..test_targets.len()).collect();
    let labels: Vec<usize> = BUDGETS.into_iter().filter(|&count| count < all.len()).chain([all.len()]).collect();
    let components = principal_components(model, data)?;
    let feature_sets =
        [("raw", sample_values(data)), ("pca", components.part_values()), (model.kind.name(), codes.part_values())];
    let mut rows = Vec::new();
    for (features, part_values) in feature_sets {
        let PartValues { train: values, test: Some(test), .. } = part_values else { continue };
        for standardise in ScalePer::ALL {
            let experiment = Experiment {
                values,
                targets: &train,
                test: LabelledRows { values: test, targets: &test_targets, rows: &test_rows },
                standardise,
                stop,
            };
            let (mut accuracy, mut deviation) = (Vec::new(), Vec::new());
            for &count in &labels {
                let all_labels = Repetitions { count: 1, ..repetitions };
                let repetitions = if count == all.len() { all_labels } else { repetitions };
                let (mean, standard_deviation) = experiment.repeat(&all, count, repetitions)?;
                accuracy.push(mean);
                deviation.push(standard_deviation);
            }
            let (features, standardise) = (features.to_owned(), standardise.to_string());
            let row = Row { features, width: values.features(), standardise, accuracy, deviation };
            observe(&row);
            rows.push(row);
        }
    }
    Ok(Efficiency { labels, draws: repetitions.count, test_rows: test_rows.len(), rows })
}

/// Training and test data of a row of the table.
struct Experiment<'a> {
    values: &'a Values,
    targets: &'a Targets,
    test: LabelledRows<'a>,
    standardise: ScalePer,
    stop: Stop<'a>,
}

impl Experiment<'_> {
    /// Mean and standard deviation of the accuracy over random subsets of `count` labels.
    fn repeat(&self, all: &[usize], count: usize, repetitions: Repetitions) -> Result<(f64, f64), TrainError> {
        let accuracies = (0..repetitions.count as u64).into_par_iter().map(|repetition| {
            let seed = repetitions.seed.wrapping_add(repetition);
            self.accuracy(&self.targets.balanced_subset(all, count, seed), seed)
        });
        let accuracies = accuracies.collect::<Result<Vec<f64>, TrainError>>()?;
        let mean = accuracies.iter().sum::<f64>() / accuracies.len().max(1) as f64;
        let squares: f64 = accuracies.iter().map(|accuracy| (accuracy - mean).powi(2)).sum();
        Ok((mean, (squares / accuracies.len().saturating_sub(1).max(1) as f64).sqrt()))
    }

    fn accuracy(&self, rows: &[usize], seed: u64) -> Result<f64, TrainError> {
        let linear = Linear { standardise: self.standardise, is_balanced: false, decay: None, seed, stop: self.stop };
        let train = LabelledRows { values: self.values, targets: self.targets, rows };
        let head = linear.fit(train, None, &mut |_, _| {})?;
        let parameters = Parameters::from_weights(&head.weights, &Device::Cpu)?;
        let plain = unscaled();
        let inputs = Inputs { values: self.test.values, scaling: &plain };
        let outputs = outputs(&head.graph, &parameters, inputs, self.test.rows)?;
        let metrics = compute_metrics(&outputs, self.test.targets, self.test.rows, &head.unit);
        Ok(metrics.get("accuracy").copied().unwrap_or(f64::NAN))
    }
}

/// Computes the principal components of each part. Their number is that of the latent dimensions, limited by the number
/// of features and training rows.
fn principal_components(model: &Manifest, data: &Dataset) -> Result<Codes, TrainError> {
    let (features, rows) = (data.train.values.features(), data.train.values.rows());
    let count = model.latent_dim.min(features).min(rows.saturating_sub(1)).max(1);
    let all: Vec<usize> = (0..rows).collect();
    let scaling = &model.scaling;
    let fitted = Pca::Plain.fit(&data.train.values, &all, scaling, count)?;
    let (activation, latent_activation) = (Activation::Identity, Activation::Identity);
    let mlp = Builder {
        convolutions: None,
        features,
        hidden: Vec::new(),
        latent_dim: count,
        normalisation: Normalisation::None,
        activation,
        latent_activation,
        classes: None,
    };
    let (graph, parameters) = (mlp.encoder()?, Parameters::from_weights(&fitted.weights, &Device::Cpu)?);
    let project = |values: &Values| -> Result<Values, TrainError> {
        let all: Vec<usize> = (0..values.rows()).collect();
        Ok(Values::F32(outputs(&graph, &parameters, Inputs { values, scaling }, &all)?))
    };
    let test = data.test.as_ref().map(|test| project(&test.values)).transpose()?;
    Ok(Codes { train: project(&data.train.values)?, valid: None, test })
}
