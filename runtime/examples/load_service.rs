//! Puts load on the example `service`, and measures latency and what the service uses.
//!
//! ```text
//! cargo build --release -p narrows-runtime --example service --example load_service
//! target/release/examples/load_service [SECONDS [BUNDLE [ROWS [LIMIT=VALUE ...]]]]
//! ```
//!
//! It starts the service, and opens 16, then 256, then 2,000 connections for SECONDS each (default 60). Every
//! connection sends the next request, with ROWS rows (default 1) as bytes, after the response to the last one. Client
//! and service share the cores of this machine, so latency includes the time of the client. On Linux, memory, open
//! files and threads of the service are sampled every second.
//!
//! The limit of open files (`ulimit -n`) has to exceed 2,100.

use std::{
    env,
    error::Error,
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use narrows_runtime::Autoencoder;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime::Runtime,
    task::JoinSet,
    time::sleep,
};

const CONNECTIONS: [usize; 3] = [16, 256, 2000];

type Failure = Box<dyn Error + Send + Sync>;

/// What the connections have counted.
#[derive(Default)]
struct Counts {
    /// Times of successful requests, in microseconds.
    times: Vec<u32>,
    /// Responses with another status than 200.
    refused: usize,
    /// Connections that ended with an error.
    broken: usize,
}

/// What the service uses at one moment.
#[derive(Clone, Copy)]
struct Usage {
    /// Time of all cores, in clock ticks of 10 ms.
    ticks: u64,
    kilobytes: usize,
    files: usize,
    threads: usize,
}

/// The service in a process of its own, which is killed when this is dropped.
struct Service {
    process: Child,
    address: SocketAddr,
}

fn main() -> Result<(), Failure> {
    let mut arguments = env::args().skip(1);
    let seconds: u64 = arguments.next().map_or(Ok(60), |seconds| seconds.parse())?;
    let bundle = arguments.next().unwrap_or_else(|| "models/zoo/vae".to_owned());
    let rows: usize = arguments.next().map_or(Ok(1), |rows| rows.parse())?;
    let width: usize = Autoencoder::open(&bundle)?.sample_shape().iter().product();
    let request = request(rows * width);
    let limits: Vec<String> = arguments.collect();
    let service = Service::start(&bundle, &limits)?;
    println!("connections  requests/s  p50 ms  p99 ms  p99.9 ms  refused  broken  CPU us  MB      files      threads");
    let threads = Runtime::new()?;
    for connections in CONNECTIONS {
        let (counts, usage) = threads.block_on(load(&service, connections, Duration::from_secs(seconds), &request));
        report(connections, seconds, counts, &usage);
    }
    Ok(())
}

/// Returns a request of `values` bytes.
fn request(values: usize) -> Vec<u8> {
    let head = format!(
        "POST /encode HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/octet-stream\r\nx-dtype: u8\r\n\
         content-length: {values}\r\n\r\n"
    );
    let values = (0..values).map(|at| (at % 17) as u8);
    head.into_bytes().into_iter().chain(values).collect()
}

impl Service {
    /// Starts the program `service` that lies beside this one.
    fn start(bundle: &str, limits: &[String]) -> Result<Self, Failure> {
        let program = env::current_exe()?.with_file_name(format!("service{}", env::consts::EXE_SUFFIX));
        let mut process = Command::new(&program)
            .args([bundle, "0", "127.0.0.1"])
            .args(limits)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let address = line.trim().strip_prefix("http://").ok_or("the service did not start")?.parse()?;
        Ok(Service { process, address })
    }

