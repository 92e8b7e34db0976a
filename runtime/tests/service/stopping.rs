//! The graceful stop: accepted requests are finished, slow clients do not delay it, and `/health` reports it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use axum::{extract::Request, middleware};

use crate::{
    cases::cases,
    client::{Client, TestRequest},
    limits::Limits,
    running::{CLIENTS, LIMITS, Running, TIMEOUT},
};

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

#[test]
fn slow_connections_in_every_phase_do_not_delay_the_stop() {
    let stop = Duration::from_secs(1);
    let running = Running::start(Limits { stop, ..LIMITS });
    let [mut silent, mut head, mut body, mut unread] = [(); 4].map(|()| Client::new(running.address));
    silent.send(b"").expect("a connection");
    head.send(b"GET /hea").expect("a connection");
    body.send(&TestRequest::declaring(1000).bytes()).expect("a connection");
    unread.send(&TestRequest::get("/metrics").bytes().repeat(100)).expect("a connection");
    running.wait_for("narrows_open_connections", 4.0);
    let start = Instant::now();
    running.stop();
    // Without the limit, the phases of the connections would last longer.
    assert!(start.elapsed() < TIMEOUT / 2, "{:?}", start.elapsed());
    let Limits { drain, stop, .. } = Limits::default();
    assert!(drain + stop < Duration::from_secs(8), "containers are killed after ten seconds");
}

#[test]
fn health_reports_the_stop_while_requests_are_still_answered_on_new_connections() {
    let running = Running::start(Limits { drain: Duration::from_secs(600), ..LIMITS });
    let healthy = running.request(&TestRequest::get("/health"));
    assert_eq!((healthy.status, healthy.json()), (200, serde_json::json!({"status": "ok"})));
    let mut open = Client::new(running.address);
    open.request(&TestRequest::get("/health")).expect("a response");
    running.signal();
    let started = Instant::now();
    let stopping = loop {
        let response = running.request(&TestRequest::get("/health"));
        if response.status != 200 {
            break response;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "the signal has no effect");
    };
    assert_eq!((stopping.status, stopping.json()), (503, serde_json::json!({"status": "stopping"})));
    cases()[0].run(&running);
    let last = open.request(&cases()[0].request).expect("a response");
    cases()[0].check(&last);
    assert_eq!(last.header("connection"), Some("close"));
    assert_eq!(open.wait_for_end(), 0);
}
