//! Load tests of the service example: correct responses to all clients, errors for invalid requests, and a graceful
//! stop that finishes all accepted requests.

mod client;
#[path = "../../examples/service/detection.rs"]
mod detection;
mod detector;
#[cfg(unix)]
mod program;
#[path = "../../examples/service/refusal.rs"]
mod refusal;
#[path = "../../examples/service/request.rs"]
mod request;
#[path = "../../examples/service/service.rs"]
mod service;
#[path = "../support/mod.rs"]
mod support;

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use axum::{Router, extract::Request, middleware};
use client::{Client, TestRequest, TestResponse, json, octets};
use narrows_runtime::{Autoencoder, Samples, ndarray::Array2};
use service::{Limits, Models};
use tokio::{net::TcpListener, runtime::Runtime, sync::Notify};

const CLIENTS: usize = 16;
const WIDTH: usize = 64;
const TIMEOUT: Duration = Duration::from_secs(20);
const LIMITS: Limits =
    Limits { body: 64 << 10, rows: 64, bodies: 64, concurrent: 4, arrival: TIMEOUT, time: TIMEOUT, stop: TIMEOUT };
/// Largest accepted difference of a code: ONNX Runtime may sum in another order on another thread. Codes are of the
/// order of 1.
const CLOSE: f32 = 1e-5;

/// A service on a free port of this machine.
struct Running {
    address: SocketAddr,
    stop: Arc<Notify>,
    ended: tokio::task::JoinHandle<std::io::Result<()>>,
    threads: Runtime,
}

impl Running {
    fn start(limits: Limits) -> Self {
        Self::start_with("vae", limits, |router, _| router)
    }

    /// Starts the service with the middleware of `around`, which can also stop the service.
    fn start_with(kind: &str, limits: Limits, around: impl FnOnce(Router, Arc<Notify>) -> Router) -> Self {
        Self::start_bundle(zoo(kind), limits, around)
    }

    /// Starts the service with the models of a bundle.
    fn start_bundle(path: PathBuf, limits: Limits, around: impl FnOnce(Router, Arc<Notify>) -> Router) -> Self {
        let threads = Runtime::new().expect("threads");
        let stop = Arc::new(Notify::new());
        let models = Models::open(path).expect("a good bundle");
        let router = around(service::router(models, limits), Arc::clone(&stop));
        let listener = threads.block_on(TcpListener::bind(("127.0.0.1", 0))).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let stopped = Arc::clone(&stop);
        let stopping = async move { stopped.notified().await };
        let ended = threads.spawn(service::serve(listener, router, stopping, limits.stop));
        Running { address, stop, ended, threads }
    }

    fn request(&self, request: &TestRequest) -> TestResponse {
        Client::new(self.address).request(request).expect("a response")
    }

    /// Waits until the service has stopped.
    fn wait(self) {
        let Running { ended, threads, address, .. } = self;
        let ended = threads.block_on(async { tokio::time::timeout(Duration::from_secs(60), ended).await });
        ended.expect("a stop within a minute").expect("no panic").expect("no error");
        assert!(
            Client::new(address).request(&TestRequest::get("/health")).is_none(),
            "the service must not listen any more"
        );
    }

    fn stop(self) {
        self.stop.notify_one();
        self.wait();
    }
}

fn zoo(kind: &str) -> PathBuf {
    PathBuf::from(format!("{}/../models/zoo/{kind}", env!("CARGO_MANIFEST_DIR")))
}

fn model(kind: &str) -> Autoencoder {
    Autoencoder::open(zoo(kind)).expect("the zoo")
}

/// Returns images in the digits' unit, 0 to 16, that depend on the row and the seed.
fn rows(count: usize, seed: usize) -> Array2<f32> {
    Array2::from_shape_fn((count, WIDTH), |(row, column)| ((seed * 31 + row * 5 + column * 7) % 17) as f32)
}

