//! Converts options to a configuration: fills in defaults and reports all problems.

use narrows_bundle::{Kind, Likelihood, Link, Sample, counted};
use narrows_data::{Dataset, Missing};

use super::{
    Config, Descent, Method,
    measured::measured_class,
    size::{MOST_PARAMETERS, too_large, too_large_maps, too_many_samples},
    table::check_table,
};
use crate::{
    ConfigError, Options, Problem,
    architecture::{Allowed, Architecture, Samples},
    binarize::Binarize,
    data_options::DataOptions,
    kinds::{LatentPrior, Objective},
    likelihood::OutputDistribution,
    moments::{LoadedMoments, sample_with},
    network::Normalisation,
    options::{SelectedMethod, Trained},
    output_defaults::OutputDefaults,
    pretrain::{Pretrain, Pretraining},
    problems::Problems,
    sampler_option::SamplerRows,
    split::{fitted, split},
    variance::Variance,
};

/// Default number of latent dimensions.
const DEFAULT_LATENT: usize = 8;

/// Approximate number of steps from which the default number of epochs follows, within [`DEFAULT_EPOCHS`].
const DEFAULT_STEPS: usize = 5_000;
const DEFAULT_EPOCHS: std::ops::RangeInclusive<usize> = 10..=200;

/// The properties of the data on which a configuration depends.
struct Facts<'a> {
    data: &'a Dataset,
    latent_dim: usize,
    /// The moments of a larger data set.
    moments: Option<&'a LoadedMoments>,
    /// Number of training rows, including the held-out ones.
    rows: usize,
    /// Fraction of the rows that is held out, in `[0, 1)`; `None` if the option is invalid.
    valid_fraction: Option<f64>,
    /// Number of rows that are fitted.
    fitted: usize,
    /// Whether there are validation rows, which early stopping needs.
    can_stop: bool,
}

impl Config {
    /// Fills in defaults and checks all options against the data.
    ///
    /// # Errors
    /// [`ConfigError`] with all problems at once.
    pub fn check(options: &Options, data: &Dataset) -> Result<Self, ConfigError> {
        let Some(kind) = options.kind else {
            let kinds = Kind::ALL.map(Kind::name).join(", ");
            return Err(ConfigError::of(Problem::new("kind", format!("is missing; choose one of {kinds}"))));
        };
        let mut problems = Problems::default();
        let common = options.common();
        check_data(kind, common.data, data, &mut problems);
        check_table(kind, options, data, &mut problems);
        let moments = common.moments.load(data, &mut problems);
        let sample = sample_with(data, moments.as_deref());
        let (output_distribution, default_likelihood) =
            output_distribution(kind, options, (data, &sample), &mut problems);
        let ends = (output_distribution.likelihood, output_distribution.link);
        let scaling = common.scaling.check(&sample, ends, &mut problems);
        let scale = (common.scaling.scale, scaling);
        let moments_remark = common.moments.check_use(kind, scale, &sample, &mut problems);
        problems.extend(options.not_taken(kind, output_distribution.likelihood));
        let latent_dim = problems.at_least_one("latent", options.latent.unwrap_or(DEFAULT_LATENT));
        let rows = data.train.values.rows();
        let default_fraction = if data.test.is_some() || data.valid.is_some() { 0.0 } else { 0.1 };
        let valid_fraction = common.split.check(default_fraction, data.valid.is_some(), &mut problems);
        let fitted = fitted(&data.train.values, valid_fraction);
        let facts = Facts {
            data,
            latent_dim,
            moments: moments.as_deref(),
            rows,
            valid_fraction: (0.0..1.0).contains(&valid_fraction).then_some(valid_fraction),
            fitted,
            can_stop: fitted < rows || data.valid.is_some(),
        };
        let method = method(kind, options, &facts, &mut problems);
        let seed = options.seed.unwrap_or(0);
        if i64::try_from(seed).is_err() {
            problems
                .add("seed", format!("must be below 2^63, the limit of integers in a configuration file, got {seed}"));
        }
        let sampler_rows = || sampler_rows(kind, &facts, seed);
        let (sampler, sampler_remark) = common.sampler.check(kind, latent_dim, sampler_rows, &mut problems);
        let mut data_options = common.data.clone();
        data_options.reading.data.get_or_insert_with(|| data.name.clone());
        // With the origins of days, which new data must share.
        data_options.reading.date_columns = data.date_columns.clone().or(data_options.reading.date_columns);
        problems.none_or(Config {
            data: data_options,
            latent_dim,
            output_distribution,
            default_likelihood,
            moments,
            moments_remark,
            scaling,
            valid_fraction,
            seed,
            method,
            sampler,
            sampler_remark,
        })
    }
}

