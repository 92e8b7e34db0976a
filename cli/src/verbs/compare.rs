//! `narrows compare`: trains or loads models and compares them at equal latent size.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use narrows_bundle::{Sample, counted};
use narrows_data::{Dataset, Limits};
use narrows_runtime::library;
use narrows_trainer::{Every, Options, TrainError};
use serde_json::json;

use crate::{
    compare::{Cell, Comparison, Folder, Grid, Judge, Measurement, Outcome, Plan, Report, Settings},
    config_file::options_of_file,
    notes::print_json,
    problems::Sources,
    report::{described, note, print, warn},
    stop::Stop,
    training::{load_data, with_absolute_paths},
};

/// Train models of several kinds and latent sizes and compare them in one table
///
/// Trains and exports a model for every combination of kind, number of latent dimensions, weight of the KL term and
/// seed, or loads bundles, and judges all of them on the same rows, by their graphs in ONNX Runtime. Prints a table
/// with the reconstruction error, the likelihood, the accuracy of a linear classifier on the codes, sizes and times,
/// and marks the best model of each latent size. Takes the options of `train`; an option that some kinds do not take is
/// passed to the others. The data is held as in training; the classifier also holds the codes of all rows in memory, 4
/// bytes for each row and latent dimension. The folder keeps every finished model: after an interruption, the same
/// command goes on where it was.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    narrows compare --data digits\n  \
    narrows compare pca ae vae --data table.csv --latent 2,4 --seeds 3 --out runs/table\n  \
    narrows compare vae --data digits --latent 8 --beta 0.1,1,4 --out runs/beta\n  \
    narrows compare --bundles models/ae,models/vae --data digits --out runs/bundles")]
pub(crate) struct Compare {
    #[command(flatten)]
    grid: Grid,
    #[command(flatten)]
    limits: Limits,
    /// TOML configuration file, as printed by `narrows config`; flags override it [default: none]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Number of models for each combination, each with another seed; the table shows the mean and the standard
    /// deviation
    #[arg(long, value_name = "NUMBER", default_value = "1", allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..))]
    seeds: u16,
    /// Bundles to load and compare too, their paths separated by commas, so a path with a comma cannot be named; the
    /// data needs a test part [default: none]
    #[arg(long, value_name = "BUNDLES", value_delimiter = ',')]
    bundles: Vec<PathBuf>,
    /// Latent samples per row for the likelihood of variational models
    #[arg(long, value_name = "NUMBER", default_value = "100", allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..))]
    likelihood_samples: u16,
    /// Folder for the models and the report: compare.json, compare.html, compare.svg, and rate-distortion.svg with
    /// several --beta; a comparison that is there goes on if its settings are the same
    #[arg(long, value_name = "DIR", default_value = "runs/compare")]
    out: PathBuf,
    /// Interval of checkpoints: `epoch` (but at most one per second), a number of steps, or seconds like 30s
    #[arg(long, value_name = "WHEN", default_value = "epoch")]
    checkpoint_every: Every,
    /// Print the report as one JSON object on standard output
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Compare) -> anyhow::Result<()> {
    let stop = Stop::listen()?;
    let runtime = narrows_runtime::Options::default();
    narrows_runtime::check_engine_memory(&runtime)?;
    library::locate(&runtime)?;
    let file = file_options(arguments)?;
    let options = arguments.grid.options.or(&file);
    let data = load_data(&options, &arguments.limits, None)?;
    let sources = Sources { data: &options.data, bundle: None, has_file: arguments.config.is_some() };
    let explain = |error| sources.explain(error);
    let plan = Plan::of(&arguments.grid, &file, arguments.seeds, &arguments.bundles, &data, &|error| {
        explain(TrainError::Config(error))
    })?;
    let configs: Vec<_> = plan.planned.iter().map(|planned| &planned.config).collect();
    let judge = Judge::of(&data);
    judge.check(&data, &configs, !plan.bundles.is_empty())?;
    for (loaded, path) in plan.bundles.iter().zip(&arguments.bundles) {
        check_samples(&data, &path.to_string_lossy(), &loaded.bundle.manifest().sample)?;
    }
    let settings = settings(&plan, &options, arguments, &data)?;
    let folder = Folder::open(&arguments.out, &settings)?;
    stop.defer_first_signal();
    plan.remarks.iter().for_each(note);

    let measurement = Measurement {
        data: &data,
        judge,
        importance_samples: usize::from(arguments.likelihood_samples),
        binarize: plan.binarize,
        stop: &stop,
    };
    let comparison =
        Comparison { plan: &plan, folder: &folder, measurement, checkpoint_every: arguments.checkpoint_every };
    let Outcome { finished: cells, failed } = comparison.run(&explain)?;

    let rows = judge.rows(&data, configs.first().copied());
    let report = Report {
        data: &data.name,
        judge: (judge.name(), rows),
        protocol: protocol(&data, &judge.sentence(rows), &plan, measurement.importance_samples),
        seeds: &plan.seeds,
        importance_samples: measurement.importance_samples,
        cells: &cells,
        skipped: &plan.skipped,
        failed: &failed,
        remarks: &plan.remarks,
    };
    let reported = print_and_write(&report, &folder, arguments);
    match (refuse_failed(&failed, plan.planned.len() + plan.bundles.len()), reported) {
        (Err(failed), Err(error)) => {
            warn(described(&error));
            Err(failed)
        }
        (failed, reported) => failed.and(reported),
    }
}

