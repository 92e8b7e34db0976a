//! What is recorded of requests: metrics, names of requests, and the log.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{
    cases::cases,
    client::{Client, TestRequest, octets},
    exposition::check,
    limits::Limits,
    running::{LIMITS, Running},
    zoo::rows,
};

fn lines(log: &[u8]) -> Vec<Value> {
    let lines = std::str::from_utf8(log).expect("text").lines();
    lines.map(|line| serde_json::from_str(line).expect("one JSON object per line")).collect()
}

#[test]
fn metrics_are_valid_and_count_requests_rows_connections_and_bytes() {
    let running = Running::start(LIMITS);
    let requests = [
        octets(&rows(7, 0), "u8"),
        octets(&rows(1, 0), "u8"),
        TestRequest::get("/nothing\u{22}{}"),
        TestRequest::get("/health"),
        TestRequest::post("text/csv", b"1"),
    ];
    let mut client = Client::new(running.address);
    for request in &requests {
        client.request(request).expect("a response");
    }
    let response = client.request(&TestRequest::get("/metrics")).expect("a response");
    assert_eq!(response.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = String::from_utf8(response.body).expect("text");
    let families = check(&text).expect("a valid exposition");
    for (name, kind) in [
        ("narrows_requests_total", "counter"),
        ("narrows_request_duration_seconds", "histogram"),
        ("narrows_rows_total", "counter"),
        ("narrows_batch_rows", "histogram"),
        ("narrows_waiting_requests", "gauge"),
        ("narrows_open_connections", "gauge"),
        ("narrows_refused_connections_total", "counter"),
        ("narrows_closed_connections_total", "counter"),
        ("narrows_received_bytes_total", "counter"),
        ("narrows_sent_bytes_total", "counter"),
        ("narrows_lost_log_lines_total", "counter"),
    ] {
        assert_eq!(families.get(name).map(String::as_str), Some(kind), "{name} in {text}");
    }
    for (series, value) in [
        ("narrows_requests_total{route=\"encode\",status=\"200\"}", 2.0),
        ("narrows_requests_total{route=\"encode\",status=\"415\"}", 1.0),
        ("narrows_requests_total{route=\"health\",status=\"200\"}", 1.0),
        ("narrows_requests_total{route=\"metrics\",status=\"200\"}", 1.0),
        ("narrows_request_duration_seconds_count{route=\"encode\"}", 3.0),
        ("narrows_rows_total{route=\"encode\"}", 8.0),
        ("narrows_batch_rows_sum{route=\"encode\"}", 8.0),
        ("narrows_open_connections", 1.0),
        ("narrows_waiting_requests", 0.0),
        ("narrows_lost_log_lines_total", 0.0),
    ] {
        assert_eq!(running.metric(series), value, "{series} in {text}");
    }
    let sent: usize = requests.iter().map(|request| request.bytes().len()).sum();
    assert!(running.metric("narrows_received_bytes_total") > sent as f64);
    // The bytes of a response count when they are written, which can be just after the client has read them.
    let deadline = Instant::now() + Duration::from_secs(20);
    while running.metric("narrows_sent_bytes_total") <= text.len() as f64 {
        assert!(Instant::now() < deadline, "{}", running.metric("narrows_sent_bytes_total"));
        std::thread::sleep(Duration::from_millis(10));
    }
    running.stop();
}

#[test]
fn a_request_has_one_line_in_the_log_with_the_name_of_its_response() {
    let running = Running::start(LIMITS);
    let named = running.request(&octets(&rows(7, 0), "u8").with("x-request-id", "order-66.a_B"));
    assert_eq!(named.header("x-request-id"), Some("order-66.a_B"));
    let unnamed = running.request(&TestRequest::post("text/csv", b"1,2"));
    let name = unnamed.header("x-request-id").expect("a name").to_owned();
    assert_ne!(running.request(&TestRequest::get("/health")).header("x-request-id"), Some(name.as_str()));
    let log = lines(&running.stop());
    assert_eq!(log.len(), 3);
    let first = &log[0];
    assert_eq!((&first["request_id"], &first["route"]), (&"order-66.a_B".into(), &"encode".into()));
    assert_eq!((&first["status"], &first["rows"]), (&200.into(), &7.into()));
    assert_eq!((&first["bytes_received"], &first["bytes_sent"]), (&(7 * 64).into(), &named.body.len().into()));
    assert!(first["peer"].as_str().is_some_and(|peer| peer.starts_with("127.0.0.1:")), "{first}");
    assert!(first["milliseconds"].as_f64().is_some_and(|time| (0.0..60_000.0).contains(&time)), "{first}");
    assert!(first["time"].as_f64().is_some_and(|time| time > 1.7e9), "{first}");
    assert_eq!((&log[1]["request_id"], &log[1]["status"]), (&name.into(), &415.into()));
}

#[test]
fn a_client_that_goes_while_its_request_waits_is_recorded_and_waits_no_longer() {
    // No thread computes.
    let running = Running::start(Limits { concurrent: 0, ..LIMITS });
    let mut client = Client::new(running.address);
    client.send(&octets(&rows(1, 0), "u8").bytes()).expect("a connection");
    running.wait_for("narrows_waiting_requests", 1.0);
    drop(client);
    running.wait_for("narrows_waiting_requests", 0.0);
    running.wait_for("narrows_requests_total{route=\"encode\",status=\"499\"}", 1.0);
    let log = lines(&running.stop());
    assert_eq!((&log[0]["status"], &log[0]["bytes_received"]), (&499.into(), &64.into()));
}

#[test]
fn clients_cannot_write_lines_or_terminal_escapes_to_the_log() {
    let running = Running::start(LIMITS);
    let hostile = ["\u{9b}2J", "a b", "\t", "\",\"status\":200,\"x\":\"", "x\u{2028}y", "\u{202e}gnp", "{}"];
    for text in hostile {
        let path = format!("/{}", text.replace([' ', '\t'], "%0a%1b"));
        let request = TestRequest::get(&path).with("x-request-id", text).with("user-agent", text);
        let mut client = Client::new(running.address);
        client.send(&request.bytes()).expect("a connection");
        // The service refuses some of these bytes in a path.
        if let Some(response) = client.receive().filter(|response| response.header("x-request-id").is_some()) {
            assert_ne!(response.header("x-request-id"), Some(text));
        }
    }
    // Escapes and lines that are sent as such are refused before they reach the routes.
    for head in ["GET /\x1b[2J HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nx-request-id: \x1b[2J\r\nhost: a\r\n\r\n"] {
        let mut client = Client::new(running.address);
        client.send(head.as_bytes()).expect("a connection");
        client.wait_for_end();
    }
    cases()[0].run(&running);
    let log = running.stop();
    let safe = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n');
    assert!(log.iter().all(safe), "{}", String::from_utf8_lossy(&log));
    let lines = lines(&log);
    assert!(lines.len() > hostile.len() / 2, "{lines:?}");
    for line in lines {
        assert_eq!(line.as_object().map(serde_json::Map::len), Some(9), "{line}");
    }
}
