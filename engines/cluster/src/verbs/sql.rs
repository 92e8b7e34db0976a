//! `narrows-cluster sql`: statements of SQL, with the functions of Narrows.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{Context, Result, bail};
use clap::Args;
use datafusion::{
    arrow::util::pretty::pretty_format_batches, execution::object_store::ObjectStoreRegistry,
    logical_expr::LogicalPlan, sql::parser::DFParser,
};
use narrows_datafusion::cluster::{Question, Stores};

use crate::{
    bundle_options::BundleOptions,
    engine::{Engine, Query},
    output::print,
};

/// The options of the verb.
#[derive(Debug, Args)]
pub(crate) struct SqlOptions {
    /// Statements, separated by semicolons. `CREATE EXTERNAL TABLE … STORED AS PARQUET LOCATION '…'` makes a table,
    /// `COPY (SELECT …) TO '…' STORED AS PARQUET` writes a result.
    #[arg(value_name = "STATEMENTS", required_unless_present = "file")]
    statements: Option<String>,
    /// File with the statements.
    #[arg(long, value_name = "FILE", conflicts_with = "statements")]
    file: Option<PathBuf>,
    /// Where the work is done: `local`, or `ballista://HOST:PORT` for the cluster of a scheduler.
    #[arg(long, value_name = "ENGINE", default_value = "local")]
    engine: String,
}

pub(crate) async fn run(options: &SqlOptions, bundles: &BundleOptions) -> Result<ExitCode> {
    let text = match (&options.statements, &options.file) {
        (Some(text), _) => text.clone(),
        (None, Some(path)) => {
            std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?
        }
        (None, None) => bail!("there is no statement"),
    };
    let statements = DFParser::parse_sql(&text)?;
    let engine = Engine::parse(&options.engine)?;
    let stores: Arc<dyn ObjectStoreRegistry> = Arc::new(Stores::default());
    let bundles = bundles.bundles(stores.clone(), None);
    let tasks = engine.check(&Question::default()).await?;
    let context = engine.context(tasks, &bundles, stores).await?;
    for statement in statements {
        let plan = context.state().statement_to_plan(statement).await?;
        // Statements of definition change the context and have no job.
        if matches!(plan, LogicalPlan::Ddl(_) | LogicalPlan::Statement(_)) {
            context.execute_logical_plan(plan).await?;
            continue;
        }
        let query = Query::plan(&context, &plan).await?;
        let Some(results) = query.run_or_cancel(&engine).await? else { return Ok(ExitCode::from(130)) };
        print(&format!("{}", pretty_format_batches(&results)?))?;
    }
    Ok(ExitCode::SUCCESS)
}
