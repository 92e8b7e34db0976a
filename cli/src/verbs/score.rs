//! `narrows score`: scores each sample by how well a model fits it.

mod anomaly;
mod figure;
mod steps;

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use narrows_data::{Binarize, write::Layout};
use narrows_evaluate::Picture;
use narrows_runtime::{Autoencoder, ScoreOptions, Scores};
use ndarray::{ArrayD, IxDyn};
use serde_json::{Map, json};

use self::figure::Figure;

use crate::{
    input::{BinarizeArguments, InputStream, SampleArguments},
    misuse::misuse,
    notes::print_json,
    output::{Format, FormatArguments, Output},
    report::{note, print},
    rows_bar::RowsBar,
    summary::Summary,
    table::table,
};

/// Score samples by reconstruction error, KL divergence, ELBO and log-likelihood
///
/// Reads samples and writes one score per sample for each figure that the model has, for example to find anomalies:
/// samples that the model reconstructs badly. Prints the mean and percentiles of each score. KL, ELBO and
/// log-likelihood exist for variational models (vae, cvae) only, and --by anomaly for a bundle with a detector. For
/// windows of a recording, it writes one score per time step: the squared error at that step, summed over the channels,
/// as the mean over the windows that contain it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    narrows score models/vae --data digits --out scores.csv\n  \
    narrows score models/vae --data digits --importance-samples 1000 --out scores.csv")]
pub(crate) struct Score {
    #[command(flatten)]
    samples: SampleArguments,
    /// Score to write [default: all scores of the model but `anomaly`, or `reconstruction` for an .npy file]
    #[arg(long, value_enum, value_name = "SCORE")]
    by: Option<Figure>,
    /// Number of latent samples per row for estimating ELBO and log-likelihood (vae, cvae); 0 leaves both out, and the
    /// standard error needs 2 or more [default: 0, or 100 if --by names one of them]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    importance_samples: Option<usize>,
    #[command(flatten)]
    binarize: BinarizeArguments,
    /// Random seed of the latent samples and of --binarize dynamic; the same seed gives the same scores
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    seed: u64,
    /// Output file (.npy, .csv or .parquet), one row per sample, or per time step of a recording; .csv and .parquet
    /// also get the pass-through columns
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    format: FormatArguments,
    /// Print one JSON object: `rows`, `binarize`, and `scores` with mean, min, p05, p50, p95, max and nan (the number
    /// of rows whose score is NaN) of each score; for windows of a recording, `steps`, `windows`, `gaps` and
    /// `uncovered` instead of `rows`
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Score) -> anyhow::Result<()> {
    let format = arguments.samples.check_out(&arguments.out, arguments.format, &Format::ROWS)?;
    if arguments.by == Some(Figure::Anomaly) {
        if arguments.importance_samples.is_some() {
            misuse!("--importance-samples has no effect on the score of the detector; leave it out");
        }
        let scores = anomaly::score(&arguments.samples, &arguments.out, format)?;
        return if arguments.json { print_json(scores.json()) } else { print(scores.text()) };
    }
    let model = arguments.samples.model.open()?;
    let binarizer = arguments.binarize.of(model.manifest(), arguments.seed)?;
    let how = binarizer.how();
    let mut rows = arguments.samples.rows(&model)?.binarized(binarizer);
    let latent_samples =
        arguments.importance_samples.unwrap_or_else(|| arguments.by.map_or(0, Figure::default_samples));
    check_model(&model, arguments.by, latent_samples)?;
    let options = ScoreOptions::default().importance_samples(latent_samples).seed(arguments.seed);
    if rows.windows().is_some() {
        check_recording(arguments)?;
        let counts = steps::score(&model, rows, &arguments.out, format)?;
        return if arguments.json {
            print_json(counts.json(how)?)
        } else {
            print(counts.text() + &binarized_note(how))
        };
    }
    let by = match (arguments.by, format) {
        (None, Format::Npy) => Some(Figure::Reconstruction),
        (by, _) => by,
    };
    let bar = RowsBar::new(rows.total());
    let mut state: Option<(Output, Vec<(Figure, Summary)>)> = None;
    while let Some(batch) = rows.next(usize::MAX)? {
        let scores = model.score(batch.samples(), &options).map_err(|error| rows.locate_error(error, &batch))?;
        let (output, figures) = match &mut state {
            Some(state) => state,
            none => {
                let figures = select_figures(by, &scores);
                let output = Output::begin(&arguments.out, format, layout(format, &figures), Picture::default())?;
                none.insert((output, figures.into_iter().map(|figure| (figure, Summary::default())).collect()))
            }
        };
        let values = as_rows(&scores, format, figures, batch.rows())?;
        output.write(&values.view(), batch.others.as_ref())?;
        bar.show(rows.read());
    }
    drop(bar);
    let (output, figures) = state.context("there are no rows to score")?;
    note(output.finish("score", "")?);
    report(arguments, &rows, figures, how)
}