    #[cfg(target_os = "linux")]
    fn usage(&self) -> Option<Usage> {
        let folder = format!("/proc/{}", self.process.id());
        let status = fs::read_to_string(format!("{folder}/status")).ok()?;
        let number = |name: &str| {
            let value = status.lines().find_map(|line| line.strip_prefix(name))?;
            value.split_whitespace().next()?.parse().ok()
        };
        let files = fs::read_dir(format!("{folder}/fd")).ok()?.count();
        let stat = fs::read_to_string(format!("{folder}/stat")).ok()?;
        // The name of the program, in parentheses, can contain spaces. User and system time are the fields 14 and 15.
        let fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11).take(2);
        let ticks = fields.map_while(|field| field.parse::<u64>().ok()).sum();
        Some(Usage { ticks, kilobytes: number("VmRSS:")?, files, threads: number("Threads:")? })
    }

    #[cfg(not(target_os = "linux"))]
    fn usage(&self) -> Option<Usage> {
        None
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Keeps `connections` connections busy for a time.
async fn load(service: &Service, connections: usize, time: Duration, request: &[u8]) -> (Counts, Vec<Usage>) {
    let end = Instant::now() + time;
    let mut clients = JoinSet::new();
    for _ in 0..connections {
        let (address, request) = (service.address, request.to_vec());
        clients.spawn(async move {
            let mut counts = Counts::default();
            if client(address, &request, end, &mut counts).await.is_err() {
                counts.broken += 1;
            }
            counts
        });
    }
    let mut usage: Vec<Usage> = service.usage().into_iter().collect();
    while Instant::now() < end {
        sleep(Duration::from_secs(1)).await;
        usage.extend(service.usage());
    }
    let mut all = Counts::default();
    while let Some(counts) = clients.join_next().await {
        let Counts { times, refused, broken } = counts.unwrap_or(Counts { broken: 1, ..Counts::default() });
        all.times.extend(times);
        all.refused += refused;
        all.broken += broken;
    }
    (all, usage)
}

/// Sends requests over one connection until `end`.
async fn client(address: SocketAddr, request: &[u8], end: Instant, counts: &mut Counts) -> Result<(), Failure> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut received = Vec::new();
    while Instant::now() < end {
        let start = Instant::now();
        stream.write_all(request).await?;
        received.clear();
        let complete = loop {
            if stream.read_buf(&mut received).await? == 0 {
                return Err("the service closed the connection".into());
            }
            if length(&received).is_some_and(|length| received.len() >= length) {
                break received.starts_with(b"HTTP/1.1 200 ");
            }
        };
        if complete {
            counts.times.push(u32::try_from(start.elapsed().as_micros()).unwrap_or(u32::MAX));
        } else {
            counts.refused += 1;
        }
    }
    Ok(())
}

/// Returns the length of a response, if its head is complete.
fn length(received: &[u8]) -> Option<usize> {
    let head = received.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let text = std::str::from_utf8(&received[..head]).ok()?;
    let length: usize = text.lines().find_map(|line| line.strip_prefix("content-length: "))?.parse().ok()?;
    Some(head + 4 + length)
}

fn report(connections: usize, seconds: u64, counts: Counts, usage: &[Usage]) {
    let Counts { mut times, refused, broken } = counts;
    times.sort_unstable();
    let quantile = |share: f64| {
        let at = (times.len() as f64 * share) as usize;
        times.get(at.min(times.len().saturating_sub(1))).map_or(f64::NAN, |&time| f64::from(time) / 1e3)
    };
    let rate = times.len() as f64 / seconds.max(1) as f64;
    // After the first half, all connections are open, and memory has to be flat.
    let range = |of: fn(&Usage) -> usize| {
        let values = usage.iter().skip(usage.len() / 2).map(of);
        (values.clone().min().unwrap_or(0), values.max().unwrap_or(0))
    };
    let megabytes = range(|usage| usage.kilobytes / 1000);
    let ticks = usage.last().map_or(0, |usage| usage.ticks) - usage.first().map_or(0, |usage| usage.ticks);
    let cpu = ticks as f64 * 1e4 / times.len().max(1) as f64;
    let (files, threads) = (range(|usage| usage.files), range(|usage| usage.threads));
    println!(
        "{connections:11}  {rate:10.0}  {:6.2}  {:6.2}  {:8.2}  {refused:7}  {broken:6}  {cpu:6.0}  {}-{}  {}-{}  {}-{}",
        quantile(0.5),
        quantile(0.99),
        quantile(0.999),
        megabytes.0,
        megabytes.1,
        files.0,
        files.1,
        threads.0,
        threads.1,
    );
}
