//! Many, slow, large and broken connections, and the end by a signal.

use std::{
    io::Write,
    net::Shutdown,
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use super::client::{Server, read};
use crate::sandbox::Sandbox;

const VAE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/zoo/vae");

#[test]
fn two_hundred_connections_at_once_are_all_answered() {
    let sandbox = Sandbox::new();
    let server = Server::start(&sandbox, VAE);
    let latent = server.model()["latent_dim"].as_u64().expect("a number") as usize;
    let request = server.request("/api/decode", &json!({ "codes": vec![vec![0.5; latent]; 8] }).to_string());
    let mut streams: Vec<_> = (0..200).map(|_| server.connect()).collect();
    // All send before one reads.
    streams.iter_mut().for_each(|stream| stream.write_all(&request).expect("a request"));
    let answers: Vec<_> = streams.iter_mut().map(read).collect();
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.body == answers[0].body), "{:?}", answers[0]);
}

#[test]
fn broken_large_and_slow_requests_do_not_stop_it() {
    let sandbox = Sandbox::new();
    let server = Server::start(&sandbox, VAE);
    let half = |bytes: &[u8]| {
        let mut stream = server.connect();
        stream.write_all(bytes).expect("a request");
        stream
    };
    // Heads and bodies that never end, while all other requests are answered.
    let slow: Vec<_> = (0..50)
        .map(|index| match index % 2 {
            0 => half(b"GET / HTTP/1.1\r\nhost: "),
            _ => half(&[server.request("/api/decode", "{\"codes\": [[1,"), Vec::new()].concat()),
        })
        .collect();
    let length = 10 << 20;
    let large = [server.request("/api/decode", &" ".repeat(length)), Vec::new()].concat();
    let answer = server.send(&large);
    // The answer can get lost when the server closes a connection whose bytes it did not read.
    assert!(answer.status == 413 || answer.head.is_empty(), "{answer:?}");
    let promised = format!(
        "POST /api/decode HTTP/1.1\r\nhost: {}\r\nx-narrows-token: {}\r\ncontent-length: {length}\r\n\r\n",
        server.address, server.token
    );
    let mut stream = server.connect();
    stream.write_all(promised.as_bytes()).expect("a head");
    stream.shutdown(Shutdown::Write).expect("a half-closed connection");
    assert_eq!(read(&mut stream).status, 413);
    // Half-closed after the head, without the promised body.
    let mut stream = half(&promised.replace(&length.to_string(), "100").into_bytes());
    stream.shutdown(Shutdown::Write).expect("a half-closed connection");
    assert!([0, 400].contains(&read(&mut stream).status));
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00"[..],
        b"\r\n\r\n",
        b"GET /\r\n\r\n",
        &[0xff; 4096],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        assert_ne!(server.send(bytes).status, 200);
    }
    assert_eq!(server.get("/api/model").status, 200);
    drop(slow);
    assert_eq!(server.get("/api/model").status, 200);
}

#[test]
fn a_head_that_never_ends_is_closed() {
    let sandbox = Sandbox::new();
    let server = Server::start(&sandbox, VAE);
    let mut stream = server.connect();
    let start = Instant::now();
    // One byte now and then does not extend the time.
    let mut is_open = stream.write_all(b"GET / HTTP/1.1\r\n").is_ok();
    while is_open && start.elapsed() < Duration::from_secs(40) {
        thread::sleep(Duration::from_millis(500));
        is_open = stream.write_all(b"x").is_ok();
    }
    assert!(!is_open, "it is still open after {:?}", start.elapsed());
    assert_eq!(server.get("/api/model").status, 200);
}

#[test]
fn a_signal_ends_it_within_a_second_also_with_open_connections() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        let sandbox = Sandbox::new();
        let mut server = Server::start(&sandbox, VAE);
        let mut open: Vec<_> = (0..5).map(|_| server.connect()).collect();
        for (index, stream) in open.iter_mut().enumerate() {
            stream.write_all(&b"GET / HTTP/1.1\r\nhost"[..4 * index]).expect("a part of a head");
        }
        let start = Instant::now();
        server.signal(signal);
        let status = server.child.wait().expect("our own child");
        // The program itself needs less than a second. A busy computer may need longer to end a process.
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
        assert_eq!(status.code(), Some(code));
    }
}
