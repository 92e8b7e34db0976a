//! Where queries run.

use std::sync::Arc;

use anyhow::{Result, anyhow, bail};
use ballista_core::execution_plans::DistributedQueryExec;
use datafusion::{
    arrow::array::RecordBatch,
    execution::object_store::ObjectStoreRegistry,
    logical_expr::LogicalPlan,
    physical_plan::{ExecutionPlan, collect},
    prelude::{SessionConfig, SessionContext},
};
use datafusion_proto::protobuf::LogicalPlanNode;
use futures::future::join_all;
use narrows_datafusion::{
    Bundles,
    cluster::{ConnectedExecutor, NO_ANSWER, Overview, Question, cancel, connect, local, overview, probe},
};

use crate::{interrupt::interrupted, serve::SCHEDULER_PORT};

/// This process, or a cluster.
#[derive(Debug, Clone)]
pub(crate) enum Engine {
    /// This process, with this many tasks at a time.
    Local { tasks: usize },
    /// A cluster.
    Cluster {
        /// Address of the scheduler, `http://host:port`.
        scheduler: String,
    },
}

impl Engine {
    /// Parses `local` or `ballista://host:port`.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        if text == "local" {
            return Ok(Engine::Local { tasks: std::thread::available_parallelism().map_or(1, usize::from) });
        }
        let Some(host) = text.strip_prefix("ballista://").filter(|host| !host.is_empty()) else {
            bail!("--engine is `{text}`, expected local or ballista://HOST:PORT");
        };
        let host = host.trim_end_matches('/');
        let port = if host.contains(':') { String::new() } else { format!(":{SCHEDULER_PORT}") };
        Ok(Engine::Cluster { scheduler: format!("http://{host}{port}") })
    }

    /// Returns a context whose queries run here, split into `partitions`.
    pub(crate) async fn context(
        &self,
        partitions: usize,
        bundles: &Bundles,
        stores: Arc<dyn ObjectStoreRegistry>,
    ) -> Result<SessionContext> {
        Ok(match self {
            Engine::Local { .. } => local(SessionConfig::new().with_target_partitions(partitions), bundles, stores)?,
            Engine::Cluster { scheduler } => connect(scheduler, partitions, bundles, stores).await?,
        })
    }

    /// Checks that every executor can run a query, and returns how many tasks run at a time.
    ///
    /// # Errors
    /// Names every executor that cannot, and why.
    pub(crate) async fn check(&self, question: &Question) -> Result<usize> {
        let scheduler = match self {
            Engine::Local { tasks } => return Ok(*tasks),
            Engine::Cluster { scheduler } => scheduler,
        };
        let of_scheduler = |what| anyhow!("the scheduler at {scheduler}: {what}");
        let Overview { executors, bundle, .. } = overview(scheduler, question).await.map_err(of_scheduler)?;
        bundle.transpose().map_err(of_scheduler)?;
        if executors.is_empty() {
            bail!(
                "no executor is connected to the scheduler at {scheduler} (start some with `narrows-cluster executor`)"
            );
        }
        let answers = join_all(executors.iter().map(|executor| probe(&executor.host, executor.port, question))).await;
        let mut obstacles = Vec::new();
        let mut tasks = 0;
        for (ConnectedExecutor { host, port }, answer) in executors.iter().zip(answers) {
            match answer.map(|answer| (answer.tasks, answer.obstacle(question))) {
                Ok((count, None)) => tasks += count,
                Ok((_, Some(what))) => obstacles.push(format!("the executor {host}:{port}: {what}")),
                // The scheduler gives it no tasks once it notices.
                Err(what) if what.starts_with(NO_ANSWER) => {
                    eprintln!("warning: the executor {host}:{port} is left out: {what}");
                }
                Err(what) => obstacles.push(format!("the executor {host}:{port}: {what}")),
            }
        }
        match (obstacles.is_empty(), tasks) {
            (true, 0) => bail!("none of the executors that the scheduler at {scheduler} knows answers"),
            (true, tasks) => Ok(tasks),
            (false, _) => bail!("the cluster cannot run the query:\n  {}", obstacles.join("\n  ")),
        }
    }
}

/// A planned query.
#[derive(Clone)]
pub(crate) struct Query {
    plan: Arc<dyn ExecutionPlan>,
    context: SessionContext,
}

impl Query {
    pub(crate) async fn plan(context: &SessionContext, plan: &LogicalPlan) -> Result<Self> {
        Ok(Query { plan: context.state().create_physical_plan(plan).await?, context: context.clone() })
    }

    /// Runs the query. On a cluster the results come from the executors; those of a `COPY` are one row.
    pub(crate) async fn run(&self) -> Result<Vec<RecordBatch>> {
        Ok(collect(self.plan.clone(), self.context.task_ctx()).await?)
    }

    /// Runs the query; Ctrl-C cancels it, and then there are no results.
    pub(crate) async fn run_or_cancel(&self, engine: &Engine) -> Result<Option<Vec<RecordBatch>>> {
        tokio::select! {
            results = self.run() => results.map(Some),
            () = interrupted() => {
                self.cancel(engine).await;
                eprintln!("interrupted");
                Ok(None)
            }
        }
    }

    /// Cancels the jobs of the query on the cluster, which a client that merely stops listening does not.
    pub(crate) async fn cancel(&self, engine: &Engine) {
        let Engine::Cluster { scheduler } = engine else { return };
        for job in jobs(&self.plan) {
            if let Err(error) = cancel(scheduler, &job).await {
                eprintln!("warning: cannot cancel the job {job}: {error}");
            }
        }
    }
}

/// Returns the jobs that a plan has started.
fn jobs(plan: &Arc<dyn ExecutionPlan>) -> Vec<String> {
    let own = plan.downcast_ref::<DistributedQueryExec<LogicalPlanNode>>().and_then(DistributedQueryExec::job_id);
    let inner = plan.children().into_iter().flat_map(jobs);
    own.map(|job| job.to_string()).into_iter().chain(inner).collect()
}
