//! Many clients: a limited number of connections, of bytes in memory, and of requests that wait.

use std::time::Duration;

use crate::{
    cases::cases,
    client::{Client, TestRequest, octets},
    limits::Limits,
    running::{LIMITS, Running},
    zoo::rows,
};

#[test]
fn connections_beyond_a_limit_are_refused_and_told_when_to_try_again() {
    for (limits, reason) in
        [(Limits { connections: 2, ..LIMITS }, "total"), (Limits { connections_per_client: 2, ..LIMITS }, "client")]
    {
        let running = Running::start(limits);
        let health = TestRequest::get("/health");
        let mut open = [(); 2].map(|()| Client::new(running.address));
        open.iter_mut().for_each(|client| assert_eq!(client.request(&health).expect("a response").status, 200));
        for refused in 1..100 {
            let response = running.request(&cases()[0].request);
            let error = "there are too many connections (try again later)".to_owned();
            assert_eq!((response.status, response.error()), (503, error));
            assert_eq!((response.header("retry-after"), response.header("connection")), (Some("1"), Some("close")));
            running.wait_for(&format!("narrows_refused_connections_total{{limit=\"{reason}\"}}"), f64::from(refused));
        }
        assert_eq!(running.metric("narrows_open_connections"), 2.0);
        open.iter_mut().for_each(|client| assert_eq!(client.request(&health).expect("a response").status, 200));
        let [first, _second] = open;
        drop(first);
        running.wait_for("narrows_open_connections", 1.0);
        cases()[0].run(&running);
        running.stop();
    }
}

#[test]
fn large_heads_and_many_headers_are_refused() {
    let running = Running::start(LIMITS);
    let many = (0..200).fold(TestRequest::get("/health"), |request, index| request.with(&format!("x-{index}"), "1"));
    let large = TestRequest::get("/health").with("x-large", &"x".repeat(LIMITS.head_bytes));
    let long = TestRequest::get(&format!("/{}", "x".repeat(LIMITS.head_bytes)));
    for request in [many, large, long] {
        let mut client = Client::new(running.address);
        client.send(&request.bytes()).expect("a connection");
        let status = client.receive().map(|response| response.status);
        assert!(matches!(status, None | Some(414 | 431)), "{status:?}");
    }
    assert_eq!(running.metric("narrows_requests_total{route=\"health\",status=\"200\"}"), 0.0);
    running.stop();
}

#[test]
fn a_busy_service_refuses_requests_and_still_reports_its_health() {
    let soon = Duration::from_millis(50);
    for limits in [Limits { concurrent: 0, time: soon, ..LIMITS }, Limits { memory: 0, ..LIMITS }] {
        let running = Running::start(limits);
        let busy = running.request(&cases()[0].request);
        assert_eq!((busy.status, busy.error()), (503, "the service is busy (try again later)".to_owned()));
        assert_eq!(busy.header("retry-after"), Some("1"));
        assert_eq!(running.request(&TestRequest::get("/health")).status, 200);
        assert_eq!(running.metric("narrows_waiting_requests"), 0.0);
        running.stop();
    }
}

#[test]
fn bodies_and_responses_share_a_memory_that_becomes_free_again() {
    let (request, responding) = (octets(&rows(30, 0), "u8"), octets(&rows(60, 0), "u8"));
    // Enough for bodies of 30 and 60 rows of 64 bytes, and for codes of 30 rows as text, but not of 60.
    let running = Running::start(Limits { memory: 4000, ..LIMITS });
    for _ in 0..20 {
        assert_eq!(running.request(&request).codes().len(), 30 * 8);
        // The memory is free when the connection has ended, a moment after the client has the response.
        running.wait_for("narrows_open_connections", 0.0);
        assert_eq!(running.request(&responding).status, 503);
        assert_eq!(running.request(&octets(&rows(64, 0), "u8")).status, 503);
    }
    running.stop();
}
