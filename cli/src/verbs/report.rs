//! `narrows report`: one web page that shows a model and what it does with data.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::{Args, value_parser};
use narrows_bundle::AtomicFile;
use narrows_pages::{About, GatherOptions, Gathered, error_quantiles, report, summary};
use serde_json::{Value, json};

use crate::{
    gathering::{Source, calibration_scores, interrupted, loss_chart},
    input::{BinarizeArguments, DataArguments, Part, quoted},
    misuse::misuse,
    model::ModelArguments,
    notes::print_json,
    output::{check_not_input, check_writable, folder_of},
    report::{note, print},
    stop::Stop,
};

/// Make a web page about a model: pictures, codes, samples and figures
///
/// Runs a model on the rows of a data set and writes one HTML file, which needs no network and no other file: a summary
/// to quote; loss curves; originals with their reconstructions, the best and the worst; the latent space, with the row
/// of each point; the KL divergence of each dimension; samples, walks through the latent space, and the most similar
/// training row of each sample; errors with thresholds; for tables, errors, distributions and correlations of columns;
/// the parity proof, and how to repeat everything. A part that does not apply is left out. Rows are read in chunks,
/// twice; the codes of all rows and their posteriors are kept in memory (at most 12 bytes per row and latent
/// dimension), and at most 5000 training rows and four times --rows rows.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    narrows report models/vae --data digits\n  \
    narrows report models/cvae --data digits --samples 100 --out cvae.html")]
pub(crate) struct Report {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    data: DataArguments,
    /// Part of the data set to show; `all` are the training rows, then the test rows [default: test, or all rows if
    /// there is no test part]
    #[arg(long, value_enum)]
    part: Option<Part>,
    #[command(flatten)]
    binarize: BinarizeArguments,
    /// Largest number of rows in the scatter plots, chosen at random, and of the rows that samples are compared with;
    /// at most 2000
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 1500,
        value_parser = value_parser!(u16).range(1..=2000),
        allow_negative_numbers = true
    )]
    rows: u16,
    /// Number of generated samples to show, at most 400; for a cvae each of the first 20 classes gets an equal part of
    /// them, at least one, and 0 leaves them out
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 64,
        value_parser = value_parser!(u16).range(..=400),
        allow_negative_numbers = true
    )]
    samples: u16,
    /// Random seed of the chosen rows, the samples, the scatter plots, and --binarize dynamic; the same seed gives the
    /// same page
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    seed: u64,
    /// Title of the page [default: the kind of the model and the name of its data]
    #[arg(long, value_name = "TEXT", value_parser = title)]
    title: Option<String>,
    /// Output file [default: the name of the bundle with -report.html, in the current folder]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print one JSON object: `out`, `bytes`, the rows and their part, the sentences of the summary, and its figures
    #[arg(long)]
    json: bool,
}

fn title(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() { Err("is empty; leave --title out for the default") } else { Ok(text.to_owned()) }
}

pub(crate) fn run(arguments: &Report) -> anyhow::Result<()> {
    let bundle = arguments.model.bundle();
    let out = arguments.out.clone().unwrap_or_else(|| default_out(bundle));
    check_out(&out, bundle, &arguments.data)?;
    let model = arguments.model.open()?;
    let stop = Stop::listen()?;
    stop.defer_first_signal();
    let options =
        GatherOptions::default().points(arguments.rows.into()).samples(arguments.samples.into()).seed(arguments.seed);
    let source =
        Source { model: &model, data: &arguments.data, part: arguments.part, binarize: &arguments.binarize, options };
    let gathered = source.gather(about(bundle, arguments.title.clone())?, &stop)?;
    let page = report(&gathered)?;
    if let Some(signal) = stop.signal() {
        return Err(interrupted(signal));
    }
    write(&out, &page, &stop).with_context(|| format!("cannot write `{}`", out.display()))?;
    let size = page.len().div_ceil(1000);
    if arguments.json {
        return print_json(as_json(&gathered, &out, page.len()));
    }
    note(format_args!("wrote the report to {} ({size} KB)", out.display()));
    print(summary(&gathered).join("\n"))
}

