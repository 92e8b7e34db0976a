//! Prints the choices of a run before it starts.

use std::path::Path;

use narrows_bundle::{Likelihood, Link, counted, described_bytes};
use narrows_data::{
    Dataset, SampleKind, Values,
    statistics::{Per, extremes, moments},
};
use narrows_trainer::{
    Config, Options,
    internals::{
        Architecture, Convolutions, CoreGraphs, Method, Order, OutputDistribution, Pretraining, ScalingRule,
        estimated_memory, summary,
    },
    options::{Activation, ArchitectureName, Normalisation, Scale, ScalePer, Variance},
};

use crate::report::note;

/// The options of a run and where they come from.
pub(super) struct Chosen<'a> {
    /// The options that are set by flags.
    pub(super) flags: &'a Options,
    /// All options, including those of a configuration file or of a resumed run.
    pub(super) options: &'a Options,
}

/// Prints the data, model, likelihood, scaling and network on standard error, with the reason for each choice that the
/// program made for the user.
pub(super) fn print_choices(chosen: &Chosen<'_>, config: &Config, data: &Dataset, run: &Path) -> anyhow::Result<()> {
    let test = data.test.as_ref().map_or(0, |test| test.values.rows());
    let (low, high) = data.range;
    let training_rows = config.fitted_rows(&data.train.values);
    let validation_rows = match &data.valid {
        Some(valid) => valid.values.rows(),
        None => config.held_out_rows(&data.train.values),
    };
    // Only windows of a recording overlap.
    let between = match data.train.values.rows() - training_rows - config.held_out_rows(&data.train.values) {
        0 => String::new(),
        windows => format!(" at the end (without {} before them, because of the overlap)", counted(windows, "window")),
    };
    note(format_args!(
        "data: {}, {}, {}{}, {}; {} of shape {:?} in [{low}, {high}]{}",
        data.name,
        counted(training_rows, "training row"),
        counted(validation_rows, "validation row"),
        between,
        counted(test, "test row"),
        match data.sample_kind {
            SampleKind::Features => "samples",
            SampleKind::Series => "series",
        },
        data.sample_shape,
        if data.train.values.is_on_disk() { ", read from disk as needed" } else { "" }
    ));
    if let Some(loaded) = &config.moments {
        let rows = counted(usize::try_from(loaded.moments.count).unwrap_or(usize::MAX), "row");
        note(format_args!("moments: {}, of {rows}", loaded.file));
    }
    let network = match &config.method {
        Method::ClosedForm(_) => "in closed form".to_owned(),
        Method::Descent(descent) => format!(
            "{}{}, {}activation {}{}, {}, batch size {}, {}, learning rate {}",
            convolutions(&descent.architecture),
            match &descent.architecture.hidden[..] {
                [] => "no hidden layers".to_owned(),
                widths => format!("hidden layers {widths:?}"),
            },
            match descent.architecture.normalisation {
                Normalisation::None => String::new(),
                normalisation => format!("{normalisation} normalisation, "),
            },
            descent.architecture.activation,
            match descent.objective.code_layer().activation {
                Activation::Identity => String::new(),
                activation => format!(" (code: {activation})"),
            },
            counted(descent.epochs, "epoch"),
            descent.steps.batch_size,
            config.effective().optimizer.optimizer.map_or(String::new(), |name| name.to_string()),
            descent.learning_rate.peak
        ),
    };
    note(format_args!(
        "model: {} ({}), {}, {network}, seed {}",
        config.kind(),
        config.kind().title(),
        counted(config.latent_dim, "latent dimension"),
        config.seed
    ));
    if let Some(line) = architecture(chosen, config) {
        note(line);
    }
    if let Some(line) = pretraining(config, data) {
        note(line);
    }
    note(format_args!("likelihood: {}", likelihood(chosen, config, data)));
    note(format_args!("scaling: {}", scaling(chosen, config, data)?));
    let core = CoreGraphs::new(config, data)?;
    let memory = described_bytes(estimated_memory(config, &core, data));
    note(format_args!(
        "encoder:\n{}decoder:\n{}memory: about {memory} for the fit, without the data\nrun: {}",
        summary(&core.encoder),
        summary(&core.decoder),
        run.display()
    ));
    Ok(())
}

