//! The example of a service under load: right answers to every caller, wrong questions refused, and a stop
//! that drops nothing it has taken.

mod client;
#[cfg(unix)]
mod program;
#[path = "../../examples/service/question.rs"]
mod question;
#[path = "../../examples/service/refusal.rs"]
mod refusal;
#[path = "../../examples/service/service.rs"]
mod service;

use std::{
    net::SocketAddr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use axum::{Router, extract::Request, middleware};
use client::{Answer, Client, Question, json, octets};
use narrows_runtime::{Autoencoder, Samples, ndarray::Array2};
use service::Limits;
use tokio::{net::TcpListener, runtime::Runtime, sync::Notify};

const CLIENTS: usize = 16;
const WIDTH: usize = 64;
const PATIENCE: Duration = Duration::from_secs(20);
const LIMITS: Limits =
    Limits { body: 64 << 10, rows: 64, bodies: 64, concurrent: 4, arrival: PATIENCE, time: PATIENCE, stop: PATIENCE };
/// The same graph on the same rows; ONNX Runtime may add up in another order on another thread. Codes are of
/// the order of 1.
const CLOSE: f32 = 1e-5;

/// A service on a free port of this machine, for as long as this lives.
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

    /// The service inside whatever `around` puts around it; it may also tell it to stop.
    fn start_with(kind: &str, limits: Limits, around: impl FnOnce(Router, Arc<Notify>) -> Router) -> Self {
        let threads = Runtime::new().expect("threads");
        let stop = Arc::new(Notify::new());
        let router = around(service::router(model(kind), limits), Arc::clone(&stop));
        let listener = threads.block_on(TcpListener::bind(("127.0.0.1", 0))).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let stopped = Arc::clone(&stop);
        let stopping = async move { stopped.notified().await };
        let ended = threads.spawn(service::serve(listener, router, stopping, limits.stop));
        Running { address, stop, ended, threads }
    }

    fn ask(&self, question: &Question) -> Answer {
        Client::new(self.address).ask(question).expect("an answer")
    }

    /// Waits until it has stopped, however that was asked for.
    fn end(self) {
        let Running { ended, threads, address, .. } = self;
        let ended = threads.block_on(async { tokio::time::timeout(Duration::from_secs(60), ended).await });
        ended.expect("it stops within a minute").expect("no panic").expect("no error");
        assert!(Client::new(address).ask(&Question::get("/health")).is_none(), "nobody listens any more");
    }

    fn stop(self) {
        self.stop.notify_one();
        self.end();
    }
}

fn model(kind: &str) -> Autoencoder {
    Autoencoder::open(format!("{}/../models/zoo/{kind}", env!("CARGO_MANIFEST_DIR"))).expect("the zoo")
}

/// Pictures in the digits' unit, 0 to 16, that differ from row to row and seed to seed.
fn rows(count: usize, seed: usize) -> Array2<f32> {
    Array2::from_shape_fn((count, WIDTH), |(row, at)| ((seed * 31 + row * 5 + at * 7) % 17) as f32)
}

/// Questions with the codes that answer them, or with the status and a part of the error that does.
struct Case {
    question: Question,
    expected: Result<Array2<f32>, (u16, &'static str)>,
}

/// Good questions in every form and size, and about as many bad ones.
fn cases() -> &'static [Case] {
    static CASES: OnceLock<Vec<Case>> = OnceLock::new();
    CASES.get_or_init(|| {
        let model = model("vae");
        let good = (0..12).flat_map(|seed| {
            let rows = rows([1, 2, 7, 64][seed % 4], seed);
            let codes = model.encode(&rows).expect("good rows");
            [json(&rows), octets(&rows, "u8"), octets(&rows, "f32")].map(|question| {
                let question =
                    if seed % 3 == 0 { question.with("accept", "application/octet-stream") } else { question };
                Case { question, expected: Ok(codes.clone()) }
            })
        });
        let mut spoilt = rows(3, 0);
        spoilt[[1, 9]] = f32::NAN;
        let bad = [
            (Question::post("application/json", b"{\"rows\": [[1, 2"), (400, "EOF")),
            (Question::post("application/json", b"{\"rows\": [[1, 2, 3]]}"), (400, "row 0 has 3 numbers")),
            (Question::post("application/json", b"{\"row\": []}"), (400, "unknown field `row`")),
            (Question::post("application/json", b"\xff"), (400, "a JSON object")),
            (Question::post("application/json", b"[[[1, 2]], null]"), (400, "a JSON object")),
            (json(&rows(2, 0)).replaced("\"rows\"", "\"labels\":[1,2],\"rows\""), (400, "takes no labels")),
            (json(&rows(1, 0)).replaced("[[0.0", "[[1e39"), (400, "number out of range")),
            (octets(&spoilt, "f32"), (400, "NaN in row 1 at [1, 1]")),
            (Question::post("application/octet-stream", &[0; 64]), (400, "needs the header x-dtype")),
            (Question::post("application/octet-stream", &[0; 64]).with("x-dtype", "f64"), (400, "got `f64`")),
            (Question::post("application/octet-stream", &[0; 65]).with("x-dtype", "u8"), (400, "no whole rows of 64")),
            (Question::post("application/octet-stream", &[0; 257]).with("x-dtype", "f32"), (400, "257 bytes")),
            (Question::post("text/csv", b"1,2,3"), (415, "got `text/csv`")),
            (octets(&rows(65, 0), "u8"), (413, "65 rows, at most 64")),
            (Question::declaring(LIMITS.body + 1), (413, "65536 bytes")),
            (octets(&rows(2, 0), "u8").asking("label=3"), (400, "takes no labels (leave them out)")),
            (octets(&rows(2, 0), "u8").asking("lable=3"), (400, "got `lable`")),
            (Question::get("/encode"), (405, "another method")),
            (Question::get("/"), (404, "there are /encode")),
        ];
        let bad = bad.into_iter().map(|(question, refusal)| Case { question, expected: Err(refusal) });
        good.chain(bad).collect()
    })
}

