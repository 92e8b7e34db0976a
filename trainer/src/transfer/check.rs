//! Checks the model, the labels and the options of a transfer, and reports all problems of the options at once.

use narrows_bundle::Manifest;
use narrows_data::{Dataset, SEPARATOR, table::Schema};

use crate::{
    ConfigError, Corruption, OptimizerName, Problem, ScalePer, TrainError, architecture::Samples,
    config::MOST_PARAMETERS, problems::Problems,
};

use super::{
    Head, Options, Targets, Task,
    config::{Budget, Config, Descent, Start, Tuning},
};

impl Config {
    /// Fills in the defaults and checks the options against the model and the data.
    ///
    /// # Errors
    /// [`TrainError::Config`] with all problems of the options at once; [`TrainError::Data`] if a head cannot be
    /// trained on the labels.
    pub fn check(options: &Options, model: &Manifest, data: &Dataset) -> Result<Self, TrainError> {
        let task = options.head.task.unwrap_or_default();
        check_model(model)?;
        check_samples(model, data)?;
        let names = target_names(options, task, data);
        let targets = check_labels(task, &names, data)?;
        Ok(Check::new(options, &targets, model, data).config()?)
    }
}

/// Rejects conditional encoders: they receive the class as an input, so their code cannot predict it.
fn check_model(model: &Manifest) -> Result<(), TrainError> {
    if model.kind.is_conditional() {
        let what = "is a cvae, whose encoder needs the class as an input, so its code cannot predict the class; pass the \
                    bundle of a pca, ae, dae, wae or vae";
        return Err(ConfigError::of(Problem::of_data("bundle", what)).into());
    }
    Ok(())
}

fn check_samples(model: &Manifest, data: &Dataset) -> Result<(), TrainError> {
    let wrong = |what: String| Err(ConfigError::of(Problem::of_data("data", what)).into());
    if model.sample.shape != data.sample_shape {
        let (found, expected) = (&data.sample_shape, &model.sample.shape);
        return wrong(format!("has samples of shape {found:?}, the encoder takes {expected:?}"));
    }
    let cells = |table: Option<&Schema>| table.map(|table| (table.cells(), table.missing));
    if cells(model.sample.table.as_ref()) != cells(data.table.as_ref()) {
        let what = "has columns of other types than the encoder was trained on; read it with the types of the model";
        return wrong(what.to_owned());
    }
    if data.columns.as_ref().is_some_and(|columns| model.sample.has_reordered_columns(columns)) {
        let what = "has its columns in another order than the encoder expects; omit --columns to select them by name";
        return wrong(what.to_owned());
    }
    Ok(())
}

/// Returns the names of the targets of a regression, which are those of the label columns; empty for a classification.
fn target_names(options: &Options, task: Task, data: &Dataset) -> Vec<String> {
    let values = data.classes.iter().flatten().next().map_or(1, |label| label.split(SEPARATOR).count());
    match task {
        Task::Classification => Vec::new(),
        Task::Regression => options.data.reading.label_columns(|_| values == 1),
    }
}

/// Checks that a head can be trained on the labels. Returns those of the training part.
pub(super) fn check_labels(task: Task, names: &[String], data: &Dataset) -> Result<Targets, TrainError> {
    for (name, part) in data.parts() {
        Targets::of(task, names, data, name, part)?;
    }
    let wrong = |what: String| Err(TrainError::Data { part: "training", what });
    let targets = Targets::of(task, names, data, "training", &data.train)?;
    let rows: Vec<usize> = (0..targets.len()).collect();
    match &targets {
        Targets::Classes { .. } => {
            let counts = targets.counts(&rows);
            let present = counts.iter().filter(|&&count| count > 0).count();
            if present < 2 {
                return wrong(format!(
                    "all rows ({}) have the same class; a classification needs at least two",
                    rows.len()
                ));
            }
            if counts.iter().all(|&count| count < 2) {
                return wrong(format!(
                    "{} rows have {present} classes, and no class has two rows; for numeric labels pass \
                     --task regression, or name another --label-column",
                    rows.len()
                ));
            }
        }
        Targets::Numbers(numbers) => {
            if let Some(name) = numbers.constant_in(&rows) {
                let which = if numbers.names().len() > 1 { format!("targets `{name}`") } else { "targets".to_owned() };
                return wrong(format!(
                    "all {which} are the same number; a regression needs at least two different ones"
                ));
            }
        }
    }
    Ok(targets)
}