/// Prints the report and writes its files. A full disk does not prevent that it is printed.
fn print_and_write(report: &Report<'_>, folder: &Folder, arguments: &Compare) -> anyhow::Result<()> {
    let files = report.write(folder);
    if arguments.json { print_json(report.json()) } else { print(report.text()) }?;
    note(format_args!("`{}`: {}", folder.path().display(), files?.join(", ")));
    Ok(())
}

/// Returns an error that lists the failed models of `all` with their reasons, if there are some.
fn refuse_failed(failed: &[(Cell, String)], all: usize) -> anyhow::Result<()> {
    if failed.is_empty() {
        return Ok(());
    }
    let (them, keeps) = match failed.len() {
        1 if all == 1 => ("it", ""),
        1 => ("it", ", and keeps the others"),
        count if count == all => ("them", ""),
        _ => ("them", ", and keeps the others"),
    };
    bail!(
        "{} of {all} failed; the same command tries {them} again{keeps}: {}",
        counted(failed.len(), "model"),
        failed.iter().map(|(cell, error)| format!("{cell}: {error}")).collect::<Vec<_>>().join("; ")
    );
}

/// Returns the options of the configuration file.
fn file_options(arguments: &Compare) -> anyhow::Result<Options> {
    let Some(path) = &arguments.config else { return Ok(Options::default()) };
    options_of_file(path)
}

/// Refuses a bundle whose samples are not those of the data.
fn check_samples(data: &Dataset, path: &str, sample: &Sample) -> anyhow::Result<()> {
    if data.sample_shape != sample.shape {
        bail!("`{path}` takes samples of shape {:?}, but `{}` has {:?}", sample.shape, data.name, data.sample_shape);
    }
    if data.columns.as_ref().is_some_and(|columns| sample.has_reordered_columns(columns)) {
        bail!("`{path}` takes its columns in another order than `{}` has them; order them with --columns", data.name);
    }
    Ok(())
}

/// Returns everything on which the figures depend.
fn settings(plan: &Plan, options: &Options, arguments: &Compare, data: &Dataset) -> anyhow::Result<Settings> {
    let names: Vec<&str> = plan.kinds.iter().map(|kind| kind.name()).collect();
    let digests: Vec<_> = plan.bundles.iter().map(|loaded| &loaded.bundle.manifest().digest).collect();
    let mut settings = Settings::from([
        ("kinds".to_owned(), json!(names)),
        ("latent".to_owned(), json!(plan.latent)),
        ("beta".to_owned(), json!(plan.beta)),
        ("seeds".to_owned(), json!(plan.seeds)),
        ("likelihood_samples".to_owned(), json!(arguments.likelihood_samples)),
        ("bundles".to_owned(), json!(arguments.bundles)),
        ("bundle_digests".to_owned(), json!(digests)),
        ("data_fingerprint".to_owned(), json!(data.fingerprint()?)),
    ]);
    for (key, value) in with_absolute_paths(options).fields() {
        // The lists above have these.
        if !["kind", "latent", "beta", "seed"].contains(&key.as_str()) {
            settings.insert(key, serde_json::to_value(value)?);
        }
    }
    Ok(settings)
}

/// Says what is compared, on which rows.
fn protocol(data: &Dataset, judge: &str, plan: &Plan, importance_samples: usize) -> String {
    let training = match plan.planned.first() {
        Some(planned) => format!("{}; ", counted(planned.config.fitted_rows(&data.train.values), "training row")),
        None => String::new(),
    };
    let models = counted(plan.planned.len() + plan.bundles.len(), "model");
    let has_nll = plan.kinds.iter().any(|kind| kind.is_variational())
        || plan.bundles.iter().any(|loaded| loaded.cell.group.kind.is_variational());
    let samples = match has_nll {
        true => format!("; NLL with {} per row", counted(importance_samples, "importance sample")),
        false => String::new(),
    };
    format!("{}: {training}{judge}; {models}{samples}", data.name)
}
