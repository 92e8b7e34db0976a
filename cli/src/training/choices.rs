//! What a run is about to do, said before it does it.

use std::path::Path;

use narrows_bundle::{Likelihood, Link};
use narrows_data::{
    Dataset, Values,
    statistics::{Per, extremes, moments},
};
use narrows_trainer::{
    Activation, Config, CoreGraphs, Method, Options, Pretraining, Scale, ScalePer, ScalingRule, network::summary,
};

use crate::report::note;

/// Says on standard error what will be done, and why where it was chosen for the user.
pub(super) fn print_choices(options: &Options, config: &Config, data: &Dataset, run: &Path) -> anyhow::Result<()> {
    let test = data.test.as_ref().map_or(0, |test| test.values.rows());
    let (low, high) = data.range;
    let fitted = config.fitted_rows(data.train.values.rows());
    let held_out = match &data.valid {
        Some(valid) => format!("{} to watch training by", valid.values.rows()),
        None => format!("{} held out", data.train.values.rows() - fitted),
    };
    note(format_args!(
        "data: {}, {fitted} rows to fit, {held_out}, {test} to test; samples of shape {:?} in [{low}, {high}]{}",
        data.name,
        data.sample_shape,
        if matches!(data.train.values, Values::OnDisk(_)) { ", read from disk as they are needed" } else { "" }
    ));
    let network = match &config.method {
        Method::ClosedForm(_) => "in closed form".to_owned(),
        Method::Descent(descent) => format!(
            "{:?} hidden, {}{}, {} epochs of batches of {}, {} at {}",
            descent.architecture.hidden,
            descent.architecture.activation,
            match descent.objective.code_layer().activation {
                Activation::Identity => String::new(),
                activation => format!(" ({activation} for the code)"),
            },
            descent.epochs,
            descent.steps.batch_size,
            config.effective().optimizer.optimizer.map_or(String::new(), |name| name.to_string()),
            descent.learning_rate.peak
        ),
    };
    note(format_args!(
        "model: {} ({}), {} latent, {network}, seed {}",
        config.kind(),
        config.kind().title(),
        config.latent_dim,
        config.seed
    ));
    if let Some(told) = pretraining(config, data) {
        note(told);
    }
    let (likelihood, link) = (config.output_distribution.likelihood, config.output_distribution.link);
    let name = match likelihood {
        Likelihood::Bernoulli => "bernoulli, binary cross-entropy",
        Likelihood::Gaussian => "gaussian, squared error",
    };
    let link = match link {
        Link::Identity => "identity",
        Link::Sigmoid => "sigmoid",
    };
    let why = match (options.output.likelihood, &config.method) {
        (Some(_), _) => "as asked",
        (None, Method::ClosedForm(_)) => "what pca minimises",
        (None, Method::Descent(_)) => match likelihood {
            Likelihood::Bernoulli => {
                "chosen since every value has a place in a known range; --likelihood gaussian for the squared error"
            }
            Likelihood::Gaussian => "chosen since the values have no fixed range",
        },
    };
    note(format_args!("likelihood: {name}, {link} link ({why})"));
    note(format_args!("scaling: {}", scaling(options, config, data)?));
    let core = CoreGraphs::new(config, data)?;
    note(format_args!(
        "encoder:\n{}decoder:\n{}run: {}",
        summary(&core.encoder),
        summary(&core.decoder),
        run.display()
    ));
    Ok(())
}

/// Which layers are trained alone first, and for how long.
fn pretraining(config: &Config, data: &Dataset) -> Option<String> {
    let Method::Descent(descent) = &config.method else { return None };
    let Pretraining { epochs, learning_rate } = descent.pretraining?;
    let widths = [data.train.values.features()].into_iter().chain(descent.architecture.hidden.iter().copied());
    let widths: Vec<String> = widths.chain([config.latent_dim]).map(|width| width.to_string()).collect();
    Some(format!(
        "pretraining: layerwise, {} layers ({}), {epochs} epochs each at {learning_rate}, then the whole",
        descent.pretrained_layers(),
        widths.join(" to "),
    ))
}

/// A value farther from its mean than this many deviations is a heavy tail: of a normal distribution there is
/// none in any set of data.
const FAR: f64 = 20.0;

/// What the scaling does, and why where it was chosen for the user.
fn scaling(options: &Options, config: &Config, data: &Dataset) -> anyhow::Result<String> {
    let (low, high) = data.range;
    let alone = |per| match per {
        ScalePer::Column => "every column gets",
        ScalePer::Global => "all values together get",
    };
    let what = match config.scaling {
        ScalingRule::Unchanged => "none".to_owned(),
        ScalingRule::Unit => format!("unit, [{low}, {high}] becomes [0, 1]"),
        ScalingRule::Standard(per) => format!("standard, {} mean 0 and deviation 1", alone(per)),
        ScalingRule::MinMax(per) => format!("minmax, {} the range [0, 1]", alone(per)),
        ScalingRule::Robust(per) => format!("robust, {} median 0 and quartiles 1 apart", alone(per)),
    };
    if options.scaling.scale.is_some_and(|scale| scale != Scale::Auto) {
        return Ok(format!("{what} (as asked)"));
    }
    let why = match config.scaling {
        ScalingRule::Unchanged => "chosen since the values lie within [0, 1]",
        ScalingRule::Unit if data.train.values.is_bytes() => "chosen since they are bytes",
        ScalingRule::Unit => "chosen since a sigmoid gives nothing else",
        ScalingRule::Standard(_) | ScalingRule::MinMax(_) | ScalingRule::Robust(_) => {
            "chosen since the values have no fixed range"
        }
    };
    Ok(format!("{what} ({why}{})", heavy_tail(config.scaling, data)?))
}

/// The column with the farthest value, if it is far.
fn heavy_tail(rule: ScalingRule, data: &Dataset) -> anyhow::Result<String> {
    let values = &data.train.values;
    let (ScalingRule::Standard(ScalePer::Column), Values::F32(_)) = (rule, values) else { return Ok(String::new()) };
    let all: Vec<usize> = (0..values.rows()).collect();
    let pairs = extremes(values, &all, Per::Column)?.into_iter().zip(moments(values, &all, Per::Column)?);
    let far = |((low, high), (mean, deviation)): ((f32, f32), (f64, f64))| {
        (f64::from(high) - mean).max(mean - f64::from(low)) / deviation.max(f64::MIN_POSITIVE)
    };
    let farthest = pairs.map(far).enumerate().filter(|(_, far)| far.is_finite()).max_by(|a, b| a.1.total_cmp(&b.1));
    Ok(match farthest.filter(|&(_, far)| far > FAR) {
        Some((column, far)) => {
            let name = data.columns.as_ref().and_then(|columns| columns.get(column));
            let name = name.map_or(column.to_string(), |name| format!("`{name}`"));
            format!("; column {name} reaches {far:.0} deviations from its mean: --scale robust keeps its bulk apart")
        }
        None => String::new(),
    })
}
