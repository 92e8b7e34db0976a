//! From options to a configuration: fills in what is open, and finds everything that is wrong.

use narrows_bundle::{Kind, Likelihood, Link};
use narrows_data::{Dataset, Missing};

use super::{
    Config, Descent, EarlyStop, Method, OptimizerName, held_out,
    size::{too_large, too_many_draws},
};
use crate::{
    Activation, ConfigError, Corruption, Options, Problem,
    binarize::Binarize,
    kinds::{Ae, Bound, CodePenalty, Cvae, Dae, Divergence, Objective, Pca, Vae},
    likelihood::Observation,
    pretrain::{Pretrain, Pretraining},
    samples::sample_of,
    scaling::{ScalingRule, likelihood_for},
    schedule::Schedule,
    variance::Variance,
};

/// Hidden layers when nobody said which.
const DEFAULT_HIDDEN: [usize; 1] = [128];

/// Rows in a step when nobody said how many.
const DEFAULT_BATCH: usize = 64;

/// Steps that a run makes when nobody said how many epochs, within [`DEFAULT_EPOCHS`].
const DEFAULT_STEPS: usize = 5_000;
const DEFAULT_EPOCHS: std::ops::RangeInclusive<usize> = 10..=200;

/// Gradients go back through them one inside the other.
const MOST_LAYERS: usize = 1000;

/// Far above any run, and far below where counts of steps could overflow.
const MOST_EPOCHS: usize = 1_000_000_000;

impl Config {
    /// Fills in what is open and checks everything against the data.
    ///
    /// # Errors
    /// [`ConfigError`] with all problems at once.
    pub fn check(options: &Options, data: &Dataset) -> Result<Self, ConfigError> {
        let mut problems = Problems::default();
        let Some(kind) = options.kind else {
            return Err(ConfigError::of(Problem::new("kind", "is missing: pca, ae, dae, vae or cvae")));
        };
        problems.check_data(kind, data);
        if options.source.reading.missing == Some(Missing::Keep) {
            problems
                .add("missing", "of keep is for looking at data: mean, median and drop leave something to train on");
        }
        let observation = problems.observation(kind, options, data);
        let scaling = problems.scaling(options, data, observation);
        let optimizer = options.optimizer.unwrap_or(OptimizerName::Adam);
        problems.0.extend(options.strangers(kind, optimizer, observation.likelihood));
        let latent_dim = problems.at_least_one("latent", options.latent.unwrap_or(8));
        let rows = data.train.values.rows();
        let default_fraction = if data.test.is_some() || data.valid.is_some() { 0.0 } else { 0.1 };
        let valid_fraction = options.valid_fraction.unwrap_or(default_fraction);
        if !(0.0..1.0).contains(&valid_fraction) {
            problems.add("valid_fraction", format!("is a share of the rows in [0, 1), got {valid_fraction}"));
        }
        if valid_fraction > 0.0 && data.valid.is_some() {
            problems
                .add("valid_fraction", "holds rows out, and --valid names others to watch training by: leave one out");
        }
        let fitted = rows - held_out(rows, valid_fraction);
        if fitted == 0 {
            problems.add("data", format!("leaves no row to fit: {rows} rows, {valid_fraction} of them held out"));
        }
        let hidden = options.hidden.clone().unwrap_or_else(|| DEFAULT_HIDDEN.to_vec());
        if let Some((key, why)) = too_large(kind, &hidden, data, latent_dim) {
            problems.add(key, why);
        }
        let method = match problems.objective(kind, options) {
            Some(objective) => {
                let draws = options.importance_samples.unwrap_or(1);
                let rows_in_a_step = options.batch_size.unwrap_or(DEFAULT_BATCH).min(fitted);
                if let Some(why) = too_many_draws(draws, rows_in_a_step, data) {
                    problems.add("importance_samples", why);
                }
                if options.patience.is_some_and(|patience| patience > 0) && fitted == rows && data.valid.is_none() {
                    problems.add("patience", "needs rows that are held out (--valid-fraction 0.1)");
                }
                Method::Descent(problems.descent(options, objective, hidden, optimizer, fitted))
            }
            None => {
                problems.check_components(latent_dim, data, fitted);
                Method::ClosedForm(if options.whiten == Some(true) { Pca::Whitened } else { Pca::Plain })
            }
        };
        let seed = options.seed.unwrap_or(0);
        if i64::try_from(seed).is_err() {
            problems.add("seed", format!("must be below 2^63, so that a configuration file can hold it, got {seed}"));
        }
        let mut source = options.source.clone();
        source.reading.data.get_or_insert_with(|| "digits".to_owned());
        let config = Config { source, latent_dim, observation, scaling, valid_fraction, seed, method };
        if problems.0.is_empty() { Ok(config) } else { Err(ConfigError { problems: problems.0 }) }
    }
}