/// A request with the expected codes, or with the expected status and a part of the error message.
struct Case {
    request: TestRequest,
    expected: Result<Array2<f32>, (u16, &'static str)>,
}

/// Returns valid requests in every format and size, and about as many invalid ones.
fn cases() -> &'static [Case] {
    static CASES: OnceLock<Vec<Case>> = OnceLock::new();
    CASES.get_or_init(|| {
        let model = model("vae");
        let good = (0..12).flat_map(|seed| {
            let rows = rows([1, 2, 7, 64][seed % 4], seed);
            let codes = model.encode(&rows).expect("good rows");
            [json(&rows), octets(&rows, "u8"), octets(&rows, "f32")].map(|request| {
                let request = if seed % 3 == 0 { request.with("accept", "application/octet-stream") } else { request };
                Case { request, expected: Ok(codes.clone()) }
            })
        });
        let mut with_nan = rows(3, 0);
        with_nan[[1, 9]] = f32::NAN;
        let bad = [
            (TestRequest::post("application/json", b"{\"rows\": [[1, 2"), (400, "EOF")),
            (TestRequest::post("application/json", b"{\"rows\": [[1, 2, 3]]}"), (400, "row 0 has 3 values")),
            (TestRequest::post("application/json", b"{\"row\": []}"), (400, "unknown field `row`")),
            (TestRequest::post("application/json", b"\xff"), (400, "a JSON object")),
            (TestRequest::post("application/json", b"[[[1, 2]], null]"), (400, "a JSON object")),
            (json(&rows(2, 0)).replaced("\"rows\"", "\"labels\":[1,2],\"rows\""), (400, "takes no labels")),
            (json(&rows(1, 0)).replaced("[[0.0", "[[1e39"), (400, "number out of range")),
            (octets(&with_nan, "f32"), (400, "NaN in row 1 at [1, 1]")),
            (TestRequest::post("application/octet-stream", &[0; 64]), (400, "needs the header x-dtype")),
            (TestRequest::post("application/octet-stream", &[0; 64]).with("x-dtype", "f64"), (400, "got `f64`")),
            (
                TestRequest::post("application/octet-stream", &[0; 65]).with("x-dtype", "u8"),
                (400, "not a multiple of the row length 64"),
            ),
            (TestRequest::post("application/octet-stream", &[0; 257]).with("x-dtype", "f32"), (400, "257 bytes")),
            (TestRequest::post("text/csv", b"1,2,3"), (415, "got `text/csv`")),
            (octets(&rows(65, 0), "u8"), (413, "65 rows, at most 64")),
            (TestRequest::declaring(LIMITS.body + 1), (413, "65536 bytes")),
            (octets(&rows(2, 0), "u8").with_query("label=3"), (400, "takes no labels (leave them out)")),
            (octets(&rows(2, 0), "u8").with_query("lable=3"), (400, "got `lable`")),
            (TestRequest::get("/encode"), (405, "does not support the method")),
            (TestRequest::get("/"), (404, "use /encode")),
            (json(&rows(1, 0)).to("/detect"), (404, "has no detector (add one with `narrows detect fit BUNDLE`)")),
        ];
        let bad = bad.into_iter().map(|(request, refusal)| Case { request, expected: Err(refusal) });
        good.chain(bad).collect()
    })
}

impl Case {
    fn run(&self, running: &Running) {
        self.check(&running.request(&self.request));
    }

    fn check(&self, response: &TestResponse) {
        match &self.expected {
            Ok(codes) => {
                let found = response.codes();
                assert_eq!(found.len(), codes.len(), "{response:?}");
                let largest = found.iter().zip(codes).map(|(found, code)| (found - code).abs()).fold(0.0, f32::max);
                assert!(largest <= CLOSE, "largest difference {largest}");
            }
            Err((status, part)) => {
                assert_eq!(response.status, *status, "{response:?}");
                assert!(response.error().contains(part), "{response:?}");
            }
        }
    }
}

#[test]
fn thousands_of_mixed_requests_get_correct_responses() {
    const REQUESTS: usize = 4000;
    let (running, next) = (Running::start(LIMITS), AtomicUsize::new(0));
    let cases = cases();
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut client = Client::new(running.address);
                while let Some(case) = Some(next.fetch_add(1, SeqCst)).filter(|&at| at < REQUESTS) {
                    let case = &cases[case % cases.len()];
                    case.check(&client.request(&case.request).expect("a response"));
                }
            });
        }
    });
    running.stop();
}

