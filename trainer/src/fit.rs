//! From data to weights: the split, the closed form or gradient descent, the figures at the end.

use std::cell::Cell;

use candle_core::Device;
use narrows_bundle::{Likelihood, ProgressRecord, Scaling};
use narrows_data::{Dataset, Part, Values};

use crate::{
    Config, Descent, EpochRecord, Fitted, Method, PretrainedLayer, TrainError,
    binarize::Binarize,
    candle::Parameters,
    core_graphs::CoreGraphs,
    descent::{Plan, State, TrainingLoop},
    evaluation::evaluate,
    event::Observe,
    kinds::{Ae, Model, Pca},
    network::Weights,
    part_name::PartName,
    run::{Checkpoint, Run},
    samples::{BatchSource, sample_of},
    split::split,
};

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
    run: Option<&mut Run>,
    observe: Option<&mut Observe<'_>>,
) -> Result<Fitted, TrainError> {
    let (train_rows, held_out) = split(&data.train, config.valid_fraction, config.seed);
    let scaling = config.scaling.scaling(&sample_of(data), &data.train.values, &train_rows)?;
    for (name, part) in data.parts() {
        check_targets(name, config, &part.values, &scaling)?;
    }
    let core = CoreGraphs::new(config, data)?;
    // Rows to watch training by are those that were named, or those that are held out.
    let (valid_part, valid_name, valid_rows) = match &data.valid {
        Some(valid) => (valid, PartName::Valid, (0..valid.values.rows()).collect()),
        None => (&data.train, PartName::Train, held_out),
    };
    let valid = RowSelection { part: valid_part, name: valid_name, rows: &valid_rows };
    let rows = SplitRows {
        train: RowSelection { part: &data.train, name: PartName::Train, rows: &train_rows },
        valid,
        scaling: &scaling,
    };
    let found = match &config.method {
        Method::ClosedForm(pca) => solved(*pca, config, &rows, run)?,
        Method::Descent(descent) => descended(config, descent, &core, &rows, run, observe)?,
    };
    let network = core.network(&found.parameters, config);
    let closed_form = Ae::default();
    let (model, l2, binarize): (&dyn Model, f64, Binarize) = match &config.method {
        Method::ClosedForm(_) => (&closed_form, 0.0, Binarize::None),
        Method::Descent(descent) => (descent.objective.model(), descent.l2, descent.binarize),
    };
    let figures = |chosen: &RowSelection<'_>| {
        evaluate(model, l2, &network, &chosen.source(&scaling, binarize), chosen.rows, config.seed)
    };
    let train = figures(&rows.train)?;
    let valid = if valid_rows.is_empty() { None } else { Some(figures(&rows.valid)?) };
    let test = match &data.test {
        Some(part) => {
            let all: Vec<usize> = (0..part.values.rows()).collect();
            Some(figures(&RowSelection { part, name: PartName::Test, rows: &all })?)
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
struct FitResult {
    parameters: Parameters,
    history: Vec<EpochRecord>,
    pretrained: Vec<PretrainedLayer>,
    progress: Option<ProgressRecord>,
    explained_variance_ratio: Option<Vec<f64>>,
}

struct SplitRows<'a> {
    train: RowSelection<'a>,
    valid: RowSelection<'a>,
    scaling: &'a Scaling,
}

/// Some rows of a part.
#[derive(Clone, Copy)]
struct RowSelection<'a> {
    part: &'a Part,
    name: PartName,
    rows: &'a [usize],
}

impl<'a> RowSelection<'a> {
    fn source(&self, scaling: &'a Scaling, binarize: Binarize) -> BatchSource<'a> {
        BatchSource { part: self.part, name: self.name, scaling, binarize }
    }
}

fn solved(pca: Pca, config: &Config, rows: &SplitRows<'_>, run: Option<&mut Run>) -> Result<FitResult, TrainError> {
    let fit = || pca.fit(&rows.train.part.values, rows.train.rows, rows.scaling, config.latent_dim);
    let found = |weights: &Weights, ratios: Vec<f64>| -> Result<FitResult, TrainError> {
        let parameters = Parameters::from_weights(weights, &Device::Cpu)?;
        Ok(FitResult {
            parameters,
            history: Vec::new(),
            pretrained: Vec::new(),
            progress: None,
            explained_variance_ratio: Some(ratios),
        })
    };
    let Some(run) = run else {
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
    core: &CoreGraphs,
    rows: &SplitRows<'_>,
    mut run: Option<&mut Run>,
    observe: Option<&mut Observe<'_>>,
) -> Result<FitResult, TrainError> {
    let (start, mut history) = match run.as_deref_mut() {
        Some(run) => (run.take_start(), run.history().to_vec()),
        None => (None, Vec::new()),
    };
    let plan = Plan::new(config, descent, core, rows.train.rows.len())?;
    let mut state = match start {
        Some(checkpoint) => checkpoint.state(&plan)?,
        None => State::fresh(&plan)?,
    };
    let training_loop = TrainingLoop {
        plan: &plan,
        source: rows.train.source(rows.scaling, descent.binarize),
        train: rows.train.rows,
        valid_source: rows.valid.source(rows.scaling, descent.binarize),
        valid: rows.valid.rows,
        spare: Cell::default(),
    };
    if let Some(observe) = observe {
        training_loop.run(&mut state, &mut history, run, observe)?;
    }
    let (parameters, best_epoch) = state.result(descent)?;
    let progress = ProgressRecord {
        epochs: state.position.epoch,
        steps: state.position.step,
        best_epoch,
        finished: state.position.end.is_some(),
    };
    let pretrained = plan.pretrained(&state.position.layer_losses, &history);
    Ok(FitResult { parameters, history, pretrained, progress: Some(progress), explained_variance_ratio: None })
}

/// A Bernoulli likelihood has no probability for a target outside `[0, 1]`.
fn check_targets(part: &'static str, config: &Config, values: &Values, scaling: &Scaling) -> Result<(), TrainError> {
    if config.output_distribution.likelihood != Likelihood::Bernoulli {
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