/// Counts the rows to which the sampler of the export would be fitted, for each class of a conditional model.
fn sampler_rows<'a>(kind: Kind, facts: &Facts<'a>, seed: u64) -> SamplerRows<'a> {
    let train = &facts.data.train;
    match (&facts.data.classes, &train.labels, facts.valid_fraction) {
        (Some(classes), Some(labels), Some(fraction)) if kind.is_conditional() => {
            let mut counts: Vec<(&str, usize)> = classes.iter().map(|class| (class.as_str(), 0)).collect();
            for row in split(train, fraction, seed).0 {
                if let Some((_, count)) = counts.get_mut(labels[row] as usize) {
                    *count += 1;
                }
            }
            SamplerRows::OfClasses(counts)
        }
        (_, _, _) => SamplerRows::All(facts.fitted),
    }
}

/// Checks the options of the kind and returns its training method.
fn method(kind: Kind, options: &Options, facts: &Facts<'_>, problems: &mut Problems) -> Method {
    match options.of_kind(kind, problems) {
        SelectedMethod::ClosedForm(pca) => {
            if check_rows(facts, 1, kind, problems) {
                check_components(facts, problems);
            }
            Method::ClosedForm(pca)
        }
        SelectedMethod::Descent(objective, pretrained) => {
            let pretraining = |epochs, learning_rate, problems: &mut Problems| {
                pretrained.and_then(|ae| ae.pretraining(epochs, learning_rate, problems))
            };
            let is_dense = objective.code_layer().tied || options.pretrain.pretrain == Some(Pretrain::Layerwise);
            let allowed = if is_dense { Allowed::Dense } else { Allowed::All };
            Method::Descent(descent(&options.trained(), (objective, allowed), pretraining, facts, problems))
        }
    }
}

fn descent(
    options: &Trained<'_>,
    (objective, allowed): (Objective, Allowed),
    pretraining: impl Fn(usize, f64, &mut Problems) -> Option<Pretraining>,
    facts: &Facts<'_>,
    problems: &mut Problems,
) -> Descent {
    let samples = Samples { shape: &facts.data.sample_shape, kind: facts.data.sample_kind };
    let architecture = options.architecture.check(samples, allowed, problems);
    if facts.data.table.is_some() && architecture.convolutions.is_some() {
        let what = "has convolutions, but the columns of a mixed table are no neighbours; leave it out, or pass mlp";
        problems.add_of_data("architecture", what);
    }
    if let Some((key, problem)) = too_large(&architecture, facts.data, facts.latent_dim) {
        problems.add_of_data(key, problem);
    }
    let steps = options.steps.check(problems);
    let rows_per_step = steps.batch_size.min(facts.fitted);
    if let Some((key, problem)) = too_many_samples(objective.model().latent_samples(), rows_per_step, facts.data) {
        problems.add_of_data(key, problem);
    }
    if let Some((key, problem)) =
        architecture.convolutions.as_ref().and_then(|maps| too_large_maps(maps, rows_per_step))
    {
        problems.add_of_data(key, problem);
    }
    let (kind, fewest) = (objective.kind(), objective.model().min_batch_rows());
    if check_rows(facts, fewest, kind, problems) && steps.batch_size > 0 && steps.batch_size < fewest {
        let batch_size = steps.batch_size;
        problems.add(
            "batch_size",
            format!(
                "is {batch_size}, but a {kind} needs at least {fewest} rows per step, because its loss compares rows"
            ),
        );
    }
    check_prior(objective.model().prior(), &architecture, facts, problems);
    let steps_per_epoch = steps.per_epoch(facts.fitted);
    let (fewest, most) = DEFAULT_EPOCHS.into_inner();
    let default = DEFAULT_STEPS.div_ceil(steps_per_epoch as usize).clamp(fewest, most);
    let epochs = problems.epochs("epochs", options.length.epochs.unwrap_or(default));
    let learning_rate = options.schedule.check(problems);
    let pretraining = pretraining(epochs, learning_rate.peak, problems);
    if architecture.convolutions.is_some() {
        let reason =
            "works with dense layers only; leave it out, or pass --architecture mlp without convolutional options";
        if pretraining.is_some() {
            problems.add("pretrain", format!("is layerwise, which {reason}"));
        }
        if objective.code_layer().tied {
            problems.add("tied", reason);
        }
    }
    if pretraining.is_some() && architecture.normalisation != Normalisation::None {
        problems.add("normalisation", "has no effect on layers that are pretrained alone; leave it or --pretrain out");
    }
    check_warmup(learning_rate.warmup_steps, steps_per_epoch, epochs, pretraining, problems);
    Descent {
        objective,
        l2: problems.not_negative("l2", "weight", options.weights.l2.unwrap_or(0.0)),
        augmentation: options.augmentation.check(samples, problems),
        binarize: options.binarize.binarize.unwrap_or(Binarize::None),
        masking: facts.data.table.as_ref().map(|schema| options.masking.check(schema.missing, problems)),
        architecture,
        pretraining,
        epochs,
        steps,
        optimizer: options.rule.check(problems),
        learning_rate,
        computation: options.device.check(options.kernels, problems),
        early_stop: options.stopping.check(0, facts.can_stop, problems),
    }
}