impl Case {
    fn ask(&self, running: &Running) {
        self.check(&running.ask(&self.question));
    }

    fn check(&self, answer: &Answer) {
        match &self.expected {
            Ok(codes) => {
                let found = answer.codes();
                assert_eq!(found.len(), codes.len(), "{answer:?}");
                let largest = found.iter().zip(codes).map(|(found, code)| (found - code).abs()).fold(0.0, f32::max);
                assert!(largest <= CLOSE, "{largest} apart");
            }
            Err((status, part)) => {
                assert_eq!(answer.status, *status, "{answer:?}");
                assert!(answer.error().contains(part), "{answer:?}");
            }
        }
    }
}

#[test]
fn every_one_of_thousands_of_mixed_requests_is_answered_rightly() {
    const REQUESTS: usize = 4000;
    let (running, next) = (Running::start(LIMITS), AtomicUsize::new(0));
    let cases = cases();
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut client = Client::new(running.address);
                while let Some(case) = Some(next.fetch_add(1, SeqCst)).filter(|&at| at < REQUESTS) {
                    let case = &cases[case % cases.len()];
                    case.check(&client.ask(&case.question).expect("an answer"));
                }
            });
        }
    });
    running.stop();
}

#[test]
fn a_stop_under_load_answers_everything_that_was_taken() {
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    // It is told to stop from inside a request, so that one at least is running then.
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
                    // No answer at all: the connection was closed before the request was taken.
                    let Some(answer) = client.ask(&case.question) else { break };
                    case.check(&answer);
                    answered.fetch_add(1, SeqCst);
                }
            });
        }
        // As a program ends: once the service has stopped, its threads are gone.
        running.end();
    });
    assert!(taken.load(SeqCst) > 500);
    assert_eq!(answered.load(SeqCst), taken.load(SeqCst));
}

#[test]
fn slow_senders_hold_up_neither_other_callers_nor_the_stop() {
    const SENDERS: usize = 48;
    let (arrival, stop) = (Duration::from_secs(3), Duration::from_secs(1));
    let running = Running::start(Limits { bodies: SENDERS + 1, concurrent: 1, arrival, stop, ..LIMITS });
    let mut senders: Vec<Client> = (0..SENDERS).map(|_| Client::new(running.address)).collect();
    let begun = Instant::now();
    let begin = |sender: &mut Client| sender.send(&Question::declaring(1000).bytes()).expect("a connection");
    senders.iter_mut().for_each(begin);
    while begun.elapsed() < arrival / 2 {
        senders.iter_mut().for_each(|sender| sender.send(b" ").expect("still open"));
        let asked = Instant::now();
        cases()[0].ask(&running);
        assert!(asked.elapsed() < arrival / 6, "{:?}", asked.elapsed());
        thread::sleep(Duration::from_millis(20));
    }
    for sender in &mut senders {
        let slow = sender.receive().expect("an answer");
        assert_eq!((slow.status, slow.error()), (408, "the body was not there within 3s".to_owned()));
    }

    // Neither one that has begun a body nor one that sends nothing at all.
    let [mut slow, mut silent] = [Client::new(running.address), Client::new(running.address)];
    begin(&mut slow);
    silent.send(b"").expect("a connection");
    running.ask(&Question::get("/health"));
    let begun = Instant::now();
    running.stop();
    assert!(begun.elapsed() < stop + Duration::from_secs(1), "{:?}", begun.elapsed());
    assert!(Limits::default().stop <= Duration::from_secs(5), "containers are killed after ten");
}

