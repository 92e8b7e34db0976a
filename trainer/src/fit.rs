//! From data to weights: the split, the closed form or gradient descent, the figures at the end.

use std::{cell::Cell, collections::BTreeMap};

use candle_core::Device;
use narrows_bundle::{Likelihood, ProgressRecord, Scaling};
use narrows_data::{Dataset, Part, Values};
use rand::seq::SliceRandom;

use crate::{
    Averages, Config, Descent, EpochRecord, Fitted, Method, PretrainedLayer, TrainError,
    binarize::Binarize,
    candle::Parameters,
    config::held_out,
    descent::{Descending, Observe, Plan, State},
    evaluation::evaluate,
    fitted::Core,
    kinds::{Ae, CodePenalty, Model, Pca},
    network::Weights,
    random::{Stream, stream},
    run::{Checkpoint, Run},
    samples::{PartName, Source, sample_of},
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
    /// The pretraining of a layer is over, after the last of its epochs.
    Layer(&'a PretrainedLayer),
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
    let (train_rows, held_out) = split(&data.train, config);
    let scaling = config.scaling.scaling(&sample_of(data), &data.train.values, &train_rows)?;
    for (name, part) in data.parts() {
        check_targets(name, config, &part.values, &scaling)?;
    }
    let core = Core::new(config, data)?;
    // Rows to watch training by are those that were named, or those that are held out.
    let (valid_part, valid_name, valid_rows) = match &data.valid {
        Some(valid) => (valid, PartName::Valid, (0..valid.values.rows()).collect()),
        None => (&data.train, PartName::Train, held_out),
    };
    let valid = Chosen { part: valid_part, name: valid_name, rows: &valid_rows };
    let rows = Rows {
        train: Chosen { part: &data.train, name: PartName::Train, rows: &train_rows },
        valid,
        scaling: &scaling,
    };
    let found = match &config.method {
        Method::ClosedForm(pca) => solved(*pca, config, &rows, keeper)?,
        Method::Descent(descent) => descended(config, descent, &core, &rows, keeper, observe)?,
    };
    let network = core.network(&found.parameters, config);
    let (model, l2, binarize): (&dyn Model, f64, Binarize) = match &config.method {
        Method::ClosedForm(_) => (&Ae { penalty: CodePenalty { l1: 0.0, contractive: 0.0 } }, 0.0, Binarize::None),
        Method::Descent(descent) => (descent.objective.model(), descent.l2, descent.binarize),
    };
    let figures = |chosen: &Chosen<'_>| {
        evaluate(model, l2, &network, &chosen.source(&scaling, binarize), chosen.rows, config.seed)
    };
    let train = figures(&rows.train)?;
    let valid = if valid_rows.is_empty() { None } else { Some(figures(&rows.valid)?) };
    let test = match &data.test {
        Some(part) => {
            let all: Vec<usize> = (0..part.values.rows()).collect();
            Some(figures(&Chosen { part, name: PartName::Test, rows: &all })?)
        }
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
        pretrained: found.pretrained,
        progress: found.progress,
        explained_variance_ratio: found.explained_variance_ratio,
    };
    fitted.check_finite()?;
    data.parts().try_for_each(|(_, part)| part.values.check_unchanged())?;
    Ok(fitted)
}

/// What was found, and how it went.
struct Found {
    parameters: Parameters,
    history: Vec<EpochRecord>,
    pretrained: Vec<PretrainedLayer>,
    progress: Option<ProgressRecord>,
    explained_variance_ratio: Option<Vec<f64>>,
}

struct Rows<'a> {
    train: Chosen<'a>,
    valid: Chosen<'a>,
    scaling: &'a Scaling,
}

/// Some rows of a part.
#[derive(Clone, Copy)]
struct Chosen<'a> {
    part: &'a Part,
    name: PartName,
    rows: &'a [usize],
}

