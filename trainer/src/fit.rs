//! Fits a model to data: the split, the closed form or gradient descent, and the final metrics.

#[cfg(test)]
mod device_path;

use std::cell::Cell;

use candle_core::{Device, Tensor};
use narrows_bundle::{ProgressRecord, Scaling};
use narrows_data::{Dataset, Part, PartName};

use crate::{
    Config, Descent, EpochRecord, Fitted, Method, PretrainedLayer, TrainError,
    binarize::Binarize,
    candle::Parameters,
    core_graphs::CoreGraphs,
    data_checks::{check_magnitude, check_targets, check_variation},
    descent::{Plan, State, TrainingLoop, initial_parameters},
    evaluation::evaluate,
    event::Observe,
    kinds::{Ae, LatentPrior, Model, Pca},
    memory::{Training, check_solution},
    network::Weights,
    opened::Opened,
    pseudo_inputs::first_values,
    run::{Checkpoint, Run},
    samples::BatchSource,
    split::split,
    store::Store,
};

/// A fitted network whose loss is this many times that of the untrained network has diverged, even if all values are
/// finite. Its weights are so large that 32-bit floats do not determine its outputs.
const DIVERGED: f64 = 1e3;

/// Largest number of rows on which the untrained network is evaluated.
const UNTRAINED_ROWS: usize = 1000;

/// Fits a model. The callback `observe` receives an event for every step and epoch.
///
/// The result depends only on the configuration, the data and the processor: the same seed gives the same weights on
/// any number of cores.
///
/// # Errors
/// [`TrainError::Device`] if the device cannot be used, [`TrainError::Data`] for data that does not fit the
/// configuration, [`TrainError::Memory`] before the first step if the estimated memory is not available,
/// [`TrainError::Diverged`] when a loss, a gradient or a weight becomes infinite or NaN or the final loss is very
/// large, [`TrainError::Interrupted`] when the callback stops the run.
pub fn fit(config: &Config, data: &Dataset, observe: &mut Observe<'_>) -> Result<Fitted, TrainError> {
    fit_with(&Opened::on_device(config)?, data, None, Some(observe))
}

/// Fits a model in the folder of a run: resumes from the newest checkpoint of the run, and saves checkpoints during
/// training, at the end, and when the callback stops the run.
///
/// # Errors
/// The errors of [`fit`], and [`TrainError::Run`] if a checkpoint or the metrics cannot be saved.
pub fn fit_in(run: &mut Run, config: &Config, data: &Dataset, observe: &mut Observe<'_>) -> Result<Fitted, TrainError> {
    let opened = Opened::on_device(config)?;
    run.reload_newest()?;
    run.begin(config)?;
    fit_with(&opened, data, Some(run), Some(observe))
}

/// Returns the model of the newest checkpoint of a run, without training. It is evaluated on the CPU.
///
/// # Errors
/// The errors of [`fit_in`], and [`RunError::NoModel`](crate::RunError::NoModel) before the first checkpoint.
pub fn fitted_in(run: &mut Run, config: &Config, data: &Dataset) -> Result<Fitted, TrainError> {
    run.reload_newest()?;
    run.check_model()?;
    fit_with(&Opened::on_host(config), data, Some(run), None)
}

