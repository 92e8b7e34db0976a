//! An hour of mixed work: models are trained, exported, opened, used and dropped in this process, the program is run,
//! and two servers answer requests. Memory, open files and threads of all of them are sampled each minute (`just
//! soak`).
#![cfg(target_os = "linux")]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    ops::ControlFlow,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use narrows_bundle::{Bundle, Stage};
use narrows_data::{Dataset, LoadOptions};
use narrows_runtime::Autoencoder;
use narrows_trainer::{Config, Options, fit};
use ndarray::Array2;
use serde_json::json;

use crate::{explore::client::Server, sandbox::Sandbox};

/// Part of the samples that fill caches and pools. Growth is counted from their end.
const WARM_UP: f64 = 0.25;
/// Allowed growth after it, in bytes. A leaked model of each round would be ten times as much.
const ALLOWED_BYTES: usize = 16 << 20;

/// Models that are trained in turn.
const OPTIONS: [&str; 3] = ["kind = 'ae'\nepochs = 1", "kind = 'vae'\nepochs = 1", "kind = 'pca'"];

/// Resources of a process.
#[derive(Debug, Clone, Copy)]
struct Usage {
    /// Resident anonymous memory.
    bytes: usize,
    files: usize,
    threads: usize,
}

impl Usage {
    fn of(process: &str) -> Self {
        let status = fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line of this name");
            line.split_whitespace().next().and_then(|number| number.parse::<usize>().ok()).expect("a number")
        };
        let files = fs::read_dir(format!("/proc/{process}/fd")).expect("it runs").count();
        Usage { bytes: 1024 * number("RssAnon:"), files, threads: number("Threads:") }
    }

    /// Returns the lowest usage within half a second, because closed connections go with a delay.
    fn settled(process: &str) -> Self {
        let measurements = (0..50).map(|_| {
            thread::sleep(Duration::from_millis(10));
            Usage::of(process)
        });
        measurements.min_by_key(|usage| (usage.threads, usage.files, usage.bytes)).expect("fifty measurements")
    }
}

/// The service of the examples, if it was built.
struct Service {
    child: Child,
    address: String,
}

impl Service {
    fn start(model: &Path) -> Option<Self> {
        let program = Path::new(env!("CARGO_BIN_EXE_narrows")).with_file_name("examples/service");
        let mut command = Command::new(program);
        let mut child = command.arg(model).arg("0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("text");
        let address = line.trim().strip_prefix("http://").expect("its address").to_owned();
        Some(Service { child, address })
    }

    fn encode(&self, rows: &Array2<f32>) {
        let rows: Vec<Vec<f32>> = rows.rows().into_iter().map(|row| row.to_vec()).collect();
        let body = json!({ "rows": rows }).to_string();
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        let head = "POST /encode HTTP/1.1\r\nhost: soak\r\nconnection: close\r\ncontent-type: application/json";
        write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("text");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Trains a model, exports it, opens it, uses it and drops it, in this process.
fn once(options: &str, data: &Dataset, rows: &Array2<f32>, folder: &Path) {
    let options = Options::from_toml(options).expect("valid options");
    let config = Config::check(&options, data).expect("options that fit the data");
    let fitted = fit(&config, data, &mut |_| ControlFlow::Continue(())).expect("a fit");
    let export = fitted.export(data).expect("an export");
    let mut stage = Stage::begin(folder).expect("our own folder");
    for (name, bytes) in &export.files {
        stage.write(name, bytes).expect("a writable folder");
    }
    let mut manifest = export.manifest;
    stage.write_manifest(&mut manifest).expect("a writable folder");
    let bundle = Bundle::open(stage.publish().expect("our own folder")).expect("just written");
    let model = Autoencoder::from_bundle(&bundle, &narrows_runtime::Options::default()).expect("a good bundle");
    let codes = model.encode(rows).expect("good rows");
    assert!(codes.iter().all(|code| code.is_finite()));
}

#[test]
#[ignore = "takes NARROWS_SOAK minutes (default 60): `just soak`"]
fn mixed_work_uses_no_more_memory_files_or_threads_at_its_end() {
    let minutes: f64 = std::env::var("NARROWS_SOAK").ok().and_then(|minutes| minutes.parse().ok()).unwrap_or(60.0);
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export vae --epochs 2 --hidden 16 --run run --out model");
    let data = narrows_data::load("digits", &LoadOptions::default()).expect("the digits are embedded");
    let rows = Array2::from_shape_fn((100, 64), |(row, column)| ((row * 31 + column * 17) % 16) as f32);
    let sample: Vec<f32> = rows.row(0).to_vec();
    let explorer = Server::start(&sandbox, "model --data digits --live-only");
    let service = Service::start(&sandbox.path("model"));
    let mut processes = vec![("this process", "self".to_owned()), ("explore", explorer.child.id().to_string())];
    match &service {
        Some(service) => processes.push(("service", service.child.id().to_string())),
        None => println!("without the service: cargo build --release -p narrows-runtime --example service"),
    }

    let (start, mut rounds) = (Instant::now(), 0);
    let mut samples: Vec<Vec<Usage>> = Vec::new();
    println!("minute  rounds  {}", processes.iter().map(|(name, _)| format!("{name:<28}")).collect::<String>());
    while start.elapsed().as_secs_f64() < 60.0 * minutes {
        let end_of_minute = Duration::from_secs(60 * (samples.len() as u64 + 1));
        while start.elapsed() < end_of_minute {
            once(OPTIONS[rounds % OPTIONS.len()], &data, &rows, &sandbox.path("own"));
            for _ in 0..20 {
                explorer.ask("/api/encode", &json!({ "samples": [sample] }));
                if let Some(service) = &service {
                    service.encode(&rows);
                }
            }
            if rounds % 10 == 0 {
                sandbox.run_ok("train-export ae --epochs 1 --hidden 16 --run other --out other-model");
                fs::remove_dir_all(sandbox.path("other")).expect("just written");
                sandbox.run_ok("encode model --data digits --out z.csv");
            }
            rounds += 1;
        }
        // The idle threads of a pool end after ten seconds.
        thread::sleep(Duration::from_secs(12));
        let now: Vec<Usage> = processes.iter().map(|(_, process)| Usage::settled(process)).collect();
        let texts = now.iter().map(|Usage { bytes, files, threads }| {
            format!("{:<28}", format!("{:.1} MB {files} files {threads} threads", *bytes as f64 / 1e6))
        });
        println!("{:>6}  {rounds:>6}  {}", samples.len() + 1, texts.collect::<String>());
        samples.push(now);
    }
    println!("{:.1} minutes, {rounds} rounds", start.elapsed().as_secs_f64() / 60.0);

    let warm = ((samples.len() as f64 * WARM_UP).ceil() as usize).max(1);
    assert!(samples.len() > warm, "too short to see growth; pass at least 2 minutes");
    for (index, (name, _)) in processes.iter().enumerate() {
        let of = |samples: &[Vec<Usage>], part: fn(&Usage) -> usize| {
            samples.iter().map(|usages| part(&usages[index])).max().expect("a sample")
        };
        let (before, after) = samples.split_at(warm);
        let last = &after[after.len() - 1][index];
        assert!(last.bytes < of(before, |usage| usage.bytes) + ALLOWED_BYTES, "{name} grows: {last:?}");
        assert!(last.files <= of(before, |usage| usage.files), "{name} keeps files open: {last:?}");
        assert!(last.threads <= of(before, |usage| usage.threads), "{name} keeps threads: {last:?}");
    }
    assert!(sandbox.leftover_files().is_empty(), "{:?}", sandbox.leftover_files());
}
