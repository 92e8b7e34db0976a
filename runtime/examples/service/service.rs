//! The routes of the service.
//!
//! - `POST /encode` takes JSON, `{"rows": [[...], ...]}`, with `"labels": [...]` for a conditional model. It also takes
//!   binary values in row-major order as `application/octet-stream`, with the header `x-dtype: u8` or
//!   `x-dtype: f32` (little-endian). The response is `{"codes": [[...], ...]}`, or little-endian f32 if `Accept`
//!   contains `application/octet-stream`.
//! - Labels of a conditional model can also be in the query; binary requests need them there. `/encode?labels=7,3`
//!   gives a class for each row, `/encode?label=7` one for all rows. A class is given by its name, or by its label if
//!   no class has that name. In a list, a class whose name contains a comma is given by its label.
//! - `POST /detect` takes the same requests, if the bundle has a detector. The response is JSON:
//!   `{"level": 0.01, "rows": [{"score": 3.5, "p_value": 0.2, "is_anomaly": false, "reasons": []}, ...]}`. The reasons
//!   of an anomaly are its three values with the largest shares, each with the expected value.
//! - `GET /model` describes the model's inputs and outputs.
//! - `GET /health` has the status 200, and 503 after a stop signal: the service takes no new requests soon.
//! - `GET /metrics` returns counters in the text format of Prometheus.
//!
//! Errors are `{"error": "..."}`, with a 4xx status if the client can correct the request, otherwise 5xx. Every
//! response has the header `x-request-id`.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tokio::time::Instant;

use crate::{
    compute::Computer,
    detection::describe_detector,
    job::{Job, Task},
    limits::Limits,
    memory::Memory,
    merge::{joins, run},
    metrics::{Metrics, TEXT},
    models::Models,
    queue::Queue,
    record::{Content, Recorder, record},
    refusal::{Refusal, json, refuse},
    request::RequestHead,
};

/// The models, and what all requests share.
pub(crate) struct Service {
    pub(crate) models: Arc<Models>,
    pub(crate) limits: Limits,
    pub(crate) metrics: Arc<Metrics>,
    recorder: Arc<Recorder>,
    memory: Memory,
    queue: Arc<Queue<Job>>,
    stopping: AtomicBool,
}

impl Service {
    pub(crate) fn new(models: Models, limits: Limits, recorder: Arc<Recorder>) -> Arc<Self> {
        let (models, metrics, memory) = (Arc::new(models), Arc::clone(&recorder.metrics), Memory::new(limits.memory));
        let computer = Arc::new(Computer {
            models: Arc::clone(&models),
            metrics: Arc::clone(&metrics),
            memory: memory.clone(),
            max_rows: limits.rows,
        });
        let joins = move |taken: &[Job], next: &Job| joins(taken, next, limits.merge);
        let queue = Queue::new(limits.concurrent, joins, move |jobs| run(&computer, jobs));
        Arc::new(Service { models, limits, metrics, recorder, memory, queue, stopping: AtomicBool::new(false) })
    }

    /// Reports from now on that the service stops.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, SeqCst);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(SeqCst)
    }
}

/// Returns the routes of the service.
pub(crate) fn router(service: Arc<Service>) -> Router {
    let recorder = Arc::clone(&service.recorder);
    Router::new()
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .route("/model", get(describe))
        .route("/encode", post(encode))
        .route("/detect", post(detect))
        .method_not_allowed_fallback(|| async {
            refuse(StatusCode::METHOD_NOT_ALLOWED, "this path does not support the method")
        })
        .fallback(|| async {
            refuse(StatusCode::NOT_FOUND, "unknown path: use /encode, /detect, /model, /health or /metrics")
        })
        .layer(from_fn_with_state(recorder, record))
        .with_state(service)
}

async fn health(State(service): State<Arc<Service>>) -> Response {
    if service.is_stopping() {
        (StatusCode::SERVICE_UNAVAILABLE, json(&serde_json::json!({"status": "stopping"}))).into_response()
    } else {
        json(&serde_json::json!({"status": "ok"}))
    }
}

async fn metrics(State(service): State<Arc<Service>>) -> Result<Response, Refusal> {
    let text = service.metrics.text().map_err(|error| refuse(StatusCode::INTERNAL_SERVER_ERROR, error))?;
    Ok(([(header::CONTENT_TYPE, TEXT)], text).into_response())
}

async fn describe(State(service): State<Arc<Service>>) -> Response {
    let (Models { autoencoder: model, detector }, limits) = (service.models.as_ref(), &service.limits);
    let manifest = model.manifest();
    json(&serde_json::json!({
        "kind": manifest.kind.to_string(),
        "sample_shape": model.sample_shape(),
        "sample_range": manifest.sample.range,
        "latent_dim": model.latent_dim(),
        "classes": model.classes(),
        "takes_labels": model.takes_labels(),
        "detector": detector.as_ref().map(describe_detector),
        "limits": {
            "body_bytes": limits.body,
            "rows": limits.rows,
            "arrival_seconds": limits.arrival.as_secs_f64(),
            "seconds": limits.time.as_secs_f64(),
        },
    }))
}

async fn encode(State(service): State<Arc<Service>>, request: Request) -> Result<Response, Refusal> {
    answer(service, request, Task::Encode).await
}

async fn detect(State(service): State<Arc<Service>>, request: Request) -> Result<Response, Refusal> {
    answer(service, request, Task::Detect).await
}

/// Reads the body, and waits for the response.
async fn answer(service: Arc<Service>, request: Request, task: Task) -> Result<Response, Refusal> {
    let head = RequestHead::of(request.headers(), request.uri())?;
    let content = request.extensions().get::<Content>().cloned().unwrap_or_default();
    let body = service.memory.read(request.into_body(), &service.limits).await?;
    content.bytes(body.as_ref().len());
    let deadline = Instant::now() + service.limits.time;
    // Only after the body has arrived, so that slow clients do not block the computation of others.
    let (job, pending) = Job::new(task, head, body, content, service.metrics.wait());
    service.queue.add(job);
    pending.response(deadline).await
}
