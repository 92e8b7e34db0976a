//! A job: one query for each file, as many at a time as the engine has tasks.
//!
//! The query of a file copies its result into one file in a folder of this run, and the client moves it to its final
//! name when the query is over. A task that is run again, because its executor died, replaces its file by an equal one,
//! and a task that goes on after it was cancelled writes where nobody reads. Files that are complete are not computed
//! again when a job is continued.

mod partial;
mod record;

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use datafusion::{
    arrow::{
        array::{AsArray, RecordBatch},
        datatypes::UInt64Type,
    },
    common::file_options::file_type::FileType,
    datasource::file_format::format_as_file_type,
    datasource::file_format::parquet::ParquetFormatFactory,
    execution::object_store::ObjectStoreRegistry,
    logical_expr::{LogicalPlan, LogicalPlanBuilder},
    prelude::{DataFrame, SessionContext},
};
use futures::{StreamExt, stream::FuturesUnordered};
use indicatif::ProgressBar;
use object_store::path::Path as StorePath;
use tokio::task::JoinHandle;
use url::Url;

use crate::{
    data::{File, parquet_options},
    engine::{Engine, Query},
    interrupt::interrupted,
};
pub(crate) use partial::{finish_file, remove_folder, temporary};
pub(crate) use record::{Done, Record};

/// Time between two writes of the record. A client that is killed loses the knowledge of results of this time, which
/// are then computed again.
const RECORD_INTERVAL: Duration = Duration::from_secs(1);

/// Number of attempts for a file whose result is lost because its executor died after the task and before the client
/// has read the number of rows.
const ATTEMPTS: usize = 3;

/// A job whose files and query are known.
pub(crate) struct Job<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) context: SessionContext,
    pub(crate) stores: Arc<dyn ObjectStoreRegistry>,
    pub(crate) record: Record,
    /// Folder of the results.
    pub(crate) folder: Url,
    /// Number of queries at a time.
    pub(crate) tasks: usize,
    /// Makes the result of the rows of a file.
    pub(crate) select: &'a (dyn Fn(DataFrame) -> Result<DataFrame> + Sync),
    pub(crate) progress: ProgressBar,
    /// Folder of the results of this run that are not complete.
    pub(crate) partial: Url,
    /// Number of attempts for files whose result was lost.
    pub(crate) attempts: HashMap<usize, usize>,
    /// When the record was last written.
    pub(crate) written: Instant,
}

/// Why a job ended early.
#[derive(Debug, thiserror::Error)]
#[error("interrupted; {done} of {all} files are complete, and the same command computes the others")]
pub(crate) struct Interrupted {
    done: usize,
    all: usize,
}

