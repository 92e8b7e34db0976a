//! `narrows-cluster executor`: runs tasks.

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use ballista_executor::executor_process::start_executor_process;
use clap::Args;
use narrows_datafusion::{
    cluster::{Executor, Stores, executor_config},
    narrows_runtime::{Options, bundle::counted},
};
use tokio::net::TcpStream;

use crate::{bundle_options::BundleOptions, interrupt::interrupted, output::print};

use super::{EXECUTOR_PORT, SCHEDULER_PORT, lifetime::parent_ended};

/// The options of an executor.
#[derive(Debug, Args)]
pub(crate) struct ExecutorOptions {
    /// The scheduler, HOST or HOST:PORT.
    #[arg(long, value_name = "HOST[:PORT]", default_value = "127.0.0.1")]
    scheduler: String,
    /// Address on which to listen. Others than loopback let anyone who reaches the ports run queries.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    bind: String,
    /// Port from which others fetch results. Tasks come in on the next port.
    #[arg(long, value_name = "PORT", default_value_t = EXECUTOR_PORT, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// Host name under which others reach the executor [default: the address from which the scheduler sees it].
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// Number of tasks that run at the same time [default: the number of cores].
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    tasks: Option<u16>,
    /// Memory for sorting and joining in gigabytes; models and batches are not counted [default: 70 % of the
    /// machine's].
    #[arg(long, value_name = "GIGABYTES")]
    memory: Option<u64>,
    /// Folder for intermediate results, in which the executor makes its own [default: that of temporary files].
    #[arg(long, value_name = "FOLDER")]
    work: Option<PathBuf>,
    /// Time to wait for the scheduler at the start, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    wait: u16,
    /// End when standard input is closed.
    #[arg(long, hide = true)]
    until_stdin_closes: bool,
}

pub(crate) async fn run(options: &ExecutorOptions, bundles: &BundleOptions) -> Result<ExitCode> {
    let (scheduler_host, scheduler_port) = host_and_port(&options.scheduler)?;
    let Some(task_port) = options.port.checked_add(1) else { bail!("--port must be below {}", u16::MAX) };
    for port in [options.port, task_port] {
        // Ballista reports a port in use only in its log.
        let address = (options.bind.as_str(), port);
        drop(
            std::net::TcpListener::bind(address)
                .with_context(|| format!("cannot listen on {}:{port}", options.bind))?,
        );
    }
    tokio::select! {
        reached = reach(&scheduler_host, scheduler_port, options.wait) => reached?,
        () = interrupted() => return Ok(ExitCode::from(130)),
        () = parent_ended(options.until_stdin_closes) => return Ok(ExitCode::SUCCESS),
    }
    let parent = options.work.clone().unwrap_or_else(std::env::temp_dir);
    let work = tempfile::Builder::new().prefix("narrows-executor-").tempdir_in(&parent);
    let work = work.with_context(|| format!("cannot create a folder in `{}`", parent.display()))?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let name = options.host.clone().unwrap_or_else(|| options.bind.clone());
    let executor = Executor {
        bind: options.bind.clone(),
        port: options.port,
        task_port,
        host: options.host.clone().or_else(|| (options.bind != "0.0.0.0").then(|| options.bind.clone())),
        scheduler_host,
        scheduler_port,
        tasks: options.tasks.map_or(cores, usize::from),
        work_folder: work.path().to_owned(),
        memory: options.memory.map(|gigabytes| gigabytes.saturating_mul(1_000_000_000)),
        // Ballista's own wait never ends, so it is done here.
        connect_seconds: 0,
    };
    let stores = Arc::new(Stores::default());
    // A task of an executor uses one core.
    let sessions = Options::default().sessions(executor.tasks);
    let machine = format!("the executor {name}:{}", options.port);
    let bundles = bundles.bundles_with(sessions, stores.clone(), Some(machine));
    let config = Arc::new(executor_config(&executor, &bundles, stores)?);
    print(&format!("the executor {name}:{} runs {} at a time", options.port, counted(executor.tasks, "task")))?;
    tokio::select! {
        ended = start_executor_process(config) => ended.context("the executor stopped")?,
        () = parent_ended(options.until_stdin_closes) => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Waits until the scheduler accepts a connection.
async fn reach(host: &str, port: u16, seconds: u16) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(seconds.into());
    loop {
        let Err(error) = TcpStream::connect((host, port)).await else { return Ok(()) };
        if Instant::now() >= deadline {
            return Err(error).with_context(|| format!("no scheduler answers at {host}:{port} within {seconds} s"));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Splits `HOST[:PORT]`.
fn host_and_port(text: &str) -> Result<(String, u16)> {
    let (host, port) = match text.rsplit_once(':') {
        None => (text, SCHEDULER_PORT),
        Some((host, port)) => {
            (host, port.parse().with_context(|| format!("--scheduler `{text}`: `{port}` is not a port"))?)
        }
    };
    if host.is_empty() || host.contains(['/', ':']) || port == 0 {
        bail!("--scheduler is `{text}`, expected HOST or HOST:PORT");
    }
    Ok((host.to_owned(), port))
}
