//! An HTTP service that encodes rows with an autoencoder, and finds anomalies.
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
//! - `GET /model` describes the model's inputs and outputs. `GET /health` reports that the service is running.
//!
//! Errors are `{"error": "..."}`, with a 4xx status if the client can correct the request, otherwise 5xx. The number
//! of connections is not limited, and idle connections are not closed: put a proxy in front of a public service.

use std::{future::Future, path::PathBuf, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Bytes, HttpBody},
    extract::{DefaultBodyLimit, FromRequest, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use narrows_runtime::{Autoencoder, Detector, Error, Options, bundle::Bundle, ndarray::Array2};
use serde::Serialize;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, oneshot},
    time::{Instant, sleep, timeout, timeout_at},
};

use crate::{
    detection::{describe_detector, detected},
    refusal::{Refusal, json, refuse},
    request::{Batch, OCTETS, RequestHead},
};

/// Limits of requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Maximum size of a body, in bytes.
    pub(crate) body: usize,
    /// Maximum number of rows per request.
    pub(crate) rows: usize,
    /// Maximum number of bodies in memory, complete or still arriving; further requests are refused.
    pub(crate) bodies: usize,
    /// Maximum number of requests that are computed at the same time; the others wait.
    pub(crate) concurrent: usize,
    /// Maximum time for a body to arrive.
    pub(crate) arrival: Duration,
    /// Maximum time from the end of the body to the response.
    pub(crate) time: Duration,
    /// Maximum time for running requests after a stop signal. Container engines kill the process after ten seconds.
    pub(crate) stop: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            body: 16 << 20,
            rows: 4096,
            bodies: 256,
            concurrent: std::thread::available_parallelism().map_or(2, |cores| 2 * cores.get()),
            arrival: Duration::from_secs(20),
            time: Duration::from_secs(10),
            stop: Duration::from_secs(5),
        }
    }
}

/// The models of a bundle.
pub(crate) struct Models {
    pub(crate) autoencoder: Autoencoder,
    pub(crate) detector: Option<Detector>,
}

impl Models {
    /// Loads the autoencoder of a bundle, and its detector if it has one.
    pub(crate) fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let (bundle, options) = (Bundle::open(path)?, Options::default());
        let detector = match Detector::from_bundle(&bundle, &options) {
            Ok(detector) => Some(detector),
            Err(Error::NoDetector { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(Models { autoencoder: Autoencoder::from_bundle(&bundle, &options)?, detector })
    }
}

struct Service {
    models: Models,
    limits: Limits,
    bodies: Arc<Semaphore>,
    slots: Arc<Semaphore>,
}

/// Returns the routes of the service.
pub(crate) fn router(models: Models, limits: Limits) -> Router {
    let (bodies, slots) = (Arc::new(Semaphore::new(limits.bodies)), Arc::new(Semaphore::new(limits.concurrent)));
    Router::new()
        .route("/health", get(|| async { json(&serde_json::json!({"status": "ok"})) }))
        .route("/model", get(describe))
        .route("/encode", post(encode))
        .route("/detect", post(detect))
        .method_not_allowed_fallback(|| async {
            refuse(StatusCode::METHOD_NOT_ALLOWED, "this path does not support the method")
        })
        .fallback(|| async { refuse(StatusCode::NOT_FOUND, "unknown path: use /encode, /detect, /model or /health") })
        .layer(DefaultBodyLimit::max(limits.body))
        .with_state(Arc::new(Service { models, limits, bodies, slots }))
}

/// Serves until `stop` completes, then finishes running requests for at most `stop_timeout`.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
    stop_timeout: Duration,
) -> std::io::Result<()> {
    let (stopping, stopped) = oneshot::channel::<()>();
    let server = axum::serve(listener, router).with_graceful_shutdown(async move {
        stop.await;
        drop(stopping);
    });
    let timed_out = async {
        // The sender is dropped without sending, so `stopped` completes with an error.
        stopped.await.unwrap_or_default();
        sleep(stop_timeout).await;
    };
    tokio::select! {
        ended = server => ended,
        () = timed_out => Ok(()),
    }
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
    let work = |service: &Service, head: &RequestHead, batch: &Batch<'_>| {
        Ok(respond(&service.models.autoencoder.encode(batch.samples())?, head.wants_octets))
    };
    answer(service, request, work).await
}

