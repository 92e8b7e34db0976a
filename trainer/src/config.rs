//! A configuration that can work: options, checked against the data, with nothing left open.

use narrows_bundle::{Kind, Likelihood, Link};
use narrows_data::Dataset;

use crate::{
    Activation, ConfigError, Corruption, Options, Problem,
    kinds::{Ae, Cvae, Dae, Objective, Pca, Vae},
    likelihood::Observation,
    samples::sample_of,
    scaling::likelihood_for,
};

/// Hidden layers when nobody said which.
const DEFAULT_HIDDEN: [usize; 1] = [128];

/// Steps that a run makes when nobody said how many epochs, within [`DEFAULT_EPOCHS`].
const DEFAULT_STEPS: usize = 5_000;
const DEFAULT_EPOCHS: std::ops::RangeInclusive<usize> = 10..=200;

/// Parameters that both halves may have together. An ONNX file ends at 2 GiB, and training holds four
/// numbers a parameter.
const MOST_PARAMETERS: u128 = 1 << 28;

/// A checked configuration. [`fit`](crate::fit) takes nothing else, so that zero epochs cannot reach it.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Numbers in a code.
    pub latent_dim: usize,
    /// Likelihood and output link.
    pub observation: Observation,
    /// Share of the training rows that is held out, in `[0, 1)`.
    pub valid_fraction: f64,
    /// Seed of all randomness.
    pub seed: u64,
    /// How the weights are found.
    pub method: Method,
}

/// How the weights are found.
#[derive(Debug, Clone, PartialEq)]
pub enum Method {
    /// By an eigenvalue decomposition.
    ClosedForm(Pca),
    /// By stochastic gradient descent.
    Descent(Descent),
}

/// Settings of a network and of its training.
#[derive(Debug, Clone, PartialEq)]
pub struct Descent {
    /// What is minimised.
    pub objective: Objective,
    /// Widths of the encoder's hidden layers.
    pub hidden: Vec<usize>,
    /// After every hidden layer.
    pub activation: Activation,
    /// Passes over the training rows, at least 1.
    pub epochs: usize,
    /// Rows in a step, at least 1.
    pub batch_size: usize,
    /// Step size of Adam, positive.
    pub learning_rate: f64,
}

impl Config {
    /// Fills in what is open and checks everything against the data.
    ///
    /// # Errors
    /// [`ConfigError`] with all problems at once.
    pub fn check(options: &Options, data: &Dataset) -> Result<Self, ConfigError> {
        let mut problems = Problems::default();
        let rows = data.train.values.rows();
        problems.check_belonging(options);

        problems.check_data(data);
        let observation = problems.observation(options, data);
        let latent_dim = problems.at_least_one("latent", options.latent.unwrap_or(8));
        let default_fraction = if data.test.is_some() { 0.0 } else { 0.1 };
        let valid_fraction = options.valid_fraction.unwrap_or(default_fraction);
        if !(0.0..1.0).contains(&valid_fraction) {
            problems.add("valid_fraction", format!("is a share of the rows in [0, 1), got {valid_fraction}"));
        }
        let fitted = rows - held_out(rows, valid_fraction);
        if fitted == 0 {
            problems.add("data", format!("leaves no row to fit: {rows} rows, {valid_fraction} of them held out"));
        }
        problems.check_size(options, data, latent_dim);
        let method = match objective(options, data, &mut problems) {
            Some(objective) => Method::Descent(problems.descent(options, objective, fitted)),
            None => {
                let most = data.train.values.features().min(fitted.saturating_sub(1));
                if latent_dim > most {
                    let why = format!(
                        "{} features, {fitted} rows to fit, one lost to centring",
                        data.train.values.features()
                    );
                    problems
                        .add("latent", format!("is {latent_dim}, PCA finds at most {most} components here ({why})"));
                }
                Method::ClosedForm(if options.whiten == Some(true) { Pca::Whitened } else { Pca::Plain })
            }
        };
        let config = Config { latent_dim, observation, valid_fraction, seed: options.seed.unwrap_or(0), method };
        if problems.0.is_empty() { Ok(config) } else { Err(ConfigError { problems: problems.0 }) }
    }

    /// Which kind of model it makes.
    pub fn kind(&self) -> Kind {
        match &self.method {
            Method::ClosedForm(_) => Kind::Pca,
            Method::Descent(descent) => descent.objective.kind(),
        }
    }

    /// How many of so many training rows are fitted, and not held out.
    pub fn fitted_rows(&self, rows: usize) -> usize {
        rows - held_out(rows, self.valid_fraction)
    }

