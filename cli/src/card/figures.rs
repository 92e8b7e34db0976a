//! The figures of a model card: a table, and how its figures were computed.

use std::collections::BTreeMap;

use narrows_bundle::{
    ClassifierKind, ClassifierManifest, GraphParity, Kind, Likelihood, Manifest, TrainingRecord, counted,
};

use crate::{columns::is_of_column, digits::significant};

/// The parts of the data, with their names in metrics.
const PARTS: [(&str, &str); 3] = [("train", "training"), ("valid", "validation"), ("test", "test")];

/// Returns the metrics and the parities of the graphs as a table with one column for each part of the data.
pub(crate) fn figures(training: &TrainingRecord, parities: &[(&str, &GraphParity)]) -> String {
    let parts: Vec<(&str, String)> = PARTS
        .into_iter()
        .filter(|(part, _)| training.metrics.keys().any(|name| split(name).1 == Some(part)))
        .map(|(part, word)| (part, format!("{word} ({})", counted(rows(training, part), "row"))))
        .collect();
    // Figures of parts, and those of the complete run.
    let mut of_parts: BTreeMap<(usize, String), BTreeMap<&str, String>> = BTreeMap::new();
    let mut others: Vec<(String, String)> = Vec::new();
    for (name, &value) in training.metrics.iter().filter(|(name, _)| !is_of_column(name)) {
        match split(name) {
            (figure, Some(part)) => {
                let text = if is_count(&figure) { format!("{value}") } else { significant(value) };
                of_parts.entry((place(&figure), figure)).or_default().insert(part, text);
            }
            (figure, None) => others.push((figure, significant(value))),
        }
    }
    others.extend(parities.iter().map(|(name, parity)| (format!("parity of the {name}"), parity.to_string())));

    let header = parts.iter().map(|(_, header)| format!(" {header} |")).collect::<String>();
    let rule = " --- |".repeat(parts.len());
    let rows = of_parts.iter().map(|((_, figure), values)| {
        let cell = |part: &&str| format!(" {} |", values.get(part).map_or("", String::as_str));
        format!("| {figure} |{}\n", parts.iter().map(|(part, _)| cell(part)).collect::<String>())
    });
    let of_parts = format!("| figure |{header}\n| --- |{rule}\n{}", rows.collect::<String>());
    let others = others.iter().map(|(figure, value)| format!("| {figure} | {value} |\n")).collect::<String>();
    format!("{of_parts}\n| figure of the complete model | value |\n| --- | --- |\n{others}")
}

/// Splits the name of a metric into the figure and the part of the data, if it has one: `frozen.test.accuracy` is the
/// figure `frozen.accuracy` of the part `test`.
fn split(name: &str) -> (String, Option<&str>) {
    let words: Vec<&str> = name.split('.').collect();
    let part = words.iter().copied().find(|word| PARTS.iter().any(|(part, _)| part == word));
    let figure: Vec<&str> = words.into_iter().filter(|&word| Some(word) != part).collect();
    (figure.join("."), part)
}

/// The place of a figure in the table: the loss and its parts first; others follow in the order of the alphabet.
fn place(figure: &str) -> usize {
    let first = ["loss", "reconstruction", "kl", "mmd", "l1", "l2", "contractive"];
    first.iter().position(|name| *name == figure).unwrap_or(first.len())
}

fn is_count(figure: &str) -> bool {
    figure == "active_units"
}

fn rows(training: &TrainingRecord, part: &str) -> usize {
    match part {
        "train" => training.data.train_rows,
        "valid" => training.data.valid_rows,
        _ => training.data.test_rows,
    }
}

/// Returns the unit of the loss that training minimises.
pub(crate) fn loss_unit(likelihood: Likelihood, kind: Kind) -> &'static str {
    match (likelihood, kind.is_variational()) {
        (Likelihood::Bernoulli, _) | (Likelihood::Gaussian | Likelihood::Columns, true) => "nats per sample",
        (Likelihood::Columns, false) => "weighted error per sample",
        (Likelihood::Gaussian, false) => "squared error per sample",
    }
}

/// Whose figures are explained.
pub(crate) enum Protocol<'a> {
    Autoencoder(&'a Manifest),
    Classifier(&'a ClassifierManifest),
}

impl Protocol<'_> {
    /// Explains the figures that the table has: rows, unit, and samples per row.
    pub(crate) fn sentences(&self) -> String {
        let (training, explanations) = match self {
            Protocol::Autoencoder(manifest) => (&manifest.training, of_autoencoder(manifest)),
            Protocol::Classifier(manifest) => (&manifest.training, of_classifier(manifest)),
        };
        let names: Vec<String> =
            training.metrics.keys().filter(|name| !is_of_column(name)).map(|name| split(name).0).collect();
        let has = |figure: &str| names.iter().any(|name| name.rsplit('.').next() == Some(figure));
        let known = explanations.into_iter().filter(|(figure, _)| has(figure));
        let known: Vec<String> = known.map(|(figure, text)| format!("- `{figure}`: {text}")).collect();
        format!(
            "Each figure is the mean over all rows of the part, with the exported weights.\n\n{}\n- parity: the \
             largest difference between the outputs of training and those of ONNX Runtime on the rows of the probe.",
            known.join("\n")
        )
    }
}