/// Reports a VampPrior that the architecture or the data does not support.
fn check_prior(prior: LatentPrior, architecture: &Architecture, facts: &Facts<'_>, problems: &mut Problems) {
    let LatentPrior::Vamp { components } = prior else { return };
    let (rows, features) = (facts.fitted, facts.data.train.values.features());
    if components > rows && rows > 0 {
        let rows = counted(rows, "training row");
        problems
            .add_of_data("prior", format!("has {components} pseudo-inputs, which start from the {rows}; use fewer"));
    }
    if (components as u128).saturating_mul(features as u128) > MOST_PARAMETERS {
        let what = format!(
            "has {components} pseudo-inputs of {features} features, which are more than {MOST_PARAMETERS} values; use fewer"
        );
        problems.add_of_data("prior", what);
    }
    if architecture.normalisation == Normalisation::Batch {
        let what = format!(
            "is {prior}, whose pseudo-inputs cannot be normalised by the statistics of a batch of rows; pass \
             --normalisation layer or none"
        );
        problems.add("prior", what);
    }
}

/// Reports too few training rows for a loss that needs `fewest` rows. Returns whether there are enough.
fn check_rows(facts: &Facts<'_>, fewest: usize, kind: Kind, problems: &mut Problems) -> bool {
    let &Facts { rows, fitted, valid_fraction: Some(fraction), .. } = facts else { return false };
    if fitted >= fewest {
        return true;
    }
    let (has, remaining) = (counted(rows, "row"), if fitted == 0 { "none".to_owned() } else { fitted.to_string() });
    let reason = match fraction > 0.0 {
        true => format!("has {has}, of which the validation split of {fraction} leaves {remaining} to train on"),
        false => format!("has {has}"),
    };
    let need = match fewest {
        0 | 1 => String::new(),
        _ => format!(", but a {kind} needs at least {fewest}, because its loss compares rows"),
    };
    let advice = if rows >= fewest { ", or --valid-fraction 0" } else { "" };
    problems.add_of_data("data", format!("{reason}{need}; pass data with more rows{advice}"));
    false
}

/// Reports a warm-up that does not end before the run or before the pretraining of a layer.
fn check_warmup(
    warmup: u64,
    steps_per_epoch: u64,
    epochs: usize,
    pretraining: Option<Pretraining>,
    problems: &mut Problems,
) {
    let steps_of = |epochs: usize| steps_per_epoch.saturating_mul(epochs as u64);
    if warmup == 0 {
        return;
    }
    if warmup >= steps_of(epochs) {
        problems.add_of_data("warmup", format!("takes {warmup} steps, but the run has only {}", steps_of(epochs)));
    } else if let Some(Pretraining { epochs, .. }) = pretraining
        && warmup >= steps_of(epochs)
    {
        let steps = steps_of(epochs);
        problems
            .add_of_data("warmup", format!("takes {warmup} steps, but the pretraining of a layer has only {steps}"));
    }
}

