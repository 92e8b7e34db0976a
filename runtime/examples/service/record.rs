//! What is recorded of every request: its name in the response, its metrics, and a line in the log.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use axum::{
    body::HttpBody,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use serde::Serialize;

use crate::{
    log::Log,
    metrics::{Answer, Metrics, Path, Route},
    request_id::{REQUEST_ID, RequestId},
};

/// The status of a request whose client has gone, or that was not finished before the stop. It is not sent.
const NO_ANSWER: u16 = 499;

/// The address of the client of a connection, an extension of its requests.
#[derive(Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// What a request contains, an extension of the request that the handlers fill in.
#[derive(Clone, Default)]
pub(crate) struct Content(Arc<Counts>);

#[derive(Default)]
struct Counts {
    rows: AtomicUsize,
    bytes: AtomicUsize,
}

/// Where requests are recorded.
pub(crate) struct Recorder {
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) log: Log,
}

/// A request that is not finished. It is recorded when it is dropped, also if its client has gone.
struct Open {
    recorder: Arc<Recorder>,
    start: Instant,
    id: RequestId,
    route: Route,
    peer: Option<SocketAddr>,
    content: Content,
    status: u16,
    bytes_sent: u64,
}

/// A line of the log. No text of a client is in it, except for a checked name.
#[derive(Serialize)]
struct Line {
    /// Seconds since 1970.
    time: f64,
    request_id: String,
    peer: Option<SocketAddr>,
    route: &'static str,
    status: u16,
    rows: usize,
    milliseconds: f64,
    bytes_received: usize,
    bytes_sent: u64,
}

/// Answers a request and records it.
pub(crate) async fn record(State(recorder): State<Arc<Recorder>>, mut request: Request, next: Next) -> Response {
    let mut open = Open {
        recorder,
        start: Instant::now(),
        id: RequestId::of(request.headers()),
        route: Route::of(request.uri().path()),
        peer: request.extensions().get().map(|&Peer(address)| address),
        content: Content::default(),
        status: NO_ANSWER,
        bytes_sent: 0,
    };
    request.extensions_mut().insert(open.content.clone());
    let mut response = next.run(request).await;
    response.headers_mut().insert(REQUEST_ID, open.id.header());
    open.status = response.status().as_u16();
    open.bytes_sent = response.body().size_hint().lower();
    response
}

impl Content {
    pub(crate) fn bytes(&self, bytes: usize) {
        self.0.bytes.store(bytes, Relaxed);
    }

    pub(crate) fn rows(&self, rows: usize) {
        self.0.rows.store(rows, Relaxed);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let Open { recorder, start, id, route, peer, content, status, bytes_sent } = self;
        let (elapsed, metrics) = (start.elapsed(), &recorder.metrics);
        metrics.requests.get_or_create(&Answer { route: *route, status: *status }).inc();
        metrics.durations.get_or_create(&Path { route: *route }).observe(elapsed.as_secs_f64());
        recorder.log.line(&Line {
            time: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_millis() as f64 / 1e3),
            request_id: id.to_string(),
            peer: *peer,
            route: route.name(),
            status: *status,
            rows: content.0.rows.load(Relaxed),
            milliseconds: elapsed.as_micros() as f64 / 1e3,
            bytes_received: content.0.bytes.load(Relaxed),
            bytes_sent: *bytes_sent,
        });
    }
}