/// Describes the likelihood and the output, and says why they were chosen.
fn likelihood(chosen: &Chosen<'_>, config: &Config, data: &Dataset) -> String {
    let OutputDistribution { likelihood, link, variance } = config.output_distribution;
    let name = match (likelihood, variance) {
        (Likelihood::Bernoulli, _) => "bernoulli, binary cross-entropy".to_owned(),
        (Likelihood::Gaussian, _) if !config.kind().is_variational() => "gaussian, squared error".to_owned(),
        (Likelihood::Gaussian, Variance::Learned) => "gaussian with a learned variance".to_owned(),
        (Likelihood::Gaussian, Variance::Fixed(variance)) => format!("gaussian with variance {variance}"),
        (Likelihood::Columns, _) => "one for each column".to_owned(),
    };
    let link_name = match link {
        Link::Identity => "identity",
        Link::Sigmoid => "sigmoid",
    };
    let why = match (chosen.options.output.likelihood, &config.method) {
        (Some(_), _) if chosen.flags.output.likelihood.is_some() => "set by --likelihood",
        (Some(_), _) => "set in the configuration",
        (None, Method::ClosedForm(_)) => "the loss that PCA minimises",
        (None, Method::Descent(_)) => match (likelihood, link) {
            (Likelihood::Bernoulli, _) if config.kind().is_variational() => {
                "chosen because the values are zeros and ones"
            }
            (Likelihood::Bernoulli, _) if data.train.values.is_bytes() => {
                "chosen because the values are bytes; pass --likelihood gaussian for the squared error"
            }
            (Likelihood::Bernoulli, _) => {
                "chosen because the values lie in [0, 1]; pass --likelihood gaussian for the squared error"
            }
            (Likelihood::Gaussian, Link::Sigmoid) => {
                "chosen because some values lie between the ends of their range; pass --likelihood bernoulli for the cross-entropy"
            }
            (Likelihood::Gaussian, Link::Identity) => "chosen because the scaled values have no fixed range",
            (Likelihood::Columns, _) => "chosen because the table has columns of several types",
        },
    };
    format!("{name}, {link_name} output ({why})")
}

/// Describes the convolutions of a network: `convolutions [32, 64] (kernel 3, stride 2), `.
fn convolutions(architecture: &Architecture) -> String {
    let Some(Convolutions { filters, kernel, stride, blocks, .. }) = &architecture.convolutions else {
        return String::new();
    };
    let blocks = if *blocks == 0 { String::new() } else { format!(", {} each", counted(*blocks, "residual block")) };
    format!("convolutions {filters:?} (kernel {}, stride {}{blocks}), ", kernel[1], stride[1])
}

/// Says which architecture the program chose, and why; `None` if the user chose it.
fn architecture(chosen: &Chosen<'_>, config: &Config) -> Option<String> {
    let Method::Descent(descent) = &config.method else { return None };
    if chosen.options.architecture.architecture.is_some() {
        return None;
    }
    Some(match descent.architecture.name() {
        ArchitectureName::Mlp => "architecture: mlp (dense layers; for images of 16 x 16 or more and for series the \
                                  default is conv)"
            .to_owned(),
        name => format!(
            "architecture: {name} (chosen because samples are {}; pass --architecture mlp for dense layers)",
            match descent.architecture.convolutions.as_ref().map(|maps| maps.sample.order) {
                Some(Order::ChannelsFirst) => "series",
                Some(Order::ChannelsLast) | None => "images",
            }
        ),
    })
}

