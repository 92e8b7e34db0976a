//! Tests of the service example: correct responses to all clients, errors for invalid requests, limits for slow and
//! for many clients, what is recorded of requests, and a graceful stop that finishes all accepted requests.

mod cases;
mod client;
#[path = "../../examples/service/compute.rs"]
mod compute;
#[path = "../../examples/service/connection.rs"]
mod connection;
#[path = "../../examples/service/connections.rs"]
mod connections;
mod crowds;
#[path = "../../examples/service/detection.rs"]
mod detection;
mod detector;
mod exposition;
mod hostile;
#[path = "../../examples/service/job.rs"]
mod job;
#[path = "../../examples/service/json_rows.rs"]
mod json_rows;
#[path = "../../examples/service/limits.rs"]
mod limits;
#[path = "../../examples/service/log.rs"]
mod log;
#[path = "../../examples/service/memory.rs"]
mod memory;
#[path = "../../examples/service/merge.rs"]
mod merge;
mod merging;
#[path = "../../examples/service/metrics.rs"]
mod metrics;
#[path = "../../examples/service/models.rs"]
mod models;
mod mutation;
mod observation;
#[path = "../../examples/service/phase.rs"]
mod phase;
#[path = "../../examples/service/places.rs"]
mod places;
#[cfg(unix)]
mod program;
#[path = "../../examples/service/queue.rs"]
mod queue;
#[path = "../../examples/service/record.rs"]
mod record;
#[path = "../../examples/service/refusal.rs"]
mod refusal;
#[path = "../../examples/service/request.rs"]
mod request;
#[path = "../../examples/service/request_id.rs"]
mod request_id;
mod requests;
mod running;
#[path = "../../examples/service/service.rs"]
mod service;
mod slow;
mod stopping;
#[path = "../../examples/service/stream.rs"]
mod stream;
#[path = "../support/mod.rs"]
mod support;
mod zoo;
