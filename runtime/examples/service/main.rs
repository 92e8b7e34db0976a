//! Serves a bundle over HTTP until Ctrl-C or SIGTERM. A second signal ends the program immediately.
//!
//! ```text
//! cargo run --release -p narrows-runtime --example service -- [BUNDLE [PORT [ADDRESS [LIMIT=VALUE ...]]]]
//! curl -s localhost:8080/model
//! ```
//!
//! Defaults: BUNDLE is `models/zoo/vae`, PORT is 8080 (0 selects a free port), ADDRESS is 127.0.0.1. The limits are
//! described in `limits.rs`. The routes are described in `service.rs`.
//!
//! Every connection has a place, and every place has a time limit in each phase (`phase.rs`), so a client that sends
//! or reads slowly loses its place. Connections beyond the limit get the status 503. All bodies and responses share a
//! limited memory (`memory.rs`). Rows of small requests that wait at the same time are encoded together (`merge.rs`),
//! so a code can differ by rounding errors from that of the row alone; `merge=1` turns this off.
//!
//! One JSON object per request is written to stderr (`record.rs`), and its metrics are at `/metrics` (`metrics.rs`).
//!
//! # Behind a proxy
//!
//! The service has neither TLS nor authentication: put a proxy in front of it and let it listen on a private address.
//! Of the settings of the proxy, these depend on the service:
//!
//! - The proxy closes an idle connection before the service does: its keep-alive time is shorter than `idle` (75 s).
//! - It forwards neither `/metrics` nor `/health` to the public.
//! - It sets `x-request-id`, and keeps its own log of client addresses: the service sees the address of the proxy only,
//!   and therefore `connections_per_client` has to stay as large as `connections`.
//! - It waits for a response longer than `arrival` and `time` together (30 s), and buffers requests and responses, so
//!   that slow clients occupy the proxy and not the service.
//! - It takes the service out of use while `/health` has the status 503. Set `drain` to more than the interval of
//!   this check, and `drain` and `stop` together to less than the time after which the process is killed.
//!
//! The limit of open files (`ulimit -n`) has to exceed `connections` by at least 200.

mod compute;
mod connection;
mod connections;
mod detection;
mod job;
mod json_rows;
mod limits;
mod log;
mod memory;
mod merge;
mod metrics;
mod models;
mod phase;
mod places;
mod queue;
mod record;
mod refusal;
mod request;
mod request_id;
mod service;
mod signals;
mod stream;

use std::{
    env,
    error::Error,
    io::stderr,
    net::{IpAddr, SocketAddr},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use connections::serve;
use limits::Limits;
use log::Log;
use metrics::Metrics;
use models::Models;
use record::Recorder;
use service::{Service, router};
use signals::stop_signal;
use tokio::{net::TcpListener, runtime::Builder};

/// What the command line says.
struct Arguments {
    bundle: String,
    address: SocketAddr,
    limits: Limits,
}

fn main() -> ExitCode {
    match Arguments::parse(env::args().skip(1)).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Arguments {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let bundle = arguments.next().unwrap_or_else(|| "models/zoo/vae".to_owned());
        let port = arguments.next().unwrap_or_else(|| "8080".to_owned());
        let port: u16 = port.parse().map_err(|_| format!("the port must be a number from 0 to 65535, got `{port}`"))?;
        let address = arguments.next().unwrap_or_else(|| "127.0.0.1".to_owned());
        let address: IpAddr =
            address.parse().map_err(|_| format!("the address must be an IP address, got `{address}`"))?;
        let mut limits = Limits::default();
        arguments.try_for_each(|limit| limits.set(&limit))?;
        Ok(Arguments { bundle, address: SocketAddr::new(address, port), limits })
    }
}

fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let threads = Builder::new_multi_thread()
        .enable_all()
        // Only the queue uses blocking threads. One that ends and its successor overlap for a moment.
        .max_blocking_threads(2 * arguments.limits.concurrent)
        .build()?;
    let ended = threads.block_on(listen(arguments));
    // Does not wait longer for work of disconnected clients.
    threads.shutdown_timeout(Duration::from_secs(1));
    ended
}

async fn listen(Arguments { bundle, address, limits }: Arguments) -> Result<(), Box<dyn Error>> {
    let metrics = Arc::new(Metrics::new());
    let log = Log::new(stderr(), metrics.log_lines_lost.clone());
    let recorder = Arc::new(Recorder { metrics, log });
    let service = Service::new(Models::open(bundle)?, limits, Arc::clone(&recorder));
    let listener = TcpListener::bind(address).await.map_err(|error| format!("cannot listen on {address}: {error}"))?;
    println!("http://{}", listener.local_addr()?);
    serve(listener, router(Arc::clone(&service)), service, stop_signal()?).await?;
    recorder.log.close(Duration::from_secs(1));
    println!("stopped");
    Ok(())
}
