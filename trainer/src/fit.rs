//! From data to weights: the split, the closed form or gradient descent, the figures at the end.

use std::cell::Cell;

use candle_core::Device;
use narrows_bundle::{Likelihood, ProgressRecord, Scaling};
use narrows_data::{Dataset, Part, Values};
use rand::seq::SliceRandom;

use crate::{
    Averages, Config, Descent, EpochRecord, Fitted, Method, TrainError,
    binarize::Binarize,
    candle::Parameters,
    config::held_out,
    descent::{Descending, Observe, State},
    evaluation::evaluate,
    fitted::Core,
    kinds::{Ae, CodePenalty, Model, Pca},
    network::Weights,
    random::{Stream, stream},
    run::{Checkpoint, Run},
    samples::{PartName, Source, row_of, sample_of},
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
        /// Step since the run began, from 1.
        step: u64,
        /// Rows of this epoch that are done.
        rows: usize,
        /// Averages of this epoch so far.
        figures: &'a Averages,
    },
    /// An epoch is complete.
    Epoch(&'a EpochRecord),
}

/// Fits a model. `observe` is told of every step and epoch.
///
/// The result is a function of the configuration, the data and the processor: the same seed gives the
/// same weights, on any number of cores.
///
/// # Errors
/// [`TrainError::Data`] for data that the configuration cannot work on, [`TrainError::Diverged`] when a
/// loss, a gradient or a weight stops being a number, [`TrainError::Interrupted`] when the observer breaks
/// off.
pub fn fit(config: &Config, data: &Dataset, observe: &mut Observe<'_>) -> Result<Fitted, TrainError> {
    fit_kept(config, data, None, Some(observe))
}

/// The same in the folder of a run: from where the run stands, saving it on the way, at the end, and when
/// the observer breaks off.
///
/// # Errors
/// Those of [`fit`], and [`TrainError::Run`] when something cannot be saved.
pub fn fit_in(run: &mut Run, config: &Config, data: &Dataset, observe: &mut Observe<'_>) -> Result<Fitted, TrainError> {
    run.catch_up()?;
    run.begin(config)?;
    fit_kept(config, data, Some(run), Some(observe))
}

/// The model that a run stands at, without another step.
///
/// # Errors
/// Those of [`fit_in`], and [`RunError::NoModel`](crate::RunError::NoModel) before the first checkpoint.
pub fn fitted_in(run: &mut Run, config: &Config, data: &Dataset) -> Result<Fitted, TrainError> {
    run.catch_up()?;
    run.check_model()?;
    fit_kept(config, data, Some(run), None)
}

fn fit_kept(
    config: &Config,
    data: &Dataset,
    keeper: Option<&mut Run>,
    observe: Option<&mut Observe<'_>>,
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
    let rows = Rows { part: &data.train, train: &train_rows, valid: &valid_rows, scaling: &scaling };
    let found = match &config.method {
        Method::ClosedForm(pca) => solved(*pca, config, &rows, keeper)?,
        Method::Descent(descent) => descended(config, descent, &core, &rows, keeper, observe)?,
    };
    let network = core.network(&found.parameters, config);
    let (model, l2, binarize): (&dyn Model, f64, Binarize) = match &config.method {
        Method::ClosedForm(_) => (&Ae { penalty: CodePenalty { l1: 0.0, contractive: 0.0 } }, 0.0, Binarize::None),
        Method::Descent(descent) => (descent.objective.model(), descent.l2, descent.binarize),
    };
    let figures = |part: &Part, name, rows: &[usize]| {
        let source = Source { part, name, scaling: &scaling, binarize };
        evaluate(model, l2, &network, &source, rows, config.seed)
    };
    let train = figures(&data.train, PartName::Train, &train_rows)?;
    let valid = if valid_rows.is_empty() { None } else { Some(figures(&data.train, PartName::Train, &valid_rows)?) };
    let test = match &data.test {
        Some(test) => Some(figures(test, PartName::Test, &(0..test.values.rows()).collect::<Vec<_>>())?),
        None => None,
    };
    let fitted = Fitted {
        config: config.clone(),
        core,
        weights: found.parameters.to_weights()?,
        scaling,
        train_rows: train_rows.len(),
        valid_rows,
        train,
        valid,
        test,
        history: found.history,
        progress: found.progress,
        explained_variance_ratio: found.explained_variance_ratio,
    };
    fitted.check_finite()?;
    Ok(fitted)
}

/// What was found, and how it went.
struct Found {
    parameters: Parameters,
    history: Vec<EpochRecord>,
    progress: Option<ProgressRecord>,
    explained_variance_ratio: Option<Vec<f64>>,
}

struct Rows<'a> {
    part: &'a Part,
    train: &'a [usize],
    valid: &'a [usize],
    scaling: &'a Scaling,
}

fn solved(pca: Pca, config: &Config, rows: &Rows<'_>, keeper: Option<&mut Run>) -> Result<Found, TrainError> {
    let fit = || pca.fit(&rows.part.values, rows.train, rows.scaling, config.latent_dim);
    let found = |weights: &Weights, ratios: Vec<f64>| -> Result<Found, TrainError> {
        let parameters = Parameters::from_weights(weights, &Device::Cpu)?;
        Ok(Found { parameters, history: Vec::new(), progress: None, explained_variance_ratio: Some(ratios) })
    };
    let Some(run) = keeper else {
        let fit = fit()?;
        return found(&fit.weights, fit.explained_variance_ratio);
    };
    if let Some(Checkpoint { weights, record, .. }) = run.take_start()
        && let Some(ratios) = record.explained_variance_ratio
    {
        return found(&weights, ratios);
    }
    let fit = fit()?;
    run.save_solution(config, &fit)?;
    found(&fit.weights, fit.explained_variance_ratio)
}

fn descended(
    config: &Config,
    descent: &Descent,
    core: &Core,
    rows: &Rows<'_>,
    mut keeper: Option<&mut Run>,
    observe: Option<&mut Observe<'_>>,
) -> Result<Found, TrainError> {
    let (start, mut history) = match keeper.as_deref_mut() {
        Some(run) => (run.take_start(), run.history().to_vec()),
        None => (None, Vec::new()),
    };
    let mut state = match start {
        Some(checkpoint) => checkpoint.state(config, descent, core)?,
        None => State::fresh(config, descent, core)?,
    };
    let Rows { part, train, valid, scaling } = *rows;
    let source = Source { part, name: PartName::Train, scaling, binarize: descent.binarize };
    let descending = Descending { config, descent, core, source, train, valid, spare: Cell::default() };
    if let Some(observe) = observe {
        descending.run(&mut state, &mut history, keeper, observe)?;
    }
    let (parameters, best_epoch) = state.result(descent)?;
    let progress = ProgressRecord {
        epochs: state.position.epoch,
        steps: state.position.step,
        best_epoch,
        finished: state.position.end.is_some(),
    };
    Ok(Found { parameters, history, progress: Some(progress), explained_variance_ratio: None })
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
