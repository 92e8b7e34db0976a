//! Mutated requests over connections in memory: every one gets documented responses, or its connection is closed.
//!
//! The clock of the tests stands still while there is work, and jumps to the next time limit where a connection waits
//! for bytes that never come. So a request that hangs fails the test, however slow the machine is.

use std::{
    env,
    io::sink,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex, split},
    runtime::Builder,
    sync::watch,
    time::timeout,
};

use crate::{
    connection::answer,
    mutation::{Random, request},
    running::{LIMITS, service_of},
    service::{Service, router},
    zoo::{WIDTH, zoo},
};

/// Statuses of documented responses to single clients.
const DOCUMENTED: [u16; 10] = [100, 200, 400, 404, 405, 408, 413, 414, 415, 431];

/// Counts of what happened to requests.
#[derive(Debug, Default)]
struct Tally {
    codes: usize,
    refused: usize,
    closed: usize,
}

/// Sends `count` mutated requests, and checks what comes back.
fn send_mutated(count: usize, seed: u64) -> Tally {
    // One thread, whose clock is paused.
    let threads = Builder::new_current_thread().enable_all().start_paused(true).build().expect("a thread");
    let services = ["vae", "cvae", "detector"].map(|kind| service_of(zoo(kind), LIMITS, sink()).0);
    let (_closing, closed) = watch::channel(false);
    let mut tally = Tally::default();
    threads.block_on(async {
        for index in 0..count {
            let mut random = Random(seed ^ (index as u64).wrapping_mul(0x2545_f491_4f6c_dd1d));
            let service = &services[index % services.len()];
            let bytes = request(&mut random, WIDTH, service.models.autoencoder.takes_labels());
            let received = exchange(service, &bytes, closed.clone()).await;
            let statuses = statuses(&received);
            let shown = || format!("request {index}: {}\n{}", bytes.escape_ascii(), received.escape_ascii());
            assert!(statuses.iter().all(|status| DOCUMENTED.contains(status)), "{statuses:?} to {}", shown());
            match statuses.first() {
                Some(200) => tally.codes += 1,
                Some(_) => tally.refused += 1,
                None => {
                    assert!(received.is_empty(), "not a response to {}", shown());
                    tally.closed += 1;
                }
            }
        }
    });
    for service in &services {
        let metrics = service.metrics.text().expect("text");
        let errors = metrics.lines().find(|line| line.starts_with("narrows_requests") && line.contains("status=\"5"));
        assert_eq!(errors, None);
    }
    tally
}

/// Sends a request over a new connection, and returns what the service sends until it closes the connection.
async fn exchange(service: &Arc<Service>, bytes: &[u8], closed: watch::Receiver<bool>) -> Vec<u8> {
    let (ours, theirs) = duplex(1 << 20);
    let peer = SocketAddr::from(([127, 0, 0, 1], 1));
    let connection = tokio::spawn(answer(theirs, peer, router(Arc::clone(service)), Arc::clone(service), closed));
    let (mut reader, mut writer) = split(ours);
    // An error means that the service has closed the connection already.
    let _ = writer.write_all(bytes).await;
    let mut received = Vec::new();
    let ended = timeout(Duration::from_secs(600), reader.read_to_end(&mut received)).await;
    ended.expect("the service closes a connection that sends nothing").expect("a connection in memory");
    connection.await.expect("no panic");
    received
}

/// Returns the statuses of all responses. Bodies contain no line that looks like a status.
fn statuses(received: &[u8]) -> Vec<u16> {
    let lines = received.split(|&byte| byte == b'\n');
    let status = |line: &[u8]| line.strip_prefix(b"HTTP/1.")?.get(2..5).map(<[u8]>::to_vec);
    lines.filter_map(status).map(|digits| String::from_utf8_lossy(&digits).parse().expect("a status")).collect()
}

#[test]
fn mutated_requests_get_documented_responses_or_are_closed() {
    let tally = send_mutated(2000, 1);
    // Otherwise the requests are so wrong, or so right, that they test little.
    assert!(tally.codes > 200 && tally.refused > 200 && tally.closed > 0, "{tally:?}");
}

/// `NARROWS_HOSTILE` is the number of requests.
#[test]
#[ignore = "takes minutes"]
fn many_mutated_requests_get_documented_responses_or_are_closed() {
    let count = env::var("NARROWS_HOSTILE").map_or(200_000, |count| count.parse().expect("a number of requests"));
    let start = Instant::now();
    let Tally { codes, refused, closed } = send_mutated(count, 2);
    let seconds = start.elapsed().as_secs();
    println!("{count} requests in {seconds} s: {codes} with codes, {refused} refused, {closed} closed");
}
