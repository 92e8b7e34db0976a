//! `narrows-cluster sample`: rows drawn at random from a set of any size.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use datafusion::arrow::{array::AsArray, datatypes::UInt64Type};
use narrows_datafusion::{cluster::Question, sample_key};
use object_store::path::Path as StorePath;
use url::Url;

use crate::{
    bundle_options::BundleOptions,
    data::{self, parquet_options},
    engine::Query,
    job::{copy, finish_file, remove_folder, temporary},
    output::print,
};

use super::query_options::{QueryOptions, Setting, check_columns, columns};

/// The options of the verb.
#[derive(Debug, Args)]
pub(crate) struct SampleOptions {
    #[command(flatten)]
    query: QueryOptions,
    /// Parquet file of the sample: a path that all machines share, or s3://BUCKET/KEY.
    #[arg(long, value_name = "FILE")]
    out: String,
    /// Number of rows.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    rows: u32,
    /// Seed. The same seed draws the same rows on every engine and with every division into files.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
    /// Columns that distinguish the rows, separated by commas [default: all]. Equal rows are drawn together.
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    key: Vec<String>,
}

pub(crate) async fn run(options: &SampleOptions, bundles: &BundleOptions) -> Result<ExitCode> {
    if !options.query.input.is_empty() {
        bail!(
            "--input has no meaning for a sample, which has all columns; --key names those that distinguish the rows"
        );
    }
    let Setting { engine, stores, bundles, files } = options.query.setting(bundles).await?;
    let tasks = engine.check(&Question::default()).await?;
    let context = engine.context(tasks, &bundles, stores.clone()).await?;
    let urls: Vec<String> = files.iter().map(|file| file.url.clone()).collect();
    let rows = options.query.filtered(context.read_parquet(urls, parquet_options()).await?)?;
    let all: Vec<String> = rows.schema().fields().iter().map(|field| field.name().clone()).collect();
    let key = if options.key.is_empty() { &all } else { &options.key };
    check_columns(&rows, "--key", key)?;
    let key = sample_key(options.seed, columns(key));
    let rows = rows.sort(vec![key.sort(true, false)])?.limit(0, Some(options.rows as usize))?;
    let target = data::address(&options.out)?;
    if !target.path().ends_with(".parquet") {
        bail!("--out is `{}`, expected a file whose name ends with .parquet", options.out);
    }
    let partial = temporary(&target)?;
    let written = partial.join("sample.parquet")?;
    let store = stores.get_store(&target)?;
    let query = Query::plan(&context, &copy(rows.logical_plan().clone(), &written)?).await?;
    let path = |url: &Url| StorePath::from_url_path(url.path());
    let (from, to) = (path(&written)?, path(&target)?);
    let results = query.run_or_cancel(&engine).await;
    let finished = match &results {
        Ok(Some(_)) => finish_file(store.as_ref(), &from, &to).await.map(drop),
        Ok(None) | Err(_) => Ok(()),
    };
    remove_folder(store.as_ref(), &partial).await;
    let Some(results) = results? else { return Ok(ExitCode::from(130)) };
    finished?;
    let counts = results.iter().filter_map(|batch| batch.column_by_name("count"));
    let drawn: u64 = counts.map(|counts| counts.as_primitive::<UInt64Type>().values().iter().sum::<u64>()).sum();
    match options.query.json {
        true => print(&serde_json::json!({"rows": drawn, "seed": options.seed, "out": options.out}).to_string())?,
        false => print(&format!("wrote {drawn} rows, drawn with seed {}, to {}", options.seed, options.out))?,
    }
    if drawn < u64::from(options.rows) {
        eprintln!("note: the data has only {drawn} rows");
    }
    Ok(ExitCode::SUCCESS)
}
