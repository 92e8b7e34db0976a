//! What is wrong with a transfer, all of it at once: with the model, with the labels, with the options.

use narrows_bundle::Manifest;
use narrows_data::Dataset;

use super::{Budget, Config, Descent, Start, Tuning};
use crate::{
    ConfigError, Corruption, OptimizerName, Problem, ScalePer, Schedule, TrainError,
    candle::Rule,
    config::MOST_PARAMETERS,
    transfer::{Head, Options, Targets, Task},
};

/// An encoder that is told the class has nothing to tell of it.
pub(super) fn check_model(model: &Manifest) -> Result<(), TrainError> {
    if model.kind.is_conditional() {
        let what = "is of a cvae, whose encoder is told the class of every sample: it need not put it into the code, and \
                    without a label it encodes nothing; train an ae, dae, vae or pca for features";
        return Err(ConfigError::of(Problem::new("bundle", what)).into());
    }
    Ok(())
}

pub(super) fn check_samples(model: &Manifest, data: &Dataset) -> Result<(), TrainError> {
    let wrong = |what: String| Err(ConfigError::of(Problem::new("data", what)).into());
    if model.sample.shape != data.sample_shape {
        let (found, expected) = (&data.sample_shape, &model.sample.shape);
        return wrong(format!("has samples of shape {found:?}, the encoder takes {expected:?}"));
    }
    if data.columns.as_ref().is_some_and(|columns| model.sample.stands_in_another_order(columns)) {
        let what = "has its columns in another order than the encoder's; leave --columns out, and they are taken by their names";
        return wrong(what.to_owned());
    }
    Ok(())
}

/// Labels that there is something to learn from.
pub(in crate::transfer) fn check_labels(task: Task, data: &Dataset) -> Result<(), TrainError> {
    for (name, part) in data.parts() {
        Targets::of(task, data, name, part)?;
    }
    let wrong = |what: String| Err(TrainError::Data { part: "training", what });
    let targets = Targets::of(task, data, "training", &data.train)?;
    let rows: Vec<usize> = (0..targets.len()).collect();
    match &targets {
        Targets::Classes { .. } => {
            let counts = targets.counts(&rows);
            let present = counts.iter().filter(|&&count| count > 0).count();
            if present < 2 {
                return wrong(format!("all {} rows are of one class, so there is nothing to tell apart", rows.len()));
            }
            if counts.iter().all(|&count| count < 2) {
                return wrong(format!(
                    "{} rows have {present} classes, no class has two rows to learn from; are the labels numbers (--task regression), or is another column meant (--label-column)?",
                    rows.len()
                ));
            }
            Ok(())
        }
        Targets::Numbers(numbers) => {
            if numbers.len() < 2 || numbers.iter().all(|number| *number == numbers[0]) {
                return wrong("all targets are the same number, so there is nothing to learn".to_owned());
            }
            Ok(())
        }
    }
}

/// Everything that is wrong with the options at once.
pub(super) struct Check<'a> {
    options: &'a Options,
    task: Task,
    head: Head,
    is_tuned: bool,
    has_valid: bool,
    latent_dim: usize,
    outputs: usize,
    problems: Vec<Problem>,
}

impl<'a> Check<'a> {
    pub(super) fn new(options: &'a Options, task: Task, model: &Manifest, data: &Dataset) -> Self {
        let head = options.head.clone().unwrap_or_default();
        let is_tuned = options.fine_tune.unwrap_or(false);
        let outputs = match task {
            Task::Classification => data.classes.as_ref().map_or(0, Vec::len),
            Task::Regression => 1,
        };
        Check {
            options,
            task,
            head,
            is_tuned,
            has_valid: data.valid.is_some(),
            latent_dim: model.latent_dim,
            outputs,
            problems: Vec::new(),
        }
    }

    fn add(&mut self, key: &str, what: impl Into<String>) {
        self.problems.push(Problem::new(key, what));
    }

    pub(super) fn config(mut self) -> Result<Config, ConfigError> {
        let options = self.options;
        self.strangers();
        if let Some(decay) = options.weight_decay.filter(|decay| !(decay.is_finite() && *decay >= 0.0)) {
            self.add("weight_decay", format!("is a weight and not negative, got {decay}"));
        }
        let (tuning, learning_rate) = self.tuning();
        let (valid_fraction, patience) = self.stopping();
        let config = Config {
            task: self.task,
            standardise: options.standardise.unwrap_or(ScalePer::Column),
            class_weights: options.class_weights.unwrap_or_default(),
            weight_decay: options.weight_decay,
            neighbours: options.neighbours.unwrap_or(5),
            budget: self.budget(),
            tuning,
            descent: Descent {
                epochs: self.at_least_one("epochs", options.epochs.unwrap_or(if self.is_tuned { 20 } else { 100 })),
                batch_size: self.at_least_one("batch_size", options.batch_size.unwrap_or(64)),
                rule: self.rule(),
                learning_rate,
                schedule: options.schedule.unwrap_or(Schedule::Constant),
                patience,
            },
            valid_fraction,
            seed: options.seed.unwrap_or(0),
            head: self.head,
        };
        let problems = self.problems;
        if problems.is_empty() { Ok(config) } else { Err(ConfigError { problems }) }
    }

