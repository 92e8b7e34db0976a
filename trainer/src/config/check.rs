//! From options to a configuration: fills in what is open, and finds everything that is wrong.

use narrows_bundle::{Kind, Likelihood, Link};
use narrows_data::{Dataset, Missing};

use super::{
    Config, Descent, Method,
    size::{too_large, too_many_draws},
};
use crate::{
    ConfigError, Options, Problem,
    binarize::Binarize,
    data_options::DataOptions,
    kinds::Objective,
    likelihood::OutputDistribution,
    options::{Asked, Trained},
    pretrain::Pretraining,
    problems::Problems,
    samples::sample_of,
    scaling::likelihood_for,
    split::held_out,
    variance::Variance,
};

/// Dimensions of the code when nothing else is asked for.
const DEFAULT_LATENT: usize = 8;

/// Steps of a run whose epochs were left open, within [`DEFAULT_EPOCHS`].
const DEFAULT_STEPS: usize = 5_000;
const DEFAULT_EPOCHS: std::ops::RangeInclusive<usize> = 10..=200;

/// The data as far as a configuration depends on it.
struct Facts<'a> {
    data: &'a Dataset,
    latent_dim: usize,
    /// Rows that are fitted.
    fitted: usize,
    /// Whether there are rows to watch training by.
    can_stop: bool,
}

impl Config {
    /// Fills in what is open and checks everything against the data.
    ///
    /// # Errors
    /// [`ConfigError`] with all problems at once.
    pub fn check(options: &Options, data: &Dataset) -> Result<Self, ConfigError> {
        let Some(kind) = options.kind else {
            let kinds = Kind::ALL.map(Kind::name).join(", ");
            return Err(ConfigError::of(Problem::new("kind", format!("is missing: one of {kinds}"))));
        };
        let mut problems = Problems::default();
        let common = options.common();
        check_data(kind, common.data, data, &mut problems);
        let output_distribution = output_distribution(kind, options, data, &mut problems);
        let ends = (output_distribution.likelihood, output_distribution.link);
        let scaling = common.scaling.check(&sample_of(data), ends, &mut problems);
        problems.extend(options.not_taken(kind, output_distribution.likelihood));
        let latent_dim = problems.at_least_one("latent", options.latent.unwrap_or(DEFAULT_LATENT));
        let rows = data.train.values.rows();
        let default_fraction = if data.test.is_some() || data.valid.is_some() { 0.0 } else { 0.1 };
        let valid_fraction = common.split.check(default_fraction, data.valid.is_some(), &mut problems);
        let fitted = rows - held_out(rows, valid_fraction);
        if fitted == 0 {
            problems.add("data", format!("leaves no row to fit: {rows} rows, {valid_fraction} of them held out"));
        }
        let facts = Facts { data, latent_dim, fitted, can_stop: fitted < rows || data.valid.is_some() };
        let method = method(kind, options, &facts, &mut problems);
        let seed = options.seed.unwrap_or(0);
        if i64::try_from(seed).is_err() {
            problems.add("seed", format!("must be below 2^63, so that a configuration file can hold it, got {seed}"));
        }
        let mut data_options = common.data.clone();
        data_options.reading.data.get_or_insert_with(|| "digits".to_owned());
        problems.none_or(Config {
            data: data_options,
            latent_dim,
            output_distribution,
            scaling,
            valid_fraction,
            seed,
            method,
        })
    }
}

/// How weights are found, by the options that the kind takes.
fn method(kind: Kind, options: &Options, facts: &Facts<'_>, problems: &mut Problems) -> Method {
    match options.of_kind(kind, problems) {
        Asked::ClosedForm(pca) => {
            check_components(facts, problems);
            Method::ClosedForm(pca)
        }
        Asked::Descent(objective, pretrained) => {
            let pretraining = |epochs, learning_rate, problems: &mut Problems| {
                pretrained.and_then(|ae| ae.pretraining(epochs, learning_rate, problems))
            };
            Method::Descent(descent(&options.trained(), objective, pretraining, facts, problems))
        }
    }
}

