//! `narrows-cluster scheduler`: plans queries and hands out their tasks.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use clap::Args;
use narrows_datafusion::cluster::{Question, Scheduler, Stores, overview, run_scheduler, scheduler_config};

use crate::{bundle_options::BundleOptions, interrupt::interrupted, output::print};

use super::{SCHEDULER_PORT, lifetime::parent_ended};

/// The options of a scheduler.
#[derive(Debug, Args)]
pub(crate) struct SchedulerOptions {
    /// Address on which to listen. Others than loopback let anyone who reaches the port run queries.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    bind: String,
    /// Port.
    #[arg(long, value_name = "PORT", default_value_t = SCHEDULER_PORT, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// Host name under which the executors reach the scheduler [default: the address of `--bind`].
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// End when standard input is closed.
    #[arg(long, hide = true)]
    until_stdin_closes: bool,
}

pub(crate) async fn run(options: &SchedulerOptions, bundles: &BundleOptions) -> Result<ExitCode> {
    let address: SocketAddr = format!("{}:{}", options.bind, options.port)
        .parse()
        .with_context(|| format!("--bind `{}` is not an address", options.bind))?;
    // Ballista reports a port in use only in its log.
    drop(std::net::TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?);
    let stores = Arc::new(Stores::default());
    let host = options.host.clone().unwrap_or_else(|| options.bind.clone());
    let bundles = bundles.bundles(stores.clone(), Some(format!("the scheduler {host}:{}", options.port)));
    let scheduler = Scheduler { bind: options.bind.clone(), port: options.port, host };
    let config = scheduler_config(&scheduler, &bundles, stores);
    let running = tokio::spawn(async move { run_scheduler(address, config, &bundles).await });
    let listening = async {
        let own = format!("http://{}:{}", loopback(address.ip()), address.port());
        while overview(&own, &Question::default()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        print(&format!("the scheduler listens on {address}"))?;
        std::future::pending::<Result<()>>().await
    };
    tokio::select! {
        ended = running => ended?.context("the scheduler stopped")?,
        failed = listening => failed?,
        () = interrupted() => {}
        () = parent_ended(options.until_stdin_closes) => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns an address at which this machine reaches itself.
fn loopback(bound: IpAddr) -> IpAddr {
    match bound {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        other => other,
    }
}