impl<'a> Chosen<'a> {
    fn source(&self, scaling: &'a Scaling, binarize: Binarize) -> Source<'a> {
        Source { part: self.part, name: self.name, scaling, binarize }
    }
}

fn solved(pca: Pca, config: &Config, rows: &Rows<'_>, keeper: Option<&mut Run>) -> Result<Found, TrainError> {
    let fit = || pca.fit(&rows.train.part.values, rows.train.rows, rows.scaling, config.latent_dim);
    let found = |weights: &Weights, ratios: Vec<f64>| -> Result<Found, TrainError> {
        let parameters = Parameters::from_weights(weights, &Device::Cpu)?;
        Ok(Found {
            parameters,
            history: Vec::new(),
            pretrained: Vec::new(),
            progress: None,
            explained_variance_ratio: Some(ratios),
        })
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
    let plan = Plan::new(config, descent, core, rows.train.rows.len())?;
    let mut state = match start {
        Some(checkpoint) => checkpoint.state(&plan)?,
        None => State::fresh(&plan)?,
    };
    let descending = Descending {
        plan: &plan,
        source: rows.train.source(rows.scaling, descent.binarize),
        train: rows.train.rows,
        valid_source: rows.valid.source(rows.scaling, descent.binarize),
        valid: rows.valid.rows,
        spare: Cell::default(),
    };
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
    let pretrained = plan.pretrained(&state.position.layer_losses, &history);
    Ok(Found { parameters, history, pretrained, progress: Some(progress), explained_variance_ratio: None })
}

/// The rows to fit and the rows that are held out, both in ascending order.
///
/// Where there are labels, every class gives its share: the counts are rounded so that they add up to what is
/// held out without labels.
fn split(part: &Part, config: &Config) -> (Vec<usize>, Vec<usize>) {
    let rows = part.values.rows();
    let held_out = held_out(rows, config.valid_fraction);
    if held_out == 0 {
        return ((0..rows).collect(), Vec::new());
    }
    let mut order: Vec<usize> = (0..rows).collect();
    order.shuffle(&mut stream(config.seed, Stream::Split, 0));
    if let Some(labels) = &part.labels {
        order = spread_classes(order, labels, held_out);
    }
    let mut valid = order.split_off(rows - held_out);
    order.sort_unstable();
    valid.sort_unstable();
    (order, valid)
}

/// The shuffled rows, with the share of every class that is held out at the end.
fn spread_classes(order: Vec<usize>, labels: &[u32], held_out: usize) -> Vec<usize> {
    let mut classes: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    let rows = order.len();
    order.into_iter().for_each(|row| classes.entry(labels[row]).or_default().push(row));
    // Whole shares first, then one more where most was cut off.
    let whole = |class: &Vec<usize>| class.len() * held_out / rows;
    let mut counts: Vec<usize> = classes.values().map(whole).collect();
    let mut by_rest: Vec<usize> = (0..counts.len()).collect();
    let sizes: Vec<usize> = classes.values().map(Vec::len).collect();
    by_rest.sort_by_key(|&class| std::cmp::Reverse(sizes[class] * held_out % rows));
    let missing = held_out - counts.iter().sum::<usize>();
    by_rest.iter().take(missing).for_each(|&class| counts[class] += 1);
    let (mut fitted, mut valid) = (Vec::new(), Vec::new());
    for (mut class, count) in classes.into_values().zip(counts) {
        valid.extend(class.split_off(class.len() - count));
        fitted.extend(class);
    }
    fitted.extend(valid);
    fitted
}

/// A Bernoulli likelihood has no probability for a target outside `[0, 1]`.
fn check_targets(part: &'static str, config: &Config, values: &Values, scaling: &Scaling) -> Result<(), TrainError> {
    if config.observation.likelihood != Likelihood::Bernoulli {
        return Ok(());
    }
    let of = |numbers: &[f32], column: usize| if numbers.len() == 1 { numbers[0] } else { numbers[column] };
    let mut outside = None;
    values.visit(0..values.rows(), |row, numbers| {
        if outside.is_some() {
            return;
        }
        let is_outside = |&(column, value): &(usize, f32)| {
            !(0.0..=1.0).contains(&((value - of(&scaling.offset, column)) / of(&scaling.scale, column)))
        };
        outside = numbers.floats().enumerate().find(is_outside).map(|(column, value)| (row, column, value));
    })?;
    let Some((row, column, value)) = outside else { return Ok(()) };
    let low = of(&scaling.offset, column);
    let high = low + of(&scaling.scale, column);
    Err(TrainError::Data {
        part,
        what: format!(
            "row {row}, column {column} is {value}, outside [{low}, {high}], which the bernoulli likelihood needs (use \
             --likelihood gaussian)"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_gives_its_share_and_no_row_is_lost() {
        // 70 rows of one class, 20 of another, 10 of a third; the last row alone is a fourth.
        let labels: Vec<u32> = (0..101)
            .map(|row| {
                if row < 70 {
                    0
                } else if row < 90 {
                    1
                } else if row < 100 {
                    2
                } else {
                    3
                }
            })
            .collect();
        let order = spread_classes((0..101).rev().collect(), &labels, 20);
        let held_out = &order[81..];
        let count = |class: u32| held_out.iter().filter(|&&row| labels[row] == class).count();
        assert_eq!([count(0), count(1), count(2), count(3)], [14, 4, 2, 0]);
        let mut all = order;
        all.sort_unstable();
        assert_eq!(all, (0..101).collect::<Vec<_>>());
    }
}