fn descent(
    options: &Trained<'_>,
    objective: Objective,
    pretraining: impl Fn(usize, f64, &mut Problems) -> Option<Pretraining>,
    facts: &Facts<'_>,
    problems: &mut Problems,
) -> Descent {
    let architecture = options.architecture.check(problems);
    if let Some((key, why)) = too_large(&architecture.hidden, facts.data, facts.latent_dim) {
        problems.add(key, why);
    }
    let steps = options.steps.check(problems);
    let rows_per_step = steps.batch_size.min(facts.fitted);
    if let Some(why) = too_many_draws(objective.model().draws(), rows_per_step, facts.data) {
        problems.add("importance_samples", why);
    }
    let fewest = objective.model().fewest_rows();
    if rows_per_step < fewest && steps.batch_size > 0 {
        let kind = objective.kind();
        problems.add(
            "batch_size",
            format!("gives {rows_per_step} row a step, and a {kind} compares at least {fewest} with each other"),
        );
    }
    let steps_per_epoch = steps.per_epoch(facts.fitted);
    let (fewest, most) = DEFAULT_EPOCHS.into_inner();
    let default = DEFAULT_STEPS.div_ceil(steps_per_epoch as usize).clamp(fewest, most);
    let epochs = problems.epochs("epochs", options.length.epochs.unwrap_or(default));
    let learning_rate = options.schedule.check(problems);
    let pretraining = pretraining(epochs, learning_rate.peak, problems);
    check_warmup(learning_rate.warmup_steps, steps_per_epoch, epochs, pretraining, problems);
    Descent {
        objective,
        l2: problems.not_negative("l2", "weight", options.weights.l2.unwrap_or(0.0)),
        binarize: options.binarize.binarize.unwrap_or(Binarize::None),
        architecture,
        pretraining,
        epochs,
        steps,
        optimizer: options.rule.check(problems),
        learning_rate,
        kernels: options.kernels.kernels.unwrap_or_default(),
        early_stop: options.stopping.check(0, facts.can_stop, problems),
    }
}

/// A warm-up has to end within the run, and within the pretraining of each layer.
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
        problems.add("warmup", format!("takes {warmup} steps, and the whole run has {}", steps_of(epochs)));
    } else if let Some(Pretraining { epochs, .. }) = pretraining
        && warmup >= steps_of(epochs)
    {
        let steps = steps_of(epochs);
        problems.add("warmup", format!("takes {warmup} steps, and the pretraining of a layer has {steps}"));
    }
}

/// Constant data has no variance to explain, and no range to measure a reconstruction by.
fn check_data(kind: Kind, source: &DataOptions, data: &Dataset, problems: &mut Problems) {
    let (low, high) = data.range;
    if low >= high {
        problems.add("data", format!("holds nothing but the value {low} in 32-bit floats, so there is nothing to learn (subtract a large offset first)"));
    }
    for (part, key, flag) in [
        (Some(&data.train), "data", "--labels or --label-column"),
        (data.valid.as_ref(), "valid", "--valid-labels or --label-column"),
        (data.test.as_ref(), "test", "--test-labels or --label-column"),
    ] {
        if kind.is_conditional() && part.is_some_and(|part| part.labels.is_none()) {
            problems
                .add(key, format!("has no labels, and a cvae is told the class of every sample (name them by {flag})"));
        }
    }
    if source.reading.missing == Some(Missing::Keep) {
        problems.add("missing", "of keep is for looking at data: mean, median and drop leave something to train on");
    }
}

fn output_distribution(kind: Kind, options: &Options, data: &Dataset, problems: &mut Problems) -> OutputDistribution {
    let common = options.common().output;
    if kind == Kind::Pca {
        // Whatever is wrong with its likelihood and link, the remedy is the one below.
        let mut of_pca = Problems::default();
        let output_distribution = common.check(Likelihood::Gaussian, Variance::default(), &mut of_pca);
        if (output_distribution.likelihood, output_distribution.link) != (Likelihood::Gaussian, Link::Identity) {
            let what = "must be gaussian with the identity link for pca, which minimises the squared error";
            problems.add("likelihood", what);
        }
        return output_distribution;
    }
    let variance = if kind.is_variational() { options.vae().variance(problems) } else { Variance::default() };
    common.check(likelihood_for(&sample_of(data)), variance, problems)
}

fn check_components(facts: &Facts<'_>, problems: &mut Problems) {
    let (features, latent_dim) = (facts.data.train.values.features(), facts.latent_dim);
    let most = features.min(facts.fitted.saturating_sub(1));
    if latent_dim > most {
        let why = format!("{features} features, {} rows to fit, one lost to centring", facts.fitted);
        problems.add("latent", format!("is {latent_dim}, PCA finds at most {most} components here ({why})"));
    }
    if let Some((key, why)) = too_large(&[], facts.data, latent_dim) {
        problems.add(key, why);
    }
}

#[cfg(test)]
mod tests;