/// Fits a model, or only evaluates the newest checkpoint of `run` if `observe` is `None`. Training is refused if it
/// needs more memory than is free.
pub(crate) fn fit_with(
    opened: &Opened,
    data: &Dataset,
    run: Option<&mut Run>,
    observe: Option<&mut Observe<'_>>,
) -> Result<Fitted, TrainError> {
    let (config, placement) = (&opened.config, &opened.placement);
    let (train_rows, held_out) = split(&data.train, config.valid_fraction, config.seed);
    check_magnitude(&data.train.values, &train_rows, config.sample(data).range)?;
    check_variation(&data.train.values, &train_rows)?;
    let scaling = config.fitted_scaling(data, &train_rows)?;
    for (name, part) in data.parts() {
        check_targets(name, config, &part.values, &scaling)?;
    }
    let core = CoreGraphs::new(config, data)?;
    // Validation rows are those of the separate validation part, or else the rows held out from the training part.
    let (valid_part, valid_name, valid_rows) = match &data.valid {
        Some(valid) => (valid, PartName::Valid, (0..valid.values.rows()).collect()),
        None => (&data.train, PartName::Train, held_out),
    };
    // Memory is checked before rows are copied to a device, which they share with the training.
    let features = data.train.values.features();
    let reserved = match &config.method {
        Method::ClosedForm(_) => {
            check_solution(train_rows.len(), features, opened.memory)?;
            0
        }
        Method::Descent(descent) => {
            let training = Training::of(descent, &core, features, train_rows.len());
            training.check(opened.memory)?;
            training.estimate().total()
        }
    };
    let train_store = Store::of(placement, &data.train, &scaling, reserved)?;
    let valid_store = match &data.valid {
        Some(valid) => Store::of(placement, valid, &scaling, reserved)?,
        None => train_store.clone(),
    };
    let rows = SplitRows {
        train: RowSelection { part: &data.train, name: PartName::Train, rows: &train_rows, store: &train_store },
        valid: RowSelection { part: valid_part, name: valid_name, rows: &valid_rows, store: &valid_store },
        scaling: &scaling,
    };
    let result = match &config.method {
        Method::ClosedForm(pca) => solve(*pca, config, &rows, run)?,
        Method::Descent(descent) => train(opened, descent, &core, &rows, run, observe)?,
    };
    let network = core.network(&result.parameters, config);
    let closed_form = Ae::default();
    let (model, l2, binarize): (&dyn Model, f64, Binarize) = match &config.method {
        Method::ClosedForm(_) => (&closed_form, 0.0, Binarize::None),
        Method::Descent(descent) => (descent.objective.model(), descent.l2, descent.binarize),
    };
    let metrics = |selection: &RowSelection<'_>| {
        evaluate(model, l2, &network, &selection.source(&scaling, binarize), selection.rows, config.seed)
    };
    let train = metrics(&rows.train)?;
    if let (Method::Descent(descent), Some(progress)) = (&config.method, &result.progress) {
        let untrained = || {
            let pseudo_inputs = pseudo_inputs(config, descent, &core, &rows)?;
            let parameters = initial_parameters(config, descent, &core, pseudo_inputs.as_ref())?.placed(placement)?;
            let first = &train_rows[..train_rows.len().min(UNTRAINED_ROWS)];
            let source = rows.train.source(&scaling, binarize);
            Ok(evaluate(model, l2, &core.network(&parameters, config), &source, first, config.seed)?.loss)
        };
        check_loss(train.loss, features, progress, untrained)?;
    }
    let valid = if valid_rows.is_empty() { None } else { Some(metrics(&rows.valid)?) };
    let test = match &data.test {
        Some(part) => {
            let all: Vec<usize> = (0..part.values.rows()).collect();
            let store = Store::of(placement, part, &scaling, reserved)?;
            Some(metrics(&RowSelection { part, name: PartName::Test, rows: &all, store: &store })?)
        }
        None => None,
    };
    let fitted = Fitted {
        config: config.clone(),
        core,
        weights: result.parameters.to_weights()?,
        scaling,
        train_rows: train_rows.len(),
        valid_rows,
        train,
        valid,
        test,
        history: result.history,
        pretrained: result.pretrained,
        progress: result.progress,
        explained_variance_ratio: result.explained_variance_ratio,
    };
    fitted.check_finite()?;
    data.parts().try_for_each(|(_, part)| part.values.check_unchanged())?;
    Ok(fitted)
}

/// The fitted parameters and the record of the fit.
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

/// Selected rows of a part.
#[derive(Clone, Copy)]
struct RowSelection<'a> {
    part: &'a Part,
    name: PartName,
    rows: &'a [usize],
    store: &'a Store,
}