async fn detect(State(service): State<Arc<Service>>, request: Request) -> Result<Response, Refusal> {
    let work = |service: &Service, _: &RequestHead, batch: &Batch<'_>| match &service.models.detector {
        Some(detector) => Ok(json(&detected(detector, batch)?)),
        None => {
            Err(refuse(StatusCode::NOT_FOUND, "this model has no detector (add one with `narrows detect fit BUNDLE`)"))
        }
    };
    answer(service, request, work).await
}

/// Computes the response to the rows of a request.
type Work = fn(&Service, &RequestHead, &Batch<'_>) -> Result<Response, Refusal>;

/// Reads the body, and computes the response on a blocking thread.
async fn answer(service: Arc<Service>, request: Request, work: Work) -> Result<Response, Refusal> {
    let Limits { rows, time, .. } = service.limits;
    let head = RequestHead::of(request.headers(), request.uri())?;
    // The permit is held until the response, so that the number of permits limits the memory.
    let body_permit = Arc::clone(&service.bodies).try_acquire_owned().map_err(|_| busy())?;
    let body = read_body(request, &service.limits).await?;
    let deadline = Instant::now() + time;
    // Acquired only after the body has arrived, so that slow clients do not block the computation of others.
    let slot = timeout_at(deadline, Arc::clone(&service.slots).acquire_owned())
        .await
        .map_err(|_| busy())?
        .map_err(|closed| refuse(StatusCode::SERVICE_UNAVAILABLE, closed))?;
    // The thread holds both permits until it ends, even if the client disconnects.
    let work = tokio::task::spawn_blocking(move || {
        let batch = head.batch(&body, &service.models.autoencoder, rows);
        let response = batch.and_then(|batch| work(&service, &head, &batch));
        drop((slot, body_permit));
        response
    });
    timeout_at(deadline, work)
        .await
        .map_err(|_| {
            refuse(StatusCode::GATEWAY_TIMEOUT, format!("the computation takes longer than {time:?} (send fewer rows)"))
        })?
        .map_err(|_| refuse(StatusCode::INTERNAL_SERVER_ERROR, "the computation was interrupted"))?
}

fn busy() -> Refusal {
    refuse(StatusCode::SERVICE_UNAVAILABLE, "the service is busy (try again later)")
}

/// Reads the complete body of a request.
async fn read_body(request: Request, limits: &Limits) -> Result<Bytes, Refusal> {
    let Limits { body: max_bytes, arrival, .. } = *limits;
    let too_large =
        || refuse(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than the limit of {max_bytes} bytes"));
    if request.body().size_hint().lower() > max_bytes as u64 {
        return Err(too_large());
    }
    timeout(arrival, Bytes::from_request(request, &()))
        .await
        .map_err(|_| refuse(StatusCode::REQUEST_TIMEOUT, format!("the body did not arrive within {arrival:?}")))?
        .map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => too_large(),
            status => refuse(status, "the body is incomplete or not valid HTTP"),
        })
}

fn respond(codes: &Array2<f32>, as_octets: bool) -> Response {
    #[derive(Serialize)]
    struct Body {
        codes: Vec<Vec<f32>>,
    }
    if as_octets {
        let bytes: Vec<u8> = codes.iter().flat_map(|value| value.to_le_bytes()).collect();
        ([(header::CONTENT_TYPE, OCTETS)], bytes).into_response()
    } else {
        json(&Body { codes: codes.outer_iter().map(|code| code.to_vec()).collect() })
    }
}
