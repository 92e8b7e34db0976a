//! Serves a bundle over HTTP until Ctrl-C or SIGTERM. A second signal ends the program immediately.
//!
//! ```text
//! cargo run --release -p narrows-runtime --example service -- [BUNDLE [PORT [ADDRESS]]]
//! curl -s localhost:8080/model
//! ```
//!
//! Defaults: BUNDLE is `models/zoo/vae`, PORT is 8080 (0 selects a free port), ADDRESS is 127.0.0.1.

mod detection;
mod refusal;
mod request;
mod service;

use std::{
    env,
    error::Error,
    io,
    net::{IpAddr, SocketAddr},
    process::{self, ExitCode},
    time::Duration,
};

use service::{Limits, Models, router, serve};
use tokio::{net::TcpListener, runtime::Runtime};

fn main() -> ExitCode {
    let ended = Runtime::new().map_err(Into::into).and_then(|threads| {
        let ended = threads.block_on(run());
        // Does not wait longer for work of disconnected clients.
        threads.shutdown_timeout(Duration::from_secs(1));
        ended
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let bundle = arguments.next().unwrap_or_else(|| "models/zoo/vae".to_owned());
    let port = arguments.next().unwrap_or_else(|| "8080".to_owned());
    let port: u16 = port.parse().map_err(|_| format!("the port must be a number from 0 to 65535, got `{port}`"))?;
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1".to_owned());
    let address: IpAddr = address.parse().map_err(|_| format!("the address must be an IP address, got `{address}`"))?;
    let address = SocketAddr::new(address, port);

    let limits = Limits::default();
    let models = Models::open(bundle)?;
    let listener = TcpListener::bind(address).await.map_err(|error| format!("cannot listen on {address}: {error}"))?;
    println!("http://{}", listener.local_addr()?);
    serve(listener, router(models, limits), stop_signal()?, limits.stop).await?;
    println!("stopped");
    Ok(())
}

/// Returns a future that completes at the first Ctrl-C or, on Unix, SIGTERM. The second signal ends the program.
fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut signals = Signals::new()?;
    Ok(async move {
        signals.next().await;
        tokio::spawn(async move {
            signals.next().await;
            eprintln!("stopped before all requests were finished");
            process::exit(1);
        });
    })
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Signals { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => (),
            _ = self.terminate.recv() => (),
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Signals)
    }

    async fn next(&mut self) {
        // Without a signal handler, run until the process is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