fn of_autoencoder(manifest: &Manifest) -> Vec<(&'static str, String)> {
    let unit = loss_unit(manifest.likelihood, manifest.kind);
    let option = |key: &str| manifest.training.configuration.get(key);
    let number = |key: &str| option(key).and_then(serde_json::Value::as_f64);
    let samples = option("importance_samples").and_then(serde_json::Value::as_u64).unwrap_or(1);
    let drawn = match (manifest.kind.is_variational(), samples) {
        (false, _) => "",
        (true, 1) => ", with one code per row drawn from its posterior",
        (true, _) => ", averaged over the codes drawn for each row",
    };
    let (beta, free_bits) = (number("beta").unwrap_or(1.0), number("free_bits").unwrap_or(0.0));
    let bound = match (manifest.kind, samples) {
        (Kind::Vae | Kind::Cvae, 2..) => {
            format!("the negative importance-weighted bound with {samples} codes per row (Burda et al. 2016)")
        }
        (Kind::Vae | Kind::Cvae, _) if option("capacity").is_some_and(|value| !value.is_null()) => {
            format!("`reconstruction` plus {beta} times the distance of `kl` from the capacity of the run")
        }
        (Kind::Vae | Kind::Cvae, _) if free_bits > 0.0 => {
            format!("`reconstruction` plus {beta} times `kl`, of which {free_bits} nats per latent dimension are free")
        }
        (Kind::Vae | Kind::Cvae, _) if beta == 1.0 => {
            "`reconstruction` plus `kl` (the negative evidence lower bound)".to_owned()
        }
        (Kind::Vae | Kind::Cvae, _) => format!("`reconstruction` plus {beta} times `kl`"),
        (Kind::Wae, _) => format!("`reconstruction` plus {} times `mmd`", number("mmd").unwrap_or(10.0)),
        (Kind::Pca | Kind::Ae | Kind::Dae, _) => "`reconstruction`".to_owned(),
    };
    let has = |penalty: &str| manifest.training.metrics.contains_key(&format!("train.{penalty}"));
    let penalties = ["l1", "l2", "contractive"].into_iter().filter(|penalty| has(penalty));
    let penalties = penalties.map(|penalty| format!(" plus `{penalty}`")).collect::<String>();
    let loss = format!("{bound}{penalties}, {unit}");
    let error = match (manifest.likelihood, manifest.kind.is_variational()) {
        (Likelihood::Bernoulli, _) => "the binary cross-entropy, summed over the values of a sample, in nats",
        (Likelihood::Gaussian, true) => {
            "the negative log-density under a normal distribution, summed over the values of a sample, in nats"
        }
        (Likelihood::Gaussian, false) => "the squared error in scaled units, summed over the values of a sample",
        (Likelihood::Columns, true) => "the negative log-likelihood of the values of all columns, in nats",
        (Likelihood::Columns, false) => {
            "the errors of all columns, each divided by the error of the best constant reconstruction"
        }
    };
    vec![
        ("loss", loss),
        ("reconstruction", format!("{error}{drawn}")),
        ("kl", "the KL divergence of the posterior from the prior, in nats, without weight".to_owned()),
        (
            "mmd",
            "the maximum mean discrepancy between the codes of a batch and as many samples from the prior, without \
             weight"
                .to_owned(),
        ),
        (
            "cross_entropy",
            "the negative logarithm of the probability of the true level of a category, in nats".to_owned(),
        ),
        ("accuracy", "the fraction of the categories that are decoded to their true level".to_owned()),
        ("l1", "the weighted penalty on absolute codes".to_owned()),
        ("l2", "the weighted penalty on weights".to_owned()),
        ("contractive", "the weighted penalty on the derivative of the code".to_owned()),
        (
            "mse",
            format!(
                "the mean squared error per value, in squared scaled units, of the reconstruction from the {}",
                if manifest.kind.is_variational() { "mean of the posterior, without drawing a code" } else { "code" }
            ),
        ),
        (
            "active_units",
            format!(
                "how many of the {} have a mean that varies with the row (variance above 0.01, Burda et al. 2016)",
                counted(manifest.latent_dim, "latent dimension")
            ),
        ),
    ]
}

fn of_classifier(manifest: &ClassifierManifest) -> Vec<(&'static str, String)> {
    let figures = match manifest.kind {
        ClassifierKind::Classifier => vec![
            ("accuracy", "the fraction of rows whose most probable class is their class"),
            ("balanced_accuracy", "the same fraction of every class that occurs, averaged over these classes"),
            ("log_loss", "the negative logarithm of the probability of the true class, in nats"),
        ],
        ClassifierKind::Regressor => vec![
            ("rmse", "the root mean squared error, in the unit of the target"),
            ("r2", "the coefficient of determination: the fraction of the variance of the target that is predicted"),
        ],
    };
    let decay = ("weight_decay", "the weight decay of the head, chosen on held-out rows");
    let figures = figures.into_iter().chain([decay]);
    figures.map(|(figure, text)| (figure, text.to_owned())).collect()
}