/// Returns the name of the report of a bundle.
fn default_out(bundle: &Path) -> PathBuf {
    // The name of `.` or `models/..` is known only to the file system.
    let full = fs::canonicalize(bundle).unwrap_or_else(|_| bundle.to_owned());
    let name = full.file_stem().map_or_else(|| "model".to_owned(), |name| name.to_string_lossy().into_owned());
    PathBuf::from(format!("{name}-report.html"))
}

fn check_out(out: &Path, bundle: &Path, data: &DataArguments) -> anyhow::Result<()> {
    let is_page = out.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("html"));
    if !is_page {
        misuse!("cannot write `{}`: a report is a web page; name a file with the extension .html", out.display());
    }
    check_writable(out)?;
    check_not_input(out, data.spec())?;
    // A file inside the folder would be foreign to the bundle.
    if let (Ok(folder), Ok(bundle)) = (fs::canonicalize(folder_of(out)), fs::canonicalize(bundle))
        && folder == bundle
    {
        bail!("cannot write `{}`: it is inside the bundle itself; name a path outside the bundle", out.display());
    }
    Ok(())
}

/// Returns how to repeat the training and this command.
pub(super) fn about(bundle: &Path, title: Option<String>) -> anyhow::Result<About> {
    let name = quoted(&bundle.to_string_lossy());
    let words = std::env::args_os().skip(1).map(|word| quoted(&word.to_string_lossy()));
    Ok(About {
        title,
        loss_chart: loss_chart(bundle)?,
        calibration_scores: calibration_scores(bundle)?,
        configuration: configuration(bundle)?,
        training_command: format!("narrows config {name} > again.toml\nnarrows train-export --config again.toml"),
        page_command: std::iter::once("narrows".to_owned()).chain(words).collect::<Vec<_>>().join(" "),
        ..About::default()
    })
}

/// Returns the configuration file of the training.
#[cfg(feature = "train")]
fn configuration(bundle: &Path) -> anyhow::Result<Option<String>> {
    super::config::of_bundle(bundle).map(Some)
}

/// Without the trainer, the program does not know the options of training.
#[cfg(not(feature = "train"))]
fn configuration(_: &Path) -> anyhow::Result<Option<String>> {
    Ok(None)
}

fn write(out: &Path, page: &str, stop: &Stop) -> std::io::Result<()> {
    let mut file = AtomicFile::create(out)?;
    stop.remove_on_exit(file.partial());
    file.write_all(page.as_bytes())?;
    file.commit()
}

fn as_json(gathered: &Gathered, out: &Path, bytes: usize) -> Value {
    let figures = &gathered.figures;
    let posterior = figures.posterior.as_ref();
    let compared = gathered.generated.as_ref().and_then(|generated| generated.quality.as_ref());
    let neighbourhoods = compared.and_then(|compared| compared.quality.neighbourhoods);
    let quantiles = error_quantiles(gathered);
    let nearest = gathered.generated.as_ref().and_then(|generated| generated.nearest.as_ref());
    let values = json!({
        "out": out.display().to_string(),
        "bytes": bytes,
        "kind": gathered.manifest.kind.name(),
        "data": gathered.about.data,
        "rows": figures.rows,
        "shown_rows": gathered.about.rows,
        "seed": gathered.seed,
        "summary": summary(gathered),
        "mse": figures.mse,
        "explained_variance": figures.explained_variance,
        "pca_mse": gathered.baseline.as_ref().map(|baseline| baseline.mse),
        "error_quantile_95": quantiles.map(|[low, _]| low),
        "error_quantile_99": quantiles.map(|[_, high]| high),
        "kl": posterior.map(|posterior| posterior.kl.mean),
        "active_units": posterior.map(|posterior| posterior.active_units),
        "frechet_distance": compared.and_then(|compared| compared.quality.frechet_distance),
        "precision": neighbourhoods.map(|figures| figures.precision),
        "recall": neighbourhoods.map(|figures| figures.recall),
        "coverage": neighbourhoods.map(|figures| figures.coverage),
        "nearest_real_distance": nearest.map(|nearest| nearest.test.typical_distance),
        "farther_than_real": nearest.map(|nearest| nearest.test.farther),
        "farther_score": nearest.map(|nearest| nearest.test.score),
    });
    match values {
        // A figure that does not apply is left out.
        Value::Object(object) => object.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        other => other,
    }
}