#[test]
fn a_stop_under_load_finishes_all_accepted_requests() {
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    // The stop comes from inside a request, so that at least one request is running.
    let running = Running::start_with("vae", LIMITS, move |router, stop| {
        router.layer(middleware::from_fn(move |request: Request, next: middleware::Next| {
            if counted.fetch_add(1, SeqCst) == 500 {
                stop.notify_one();
            }
            next.run(request)
        }))
    });
    let (cases, answered, address) = (cases(), AtomicUsize::new(0), running.address);
    thread::scope(|scope| {
        for first in 0..CLIENTS {
            let answered = &answered;
            scope.spawn(move || {
                let mut client = Client::new(address);
                for case in cases.iter().cycle().skip(first * 3).take(1000) {
                    // No response: the connection was closed before the request was accepted.
                    let Some(response) = client.request(&case.request) else { break };
                    case.check(&response);
                    answered.fetch_add(1, SeqCst);
                }
            });
        }
        // As at the end of a program: after the stop, the threads of the service end.
        running.wait();
    });
    assert!(taken.load(SeqCst) > 500);
    assert_eq!(answered.load(SeqCst), taken.load(SeqCst));
}

#[test]
fn slow_clients_delay_neither_other_clients_nor_the_stop() {
    const SENDERS: usize = 48;
    let (arrival, stop) = (Duration::from_secs(3), Duration::from_secs(1));
    let running = Running::start(Limits { bodies: SENDERS + 1, concurrent: 1, arrival, stop, ..LIMITS });
    let mut senders: Vec<Client> = (0..SENDERS).map(|_| Client::new(running.address)).collect();
    let start = Instant::now();
    let begin = |sender: &mut Client| sender.send(&TestRequest::declaring(1000).bytes()).expect("a connection");
    senders.iter_mut().for_each(begin);
    while start.elapsed() < arrival / 2 {
        senders.iter_mut().for_each(|sender| sender.send(b" ").expect("still open"));
        let sent = Instant::now();
        cases()[0].run(&running);
        assert!(sent.elapsed() < arrival / 6, "{:?}", sent.elapsed());
        thread::sleep(Duration::from_millis(20));
    }
    for sender in &mut senders {
        let slow = sender.receive().expect("a response");
        assert_eq!((slow.status, slow.error()), (408, "the body did not arrive within 3s".to_owned()));
    }

    // Neither a client that has started a body nor one that sends nothing delays the stop.
    let [mut slow, mut silent] = [Client::new(running.address), Client::new(running.address)];
    begin(&mut slow);
    silent.send(b"").expect("a connection");
    running.request(&TestRequest::get("/health"));
    let start = Instant::now();
    running.stop();
    assert!(start.elapsed() < stop + Duration::from_secs(1), "{:?}", start.elapsed());
    assert!(Limits::default().stop <= Duration::from_secs(5), "containers are killed after ten seconds");
}

#[test]
fn a_busy_service_refuses_requests_and_still_reports_its_health() {
    let soon = Duration::from_millis(50);
    for limits in [Limits { concurrent: 0, time: soon, ..LIMITS }, Limits { bodies: 0, ..LIMITS }] {
        let running = Running::start(limits);
        let busy = running.request(&cases()[0].request);
        assert_eq!((busy.status, busy.error()), (503, "the service is busy (try again later)".to_owned()));
        assert_eq!(running.request(&TestRequest::get("/health")).status, 200);
        running.stop();
    }
}

#[test]
fn the_size_limit_applies_to_chunked_bodies() {
    let running = Running::start(LIMITS);
    let head =
        "POST /encode HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    for (chunk, status, error) in [
        (
            format!("{:x}\r\n{}", LIMITS.body + 1, " ".repeat(LIMITS.body + 1)),
            413,
            "the body is larger than the limit of 65536 bytes",
        ),
        ("no length\r\n".to_owned(), 400, "the body is incomplete or not valid HTTP"),
    ] {
        let mut client = Client::new(running.address);
        client.send(format!("{head}{chunk}").as_bytes()).expect("a connection");
        let response = client.receive().expect("a response");
        assert_eq!((response.status, response.error().as_str()), (status, error));
    }
    running.stop();
}