/// Returns how the rows were binarised, for the end of a sentence about them.
fn binarized_note(how: Binarize) -> String {
    match how {
        Binarize::None => String::new(),
        Binarize::Static | Binarize::Dynamic => format!(", binarised ({how})"),
    }
}

/// Refuses scores that exist only for a complete window.
fn check_recording(arguments: &Score) -> anyhow::Result<()> {
    match arguments.by {
        None | Some(Figure::SquaredError) => {}
        Some(
            figure @ (Figure::Reconstruction
            | Figure::Kl
            | Figure::Elbo
            | Figure::LogLikelihood
            | Figure::LogLikelihoodStandardError
            | Figure::Anomaly),
        ) => {
            bail!("a time step of a recording has only the score squared_error, not {}; leave --by out", figure.name())
        }
    }
    match arguments.importance_samples {
        None | Some(0) => Ok(()),
        Some(_) => bail!("--importance-samples has no effect on the scores of time steps; leave it out"),
    }
}

/// Refuses a score that the model does not have, or that needs more latent samples.
fn check_model(model: &Autoencoder, by: Option<Figure>, latent_samples: usize) -> anyhow::Result<()> {
    let kind = model.manifest().kind;
    match by {
        Some(figure) if figure.is_variational() && !kind.is_variational() => {
            bail!("this {kind} has no {}, only squared_error and reconstruction", figure.name())
        }
        Some(figure) if latent_samples < figure.fewest_samples() => {
            misuse!(
                "--by {} needs --importance-samples {} or more, got {latent_samples}",
                figure.name(),
                figure.fewest_samples()
            )
        }
        _ if latent_samples > 0 && !kind.is_variational() => {
            bail!(
                "--importance-samples needs a distribution over codes, which only a vae and a cvae have; leave it out for \
                 this {kind}"
            )
        }
        _ => Ok(()),
    }
}

/// Returns the requested figure, or all figures that the model has.
fn select_figures(by: Option<Figure>, scores: &Scores) -> Vec<Figure> {
    match by {
        None => Figure::value_variants().iter().copied().filter(|figure| figure.of(scores).is_some()).collect(),
        Some(figure) => vec![figure],
    }
}

fn layout(format: Format, figures: &[Figure]) -> Layout {
    match (format, figures) {
        (Format::Npy, [figure]) => Layout::single(figure.name()),
        _ => Layout::named(figures.iter().map(|figure| figure.name().to_owned()).collect()),
    }
}

/// Returns the scores as `[rows, figures]`, or `[rows]` for an .npy file, and adds them to the summaries.
fn as_rows(
    scores: &Scores,
    format: Format,
    figures: &mut [(Figure, Summary)],
    rows: usize,
) -> anyhow::Result<ArrayD<f32>> {
    let width = figures.len();
    let mut values = vec![0.0; rows * width];
    for (column, (figure, summary)) in figures.iter_mut().enumerate() {
        let scores = figure.of(scores).with_context(|| format!("no {} for these rows", figure.name()))?;
        for (value, &score) in values.iter_mut().skip(column).step_by(width).zip(scores) {
            *value = score as f32;
            summary.add(score);
        }
    }
    let shape = if format == Format::Npy { vec![rows] } else { vec![rows, width] };
    Ok(ArrayD::from_shape_vec(IxDyn(&shape), values)?)
}

fn report(
    arguments: &Score,
    rows: &InputStream<'_>,
    figures: Vec<(Figure, Summary)>,
    how: Binarize,
) -> anyhow::Result<()> {
    if arguments.json {
        let scores: Map<_, _> =
            figures.into_iter().map(|(figure, summary)| (figure.name().to_owned(), summary.json())).collect();
        return print_json(json!({ "rows": rows.returned(), "binarize": how, "scores": scores }));
    }
    let summaries = figures.into_iter().map(|(figure, summary)| {
        let cells = summary.figures().into_iter().map(|value| format!("{value:.4}"));
        [figure.name().to_owned()].into_iter().chain(cells).collect()
    });
    let summaries = table(&[&["score"][..], &Summary::FIGURES].concat(), summaries);
    print(format!("{summaries}\n\nover {}{}", rows.counted_rows(), binarized_note(how)))
}