#[test]
fn too_much_to_do_is_said_and_health_still_answers() {
    let soon = Duration::from_millis(50);
    for limits in [Limits { concurrent: 0, time: soon, ..LIMITS }, Limits { bodies: 0, ..LIMITS }] {
        let running = Running::start(limits);
        let busy = running.ask(&cases()[0].question);
        assert_eq!((busy.status, busy.error()), (503, "there is too much to do (try again later)".to_owned()));
        assert_eq!(running.ask(&Question::get("/health")).status, 200);
        running.stop();
    }
}

#[test]
fn a_body_in_chunks_is_measured_as_it_comes() {
    let running = Running::start(LIMITS);
    let head =
        "POST /encode HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    for (chunk, status, error) in [
        (format!("{:x}\r\n{}", LIMITS.body + 1, " ".repeat(LIMITS.body + 1)), 413, "a body may have 65536 bytes"),
        ("no length\r\n".to_owned(), 400, "the body broke off or is no valid HTTP"),
    ] {
        let mut client = Client::new(running.address);
        client.send(format!("{head}{chunk}").as_bytes()).expect("a connection");
        let answer = client.receive().expect("an answer");
        assert_eq!((answer.status, answer.error().as_str()), (status, error));
    }
    running.stop();
}

#[test]
fn media_types_ignore_case() {
    let running = Running::start(LIMITS);
    let body = serde_json::json!({"rows": [vec![0; WIDTH]]}).to_string();
    let shouted = Question::post("Application/JSON; Charset=UTF-8", body.as_bytes());
    let codes = running.ask(&shouted.with("accept", "Application/Octet-Stream")).codes();
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
        (octets(&rows, "u8").asking("labels=7,3"), [7, 3]),
        (octets(&rows, "f32").asking("labels=7%2C+3"), [7, 3]),
        (octets(&rows, "f32").asking("label=%37"), [7, 7]),
        (json(&rows).asking("label=7"), [7, 7]),
    ];
    for (question, labels) in good {
        let codes = model.encode(Samples::from(&rows).labelled(&labels)).expect("good rows");
        Case { question, expected: Ok(codes) }.ask(&running);
    }
    let bad = [
        (octets(&rows, "u8"), "none were given (add `labels` to the JSON, or labels=7,3 or label=7 to the query)"),
        (octets(&rows, "u8").asking("labels=7"), "2 rows need 2 labels, got 1"),
        (octets(&rows, "u8").asking("label=ten"), "there is no class `ten`"),
        (octets(&rows, "u8").asking("label=%ff"), "label: invalid utf-8"),
        (octets(&rows, "u8").asking("label=1&labels=1,2"), "one label or one list of labels"),
        (in_body("[7, 3]").asking("label=7"), "in the query and in the body"),
        (in_body("[7, 10]"), "the label of row 1 is 10"),
    ];
    for (question, refusal) in bad {
        Case { expected: Err((400, refusal)), question }.ask(&running);
    }
    running.stop();
}

#[test]
fn the_model_says_what_it_takes() {
    let running = Running::start(LIMITS);
    let model = running.ask(&Question::get("/model")).json();
    assert_eq!((&model["kind"], &model["sample_shape"]), (&"vae".into(), &vec![8, 8].into()));
    assert_eq!((&model["latent_dim"], &model["takes_labels"]), (&8.into(), &false.into()));
    assert_eq!((&model["sample_range"], &model["limits"]["rows"]), (&vec![0.0, 16.0].into(), &64.into()));
    let none = running.ask(&Question::post("application/json", b"{\"rows\": []}"));
    assert_eq!((none.status, none.json()), (200, serde_json::json!({"codes": []})));
    running.stop();
}

#[test]
fn a_request_that_is_still_arriving_at_the_stop_is_answered() {
    let (taken, seen) = mpsc::channel();
    let running = Running::start_with("vae", LIMITS, |router, _| {
        router.layer(middleware::from_fn(move |request: Request, next: middleware::Next| {
            taken.send(()).expect("somebody waits for it");
            next.run(request)
        }))
    });
    let (case, mut client) = (&cases()[0], Client::new(running.address));
    let bytes = case.question.bytes();
    let (first, rest) = bytes.split_at(bytes.len() - 10);
    client.send(first).expect("a connection");
    seen.recv().expect("its head has arrived");
    let stopped = thread::spawn(|| running.stop());
    thread::sleep(Duration::from_millis(200));
    client.send(rest).expect("the same connection");
    case.check(&client.receive().expect("an answer"));
    stopped.join().expect("no panic");
}