impl<'a> RowSelection<'a> {
    /// Returns the source of batches for evaluations.
    fn source(&self, scaling: &'a Scaling, binarize: Binarize) -> BatchSource<'a> {
        let RowSelection { part, name, store, .. } = *self;
        BatchSource { part, name, scaling, augmentation: None, binarize, store }
    }
}

/// Fits a PCA, or loads its solution from the checkpoint of `run`.
fn solve(pca: Pca, config: &Config, rows: &SplitRows<'_>, run: Option<&mut Run>) -> Result<FitResult, TrainError> {
    let fit = || match &config.moments {
        Some(loaded) => pca.fit_moments(&loaded.moments, rows.scaling, config.latent_dim),
        None => pca.fit(&rows.train.part.values, rows.train.rows, rows.scaling, config.latent_dim),
    };
    let result = |weights: &Weights, ratios: Vec<f64>| -> Result<FitResult, TrainError> {
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
        return result(&fit.weights, fit.explained_variance_ratio);
    };
    if let Some(Checkpoint { weights, record, .. }) = run.take_start()
        && let Some(ratios) = record.explained_variance_ratio
    {
        return result(&weights, ratios);
    }
    let fit = fit()?;
    run.save_solution(config, &fit)?;
    result(&fit.weights, fit.explained_variance_ratio)
}

/// Returns the first values of the pseudo-inputs of a VampPrior; `None` for another prior.
fn pseudo_inputs(
    config: &Config,
    descent: &Descent,
    core: &CoreGraphs,
    rows: &SplitRows<'_>,
) -> Result<Option<Tensor>, TrainError> {
    let count = match descent.objective.model().prior() {
        LatentPrior::Normal => return Ok(None),
        LatentPrior::Vamp { components } => components,
    };
    let unit = (rows.scaling, config.output_distribution.link);
    Ok(Some(first_values(count, rows.train.part, rows.train.rows, unit, &core.encoder, config.seed)?))
}

/// Trains by gradient descent, or only loads the newest checkpoint of `run` if `observe` is `None`.
fn train(
    opened: &Opened,
    descent: &Descent,
    core: &CoreGraphs,
    rows: &SplitRows<'_>,
    mut run: Option<&mut Run>,
    observe: Option<&mut Observe<'_>>,
) -> Result<FitResult, TrainError> {
    let config = &opened.config;
    let (start, mut history) = match run.as_deref_mut() {
        Some(run) => (run.take_start(), run.history().to_vec()),
        None => (None, Vec::new()),
    };
    let plan = Plan::new(config, descent, core, rows.train.rows.len())?
        .with_pseudo_inputs(pseudo_inputs(config, descent, core, rows)?)
        .placed(opened.placement.clone());
    let mut state = match start {
        Some(checkpoint) => checkpoint.state(&plan)?,
        None => State::fresh(&plan)?,
    };
    let training_loop = TrainingLoop {
        plan: &plan,
        source: BatchSource {
            augmentation: descent.augmentation.as_ref(),
            ..rows.train.source(rows.scaling, descent.binarize)
        },
        train: rows.train.rows,
        valid_source: rows.valid.source(rows.scaling, descent.binarize),
        valid: rows.valid.rows,
        spare: Cell::default(),
        device: opened.report.as_ref(),
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
    let pretrained = plan.pretrained_layers(&state.position.layer_losses, &history);
    Ok(FitResult { parameters, history, pretrained, progress: Some(progress), explained_variance_ratio: None })
}

/// Checks that training has not diverged with finite values: that the final loss is not many times that of the
/// untrained network, which is computed only for a loss that is large for this number of features.
fn check_loss(
    loss: f64,
    features: usize,
    progress: &ProgressRecord,
    untrained: impl FnOnce() -> Result<f64, TrainError>,
) -> Result<(), TrainError> {
    if loss <= DIVERGED * features as f64 {
        return Ok(());
    }
    let untrained = untrained()?;
    if loss <= DIVERGED * untrained.abs() {
        return Ok(());
    }
    Err(TrainError::Diverged {
        part: format!("the loss of the training rows, {untrained:.1} before training,"),
        layer: None,
        value: loss,
        step: progress.steps,
        epoch: progress.epochs,
    })
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use narrows_bundle::Kind;
    use ndarray::Array2;

    use super::*;
    use crate::Options;

    #[test]
    fn training_that_does_not_fit_into_memory_is_refused_before_the_first_step() {
        let data = Dataset::from_array("table", Array2::<f32>::eye(30)).expect("valid samples");
        let config = Config::check(&Options::new(Kind::Ae), &data).expect("valid options");
        let mut events = 0;
        let mut observe = |_: &crate::Event<'_>| {
            events += 1;
            ControlFlow::Break(())
        };
        let opened = Opened { memory: Some(1000), ..Opened::on_host(&config) };
        let error = fit_with(&opened, &data, None, Some(&mut observe)).expect_err("too little memory");
        assert!(matches!(error, TrainError::Memory { available: 1000, .. }), "{error}");
        assert_eq!(events, 0);
    }
}