#[derive(Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, key: &'static str, what: impl Into<String>) {
        self.0.push(Problem::new(key, what));
    }

    /// Constant data has no variance to explain, and no range to measure a reconstruction by.
    fn check_data(&mut self, kind: Kind, data: &Dataset) {
        let (low, high) = data.range;
        if low >= high {
            self.add("data", format!("holds nothing but the value {low} in 32-bit floats, so there is nothing to learn (subtract a large offset first)"));
        }
        for (part, key, flag) in [
            (Some(&data.train), "data", "--labels or --label-column"),
            (data.valid.as_ref(), "valid", "--valid-labels or --label-column"),
            (data.test.as_ref(), "test", "--test-labels or --label-column"),
        ] {
            if kind.is_conditional() && part.is_some_and(|part| part.labels.is_none()) {
                self.add(
                    key,
                    format!("has no labels, and a cvae is told the class of every sample (name them by {flag})"),
                );
            }
        }
    }

    fn check_components(&mut self, latent_dim: usize, data: &Dataset, fitted: usize) {
        let features = data.train.values.features();
        let most = features.min(fitted.saturating_sub(1));
        if latent_dim > most {
            let why = format!("{features} features, {fitted} rows to fit, one lost to centring");
            self.add("latent", format!("is {latent_dim}, PCA finds at most {most} components here ({why})"));
        }
    }

    fn at_least_one(&mut self, key: &'static str, value: usize) -> usize {
        if value == 0 {
            self.add(key, "is 0, it must be at least 1");
        }
        value
    }

    /// A finite number that is not negative; `what` it is, in a word.
    fn not_negative(&mut self, key: &'static str, what: &str, value: f64) -> f64 {
        if !(value.is_finite() && value >= 0.0) {
            self.add(key, format!("is a {what} and not negative, got {value}"));
        }
        value
    }

    /// A finite number above 0.
    fn positive(&mut self, key: &'static str, value: f64) -> f64 {
        if !(value.is_finite() && value > 0.0) {
            self.add(key, format!("must be positive, got {value}"));
        }
        value
    }

    /// Epochs whose steps can be counted.
    fn not_endless(&mut self, key: &'static str, epochs: usize) {
        if epochs > MOST_EPOCHS {
            self.add(key, format!("is {epochs}, it can be {MOST_EPOCHS} at most"));
        }
    }

    /// A share of a whole that is never all of it; `None` stands for nothing said.
    fn share(&mut self, key: &'static str, value: Option<f64>) {
        if let Some(value) = value.filter(|value| !(0.0..1.0).contains(value)) {
            self.add(key, format!("lies in [0, 1), got {value}"));
        }
    }

    fn observation(&mut self, kind: Kind, options: &Options, data: &Dataset) -> Observation {
        let suggested = if kind == Kind::Pca { Likelihood::Gaussian } else { likelihood_for(&sample_of(data)) };
        let likelihood = options.likelihood.unwrap_or(suggested);
        let link = options.output_link.unwrap_or(match likelihood {
            Likelihood::Bernoulli => Link::Sigmoid,
            Likelihood::Gaussian => Link::Identity,
        });
        if kind == Kind::Pca && (likelihood, link) != (Likelihood::Gaussian, Link::Identity) {
            self.add(
                "likelihood",
                "must be gaussian with the identity link for pca, which minimises the squared error",
            );
        } else if (likelihood, link) == (Likelihood::Bernoulli, Link::Identity) {
            self.add("output_link", "must be sigmoid for the bernoulli likelihood, whose means are probabilities");
        }
        let variance = options.variance.unwrap_or(Variance::Fixed(1.0));
        if let Some(problem) = variance.problem() {
            self.add("variance", problem);
        }
        Observation { likelihood, link, variance }
    }

    fn scaling(&mut self, options: &Options, data: &Dataset, observation: Observation) -> ScalingRule {
        let Observation { likelihood, link, .. } = observation;
        let asked = options.scale.unwrap_or_default();
        let rule = ScalingRule::of(asked, options.scale_per, &sample_of(data), (likelihood, link));
        if link == Link::Sigmoid && !rule.is_bounded() {
            self.add(
                "scale",
                format!(
                    "of {asked} leaves [0, 1], and a sigmoid gives nothing else: use unit, minmax or the identity link"
                ),
            );
        }
        if options.scale_per.is_some() && rule.words().1.is_none() {
            self.add("scale_per", format!("means nothing for {}, which scales all alike", rule.words().0));
        }
        rule
    }

    /// The objective of kinds that are trained; `None` for the one in closed form.
    fn objective(&mut self, kind: Kind, options: &Options) -> Option<Objective> {
        match kind {
            Kind::Pca => None,
            Kind::Ae => Some(Objective::Ae(Ae { penalty: self.penalty(options) })),
            Kind::Dae => {
                let corruption = options.corruption.unwrap_or(Corruption::Masking(0.25));
                if let Some(problem) = corruption.problem() {
                    self.add("corruption", format!("{corruption}: the number {problem}"));
                }
                Some(Objective::Dae(Dae { corruption, penalty: self.penalty(options) }))
            }
            Kind::Vae => Some(Objective::Vae(Vae { bound: self.bound(options) })),
            Kind::Cvae => Some(Objective::Cvae(Cvae { bound: self.bound(options) })),
        }
    }

    fn penalty(&mut self, options: &Options) -> CodePenalty {
        CodePenalty {
            l1: self.not_negative("l1", "weight", options.l1.unwrap_or(0.0)),
            contractive: self.not_negative("contractive", "weight", options.contractive.unwrap_or(0.0)),
        }
    }

    fn bound(&mut self, options: &Options) -> Bound {
        if let Some(problem) = options.kl_warmup.and_then(|warmup| warmup.problem()) {
            self.add("kl_warmup", problem);
        }
        if let Some(problem) = options.capacity.and_then(|capacity| capacity.problem()) {
            self.add("capacity", problem);
        }
        let divergence = Divergence {
            beta: self.not_negative("beta", "weight", options.beta.unwrap_or(1.0)),
            warmup: options.kl_warmup,
            free_bits: self.not_negative("free_bits", "number of nats", options.free_bits.unwrap_or(0.0)),
            capacity: options.capacity,
        };
        let samples = self.at_least_one("importance_samples", options.importance_samples.unwrap_or(1));
        if samples > 1 && divergence != Divergence::default() {
            self.add(
                "importance_samples",
                "of more than 1 make a bound with no divergence of its own to weigh: leave beta, kl_warmup, free_bits and capacity out",
            );
        }
        if divergence.capacity.is_some() && (divergence.warmup.is_some() || divergence.free_bits > 0.0) {
            self.add("capacity", "says what the divergence shall be: leave kl_warmup and free_bits out");
        }
        if samples > 1 { Bound::ImportanceWeighted { samples } } else { Bound::Evidence(divergence) }
    }

    /// How layers are pretrained, where `epochs` and `learning_rate` are those of the whole.
    fn pretraining(&mut self, options: &Options, epochs: usize, learning_rate: f64) -> Option<Pretraining> {
        match options.pretrain.unwrap_or(Pretrain::None) {
            Pretrain::None => {
                let lone = [
                    ("pretrain_epochs", options.pretrain_epochs.is_some()),
                    ("pretrain_learning_rate", options.pretrain_learning_rate.is_some()),
                ];
                for (key, _) in lone.into_iter().filter(|(_, is_said)| *is_said) {
                    self.add(key, "means nothing without pretraining (--pretrain layerwise)");
                }
                None
            }
            Pretrain::Layerwise => {
                let pretraining = Pretraining {
                    epochs: options.pretrain_epochs.unwrap_or(epochs),
                    learning_rate: options.pretrain_learning_rate.unwrap_or(learning_rate),
                };
                if options.pretrain_epochs.is_some() {
                    self.at_least_one("pretrain_epochs", pretraining.epochs);
                    self.not_endless("pretrain_epochs", pretraining.epochs);
                }
                if options.pretrain_learning_rate.is_some() {
                    self.positive("pretrain_learning_rate", pretraining.learning_rate);
                }
                Some(pretraining)
            }
        }
    }

    fn descent(
        &mut self,
        options: &Options,
        objective: Objective,
        hidden: Vec<usize>,
        optimizer: OptimizerName,
        rows: usize,
    ) -> Descent {
        if hidden.len() > MOST_LAYERS {
            self.add("hidden", format!("has {} layers, {MOST_LAYERS} at most can be trained", hidden.len()));
        }
        if hidden.contains(&0) {
            self.add("hidden", format!("has a layer of width 0: {hidden:?}"));
        }
        let batch_size = self.at_least_one("batch_size", options.batch_size.unwrap_or(DEFAULT_BATCH));
        let steps = rows.div_ceil(batch_size.max(1)).max(1);
        let (fewest, most) = DEFAULT_EPOCHS.into_inner();
        let epochs = options.epochs.unwrap_or_else(|| DEFAULT_STEPS.div_ceil(steps).clamp(fewest, most));
        self.not_endless("epochs", epochs);
        let learning_rate = self.positive("learning_rate", options.learning_rate.unwrap_or(1e-3));
        self.positive("epsilon", options.epsilon.unwrap_or(1e-8));
        let pretraining = self.pretraining(options, epochs, learning_rate);
        let shares = [
            ("momentum", options.momentum),
            ("beta1", options.beta1),
            ("beta2", options.beta2),
            ("average", options.average),
        ];
        shares.into_iter().for_each(|(key, value)| self.share(key, value));
        self.not_negative("weight_decay", "share", options.weight_decay.unwrap_or(0.0));
        if options.nesterov == Some(true) && options.momentum == Some(0.0) {
            self.add("nesterov", "needs momentum");
        }
        let warmup_steps = options.warmup.unwrap_or(0);
        let steps_of = |epochs: usize| (steps as u64).saturating_mul(epochs as u64);
        if warmup_steps > 0 && warmup_steps >= steps_of(epochs) {
            self.add("warmup", format!("takes {warmup_steps} steps, and the whole run has {}", steps_of(epochs)));
        } else if let Some(Pretraining { epochs, .. }) = pretraining.filter(|_| warmup_steps > 0)
            && warmup_steps >= steps_of(epochs)
        {
            let steps = steps_of(epochs);
            self.add("warmup", format!("takes {warmup_steps} steps, and the pretraining of a layer has {steps}"));
        }
        let patience = options.patience.unwrap_or(0);
        let min_delta = self.not_negative("min_delta", "loss", options.min_delta.unwrap_or(0.0));
        if min_delta > 0.0 && patience == 0 {
            self.add("min_delta", "means nothing without patience");
        }
        let clip_norm = self.not_negative("clip_norm", "norm", options.clip_norm.unwrap_or(0.0));
        Descent {
            objective,
            l2: self.not_negative("l2", "weight", options.l2.unwrap_or(0.0)),
            binarize: options.binarize.unwrap_or(Binarize::None),
            hidden,
            activation: options.activation.unwrap_or(Activation::Relu),
            latent_activation: options.latent_activation.unwrap_or(Activation::Identity),
            tied: options.tied.unwrap_or(false),
            pretraining,
            epochs: self.at_least_one("epochs", epochs),
            batch_size,
            optimizer: optimizer.rule(options),
            learning_rate,
            schedule: options.schedule.unwrap_or(Schedule::Constant),
            warmup_steps,
            clip_norm: Some(clip_norm).filter(|&norm| norm > 0.0),
            average: options.average.filter(|&decay| decay > 0.0),
            kernels: options.kernels.unwrap_or_default(),
            early_stop: (patience > 0).then_some(EarlyStop { patience, min_delta }),
        }
    }
}

#[cfg(test)]
mod tests;