#[test]
fn media_types_ignore_case() {
    let running = Running::start(LIMITS);
    let body = serde_json::json!({"rows": [vec![0; WIDTH]]}).to_string();
    let upper_case = TestRequest::post("Application/JSON; Charset=UTF-8", body.as_bytes());
    let codes = running.request(&upper_case.with("accept", "Application/Octet-Stream")).codes();
    assert_eq!(codes.len(), 8);
    running.stop();
}

#[test]
fn a_conditional_model_takes_labels_in_the_body_or_the_query() {
    let running = Running::start_with("cvae", LIMITS, |router, _| router);
    let (rows, model) = (rows(2, 0), model("cvae"));
    let in_body = |labels: &str| json(&rows).replaced("\"rows\"", &format!("\"labels\":{labels},\"rows\""));
    let good = [
        (in_body("[7, 3]"), [7, 3]),
        (octets(&rows, "u8").with_query("labels=7,3"), [7, 3]),
        (octets(&rows, "f32").with_query("labels=7%2C+3"), [7, 3]),
        (octets(&rows, "f32").with_query("label=%37"), [7, 7]),
        (json(&rows).with_query("label=7"), [7, 7]),
    ];
    for (request, labels) in good {
        let codes = model.encode(Samples::from(&rows).labelled(&labels)).expect("good rows");
        Case { request, expected: Ok(codes) }.run(&running);
    }
    let bad = [
        (octets(&rows, "u8"), "but none were given (add `labels` to the JSON, or labels=7,3 or label=7 to the query)"),
        (octets(&rows, "u8").with_query("labels=7"), "expected one label per row, got 1 label for 2 rows"),
        (octets(&rows, "u8").with_query("label=ten"), "there is no class `ten`"),
        (octets(&rows, "u8").with_query("label=%ff"), "label: invalid utf-8"),
        (octets(&rows, "u8").with_query("label=1&labels=1,2"), "one label or one list of labels"),
        (in_body("[7, 3]").with_query("label=7"), "in the query and in the body"),
        (in_body("[7, 10]"), "the label of row 1 is 10"),
    ];
    for (request, refusal) in bad {
        Case { expected: Err((400, refusal)), request }.run(&running);
    }
    running.stop();
}

#[test]
fn the_model_endpoint_describes_the_model() {
    let running = Running::start(LIMITS);
    let model = running.request(&TestRequest::get("/model")).json();
    assert_eq!((&model["kind"], &model["sample_shape"]), (&"vae".into(), &vec![8, 8].into()));
    assert_eq!((&model["latent_dim"], &model["takes_labels"]), (&8.into(), &false.into()));
    assert_eq!((&model["sample_range"], &model["limits"]["rows"]), (&vec![0.0, 16.0].into(), &64.into()));
    assert!(model["detector"].is_null());
    let none = running.request(&TestRequest::post("application/json", b"{\"rows\": []}"));
    assert_eq!((none.status, none.json()), (200, serde_json::json!({"codes": []})));
    running.stop();
}

#[test]
fn a_request_that_is_still_arriving_at_the_stop_gets_a_response() {
    let (taken, seen) = mpsc::channel();
    let running = Running::start_with("vae", LIMITS, |router, _| {
        router.layer(middleware::from_fn(move |request: Request, next: middleware::Next| {
            taken.send(()).expect("the receiver exists");
            next.run(request)
        }))
    });
    let (case, mut client) = (&cases()[0], Client::new(running.address));
    let bytes = case.request.bytes();
    let (first, rest) = bytes.split_at(bytes.len() - 10);
    client.send(first).expect("a connection");
    seen.recv().expect("the headers have arrived");
    let stopped = thread::spawn(|| running.stop());
    thread::sleep(Duration::from_millis(200));
    client.send(rest).expect("the same connection");
    case.check(&client.receive().expect("a response"));
    stopped.join().expect("no panic");
}
