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
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

use crate::{
    compute::{Work, detect_rows, encode_rows},
    detection::describe_detector,
    limits::Limits,
    memory::Memory,
    metrics::{Metrics, Path, Route, TEXT},
    models::Models,
    record::{Content, Recorder, record},
    refusal::{Refusal, busy, json, refuse},
    request::RequestHead,
};

/// The models, and what all requests share.
pub(crate) struct Service {
    pub(crate) models: Models,
    pub(crate) limits: Limits,
    pub(crate) metrics: Arc<Metrics>,
    recorder: Arc<Recorder>,
    memory: Memory,
    slots: Arc<Semaphore>,
    stopping: AtomicBool,
}

impl Service {
    pub(crate) fn new(models: Models, limits: Limits, recorder: Arc<Recorder>) -> Arc<Self> {
        Arc::new(Service {
            models,
            limits,
            metrics: Arc::clone(&recorder.metrics),
            recorder,
            memory: Memory::new(limits.memory),
            slots: Arc::new(Semaphore::new(limits.concurrent)),
            stopping: AtomicBool::new(false),
        })
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
    let Service { models: Models { autoencoder: model, detector }, limits, .. } = service.as_ref();
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
    answer(service, request, Route::Encode, encode_rows).await
}

async fn detect(State(service): State<Arc<Service>>, request: Request) -> Result<Response, Refusal> {
    answer(service, request, Route::Detect, detect_rows).await
}

/// Reads the body, and computes the response on a blocking thread.
async fn answer(service: Arc<Service>, request: Request, route: Route, work: Work) -> Result<Response, Refusal> {
    let Limits { time, .. } = service.limits;
    let head = RequestHead::of(request.headers(), request.uri())?;
    let content = request.extensions().get::<Content>().cloned().unwrap_or_default();
    let body = service.memory.read(request.into_body(), &service.limits).await?;
    content.bytes(body.as_ref().len());
    let deadline = Instant::now() + time;
    // Acquired only after the body has arrived, so that slow clients do not block the computation of others.
    let slot = {
        let _waiting = Waiting::new(&service);
        timeout_at(deadline, Arc::clone(&service.slots).acquire_owned())
            .await
            .map_err(|_| busy())?
            .map_err(|closed| refuse(StatusCode::SERVICE_UNAVAILABLE, closed))?
    };
    // The thread keeps the body and the slot until it ends, even if the client disconnects.
    let work = tokio::task::spawn_blocking(move || {
        let batch = head.batch(body.as_ref(), &service.models.autoencoder, service.limits.rows)?;
        content.rows(batch.len());
        service.metrics.rows.get_or_create(&Path { route }).inc_by(batch.len() as u64);
        service.metrics.batches.get_or_create(&Path { route }).observe(batch.len() as f64);
        let reply = work(&service.models, &head, &batch)?;
        drop(batch);
        drop((body, slot));
        let body = service.memory.hold(reply.bytes)?;
        Ok::<_, Refusal>(([(header::CONTENT_TYPE, reply.media_type)], body).into_response())
    });
    timeout_at(deadline, work)
        .await
        .map_err(|_| {
            refuse(StatusCode::GATEWAY_TIMEOUT, format!("the computation takes longer than {time:?} (send fewer rows)"))
        })?
        .map_err(|_| refuse(StatusCode::INTERNAL_SERVER_ERROR, "the computation was interrupted"))?
}

/// Counts a request as waiting until it is dropped.
struct Waiting<'s>(&'s Metrics);

impl<'s> Waiting<'s> {
    fn new(service: &'s Service) -> Self {
        service.metrics.waiting.inc();
        Waiting(&service.metrics)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.dec();
    }
}