impl Job<'_> {
    /// Runs the queries of all files that have no result yet.
    ///
    /// # Errors
    /// The first failure, after the other queries are cancelled. [`Interrupted`] after Ctrl-C or a request to end.
    pub(crate) async fn run(mut self) -> Result<Record> {
        let start = Instant::now();
        // A query that cannot be planned leaves no record.
        self.query(0).await?;
        self.record.begin(&self.folder, &self.stores).await?;
        let mut waiting: VecDeque<usize> =
            (0..self.record.files.len()).filter(|&index| self.record.is_open(index)).collect();
        let known: u64 = self.record.files.iter().map(|file| file.bytes).sum();
        let open: u64 = waiting.iter().map(|&index| self.record.files[index].bytes).sum();
        self.progress.set_position(known - open);
        let mut running = FuturesUnordered::new();
        let mut queries: Vec<(usize, Query)> = Vec::new();
        let interrupted = interrupted();
        tokio::pin!(interrupted);
        loop {
            while running.len() < self.tasks {
                let Some(index) = waiting.pop_front() else { break };
                let query = match self.query(index).await {
                    Ok(query) => query,
                    Err(error) => return self.fail(error, &queries, running).await,
                };
                queries.push((index, query.clone()));
                running.push(run(index, query));
            }
            let finished = tokio::select! {
                finished = running.next() => finished,
                () = &mut interrupted => {
                    self.cancel(&queries, running).await;
                    self.record.seconds += start.elapsed().as_secs_f64();
                    self.record.write(&self.folder, &self.stores).await?;
                    let (done, all) = (self.record.done.len(), self.record.files.len());
                    return Err(Interrupted { done, all }.into());
                }
            };
            let Some(finished) = finished else { break };
            let (index, result) = finished.context("a query panicked")?;
            queries.retain(|(running, _)| *running != index);
            let outcome = match result {
                Ok(batches) => self.finish(index, &batches).await,
                Err(error) if is_lost(&error) && self.again(index) => {
                    waiting.push_front(index);
                    Ok(())
                }
                Err(error) => Err(error.context(format!("`{}`", self.record.files[index].url))),
            };
            if let Err(error) = outcome {
                return self.fail(error, &queries, running).await;
            }
        }
        self.record.seconds += start.elapsed().as_secs_f64();
        self.record.is_complete = true;
        self.record.write(&self.folder, &self.stores).await?;
        self.remove_partial().await;
        Ok(self.record)
    }

    /// Counts another attempt for a file, and returns whether there may be one.
    fn again(&mut self, index: usize) -> bool {
        let attempts = self.attempts.entry(index).or_insert(1);
        *attempts += 1;
        *attempts <= ATTEMPTS
    }

    /// Plans the query of a file.
    async fn query(&self, index: usize) -> Result<Query> {
        let File { url, .. } = &self.record.files[index];
        let rows = self.context.read_parquet(url.as_str(), parquet_options()).await;
        let rows = rows.with_context(|| format!("cannot read `{url}`"))?;
        let result = (self.select)(rows).with_context(|| format!("`{url}`"))?;
        let target = self.partial.join(&Record::name(index))?;
        Query::plan(&self.context, &copy(result.logical_plan().clone(), &target)?)
            .await
            .with_context(|| format!("`{url}`"))
    }

    /// Notes the result of a file.
    async fn finish(&mut self, index: usize, batches: &[RecordBatch]) -> Result<()> {
        let counts = batches.iter().filter_map(|batch| batch.column_by_name("count"));
        let rows = counts.map(|counts| counts.as_primitive::<UInt64Type>().values().iter().sum::<u64>()).sum();
        let store = self.stores.get_store(&self.folder)?;
        let path =
            |folder: &Url| Ok::<_, anyhow::Error>(StorePath::from_url_path(folder.join(&Record::name(index))?.path())?);
        let (written, target) = (path(&self.partial)?, path(&self.folder)?);
        // A file without rows has no result.
        let bytes = if rows == 0 { 0 } else { finish_file(store.as_ref(), &written, &target).await? };
        self.progress.inc(self.record.files[index].bytes);
        self.record.done.insert(index, Done { rows, bytes });
        if self.written.elapsed() > RECORD_INTERVAL {
            self.record.write(&self.folder, &self.stores).await?;
            self.written = Instant::now();
        }
        Ok(())
    }

    async fn fail(&self, error: anyhow::Error, queries: &[(usize, Query)], running: Running) -> Result<Record> {
        self.cancel(queries, running).await;
        // The error that ended the job matters more than one of the record.
        let _ = self.record.write(&self.folder, &self.stores).await;
        Err(error)
    }

    /// Cancels queries, and waits until those in this process have ended: a model must not run when the process ends.
    async fn cancel(&self, queries: &[(usize, Query)], mut running: Running) {
        running.iter().for_each(JoinHandle::abort);
        for (_, query) in queries {
            query.cancel(self.engine).await;
        }
        while running.next().await.is_some() {}
        self.remove_partial().await;
    }

    /// Removes the results of this run that are not complete.
    async fn remove_partial(&self) {
        if let Ok(store) = self.stores.get_store(&self.partial) {
            remove_folder(store.as_ref(), &self.partial).await;
        }
    }
}

/// The queries that run.
type Running = FuturesUnordered<JoinHandle<(usize, Result<Vec<RecordBatch>>)>>;

/// Runs the query of a file on the threads of the async runtime.
fn run(index: usize, query: Query) -> JoinHandle<(usize, Result<Vec<RecordBatch>>)> {
    tokio::spawn(async move { (index, query.run().await) })
}

/// Returns whether a query failed because an executor that had its result does not answer.
fn is_lost(error: &anyhow::Error) -> bool {
    let text = format!("{error:#}");
    ["Shuffle fetch partition error", "FetchFailed", "transport error", "tcp connect error"]
        .iter()
        .any(|sign| text.contains(sign))
}

/// Plans to copy a result into one Parquet file.
pub(crate) fn copy(result: LogicalPlan, target: &Url) -> Result<LogicalPlan> {
    let format: Arc<dyn FileType> = format_as_file_type(Arc::new(ParquetFormatFactory::new()));
    let options = [("execution.single_file_output".to_owned(), "true".to_owned())];
    Ok(LogicalPlanBuilder::copy_to(result, target.to_string(), format, options.into(), Vec::new())?.build()?)
}
