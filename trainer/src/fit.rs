//! From data to weights: the split, the closed form or the loop of steps, the figures at the end.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use candle_core::Device;
use narrows_bundle::{Likelihood, Scaling};
use narrows_data::{Dataset, Part, Values};
use rand::seq::SliceRandom;

use crate::{
    Config, Descent, Figures, Fitted, Method, TrainError,
    candle::{Adam, AdamOptions, Parameters},
    config::held_out,
    evaluation::{evaluate, scalar},
    fitted::Core,
    kinds::{Ae, Draw, Model, Network},
    random::{Stream, stream},
    samples::{row_of, sample_of},
    scaling::ScalingRule,
};

/// What happened while fitting; the observer may break off after any of them.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A step of gradient descent.
    Step {
        /// Epoch, from 1.
        epoch: usize,
        /// Rows of this epoch that are done.
        rows: usize,
        /// Averages of this epoch so far.
        figures: &'a Figures,
    },
    /// An epoch is complete.
    Epoch {
        /// Epoch, from 1.
        epoch: usize,
        /// Averages over the epoch's steps, as training saw them.
        train: &'a Figures,
        /// Figures of the rows that were held out.
        valid: Option<&'a Figures>,
        /// Time of the steps, without the evaluation.
        time: Duration,
    },
}

/// Fits a model. `observe` is told of every step and epoch.
///
/// The result is a function of the configuration, the data and the processor: the same seed gives the
/// same weights.
///
/// # Errors
/// [`TrainError::Data`] for data that the configuration cannot work on, [`TrainError::Diverged`] when the
/// loss stops being a number, [`TrainError::Interrupted`] when the observer breaks off.
pub fn fit(
    config: &Config,
    data: &Dataset,
    observe: &mut dyn FnMut(&Event<'_>) -> ControlFlow<()>,
) -> Result<Fitted, TrainError> {
    let (train_rows, valid_rows) = split(data.train.values.rows(), config);
    let sample = sample_of(data);
    let rule = ScalingRule::of(&sample, config.observation.likelihood);
    let scaling = rule.scaling(&sample, &data.train.values, &train_rows);
    check_targets("training", config, &data.train.values, &scaling)?;
    if let Some(test) = &data.test {
        check_targets("test", config, &test.values, &scaling)?;
    }
    let core = Core::new(config, data)?;
    let mut explained_variance_ratio = None;
    let parameters = match &config.method {
        Method::ClosedForm(pca) => {
            let fit = pca.fit(&data.train.values, &train_rows, &scaling, config.latent_dim)?;
            explained_variance_ratio = Some(fit.explained_variance_ratio);
            Parameters::from_weights(&fit.weights, &Device::Cpu)?
        }
        Method::Descent(descent) => {
            let parameters = Parameters::initial(&[&core.encoder, &core.decoder], config.seed, &Device::Cpu)?;
            let network = core.network(&parameters, config);
            let rows = Rows { part: &data.train, train: &train_rows, valid: &valid_rows, scaling: &scaling };
            descend(descent, config.seed, &network, &rows, observe)?;
            parameters
        }
    };
    let network = core.network(&parameters, config);
    let model: &dyn Model = match &config.method {
        Method::ClosedForm(_) => &Ae,
        Method::Descent(descent) => descent.objective.model(),
    };
    let figures = |part: &Part, rows: &[usize]| evaluate(model, &network, part, rows, &scaling, config.seed);
    let train = figures(&data.train, &train_rows)?;
    let valid = if valid_rows.is_empty() { None } else { Some(figures(&data.train, &valid_rows)?) };
    let test = match &data.test {
        Some(test) => Some(figures(test, &(0..test.values.rows()).collect::<Vec<_>>())?),
        None => None,
    };
    let weights = parameters.to_weights()?;
    let fitted = Fitted {
        config: config.clone(),
        core,
        weights,
        scaling,
        train_rows: train_rows.len(),
        valid_rows,
        train,
        valid,
        test,
        explained_variance_ratio,
    };
    fitted.check_finite()?;
    Ok(fitted)
}

/// The rows to fit and the rows that are held out, both in ascending order.
fn split(rows: usize, config: &Config) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> = (0..rows).collect();
    let held_out = held_out(rows, config.valid_fraction);
    if held_out > 0 {
        order.shuffle(&mut stream(config.seed, Stream::Split, 0));
    }
    let mut valid = order.split_off(rows - held_out);
    order.sort_unstable();
    valid.sort_unstable();
    (order, valid)
}

/// A Bernoulli likelihood has no probability for a target outside `[0, 1]`.
fn check_targets(part: &'static str, config: &Config, values: &Values, scaling: &Scaling) -> Result<(), TrainError> {
    let (Likelihood::Bernoulli, [offset], [scale]) =
        (config.observation.likelihood, scaling.offset.as_slice(), scaling.scale.as_slice())
    else {
        return Ok(());
    };
    for row in 0..values.rows() {
        let outside =
            row_of(values, row).enumerate().find(|(_, value)| !(0.0..=1.0).contains(&((value - offset) / scale)));
        if let Some((column, value)) = outside {
            let (low, high) = (offset, offset + scale);
            return Err(TrainError::Data {
                part,
                what: format!(
                    "row {row}, column {column} is {value}, outside [{low}, {high}], which the bernoulli likelihood \
                     needs (use --likelihood gaussian)"
                ),
            });
        }
    }
    Ok(())
}

struct Rows<'a> {
    part: &'a Part,
    train: &'a [usize],
    valid: &'a [usize],
    scaling: &'a Scaling,
}

fn descend(
    descent: &Descent,
    seed: u64,
    network: &Network<'_>,
    rows: &Rows<'_>,
    observe: &mut dyn FnMut(&Event<'_>) -> ControlFlow<()>,
) -> Result<(), TrainError> {
    let model = descent.objective.model();
    let options = AdamOptions { learning_rate: descent.learning_rate, ..AdamOptions::default() };
    let mut adam = Adam::new(network.parameters, options);
    let mut step = 0;
    for epoch in 1..=descent.epochs {
        let start = Instant::now();
        let mut order = rows.train.to_vec();
        order.shuffle(&mut stream(seed, Stream::Shuffle, epoch as u64));
        let (mut sums, mut done) = (Figures::default(), 0);
        for chunk in order.chunks(descent.batch_size) {
            step += 1;
            let batch = network.batch(rows.part, chunk, rows.scaling)?;
            let loss = model.loss(network, &batch, Draw::Training { seed, step })?;
            let parts = loss
                .parts
                .iter()
                .map(|(part, value)| {
                    let value = scalar(value)?;
                    if value.is_finite() {
                        Ok((*part, value))
                    } else {
                        Err(TrainError::Diverged { part, value, step, epoch })
                    }
                })
                .collect::<Result<Vec<_>, TrainError>>()?;
            adam.step(network.parameters, &loss.total.backward()?)?;
            sums.add(scalar(&loss.total)?, &parts, chunk.len());
            done += chunk.len();
            let figures = &sums.clone().over(done);
            if observe(&Event::Step { epoch, rows: done, figures }).is_break() {
                return Err(TrainError::Interrupted { epoch });
            }
        }
        let time = start.elapsed();
        let valid = if rows.valid.is_empty() {
            None
        } else {
            Some(evaluate(model, network, rows.part, rows.valid, rows.scaling, seed)?)
        };
        let event = Event::Epoch { epoch, train: &sums.over(done), valid: valid.as_ref(), time };
        if observe(&event).is_break() {
            return Err(TrainError::Interrupted { epoch });
        }
    }
    Ok(())
}
