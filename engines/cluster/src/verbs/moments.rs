//! `narrows-cluster moments`: statistics of all rows, for the training of PCA and of scalings on one machine.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use clap::Args;
use narrows_datafusion::{cluster::Question, moments_of, udafs, vector_column};

use crate::{bundle_options::BundleOptions, data::parquet_options, engine::Query, output::print};

use super::query_options::{QueryOptions, Setting, check_columns, columns};

/// The options of the verb.
#[derive(Debug, Args)]
pub(crate) struct MomentsOptions {
    #[command(flatten)]
    query: QueryOptions,
    /// File of the moments, on this machine.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) async fn run(options: &MomentsOptions, bundles: &BundleOptions) -> Result<ExitCode> {
    let Setting { engine, stores, bundles, files } = options.query.setting(bundles).await?;
    let tasks = engine.check(&Question::default()).await?;
    let context = engine.context(tasks, &bundles, stores).await?;
    let urls: Vec<String> = files.iter().map(|file| file.url.clone()).collect();
    let rows = options.query.filtered(context.read_parquet(urls, parquet_options()).await?)?;
    let inputs = match options.query.input.as_slice() {
        [] => vec![vector_column(rows.schema().as_arrow()).context("name the columns with --input")?],
        named => named.to_vec(),
    };
    check_columns(&rows, "--input", &inputs)?;
    let [function] = udafs().try_into().map_err(|_| anyhow::anyhow!("there is one aggregate"))?;
    let rows = rows.aggregate(Vec::new(), vec![function.call(columns(&inputs))])?;
    let query = Query::plan(&context, rows.logical_plan()).await?;
    let Some(results) = query.run_or_cancel(&engine).await? else { return Ok(ExitCode::from(130)) };
    let (moments, skipped) = moments_of(&results)?;
    moments.write(&options.out).context("cannot write the moments")?;
    let features = moments.mean.len();
    if options.query.json {
        print(&format!("{}", serde_json::json!({"rows": moments.count, "skipped": skipped, "features": features})))?;
    } else {
        print(&format!(
            "wrote the moments of {features} features of {} rows to {}",
            moments.count,
            options.out.display()
        ))?;
        if skipped > 0 {
            print(&format!(
                "note: {skipped} other rows have a value that is null, NaN or infinite, and were passed over"
            ))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