/// Describes layerwise pretraining; `None` if it is off.
fn pretraining(config: &Config, data: &Dataset) -> Option<String> {
    let Method::Descent(descent) = &config.method else { return None };
    let Pretraining { epochs, learning_rate } = descent.pretraining?;
    let widths = [data.train.values.features()].into_iter().chain(descent.architecture.hidden.iter().copied());
    let widths: Vec<String> = widths.chain([config.latent_dim]).map(|width| width.to_string()).collect();
    Some(format!(
        "pretraining: layerwise, {} ({}), {} each, learning rate {learning_rate}; then all layers together",
        counted(descent.pretrained_layers(), "layer"),
        widths.join(" to "),
        counted(epochs, "epoch"),
    ))
}

/// A column has a heavy tail if a value is farther from the mean than this many standard deviations. Values of a normal
/// distribution never are, in a data set of any size.
const HEAVY_TAIL_DEVIATIONS: f64 = 20.0;

/// Describes the scaling, and the reason if the program chose it.
fn scaling(chosen: &Chosen<'_>, config: &Config, data: &Dataset) -> anyhow::Result<String> {
    let (low, high) = config.sample(data).range;
    let scope = |per| match (per, data.sample_kind) {
        (ScalePer::Column, SampleKind::Features) => "each column",
        (ScalePer::Column, SampleKind::Series) => "each channel",
        (ScalePer::Global, _) => "all values together",
    };
    let rule = match config.scaling {
        ScalingRule::Unchanged => "none".to_owned(),
        ScalingRule::Unit => format!("unit, maps [{low}, {high}] to [0, 1]"),
        ScalingRule::Standard(per) => format!("standard, {} to mean 0 and standard deviation 1", scope(per)),
        ScalingRule::MinMax(per) => format!("minmax, {} to the range [0, 1]", scope(per)),
        ScalingRule::Robust(per) => format!("robust, {} to median 0 and interquartile range 1", scope(per)),
    };
    let is_set = |options: &Options| options.scaling.scale.is_some_and(|scale| scale != Scale::Auto);
    if is_set(chosen.flags) {
        return Ok(format!("{rule} (set by --scale)"));
    }
    if is_set(chosen.options) {
        return Ok(format!("{rule} (set in the configuration)"));
    }
    let why = match config.scaling {
        ScalingRule::Unchanged => "chosen because the values lie in [0, 1]",
        ScalingRule::Unit if data.train.values.is_bytes() => "chosen because the values are bytes",
        ScalingRule::Unit => "chosen because the decoder ends in a sigmoid",
        ScalingRule::Standard(_) | ScalingRule::MinMax(_) | ScalingRule::Robust(_) => {
            "chosen because the values have no fixed range"
        }
    };
    Ok(format!("{rule} ({why}{})", heavy_tail(config.scaling, data)?))
}

/// Names the column with the heaviest tail, if there is a heavy tail.
fn heavy_tail(rule: ScalingRule, data: &Dataset) -> anyhow::Result<String> {
    let values = &data.train.values;
    let (ScalingRule::Standard(ScalePer::Column), Values::F32(_)) = (rule, values) else { return Ok(String::new()) };
    let all: Vec<usize> = (0..values.rows()).collect();
    let pairs = extremes(values, &all, Per::Column)?.into_iter().zip(moments(values, &all, Per::Column)?);
    let distance = |((low, high), (mean, deviation)): ((f32, f32), (f64, f64))| {
        (f64::from(high) - mean).max(mean - f64::from(low)) / deviation.max(f64::MIN_POSITIVE)
    };
    let farthest =
        pairs.map(distance).enumerate().filter(|(_, distance)| distance.is_finite()).max_by(|a, b| a.1.total_cmp(&b.1));
    Ok(match farthest.filter(|&(_, distance)| distance > HEAVY_TAIL_DEVIATIONS) {
        Some((column, distance)) => {
            let name = data.columns.as_ref().and_then(|columns| columns.get(column));
            let name = name.map_or(column.to_string(), |name| format!("`{name}`"));
            format!(
                "; column {name} has a value {distance:.0} standard deviations from its mean: --scale robust is less sensitive to outliers"
            )
        }
        None => String::new(),
    })
}
