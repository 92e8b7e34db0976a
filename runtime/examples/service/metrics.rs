//! Metrics in the text format of Prometheus.
//!
//! Labels have few values: a path that the service does not know counts as `other`, so that clients cannot create
//! series.

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering::SeqCst},
};

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, prometheus_text},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

use crate::{phase::Phase, places::Full};

/// The media type of the text format.
pub(crate) const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Requests, rows, connections and bytes since the start.
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) requests: Family<Answer, Counter>,
    pub(crate) durations: Family<Path, Histogram, fn() -> Histogram>,
    pub(crate) rows: Family<Path, Counter>,
    pub(crate) batches: Family<Path, Histogram, fn() -> Histogram>,
    /// Requests that wait to be computed.
    pub(crate) waiting: Gauge,
    pub(crate) open: Gauge,
    pub(crate) refused: Family<Refused, Counter>,
    pub(crate) closed: Family<Closed, Counter>,
    pub(crate) bytes_received: Counter,
    pub(crate) bytes_sent: Counter,
    pub(crate) log_lines_lost: Counter,
}

/// The routes of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Route {
    Encode,
    Detect,
    Model,
    Health,
    Metrics,
    Other,
}

/// The labels of a finished request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Answer {
    pub(crate) route: Route,
    pub(crate) status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Path {
    pub(crate) route: Route,
}

/// Why a connection was refused: `total` or `client`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Refused {
    pub(crate) limit: &'static str,
}

/// Why a connection was closed: `end`, `error`, or the phase that took too long.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Closed {
    pub(crate) reason: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        // From 0.5 ms to 16 s, and from 1 to 4096 rows.
        let durations: fn() -> Histogram = || Histogram::new(exponential_buckets(0.0005, 2.0, 16));
        let batches: fn() -> Histogram = || Histogram::new(exponential_buckets(1.0, 2.0, 13));
        let mut metrics = Metrics {
            registry: Registry::with_prefix("narrows"),
            requests: Family::default(),
            durations: Family::new_with_constructor(durations),
            rows: Family::default(),
            batches: Family::new_with_constructor(batches),
            waiting: Gauge::default(),
            open: Gauge::default(),
            refused: Family::default(),
            closed: Family::default(),
            bytes_received: Counter::default(),
            bytes_sent: Counter::default(),
            log_lines_lost: Counter::default(),
        };
        metrics.register();
        // Series that start at 0 have a rate from their first count.
        for full in [Full::Total, Full::Client] {
            drop(metrics.refused.get_or_create(&Refused { limit: full.name() }));
        }
        for phase in [Phase::Idle, Phase::Head, Phase::Request, Phase::Response] {
            drop(metrics.closed.get_or_create(&Closed { reason: phase.name() }));
        }
        metrics
    }

    /// Gives every metric its name. The name of a counter gets the ending `_total` when it is written.
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("requests", "Finished requests by route and status", self.requests.clone());
        registry.register(
            "request_duration_seconds",
            "Time from the head of a request to its response",
            self.durations.clone(),
        );
        registry.register("rows", "Rows that were computed", self.rows.clone());
        registry.register("batch_rows", "Rows per run of the model", self.batches.clone());
        registry.register("waiting_requests", "Requests that wait to be computed", self.waiting.clone());
        registry.register("open_connections", "Open connections", self.open.clone());
        registry.register("refused_connections", "Connections beyond a limit", self.refused.clone());
        registry.register("closed_connections", "Connections by the reason of their end", self.closed.clone());
        registry.register("received_bytes", "Bytes of all connections, with heads", self.bytes_received.clone());
        registry.register("sent_bytes", "Bytes of all connections, with heads", self.bytes_sent.clone());
        registry.register("lost_log_lines", "Log lines that could not be written in time", self.log_lines_lost.clone());
    }

    /// Returns all metrics in the text format.
    pub(crate) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// A request that waits to be computed, until `end` is called.
pub(crate) struct Waiting {
    gauge: Gauge,
    is_over: AtomicBool,
}

impl Metrics {
    pub(crate) fn wait(&self) -> Waiting {
        self.waiting.inc();
        Waiting { gauge: self.waiting.clone(), is_over: AtomicBool::new(false) }
    }
}

impl Waiting {
    /// Ends the waiting. Returns false if it is over already.
    pub(crate) fn end(&self) -> bool {
        let is_first = !self.is_over.swap(true, SeqCst);
        if is_first {
            self.gauge.dec();
        }
        is_first
    }
}

impl Route {
    pub(crate) fn of(path: &str) -> Self {
        match path {
            "/encode" => Route::Encode,
            "/detect" => Route::Detect,
            "/model" => Route::Model,
            "/health" => Route::Health,
            "/metrics" => Route::Metrics,
            _ => Route::Other,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Route::Encode => "encode",
            Route::Detect => "detect",
            Route::Model => "model",
            Route::Health => "health",
            Route::Metrics => "metrics",
            Route::Other => "other",
        }
    }
}

impl EncodeLabelValue for Route {
    fn encode(&self, encoder: &mut prometheus_client::encoding::LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        EncodeLabelValue::encode(&self.name(), encoder)
    }
}