    /// The options that make this configuration, with nothing left open.
    pub fn effective(&self) -> Options {
        let mut options = Options {
            latent: Some(self.latent_dim),
            likelihood: Some(self.observation.likelihood),
            output_link: Some(self.observation.link),
            valid_fraction: Some(self.valid_fraction),
            seed: Some(self.seed),
            ..Options::new(self.kind())
        };
        match &self.method {
            Method::ClosedForm(pca) => options.whiten = Some(*pca == Pca::Whitened),
            Method::Descent(descent) => {
                options.hidden = Some(descent.hidden.clone());
                options.activation = Some(descent.activation);
                options.epochs = Some(descent.epochs);
                options.batch_size = Some(descent.batch_size);
                options.learning_rate = Some(descent.learning_rate);
                match descent.objective {
                    Objective::Ae(Ae) => {}
                    Objective::Dae(Dae { corruption }) => options.corruption = Some(corruption),
                    Objective::Vae(Vae { beta }) | Objective::Cvae(Cvae { beta }) => options.beta = Some(beta),
                }
            }
        }
        options
    }
}

/// Rows that a share holds out: rounded, at least one if the share is positive.
pub(crate) fn held_out(rows: usize, fraction: f64) -> usize {
    if fraction > 0.0 { ((rows as f64 * fraction).round() as usize).clamp(1, rows) } else { 0 }
}

/// The objective of kinds that are trained; `None` for the one in closed form.
fn objective(options: &Options, data: &Dataset, problems: &mut Problems) -> Option<Objective> {
    let beta = options.beta.unwrap_or(1.0);
    if !(beta.is_finite() && beta >= 0.0) {
        problems.add("beta", format!("is a weight and not negative, got {beta}"));
    }
    match options.kind {
        Kind::Pca => None,
        Kind::Ae => Some(Objective::Ae(Ae)),
        Kind::Dae => {
            let corruption = options.corruption.unwrap_or(Corruption::Masking(0.25));
            if let Some(problem) = corruption.problem() {
                problems.add("corruption", format!("{corruption}: the number {problem}"));
            }
            Some(Objective::Dae(Dae { corruption }))
        }
        Kind::Vae => Some(Objective::Vae(Vae { beta })),
        Kind::Cvae => {
            if data.train.labels.is_none() {
                problems.add("data", "has no labels, and a cvae is told the class of every sample (name them by --labels or --label-column)");
            }
            Some(Objective::Cvae(Cvae { beta }))
        }
    }
}

#[derive(Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, key: &'static str, what: impl Into<String>) {
        self.0.push(Problem { key, what: what.into() });
    }

    /// Constant data has no variance to explain, and no range to measure a reconstruction by.
    fn check_data(&mut self, data: &Dataset) {
        let (low, high) = data.range;
        if low >= high {
            self.add("data", format!("holds nothing but the value {low} in 32-bit floats, so there is nothing to learn (subtract a large offset first)"));
        }
    }

    /// Refuses what no memory holds before anything is allocated.
    fn check_size(&mut self, options: &Options, data: &Dataset, latent_dim: usize) {
        let hidden = match (options.kind, &options.hidden) {
            (Kind::Pca, _) => &[][..],
            (_, None) => &DEFAULT_HIDDEN,
            (_, Some(hidden)) => hidden,
        };
        let parameters = |widths: Vec<u128>| {
            let layers = widths.windows(2).map(|pair| (pair[0] + 1).saturating_mul(pair[1]));
            layers.fold(0, u128::saturating_add)
        };
        let around = |first: u128, last: u128, hidden: &mut dyn Iterator<Item = &usize>| {
            parameters(std::iter::once(first).chain(hidden.map(|&width| width as u128)).chain([last]).collect())
        };
        let (features, latent) = (data.train.values.features() as u128, latent_dim as u128);
        let classes = data.classes.as_ref().map_or(0, Vec::len) as u128;
        // Bounds from above: labels may enter, and a variational encoder has two heads.
        let encoder = around(features + classes, 2 * latent, &mut hidden.iter());
        let decoder = around(latent + classes, features, &mut hidden.iter().rev());
        if encoder.saturating_add(decoder) > MOST_PARAMETERS {
            let widest = hidden.iter().copied().max().unwrap_or(0);
            let key = if latent_dim > widest { "latent" } else { "hidden" };
            self.add(
                key,
                format!(
                    "makes a network of more than {MOST_PARAMETERS} parameters: {latent_dim} latent, {hidden:?} hidden"
                ),
            );
        }
    }

    fn at_least_one(&mut self, key: &'static str, value: usize) -> usize {
        if value == 0 {
            self.add(key, "is 0, it must be at least 1");
        }
        value
    }

    /// Options of another kind are refused: a `beta` that nobody reads would be a silent mistake.
    fn check_belonging(&mut self, options: &Options) {
        let kind = options.kind;
        let trained = Kind::ALL.into_iter().filter(|&kind| kind != Kind::Pca);
        let trained: Vec<Kind> = trained.collect();
        let belongings: [(&'static str, bool, &[Kind]); 8] = [
            ("hidden", options.hidden.is_some(), &trained),
            ("activation", options.activation.is_some(), &trained),
            ("epochs", options.epochs.is_some(), &trained),
            ("batch_size", options.batch_size.is_some(), &trained),
            ("learning_rate", options.learning_rate.is_some(), &trained),
            ("beta", options.beta.is_some(), &[Kind::Vae, Kind::Cvae]),
            ("corruption", options.corruption.is_some(), &[Kind::Dae]),
            ("whiten", options.whiten.is_some(), &[Kind::Pca]),
        ];
        for (key, is_set, kinds) in belongings {
            if is_set && !kinds.contains(&kind) {
                let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
                self.add(key, format!("is an option of {}, not of {kind}", names.join(", ")));
            }
        }
    }

    fn observation(&mut self, options: &Options, data: &Dataset) -> Observation {
        let suggested = if options.kind == Kind::Pca { Likelihood::Gaussian } else { likelihood_for(&sample_of(data)) };
        let likelihood = options.likelihood.unwrap_or(suggested);
        let link = options.output_link.unwrap_or(match likelihood {
            Likelihood::Bernoulli => Link::Sigmoid,
            Likelihood::Gaussian => Link::Identity,
        });
        if options.kind == Kind::Pca && (likelihood, link) != (Likelihood::Gaussian, Link::Identity) {
            self.add(
                "likelihood",
                "must be gaussian with the identity link for pca, which minimises the squared error",
            );
        } else if (likelihood, link) == (Likelihood::Bernoulli, Link::Identity) {
            self.add("output_link", "must be sigmoid for the bernoulli likelihood, whose means are probabilities");
        }
        Observation { likelihood, link }
    }

    fn descent(&mut self, options: &Options, objective: Objective, rows: usize) -> Descent {
        let hidden = options.hidden.clone().unwrap_or_else(|| DEFAULT_HIDDEN.to_vec());
        if hidden.contains(&0) {
            self.add("hidden", format!("has a layer of width 0: {hidden:?}"));
        }
        let batch_size = self.at_least_one("batch_size", options.batch_size.unwrap_or(64));
        let steps = rows.div_ceil(batch_size.max(1)).max(1);
        let (fewest, most) = DEFAULT_EPOCHS.into_inner();
        let epochs = options.epochs.unwrap_or_else(|| DEFAULT_STEPS.div_ceil(steps).clamp(fewest, most));
        let learning_rate = options.learning_rate.unwrap_or(1e-3);
        if !(learning_rate.is_finite() && learning_rate > 0.0) {
            self.add("learning_rate", format!("must be positive, got {learning_rate}"));
        }
        Descent {
            objective,
            hidden,
            activation: options.activation.unwrap_or(Activation::Relu),
            epochs: self.at_least_one("epochs", epochs),
            batch_size,
            learning_rate,
        }
    }
}

