//! The verbs that apply a function to every row.

use std::{collections::HashMap, process::ExitCode, time::Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use datafusion::prelude::DataFrame;
use indicatif::DecimalBytes;
use narrows_datafusion::{Function, Reference, cluster::Question, narrows_runtime::bundle::counted};
use url::Url;

use crate::{
    bundle_options::BundleOptions,
    data::{self, File, parquet_options},
    engine::Engine,
    job::{Interrupted, Job, Record, temporary},
    output::{print, progress},
};

use super::{
    query_options::{QueryOptions, Setting, columns},
    selection::{Selection, Wishes},
};

/// The options of the verbs.
#[derive(Debug, Args)]
pub(crate) struct ApplyOptions {
    /// The bundle: a path, a name in a folder of `--models`, or the address of a packed bundle; each can end with
    /// @DIGEST, which an address must.
    #[arg(value_name = "BUNDLE")]
    bundle: String,
    #[command(flatten)]
    query: QueryOptions,
    /// Folder of the results, one file for each file of the data: a path that all machines share, or s3://BUCKET/KEY.
    #[arg(long, value_name = "FOLDER")]
    out: String,
    /// Column with the class of each row, for a conditional model [default: label].
    #[arg(long, value_name = "COLUMN")]
    label_column: Option<String>,
    /// Other columns that are written with the results, separated by commas [default: all but those of `--input`].
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    keep: Option<Vec<String>>,
    /// Name of the column of the results.
    #[arg(long = "as", value_name = "COLUMN")]
    name: Option<String>,
}

/// A verb: its function, and the name of the column of its results.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Application {
    function: Function,
    column: &'static str,
}

pub(crate) const ENCODE: Application = Application { function: Function::Encode, column: "codes" };
pub(crate) const RECONSTRUCT: Application = Application { function: Function::Reconstruct, column: "reconstruction" };
pub(crate) const SCORE: Application = Application { function: Function::Score, column: "scores" };
pub(crate) const DETECT: Application = Application { function: Function::Anomaly, column: "anomaly" };
pub(crate) const CLASSIFY: Application = Application { function: Function::Classify, column: "predicted_class" };
pub(crate) const PROBABILITIES: Application =
    Application { function: Function::Probabilities, column: "probabilities" };
pub(crate) const PREDICT: Application = Application { function: Function::Predict, column: "prediction" };

pub(crate) async fn run(verb: Application, options: &ApplyOptions, bundles: &BundleOptions) -> Result<ExitCode> {
    let Setting { engine, stores, bundles, files } = options.query.setting(bundles).await?;
    let reference = Reference::parse(&options.bundle)?;
    let digest = bundles.digest(&reference)?;
    let bundle = reference.clone().pinned(&digest).to_string();
    let question = Question { call: Some((verb.function.name().to_owned(), bundle.clone())) };
    let tasks = engine.check(&question).await?;
    // On a cluster, few files are split, so that all tasks have work.
    // In this process, batches are spread over the cores, and rows keep their order.
    let partitions = if matches!(engine, Engine::Local { .. }) { 1 } else { tasks.div_ceil(files.len()) };
    let context = engine.context(partitions, &bundles, stores.clone()).await?;

    let rows = context.read_parquet(files[0].url.as_str(), parquet_options()).await;
    let rows = rows.with_context(|| format!("cannot read `{}`", files[0].url))?;
    let wishes = Wishes {
        input: &options.query.input,
        label_column: options.label_column.as_deref(),
        keep: options.keep.as_deref(),
        result: options.name.as_deref().unwrap_or(verb.column),
    };
    let selection = Selection::of(&wishes, &rows, &reference, &bundles)?;
    let call = bundles.call(verb.function, &bundle, selection.arguments()).alias(&selection.result);
    let select = |rows: DataFrame| -> Result<DataFrame> {
        let mut selected = columns(&selection.kept);
        selected.push(call.clone());
        Ok(options.query.filtered(rows)?.select(selected)?)
    };
    let query = selection.text(verb.function, options.query.filter.as_deref());
    let folder = results_folder(options, &files)?;
    let partial = temporary(&folder)?;
    let size = files.iter().map(|file| file.bytes).sum();
    let record = Record::new(query, digest, files);
    let progress = progress(size, options.query.quiet || options.query.json);
    progress.set_message(format!("{} files", record.files.len()));
    let job = Job {
        engine: &engine,
        context,
        stores,
        record,
        folder,
        tasks,
        select: &select,
        progress,
        partial,
        attempts: HashMap::new(),
        written: Instant::now(),
    };
    let record = match job.run().await {
        Ok(record) => record,
        Err(error) if error.is::<Interrupted>() => {
            eprintln!("{error}");
            return Ok(ExitCode::from(130));
        }
        Err(error) => return Err(error),
    };
    report(options, &record)
}

/// Returns the folder of the results, which must not be among the data.
fn results_folder(options: &ApplyOptions, files: &[File]) -> Result<Url> {
    let mut folder = data::address(&options.out)?;
    if !folder.path().ends_with('/') {
        folder.set_path(&format!("{}/", folder.path()));
    }
    if let Some(file) = files.iter().find(|file| file.url.starts_with(folder.as_str())) {
        bail!("--out contains `{}` of the data: results and data need folders of their own", file.url);
    }
    if let Some(data) = options.query.data.iter().find(|data| is_inside(&folder, data)) {
        bail!("--out is in the folder `{data}` of the data: another run would read the results");
    }
    Ok(folder)
}

/// Returns whether a folder is in one of the data.
fn is_inside(folder: &Url, data: &str) -> bool {
    let Ok(mut data) = data::address(data) else { return false };
    if !data.path().ends_with('/') {
        data.set_path(&format!("{}/", data.path()));
    }
    folder.as_str().starts_with(data.as_str())
}

fn report(options: &ApplyOptions, record: &Record) -> Result<ExitCode> {
    let total = record.total();
    if options.query.json {
        let value = serde_json::json!({
            "rows": total.rows, "bytes": total.bytes, "files": record.files.len(), "seconds": record.seconds,
            "bundle": record.bundle, "versions": record.versions, "out": options.out,
        });
        print(&value.to_string())?;
    } else if record.was_complete {
        let files = counted(record.files.len(), "file");
        print(&format!("all {files} have their results in {} already ({} rows)", options.out, total.rows))?;
    } else {
        let rate = total.rows as f64 / record.seconds.max(1e-9);
        print(&format!(
            "wrote {} ({}) in {} to {}, in {:.1} s ({rate:.0} rows/s)\nbundle {}\n{}",
            counted(usize::try_from(total.rows).unwrap_or(usize::MAX), "row"),
            DecimalBytes(total.bytes),
            counted(record.files.len(), "file"),
            options.out,
            record.seconds,
            record.bundle,
            record.versions
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