/// Checks the options and collects all problems.
struct Check<'a> {
    options: &'a Options,
    task: Task,
    head: Head,
    is_tuned: bool,
    has_valid: bool,
    /// Whether the samples are the rows of a mixed table.
    is_table: bool,
    latent_dim: usize,
    samples: Samples<'a>,
    outputs: usize,
    /// Names of the targets of a regression.
    names: Vec<String>,
    problems: Problems,
}

impl<'a> Check<'a> {
    fn new(options: &'a Options, targets: &Targets, model: &Manifest, data: &'a Dataset) -> Self {
        let (task, names) = match targets {
            Targets::Classes { .. } => (Task::Classification, Vec::new()),
            Targets::Numbers(numbers) => (Task::Regression, numbers.names().to_vec()),
        };
        Check {
            options,
            task,
            head: options.head.head.clone().unwrap_or_default(),
            is_tuned: options.tuning.fine_tune.unwrap_or(false),
            has_valid: data.valid.is_some(),
            is_table: data.table.is_some(),
            latent_dim: model.latent_dim,
            samples: Samples { shape: &data.sample_shape, kind: data.sample_kind },
            outputs: targets.outputs(),
            names,
            problems: Problems::default(),
        }
    }

    fn config(mut self) -> Result<Config, ConfigError> {
        let options = self.options;
        self.check_applicable();
        if let Some(decay) = options.head.weight_decay {
            self.problems.not_negative("weight_decay", "weight", decay);
        }
        let default_fraction = if self.has_valid { 0.0 } else { 0.1 };
        let valid_fraction = options.split.check(default_fraction, self.has_valid, &mut self.problems);
        let config = Config {
            task: self.task,
            targets: self.names.clone(),
            standardise: options.head.standardise.unwrap_or(ScalePer::Column),
            class_weights: options.head.class_weights.unwrap_or_default(),
            weight_decay: options.head.weight_decay,
            neighbours: options.head.neighbours.unwrap_or(5),
            budget: self.budget(),
            descent: self.descent(valid_fraction),
            tuning: self.tuning(),
            valid_fraction,
            seed: options.seed.unwrap_or(0),
            head: self.head,
        };
        self.problems.none_or(config)
    }

    /// Reports options that are set but have no effect on this transfer, and a head that is too large.
    fn check_applicable(&mut self) {
        let options = self.options;
        if self.task == Task::Regression && options.head.class_weights.is_some() {
            self.problems.add("class_weights", "has no effect on a regression, which has no classes; leave it out");
        }
        if self.task == Task::Regression && options.budget.labels_per_class.is_some() {
            self.problems.add(
                "labels_per_class",
                "has no effect on a regression, which has no classes; pass --label-fraction instead",
            );
        }
        if self.parameters() > MOST_PARAMETERS {
            let head = self.head.clone();
            self.problems.add_of_data("head", format!("is {head}, which has more than {MOST_PARAMETERS} parameters"));
        }
        if !self.is_tuned && self.head.hidden().is_empty() {
            for key in options.set_for_descent() {
                self.problems.add(
                    &key,
                    "has no effect on a linear head, which is solved exactly; pass --head mlp:128 or --fine-tune",
                );
            }
        }
        let tuning_options = [
            ("from_scratch", options.tuning.from_scratch == Some(true)),
            ("encoder_learning_rate", options.tuning.encoder_learning_rate.is_some()),
            ("augment", options.augmentation.augment.as_ref().is_some_and(|augment| !augment.is_empty())),
            ("corruption", options.corruption.corruption.is_some()),
        ];
        let is_tuned = self.is_tuned;
        for (key, _) in tuning_options.into_iter().filter(|(_, is_set)| *is_set && !is_tuned) {
            self.problems.add(key, "needs --fine-tune, since a frozen encoder is not trained");
        }
    }