    /// What is said of something that this transfer does not have.
    fn strangers(&mut self) {
        let options = self.options;
        if self.task == Task::Regression && options.class_weights.is_some() {
            self.add("class_weights", "are of classification, a regression has no classes");
        }
        if self.task == Task::Regression && options.labels_per_class.is_some() {
            self.add("labels_per_class", "is of classification, a regression has no classes (--label-fraction)");
        }
        if self.parameters() > MOST_PARAMETERS {
            let head = self.head.clone();
            self.add("head", format!("of {head} has more than {MOST_PARAMETERS} parameters"));
        }
        let of_descent = [
            ("epochs", options.epochs.is_some()),
            ("batch_size", options.batch_size.is_some()),
            ("optimizer", options.optimizer.is_some()),
            ("learning_rate", options.learning_rate.is_some()),
            ("schedule", options.schedule.is_some()),
            ("valid_fraction", options.valid_fraction.is_some()),
            ("patience", options.patience.is_some()),
        ];
        let is_solved = !self.is_tuned && self.head.hidden().is_empty();
        for (key, _) in of_descent.into_iter().filter(|(_, is_said)| *is_said && is_solved) {
            self.add(key, "means nothing for a linear head, which is solved to its minimum (give it hidden layers by --head mlp:128, or --fine-tune)");
        }
        let of_tuning = [
            ("from_scratch", options.from_scratch == Some(true)),
            ("encoder_learning_rate", options.encoder_learning_rate.is_some()),
            ("corruption", options.corruption.is_some()),
        ];
        let is_tuned = self.is_tuned;
        for (key, _) in of_tuning.into_iter().filter(|(_, is_said)| *is_said && !is_tuned) {
            self.add(key, "is of --fine-tune: a frozen encoder does not learn");
        }
    }

    /// Parameters of the head.
    fn parameters(&self) -> u128 {
        let widths = self.head.hidden().iter().map(|&width| width as u128);
        let widths: Vec<u128> =
            [self.latent_dim as u128].into_iter().chain(widths).chain([self.outputs as u128]).collect();
        widths.windows(2).map(|pair| (pair[0] + 1).saturating_mul(pair[1])).fold(0, u128::saturating_add)
    }

    /// How the encoder learns, and the step size at its highest.
    fn tuning(&mut self) -> (Option<Tuning>, f64) {
        let options = self.options;
        let start = if options.from_scratch == Some(true) { Start::Scratch } else { Start::Bundle };
        let learning_rate = options.learning_rate.unwrap_or(1e-3);
        let encoder_rate = options.encoder_learning_rate.unwrap_or(match start {
            Start::Scratch => learning_rate,
            Start::Bundle => learning_rate / 10.0,
        });
        for (key, value) in [("learning_rate", learning_rate), ("encoder_learning_rate", encoder_rate)] {
            if !(value.is_finite() && value > 0.0) {
                self.add(key, format!("must be positive, got {value}"));
            }
        }
        if let Some(problem) = options.corruption.and_then(Corruption::problem) {
            self.add("corruption", format!("the number {problem}"));
        }
        let tuning = Tuning { start, pace: encoder_rate / learning_rate, corruption: options.corruption };
        (self.is_tuned.then_some(tuning), learning_rate)
    }

    /// The share that is held out, and the epochs without progress.
    fn stopping(&mut self) -> (f64, usize) {
        let valid_fraction = self.options.valid_fraction.unwrap_or(if self.has_valid { 0.0 } else { 0.1 });
        if !(0.0..1.0).contains(&valid_fraction) {
            self.add("valid_fraction", format!("is a share of the rows in [0, 1), got {valid_fraction}"));
        } else if valid_fraction > 0.0 && self.has_valid {
            self.add("valid_fraction", "holds rows out, and --valid names others: leave one out");
        }
        let can_stop = valid_fraction > 0.0 || self.has_valid;
        let patience = self.options.patience.unwrap_or(match (can_stop, self.is_tuned) {
            (false, _) => 0,
            (true, false) => 10,
            (true, true) => 5,
        });
        if patience > 0 && !can_stop {
            self.add("patience", "needs rows that are held out (--valid-fraction 0.1)");
        }
        (valid_fraction, patience)
    }

    fn budget(&mut self) -> Budget {
        match (self.options.label_fraction, self.options.labels_per_class) {
            (Some(share), count) => {
                if !(share > 0.0 && share <= 1.0) {
                    self.add("label_fraction", format!("is a share of the labels in (0, 1], got {share}"));
                }
                if count.is_some() {
                    self.add("labels_per_class", "says how many labels, as `label_fraction` does: leave one out");
                }
                Budget::Share(share)
            }
            (None, Some(count)) => Budget::PerClass(self.at_least_one("labels_per_class", count)),
            (None, None) => Budget::All,
        }
    }

    fn rule(&mut self) -> Rule {
        let optimizer = self.options.optimizer.unwrap_or(OptimizerName::Adam);
        let momentum = self.options.momentum.unwrap_or(0.9);
        if self.options.momentum.is_some() && optimizer != OptimizerName::Sgd {
            self.add("momentum", format!("is an option of sgd, not of {optimizer}"));
        }
        if !(0.0..1.0).contains(&momentum) {
            self.add("momentum", format!("lies in [0, 1), got {momentum}"));
        }
        match optimizer {
            OptimizerName::Sgd => Rule::Sgd { momentum, nesterov: false },
            OptimizerName::Adam => Rule::default(),
            OptimizerName::AdamW => {
                self.add("optimizer", "is adam or sgd here: the head's weights decay by --weight-decay");
                Rule::default()
            }
        }
    }

    fn at_least_one(&mut self, key: &str, value: usize) -> usize {
        if value == 0 {
            self.add(key, "is 0, it must be at least 1");
        }
        value
    }
}
