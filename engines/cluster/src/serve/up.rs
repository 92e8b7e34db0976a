//! `narrows-cluster up`: a cluster on this machine, whose processes end with this one.

use std::{
    net::TcpListener,
    process::{ExitCode, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use clap::Args;
use narrows_datafusion::cluster::{Question, overview};
use tokio::process::{Child, Command};

use crate::{bundle_options::BundleOptions, output::print};

use super::{EXECUTOR_PORT, SCHEDULER_PORT};

/// Time for all processes to start.
const START: Duration = Duration::from_secs(30);

/// The options of a cluster on this machine.
#[derive(Debug, Args)]
pub(crate) struct UpOptions {
    /// Number of executors.
    #[arg(long, value_name = "COUNT", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=100))]
    executors: u16,
    /// Number of tasks of each executor that run at the same time [default: the cores divided by the executors].
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    tasks: Option<u16>,
    /// Port of the scheduler.
    #[arg(long, value_name = "PORT", default_value_t = SCHEDULER_PORT, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// First port of the executors, each of which uses two.
    #[arg(long, value_name = "PORT", default_value_t = EXECUTOR_PORT, value_parser = clap::value_parser!(u16).range(1..))]
    executor_port: u16,
}

pub(crate) async fn run(options: &UpOptions, bundles: &BundleOptions) -> Result<ExitCode> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let tasks = options.tasks.map_or_else(|| (cores / usize::from(options.executors)).max(1), usize::from);
    let port = |index: u16| options.executor_port.checked_add(2 * index).context("--executor-port is too large");
    for port in std::iter::once(Ok(options.port)).chain((0..options.executors).map(port)) {
        let port = port?;
        // A cluster that has the port would otherwise be taken for this one.
        drop(TcpListener::bind(("127.0.0.1", port)).with_context(|| format!("cannot listen on 127.0.0.1:{port}"))?);
    }
    let mut children = vec![start(["scheduler", "--port", &options.port.to_string()], bundles)?];
    for index in 0..options.executors {
        let scheduler = format!("127.0.0.1:{}", options.port);
        let (port, tasks) = (port(index)?.to_string(), tasks.to_string());
        let flags = ["executor", "--scheduler", &scheduler, "--port", &port, "--tasks", &tasks];
        children.push(start(flags, bundles)?);
    }
    tokio::select! {
        ready = is_ready(options) => {
            if let Err(error) = ready {
                stop(children).await?;
                return Err(error);
            }
        }
        ended = first_end(&mut children) => {
            stop(children).await?;
            return ended;
        }
        () = crate::interrupt::interrupted() => return stop(children).await,
    }
    print(&format!("ready: --engine ballista://127.0.0.1:{} (Ctrl-C stops it)", options.port))?;
    tokio::select! {
        ended = first_end(&mut children) => {
            stop(children).await?;
            ended
        }
        () = crate::interrupt::interrupted() => stop(children).await,
    }
}

/// Starts this program again. The process ends when its standard input is closed, so it never outlives this one.
fn start<'a>(flags: impl IntoIterator<Item = &'a str>, bundles: &BundleOptions) -> Result<Child> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let mut command = Command::new(program);
    command.args(flags).arg("--until-stdin-closes").args(bundles.flags());
    command.stdin(Stdio::piped()).kill_on_drop(true).spawn().context("cannot start a process")
}

async fn is_ready(options: &UpOptions) -> Result<()> {
    let scheduler = format!("http://127.0.0.1:{}", options.port);
    let wait = async {
        while overview(&scheduler, &Question::default()).await.map_or(0, |known| known.executors.len())
            < usize::from(options.executors)
        {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(START, wait).await.context("the executors did not start in 30 s")
}

/// Waits until a process ends, which is an error.
async fn first_end(children: &mut [Child]) -> Result<ExitCode> {
    loop {
        for child in &mut *children {
            if let Some(status) = child.try_wait()? {
                bail!("a process of the cluster ended: {status}");
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Closes the standard inputs, and waits for the ends.
async fn stop(mut children: Vec<Child>) -> Result<ExitCode> {
    children.iter_mut().for_each(|child| drop(child.stdin.take()));
    for child in &mut children {
        let _ = tokio::time::timeout(Duration::from_secs(10), child.wait()).await;
    }
    Ok(ExitCode::SUCCESS)
}
