//! A service that runs in the process of the tests.

use std::{
    io::{self, Write},
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::Router;
use tokio::{net::TcpListener, runtime::Runtime, sync::Notify};

use crate::{
    client::{Client, TestRequest, TestResponse},
    connections::serve,
    limits::Limits,
    log::Log,
    metrics::Metrics,
    models::Models,
    record::Recorder,
    service::{Service, router},
    zoo::zoo,
};

pub(crate) const CLIENTS: usize = 16;
pub(crate) const TIMEOUT: Duration = Duration::from_secs(20);
pub(crate) const LIMITS: Limits = Limits {
    connections: 1000,
    connections_per_client: 1000,
    idle: TIMEOUT,
    head: TIMEOUT,
    head_bytes: 8 << 10,
    arrival: TIMEOUT,
    time: TIMEOUT,
    response: TIMEOUT,
    age: TIMEOUT,
    body: 64 << 10,
    rows: 64,
    memory: 16 << 20,
    concurrent: 4,
    merge: 8,
    drain: Duration::ZERO,
    stop: TIMEOUT,
};

/// A service on a free port of this machine.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) service: Arc<Service>,
    stop: Arc<Notify>,
    ended: tokio::task::JoinHandle<io::Result<()>>,
    threads: Runtime,
    recorder: Arc<Recorder>,
    lines: Lines,
}

/// Collects what is written to it.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.lock().expect("no panic").clone()
    }
}

/// Creates a service that writes its log to `output`.
pub(crate) fn service_of(
    path: PathBuf,
    limits: Limits,
    output: impl Write + Send + 'static,
) -> (Arc<Service>, Arc<Recorder>) {
    let metrics = Arc::new(Metrics::new());
    let log = Log::new(output, metrics.log_lines_lost.clone());
    let recorder = Arc::new(Recorder { metrics, log });
    (Service::new(Models::open(path).expect("a good bundle"), limits, Arc::clone(&recorder)), recorder)
}

impl Running {
    pub(crate) fn start(limits: Limits) -> Self {
        Self::start_with("vae", limits, |router, _| router)
    }

    /// Starts the service with the middleware of `around`, which can also stop the service.
    pub(crate) fn start_with(kind: &str, limits: Limits, around: impl FnOnce(Router, Arc<Notify>) -> Router) -> Self {
        Self::start_bundle(zoo(kind), limits, around)
    }

    /// Starts the service with the models of a bundle.
    pub(crate) fn start_bundle(
        path: PathBuf,
        limits: Limits,
        around: impl FnOnce(Router, Arc<Notify>) -> Router,
    ) -> Self {
        let (threads, lines) = (Runtime::new().expect("threads"), Lines::default());
        let (service, recorder) = service_of(path, limits, lines.clone());
        let stop = Arc::new(Notify::new());
        let router = around(router(Arc::clone(&service)), Arc::clone(&stop));
        let listener = threads.block_on(TcpListener::bind(("127.0.0.1", 0))).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let stopped = Arc::clone(&stop);
        let stopping = async move { stopped.notified().await };
        let ended = threads.spawn(serve(listener, router, Arc::clone(&service), stopping));
        Running { address, service, stop, ended, threads, recorder, lines }
    }

    pub(crate) fn request(&self, request: &TestRequest) -> TestResponse {
        Client::new(self.address).request(request).expect("a response")
    }

    /// Returns the value of a metric, or 0 if there is none with these labels.
    pub(crate) fn metric(&self, series: &str) -> f64 {
        let text = self.service.metrics.text().expect("text");
        let found = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        found.map_or(0.0, |value| value.parse().expect("a number"))
    }

    /// Waits until a metric has a value.
    ///
    /// # Panics
    /// If it does not have it within a minute.
    pub(crate) fn wait_for(&self, series: &str, value: f64) {
        for _ in 0..6000 {
            if self.metric(series) == value {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{series} is {}, not {value}", self.metric(series));
    }

    /// Waits until the service has stopped, and returns its log.
    pub(crate) fn wait(self) -> Vec<u8> {
        let Running { ended, threads, address, recorder, lines, .. } = self;
        let ended = threads.block_on(async { tokio::time::timeout(Duration::from_secs(60), ended).await });
        ended.expect("a stop within a minute").expect("no panic").expect("no error");
        assert!(
            Client::new(address).request(&TestRequest::get("/health")).is_none(),
            "the service must not listen any more"
        );
        drop(threads);
        recorder.log.close(Duration::from_secs(60));
        lines.bytes()
    }

    /// Sends the stop signal.
    pub(crate) fn signal(&self) {
        self.stop.notify_one();
    }

    pub(crate) fn stop(self) -> Vec<u8> {
        self.signal();
        self.wait()
    }
}
