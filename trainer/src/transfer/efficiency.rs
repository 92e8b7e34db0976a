//! Label efficiency: what a linear head tells from few labels and from many, of the samples themselves, of their
//! principal components and of the codes. A code that does not help shows here.

use candle_core::Device;
use narrows_bundle::Manifest;
use narrows_data::{Dataset, Values};
use rayon::prelude::*;
use serde::Serialize;

use super::{
    Codes, Targets, Task,
    figures::answers,
    linear::Linear,
    outputs::{Inputs, outputs, unscaled},
    parts::{LabelledRows, Sides, sides_of},
    stop::Stop,
};
use crate::{
    ScalePer, TrainError,
    candle::Parameters,
    kinds::Pca,
    network::{Activation, mlp::Mlp},
};

/// Labels that are learned from, where the data has so many.
const BUDGETS: [usize; 3] = [10, 100, 1000];

/// How often the labels of a budget are drawn, and by which seed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draws {
    /// At least 1.
    pub count: usize,
    /// The first; each draw has the next.
    pub seed: u64,
}

/// The table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Efficiency {
    /// Labels learned from, in rising order; the last are all there are.
    pub labels: Vec<usize>,
    /// Draws behind every mean but the last of a row, which is of all labels.
    pub draws: usize,
    /// Rows that were told.
    pub test_rows: usize,
    /// What was learned on.
    pub rows: Vec<Row>,
}

/// What one way to see the samples gives.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// `raw`, `pca`, or the kind of the encoder.
    pub features: String,
    /// Numbers in a row.
    pub width: usize,
    /// Whether every feature was standardised alone: `column`, or all by one scale: `global`.
    pub standardise: String,
    /// Mean accuracy over the draws for every count of labels.
    pub accuracy: Vec<f64>,
    /// Standard deviation of the accuracy over the draws; of one draw 0.
    pub deviation: Vec<f64>,
}

/// The table for a classification with a test part; `observe` is told of every row as it is complete.
///
/// The same linear head, standardisation and choice of weight decay for all. Labels are drawn as evenly over the classes
/// as they can be, the same for all rows.
///
/// # Errors
/// [`TrainError::Data`] without labels or a test part, [`TrainError::Interrupted`] once `stop` says so, those of Candle,
/// and of reading from disk.
pub fn label_efficiency(
    draws: Draws,
    model: &Manifest,
    data: &Dataset,
    codes: &Codes,
    stop: Stop<'_>,
    observe: &mut dyn FnMut(&Row),
) -> Result<Efficiency, TrainError> {
    let Some(test) = &data.test else {
        let what = "is not there, and a table of accuracies needs rows to test with (--test)".to_owned();
        return Err(TrainError::Data { part: "test", what });
    };
    let train = Targets::of(Task::Classification, data, "training", &data.train)?;
    let asked = Targets::of(Task::Classification, data, "test", test)?;
    let all: Vec<usize> = (0..train.len()).collect();
    let asked_rows: Vec<usize> = (0..asked.len()).collect();
    let labels: Vec<usize> = BUDGETS.into_iter().filter(|&count| count < all.len()).chain([all.len()]).collect();
    let components = principal(model, data)?;
    let ways = [("raw", sides_of(data)), ("pca", components.sides()), (model.kind.name(), codes.sides())];
    let mut rows = Vec::new();
    for (features, sides) in ways {
        let Sides { train: values, test: Some(test), .. } = sides else { continue };
        for standardise in ScalePer::ALL {
            let table = Learned {
                values,
                targets: &train,
                asked: LabelledRows { values: test, targets: &asked, rows: &asked_rows },
                standardise,
                stop,
            };
            let (mut accuracy, mut deviation) = (Vec::new(), Vec::new());
            for &count in &labels {
                let draws = if count == all.len() { Draws { count: 1, ..draws } } else { draws };
                let (mean, spread) = table.drawn(&all, count, draws)?;
                accuracy.push(mean);
                deviation.push(spread);
            }
            let (features, standardise) = (features.to_owned(), standardise.to_string());
            let row = Row { features, width: values.features(), standardise, accuracy, deviation };
            observe(&row);
            rows.push(row);
        }
    }
    Ok(Efficiency { labels, draws: draws.count, test_rows: asked_rows.len(), rows })
}

/// What a row of the table is learned from, and what is told.
struct Learned<'a> {
    values: &'a Values,
    targets: &'a Targets,
    asked: LabelledRows<'a>,
    standardise: ScalePer,
    stop: Stop<'a>,
}

impl Learned<'_> {
    /// Mean and standard deviation of the accuracy over draws of so many labels.
    fn drawn(&self, all: &[usize], count: usize, draws: Draws) -> Result<(f64, f64), TrainError> {
        let accuracies = (0..draws.count as u64).into_par_iter().map(|draw| {
            let seed = draws.seed.wrapping_add(draw);
            self.accuracy(&self.targets.evenly(all, count, seed), seed)
        });
        let accuracies = accuracies.collect::<Result<Vec<f64>, TrainError>>()?;
        let mean = accuracies.iter().sum::<f64>() / accuracies.len().max(1) as f64;
        let squares: f64 = accuracies.iter().map(|accuracy| (accuracy - mean).powi(2)).sum();
        Ok((mean, (squares / accuracies.len().saturating_sub(1).max(1) as f64).sqrt()))
    }

    fn accuracy(&self, rows: &[usize], seed: u64) -> Result<f64, TrainError> {
        let linear = Linear { standardise: self.standardise, is_balanced: false, decay: None, seed, stop: self.stop };
        let known = LabelledRows { values: self.values, targets: self.targets, rows };
        let head = linear.fit(known, None, &mut |_, _| {})?;
        let parameters = Parameters::from_weights(&head.weights, &Device::Cpu)?;
        let plain = unscaled();
        let inputs = Inputs { values: self.asked.values, scaling: &plain };
        let told = outputs(&head.graph, &parameters, inputs, self.asked.rows)?;
        let figures = answers(&told, self.asked.targets, self.asked.rows, &head.unit);
        Ok(figures.get("accuracy").copied().unwrap_or(f64::NAN))
    }
}

/// As many principal components of the training rows as the code has numbers, or as there are.
fn principal(model: &Manifest, data: &Dataset) -> Result<Codes, TrainError> {
    let (features, rows) = (data.train.values.features(), data.train.values.rows());
    let count = model.latent_dim.min(features).min(rows.saturating_sub(1)).max(1);
    let all: Vec<usize> = (0..rows).collect();
    let scaling = &model.scaling;
    let fitted = Pca::Plain.fit(&data.train.values, &all, scaling, count)?;
    let (activation, latent_activation) = (Activation::Identity, Activation::Identity);
    let mlp = Mlp { features, hidden: Vec::new(), latent_dim: count, activation, latent_activation, classes: None };
    let (graph, parameters) = (mlp.encoder()?, Parameters::from_weights(&fitted.weights, &Device::Cpu)?);
    let of = |values: &Values| -> Result<Values, TrainError> {
        let all: Vec<usize> = (0..values.rows()).collect();
        Ok(Values::F32(outputs(&graph, &parameters, Inputs { values, scaling }, &all)?))
    };
    let test = data.test.as_ref().map(|test| of(&test.values)).transpose()?;
    Ok(Codes { train: of(&data.train.values)?, valid: None, test })
}
