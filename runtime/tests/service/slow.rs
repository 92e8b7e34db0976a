//! Slow clients: in each phase of a connection they lose it after a time, and delay no other client.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::{
    cases::cases,
    client::{Client, TestRequest},
    limits::Limits,
    running::{LIMITS, Running},
};

const SOON: Duration = Duration::from_millis(200);
/// Number of slow clients. The services of these tests have as many places.
const SLOW: usize = 8;

#[test]
fn a_head_that_arrives_byte_by_byte_loses_its_place() {
    let running = Running::start(Limits { connections: SLOW, head: SOON, ..LIMITS });
    let trickle = || {
        let mut client = Client::new(running.address);
        client.send(b"GET /health HTTP/1.1\r\nx-slow: ").expect("a connection");
        // Until the service closes the connection.
        let closed = (0..3000).any(|_| {
            thread::sleep(Duration::from_millis(20));
            client.send(b"x").is_none()
        });
        assert!(closed, "the connection is still open after a minute");
    };
    thread::scope(|scope| (0..SLOW).for_each(|_| drop(scope.spawn(trickle))));
    running.wait_for("narrows_closed_connections_total{reason=\"head\"}", SLOW as f64);
    cases()[0].run(&running);
    running.stop();
}

#[test]
fn an_idle_connection_loses_its_place_before_and_after_a_request() {
    let running = Running::start(Limits { connections: SLOW, idle: SOON, ..LIMITS });
    let mut clients: Vec<Client> = (0..SLOW).map(|_| Client::new(running.address)).collect();
    for (index, client) in clients.iter_mut().enumerate() {
        client.send(b"").expect("a connection");
        if index % 2 == 0 {
            client.request(&TestRequest::get("/health")).expect("a response");
        }
    }
    clients.iter_mut().for_each(|client| assert_eq!(client.wait_for_end(), 0));
    running.wait_for("narrows_closed_connections_total{reason=\"idle\"}", SLOW as f64);
    cases()[0].run(&running);
    running.stop();
}

#[test]
fn a_client_that_does_not_read_its_responses_loses_its_place() {
    let running = Running::start(Limits { connections: SLOW, response: SOON, ..LIMITS });
    let fill = || {
        let mut client = Client::new(running.address);
        // The responses fill the buffers of the operating system, and the service takes no further requests.
        let requests = TestRequest::get("/metrics").bytes().repeat(100);
        while client.send(&requests).is_some() {}
    };
    thread::scope(|scope| (0..SLOW).for_each(|_| drop(scope.spawn(fill))));
    running.wait_for("narrows_closed_connections_total{reason=\"response\"}", SLOW as f64);
    cases()[0].run(&running);
    running.stop();
}

#[test]
fn bodies_that_arrive_byte_by_byte_delay_no_other_client_and_are_refused() {
    const SENDERS: usize = 48;
    let arrival = Duration::from_secs(3);
    // The memory is enough for what arrives, not for what is announced.
    let memory = 64 << 10;
    let running = Running::start(Limits { connections: SENDERS + 1, memory, concurrent: 1, arrival, ..LIMITS });
    let mut senders: Vec<Client> = (0..SENDERS).map(|_| Client::new(running.address)).collect();
    let start = Instant::now();
    for sender in &mut senders {
        sender.send(&TestRequest::declaring(60_000).bytes()).expect("a connection");
    }
    for _ in 0..10 {
        senders.iter_mut().for_each(|sender| sender.send(b" ").expect("still open"));
        cases()[0].run(&running);
        thread::sleep(Duration::from_millis(20));
    }
    assert!(start.elapsed() < arrival, "others are answered while the bodies arrive");
    for sender in &mut senders {
        let slow = sender.receive().expect("a response");
        assert_eq!((slow.status, slow.error()), (408, "the body did not arrive within 3s".to_owned()));
        assert_eq!(sender.wait_for_end(), 0);
    }
    running.wait_for("narrows_open_connections", 0.0);
    running.stop();
}

#[test]
fn an_old_connection_is_closed_with_a_response() {
    let running = Running::start(Limits { age: Duration::ZERO, ..LIMITS });
    let mut client = Client::new(running.address);
    let response = client.request(&cases()[0].request).expect("a response");
    cases()[0].check(&response);
    assert_eq!(response.header("connection"), Some("close"));
    running.stop();
}