/// Reports data that cannot be used for training: constant values, missing labels or missing values.
fn check_data(kind: Kind, source: &DataOptions, data: &Dataset, problems: &mut Problems) {
    let (low, high) = data.range;
    // The values of a mixed table have no common range.
    if low >= high && data.table.is_none() {
        let what = format!(
            "contains only the value {low} in 32-bit floats, so there is nothing to learn; if the values differ, \
             subtract their common offset first"
        );
        problems.add_of_data("data", what);
    }
    for (part, key, flag) in [
        (Some(&data.train), "data", "--labels or --label-column"),
        (data.valid.as_ref(), "valid", "--valid-labels or --label-column"),
        (data.test.as_ref(), "test", "--test-labels or --label-column"),
    ] {
        if kind.is_conditional() && part.is_some_and(|part| part.labels.is_none()) {
            problems
                .add_of_data(key, format!("has no labels, and a cvae receives the class of every sample; pass {flag}"));
        }
    }
    if let (true, Some(classes), Some(labels)) = (kind.is_conditional(), &data.classes, &data.train.labels)
        && let Some(example) = measured_class(classes, labels.len())
    {
        let key = if source.reading.label_column.is_some() { "label_column" } else { "data" };
        let what = format!(
            "has {} as labels of {}, such as {example}, and a cvae would make a class of each; name a column of classes, or \
             train a vae and predict the number with `narrows transfer --task regression`",
            counted(classes.len(), "different number"),
            counted(labels.len(), "training row")
        );
        problems.add_of_data(key, what);
    }
    if source.reading.missing == Some(Missing::Keep) {
        problems.add("missing", "is keep, which is only for inspecting data; use mean, median or drop for training");
    }
}

/// Returns the likelihood with its link, and the default likelihood for the data.
fn output_distribution(
    kind: Kind,
    options: &Options,
    (data, sample): (&Dataset, &Sample),
    problems: &mut Problems,
) -> (OutputDistribution, Likelihood) {
    let common = options.common().output;
    if kind == Kind::Pca {
        // These problems are discarded: the message below covers every wrong likelihood and link of a PCA.
        let mut discarded = Problems::default();
        let output_distribution = common.check(OutputDefaults::UNBOUNDED, Variance::default(), &mut discarded);
        if (output_distribution.likelihood, output_distribution.link) != (Likelihood::Gaussian, Link::Identity) {
            let what = "must be gaussian with the identity link for pca, which minimises the squared error";
            problems.add("likelihood", what);
        }
        return (output_distribution, OutputDefaults::UNBOUNDED.likelihood);
    }
    let variance = if kind.is_variational() { options.vae().variance(problems) } else { Variance::default() };
    let scale = options.scaling.scale.unwrap_or_default();
    let binarize = options.binarize.binarize.unwrap_or_default();
    let defaults = OutputDefaults::of(kind, sample, &data.train.values, scale, binarize);
    (common.check(defaults, variance, problems), defaults.likelihood)
}

fn check_components(facts: &Facts<'_>, problems: &mut Problems) {
    let (features, latent_dim) = (facts.data.train.values.features(), facts.latent_dim);
    let rows = match facts.moments {
        Some(loaded) => usize::try_from(loaded.moments.count).unwrap_or(usize::MAX),
        None => facts.fitted,
    };
    let most = features.min(rows.saturating_sub(1));
    if latent_dim > most {
        problems.add_of_data(
            "latent",
            format!(
                "is {latent_dim}, but PCA has at most {most} components here: the smaller of {} and {} minus 1",
                counted(features, "feature"),
                counted(rows, "row")
            ),
        );
    }
    if let Some((key, problem)) = too_large(&Architecture::linear(), facts.data, latent_dim) {
        problems.add_of_data(key, problem);
    }
}

#[cfg(test)]
mod tests;
