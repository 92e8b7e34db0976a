//! `narrows score`: how well a model knows samples, one by one.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use narrows_data::write::Layout;
use narrows_runtime::{Autoencoder, ScoreOptions, Scores};
use ndarray::{Array1, ArrayD, IxDyn};
use serde_json::{Map, json};

use crate::{
    input::SampleArguments,
    output::{Format, Output},
    report::{note, print},
    rows_bar::RowsBar,
    summary::Summary,
    table::table,
};

/// Codes that are drawn for a row where a score needs some and nobody says how many.
const DRAWS: usize = 100;

#[derive(Debug, Args)]
pub(crate) struct Score {
    #[command(flatten)]
    samples: SampleArguments,
    /// The score to write [default: all that the model has, in an .npy the reconstruction]
    #[arg(long, value_enum, value_name = "SCORE")]
    by: Option<Figure>,
    /// Codes to draw for every row, for the bound and the likelihood; the scores of a variational model have
    /// neither without [default: 0, and 100 where --by names one of them]
    #[arg(long, value_name = "NUMBER")]
    importance_samples: Option<usize>,
    /// The same seed draws the same codes
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// .npy, .csv or .parquet to write the scores to, one row a sample; in the last two beside the columns that
    /// are no part of the sample
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Print one JSON object: `rows`, and `scores` with mean, min, p05, p50, p95 and max of each
    #[arg(long)]
    json: bool,
}

/// A score of every sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Figure {
    /// Sum of the squared errors, in scaled units
    SquaredError,
    /// What the model is trained by: nats, or the squared error
    Reconstruction,
    /// Divergence of the posterior from the prior, in nats
    Kl,
    /// Evidence lower bound, in nats
    Elbo,
    /// Estimate of the log-likelihood by importance sampling, in nats
    LogLikelihood,
    /// Standard error of that estimate, in nats
    LogLikelihoodStandardError,
}

impl Figure {
    fn name(self) -> &'static str {
        match self {
            Figure::SquaredError => "squared_error",
            Figure::Reconstruction => "reconstruction",
            Figure::Kl => "kl",
            Figure::Elbo => "elbo",
            Figure::LogLikelihood => "log_likelihood",
            Figure::LogLikelihoodStandardError => "log_likelihood_standard_error",
        }
    }

    fn of(self, scores: &Scores) -> Option<&Array1<f64>> {
        match self {
            Figure::SquaredError => Some(&scores.squared_error),
            Figure::Reconstruction => Some(&scores.reconstruction),
            Figure::Kl => scores.kl.as_ref(),
            Figure::Elbo => scores.elbo.as_ref(),
            Figure::LogLikelihood => scores.log_likelihood.as_ref(),
            Figure::LogLikelihoodStandardError => scores.log_likelihood_standard_error.as_ref(),
        }
    }

    /// Codes that have to be drawn for it where nobody says how many.
    fn draws(self) -> usize {
        match self {
            Figure::SquaredError | Figure::Reconstruction | Figure::Kl => 0,
            Figure::Elbo | Figure::LogLikelihood | Figure::LogLikelihoodStandardError => DRAWS,
        }
    }
}

pub(crate) fn run(arguments: &Score) -> anyhow::Result<()> {
    let format = arguments.samples.check_out(&arguments.out, &Format::ROWS)?;
    let model = arguments.samples.model.open()?;
    let mut rows = arguments.samples.rows(&model)?;
    let draws = arguments.importance_samples.unwrap_or_else(|| arguments.by.map_or(0, Figure::draws));
    let options = ScoreOptions::default().importance_samples(draws).seed(arguments.seed);
    let by = match (arguments.by, format) {
        (None, Format::Npy) => Some(Figure::Reconstruction),
        (by, _) => by,
    };
    let bar = RowsBar::new(rows.total());
    let mut begun: Option<(Output, Vec<(Figure, Summary)>)> = None;
    while let Some(batch) = rows.next(usize::MAX)? {
        let scores = model.score(batch.samples(), &options).map_err(|error| rows.told(error, &batch))?;
        let (output, figures) = match &mut begun {
            Some(begun) => begun,
            none => {
                let figures = chosen(by, &scores, &model)?;
                let output = Output::begin(&arguments.out, format, layout(format, &figures), (0.0, 1.0))?;
                none.insert((output, figures.into_iter().map(|figure| (figure, Summary::default())).collect()))
            }
        };
        let written = as_rows(&scores, format, figures, batch.rows())?;
        output.write(&written.view(), batch.others.as_ref())?;
        bar.show(rows.done());
    }
    drop(bar);
    let (output, figures) = begun.context("there are no rows to score")?;
    note(output.finish("scores")?);
    report(arguments, rows.given(), figures)
}

/// The figures that are asked for: one, or all that there are.
fn chosen(by: Option<Figure>, scores: &Scores, model: &Autoencoder) -> anyhow::Result<Vec<Figure>> {
    let all = Figure::value_variants().iter().copied().filter(|figure| figure.of(scores).is_some());
    let all: Vec<Figure> = all.collect();
    match by {
        None => Ok(all),
        Some(figure) if all.contains(&figure) => Ok(vec![figure]),
        Some(figure) => {
            let names: Vec<_> = all.iter().map(|figure| figure.name()).collect();
            let needs = if figure.draws() > 0 { "; --importance-samples 2 or more gives the rest" } else { "" };
            bail!("this {} has no {}, only {}{needs}", model.manifest().kind, figure.name(), names.join(", "))
        }
    }
}

fn layout(format: Format, figures: &[Figure]) -> Layout {
    match (format, figures) {
        (Format::Npy, [figure]) => Layout::single(figure.name()),
        _ => Layout::named(figures.iter().map(|figure| figure.name().to_owned()).collect()),
    }
}

/// `[rows, figures]`, or `[rows]` for an array of one figure; and adds them to the summaries.
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

fn report(arguments: &Score, rows: usize, figures: Vec<(Figure, Summary)>) -> anyhow::Result<()> {
    if arguments.json {
        let scores: Map<_, _> =
            figures.into_iter().map(|(figure, summary)| (figure.name().to_owned(), summary.json())).collect();
        return print(format!("{:#}", json!({ "rows": rows, "scores": scores })));
    }
    let told = figures.into_iter().map(|(figure, summary)| {
        let numbers = summary.figures().into_iter().map(|number| format!("{number:.4}"));
        [figure.name().to_owned()].into_iter().chain(numbers).collect()
    });
    print(table(&[&["score"][..], &Summary::FIGURES].concat(), told))
}
