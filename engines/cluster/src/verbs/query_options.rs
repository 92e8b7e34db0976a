//! Options that all verbs with data share.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Args;
use datafusion::{
    execution::object_store::ObjectStoreRegistry,
    logical_expr::Expr,
    prelude::{DataFrame, ident},
};
use narrows_datafusion::{Bundles, cluster::Stores};

use crate::{
    bundle_options::BundleOptions,
    data::{File, files},
    engine::Engine,
};

/// Data, engine and output of a verb.
#[derive(Debug, Args)]
pub(crate) struct QueryOptions {
    /// Parquet files: a file, a folder, or a pattern with `*`; a path, s3://BUCKET/KEY or https://HOST/PATH. Can be
    /// repeated.
    #[arg(long, value_name = "FILES", required = true)]
    pub(crate) data: Vec<String>,
    /// Where the work is done: `local`, or `ballista://HOST:PORT` for the cluster of a scheduler.
    #[arg(long, value_name = "ENGINE", default_value = "local")]
    pub(crate) engine: String,
    /// Column with the values of each row, as a list or bytes; or the column of each feature, separated by commas.
    /// [default: the columns with the names of the model's features, or `x`, or the only column of lists or bytes].
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub(crate) input: Vec<String>,
    /// Only rows for which this expression of SQL is true.
    #[arg(long = "where", value_name = "SQL")]
    pub(crate) filter: Option<String>,
    /// Print the result as JSON, to standard output.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print no progress.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// What every verb with data needs.
pub(crate) struct Setting {
    pub(crate) engine: Engine,
    pub(crate) stores: Arc<dyn ObjectStoreRegistry>,
    pub(crate) bundles: Bundles,
    pub(crate) files: Vec<File>,
}

impl QueryOptions {
    pub(crate) async fn setting(&self, bundles: &BundleOptions) -> Result<Setting> {
        let engine = Engine::parse(&self.engine)?;
        let stores: Arc<dyn ObjectStoreRegistry> = Arc::new(Stores::default());
        let files = files(&self.data, &stores).await?;
        let bundles = bundles.bundles(stores.clone(), None);
        Ok(Setting { engine, stores, bundles, files })
    }
}

impl QueryOptions {
    /// Returns the rows for which the expression of `--where` is true.
    pub(crate) fn filtered(&self, rows: DataFrame) -> Result<DataFrame> {
        let Some(filter) = &self.filter else { return Ok(rows) };
        let filter = rows.parse_sql_expr(filter).with_context(|| format!("--where `{filter}`"))?;
        Ok(rows.filter(filter)?)
    }
}

/// Returns columns as expressions, with their exact names.
pub(crate) fn columns(names: &[String]) -> Vec<Expr> {
    names.iter().map(ident).collect()
}

/// Checks that the data has the columns that an option names.
pub(crate) fn check_columns(rows: &DataFrame, option: &str, names: &[String]) -> Result<()> {
    let known: Vec<String> = rows.schema().fields().iter().map(|field| field.name().clone()).collect();
    match names.iter().find(|name| !known.contains(name)) {
        Some(name) => bail!("{option}: the data has no column `{name}`, it has {}", known.join(", ")),
        None => Ok(()),
    }
}