    /// Number of parameters of the head.
    fn parameters(&self) -> u128 {
        let widths = self.head.hidden().iter().map(|&width| width as u128);
        let widths: Vec<u128> =
            [self.latent_dim as u128].into_iter().chain(widths).chain([self.outputs as u128]).collect();
        widths.windows(2).map(|pair| (pair[0] + 1).saturating_mul(pair[1])).fold(0, u128::saturating_add)
    }

    /// Settings of fine-tuning; `None` without `fine_tune`.
    fn tuning(&mut self) -> Option<Tuning> {
        let options = self.options;
        let start = if options.tuning.from_scratch == Some(true) { Start::Scratch } else { Start::Bundle };
        let learning_rate = options.schedule.learning_rate.unwrap_or(1e-3);
        let default = match start {
            Start::Scratch => learning_rate,
            Start::Bundle => learning_rate / 10.0,
        };
        let encoder_rate = options
            .tuning
            .encoder_learning_rate
            .map_or(default, |rate| self.problems.positive("encoder_learning_rate", rate));
        if let Some(problem) = options.corruption.corruption.and_then(Corruption::problem) {
            self.problems.add("corruption", format!("is invalid: {problem}"));
        }
        let corruption = options.corruption.corruption;
        if corruption.is_some() && self.is_table {
            let what = "changes numbers, but the encoder takes the rows of a mixed table; leave it out";
            self.problems.add_of_data("corruption", what);
        }
        let augmentation = options.augmentation.check(self.samples, &mut self.problems);
        self.is_tuned.then_some(Tuning { start, rate_factor: encoder_rate / learning_rate, augmentation, corruption })
    }

    /// Settings of gradient descent, for a head with hidden layers and for fine-tuning.
    fn descent(&mut self, valid_fraction: f64) -> Descent {
        let (options, problems) = (self.options, &mut self.problems);
        let can_stop = valid_fraction > 0.0 || self.has_valid;
        let patience = match (can_stop, self.is_tuned) {
            (false, _) => 0,
            (true, false) => 10,
            (true, true) => 5,
        };
        let name = options.optimizer.name();
        problems.extend(options.set_for_optimizers().iter().filter_map(|key| name.not_taken(key)).collect());
        if name == OptimizerName::AdamW {
            problems.add("optimizer", "must be adam or sgd here: --weight-decay is the weight decay of the head");
        }
        let default_epochs = if self.is_tuned { 20 } else { 100 };
        Descent {
            epochs: problems.epochs("epochs", options.length.epochs.unwrap_or(default_epochs)),
            steps: options.steps.check(problems),
            rule: options.rule().check(problems),
            learning_rate: options.schedule.check(problems),
            early_stop: options.stopping.check(patience, can_stop, problems),
        }
    }

    fn budget(&mut self) -> Budget {
        match (self.options.budget.label_fraction, self.options.budget.labels_per_class) {
            (Some(fraction), count) => {
                if !(fraction > 0.0 && fraction <= 1.0) {
                    self.problems.add("label_fraction", format!("must be in (0, 1], got {fraction}"));
                }
                if count.is_some() {
                    self.problems.add("labels_per_class", "cannot be combined with --label-fraction; leave one out");
                }
                Budget::Fraction(fraction)
            }
            (None, Some(count)) => Budget::PerClass(self.problems.at_least_one("labels_per_class", count)),
            (None, None) => Budget::All,
        }
    }
}
