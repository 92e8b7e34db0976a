//! `narrows explore`: a live page of a model on a local address.

mod rows;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use anyhow::Context;
use clap::Args;
use narrows_pages::{
    GatherOptions,
    explore::{Listener, Site},
};
use narrows_runtime::Autoencoder;
use serde_json::json;

use super::report::about;
use crate::{
    gathering::Source,
    input::{BinarizeArguments, DataArguments, Part},
    misuse::misuse,
    model::ModelArguments,
    report::{Ended, note, print_needed, warn},
    stop::Stop,
};

/// Pause between two looks for a signal.
const SIGNAL_PAUSE: Duration = Duration::from_millis(20);
/// Time for running requests after a signal.
const END_TIME: Duration = Duration::from_millis(500);

/// Open a live page of a model on this computer
///
/// Answers a web browser on this computer: the page shows the latent space as a plane, in which dragging moves the code
/// and the decoded sample follows, a slider for each latent number, real samples to start from, the way between two
/// samples, noise and how the model cleans it, and for images a drawing with its anomaly score. Prints the address,
/// which contains a random token, and answers until Ctrl-C. Without --data, the rows are those of the bundle's probe.
/// With it, the sections of `narrows report` stand below. Reads data in batches, and keeps --rows of them in memory, at
/// most 64 MB, and what the report keeps.
#[derive(Debug, Args)]
#[command(
    mut_arg("data", |arg| arg.help("Data set to show: digits, mnist, fashion-mnist, a folder of images (one subfolder per class) or of IDX files, or a .csv, .tsv, .npy, .npz, .parquet, .arrow or IDX file [default: the rows of the bundle's probe]"))
)]
#[command(after_help = "Examples:\n  \
    narrows explore models/vae\n  \
    narrows explore models/vae --data digits --port 8000")]
pub(crate) struct Explore {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    data: DataArguments,
    /// Part of the data set to show; `all` are the training rows, then the test rows [default: test, or all rows if
    /// there is no test part]
    #[arg(long, value_enum, requires = "data")]
    part: Option<Part>,
    #[command(flatten)]
    binarize: BinarizeArguments,
    /// Leave out the sections of `narrows report`, which the page has with --data and which take time to compute
    #[arg(long, requires = "data")]
    live_only: bool,
    /// Largest number of rows of --data on the page, a random sample of all rows
    #[arg(long, value_name = "NUMBER", default_value_t = 2000, allow_negative_numbers = true, requires = "data")]
    rows: usize,
    /// Random seed of the sample of rows, of the sections of the report, and of --binarize dynamic
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    seed: u64,
    /// Port to listen on; 0 stands for any free port
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    port: u16,
    /// IP address to listen on. Another one than a loopback address needs --allow-remote
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// Let other computers ask too. The connection is not encrypted: who can read it learns the token
    #[arg(long)]
    allow_remote: bool,
    /// Print one JSON object instead of the address: `url` (with the token), `address` and `token`
    #[arg(long)]
    json: bool,
}

impl Explore {
    /// Returns the data and how it is read.
    fn source<'a>(&'a self, model: &'a Autoencoder) -> Source<'a> {
        let options = GatherOptions::default().seed(self.seed);
        Source { model, data: &self.data, part: self.part, binarize: &self.binarize, options }
    }
}

pub(crate) fn run(arguments: &Explore) -> anyhow::Result<()> {
    let address = SocketAddr::new(arguments.host, arguments.port);
    check_host(arguments)?;
    if arguments.rows < 2 {
        misuse!("--rows is {}, but the page needs 2 or more", arguments.rows);
    }
    let model = arguments.model.open()?;
    let stop = Stop::listen()?;
    stop.defer_first_signal();
    let path = arguments.model.bundle();
    let source = arguments.source(&model);
    let (rows, report) = match (arguments.data.is_named(), arguments.live_only) {
        (false, _) => (rows::of_probe(path, &model)?, None),
        (true, true) => (rows::of_data(&source, arguments.rows, &stop)?, None),
        (true, false) => {
            note(format_args!(
                "computing the report about {}, which stands below the live part; --live-only leaves it out",
                arguments.data.spec()
            ));
            let report = source.gather(about(path, None)?, &stop)?;
            (rows::of_data(&source, arguments.rows, &stop)?, Some(report))
        }
    };
    let shown = rows.source.clone();
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let site = Site::new(model, rows, name, report.as_ref()).with_context(|| shown)?;
    drop(report);

    check_resources().context("cannot start the threads of the server")?;
    let threads = tokio::runtime::Runtime::new().context("cannot start the threads of the server")?;
    let outcome = threads.block_on(async {
        let listener = Listener::bind(address).await?;
        if arguments.json {
            let (address, token) = (listener.address().to_string(), listener.token());
            print_needed(json!({ "url": listener.url(), "address": address, "token": token }))?;
        } else {
            print_needed(listener.url())?;
            note("open this address in a browser; Ctrl-C ends the program");
            if arguments.host.is_unspecified() {
                note("other computers may use any IP address of this one; host names are refused");
            }
        }
        stop.serve_until_signal();
        anyhow::Ok(listener.serve(site, signal(&stop)).await)
    });
    // Does not wait longer for work of clients that are gone.
    threads.shutdown_timeout(END_TIME);
    Err(Ended(outcome?).into())
}

/// Checks that the system allows the threads and the files of a server, because the library that starts them panics
/// otherwise.
fn check_resources() -> std::io::Result<()> {
    crate::threads::check()?;
    #[cfg(unix)]
    {
        let pair = |_| std::os::unix::net::UnixStream::pair();
        let pairs: std::io::Result<Vec<_>> = (0..4).map(pair).collect();
        drop(pairs?);
    }
    Ok(())
}

/// Waits for a signal and returns its number.
async fn signal(stop: &Stop) -> u8 {
    loop {
        match stop.signal() {
            Some(signal) => return signal,
            None => tokio::time::sleep(SIGNAL_PAUSE).await,
        }
    }
}

fn check_host(arguments: &Explore) -> anyhow::Result<()> {
    let host = arguments.host;
    match (host.is_loopback(), arguments.allow_remote) {
        (true, false) => Ok(()),
        (true, true) => {
            misuse!(
                "--allow-remote has no effect, because only this computer reaches {host}; pass --host, or leave it out"
            )
        }
        (false, false) => misuse!(
            "--host {host} is not a loopback address, so other computers could ask the model; leave it out, or add \
             --allow-remote"
        ),
        (false, true) => {
            warn(format_args!(
                "other computers can reach {host}; the token protects the page, but the connection is not encrypted"
            ));
            Ok(())
        }
    }
}