#[cfg(test)]
mod tests {
    use narrows_data::{Part, Values};
    use ndarray::Array2;

    use super::*;

    fn table(rows: usize) -> Dataset {
        let values = Array2::from_shape_fn((rows, 3), |(row, column)| row as f32 - column as f32);
        Dataset {
            name: "table".to_owned(),
            sample_shape: vec![3],
            range: (-2.0, rows as f32),
            train: Part { values: Values::F32(values), labels: None },
            test: None,
            classes: None,
        }
    }

    #[test]
    fn all_problems_are_named_at_once() {
        let options = Options {
            latent: Some(0),
            epochs: Some(0),
            batch_size: Some(0),
            learning_rate: Some(-1.0),
            beta: Some(f64::NAN),
            whiten: Some(true),
            valid_fraction: Some(1.5),
            hidden: Some(vec![4, 0]),
            ..Options::new(Kind::Cvae)
        };
        let error = Config::check(&options, &table(10)).expect_err("nothing of it is right");
        let keys: Vec<&str> = error.problems.iter().map(|problem| problem.key).collect();
        let expected =
            ["latent", "epochs", "batch_size", "learning_rate", "beta", "whiten", "valid_fraction", "hidden", "data"];
        for key in expected {
            assert!(keys.contains(&key), "{key} is missing in {error}");
        }
    }

    #[test]
    fn the_effective_options_of_every_kind_make_the_same_configuration_again() {
        let mut data = table(10);
        data.train.labels = Some(vec![0; 10]);
        data.classes = Some(vec!["only".to_owned()]);
        for kind in Kind::ALL {
            let options = Options { latent: Some(2), seed: Some(7), ..Options::new(kind) };
            let config = Config::check(&options, &data).expect("defaults that fit");
            let json = serde_json::to_string(&config.effective()).expect("plain data");
            let back: Options = serde_json::from_str(&json).expect("just written");
            assert_eq!(Config::check(&back, &data), Ok(config), "{kind}");
        }
    }

    #[test]
    fn options_of_another_kind_and_unknown_ones_are_refused() {
        let options = Options { beta: Some(2.0), ..Options::new(Kind::Ae) };
        let error = Config::check(&options, &table(10)).expect_err("an ae has no divergence").to_string();
        assert_eq!(error, "`beta` is an option of vae, cvae, not of ae");
        assert!(serde_json::from_str::<Options>(r#"{"kind": "ae", "epoch": 3}"#).is_err());
    }

    #[test]
    fn pca_cannot_find_more_components_than_the_rows_span() {
        let options = |latent| Options { latent: Some(latent), ..Options::new(Kind::Pca) };
        // Of 4 rows one is held out and one dimension goes to centring.
        assert!(Config::check(&options(2), &table(4)).is_ok());
        assert!(Config::check(&options(3), &table(4)).is_err());
    }
}
