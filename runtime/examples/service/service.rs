//! An autoencoder behind HTTP: rows in, codes out.
//!
//! - `POST /encode` takes JSON, `{"rows": [[...], ...]}` with `"labels": [...]` for a conditional model. Or it
//!   takes the numbers alone, row after row, as `application/octet-stream` with the header `x-dtype: u8` or
//!   `x-dtype: f32` (little-endian). It answers `{"codes": [[...], ...]}`, or little-endian f32 where `Accept`
//!   asks for `application/octet-stream`.
//! - A conditional model's labels may stand in the query instead, and must for numbers alone:
//!   `/encode?labels=7,3` has a class for each row, `/encode?label=7` one for all. A class goes by its name, or by
//!   its number where no class has that name; a name with a comma goes by its number in a list.
//! - `GET /model` says what the model takes and returns, `GET /health` that the service is there.
//!
//! What goes wrong is `{"error": "..."}`, with a 4xx if the caller can mend it and a 5xx if not. Connections
//! are not counted, and one that sends no request is not closed: in the open, put a proxy in front.

use std::{future::Future, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Bytes, HttpBody},
    extract::{DefaultBodyLimit, FromRequest, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use narrows_runtime::{Autoencoder, ndarray::Array2};
use serde::Serialize;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, oneshot},
    time::{Instant, sleep, timeout, timeout_at},
};

use crate::{
    question::{Head, OCTETS},
    refusal::{Refusal, json, refuse},
};

/// What callers may ask for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Bytes of a body.
    pub(crate) body: usize,
    /// Rows of a request.
    pub(crate) rows: usize,
    /// Bodies that are in memory at the same time, whole or still arriving; one more is refused.
    pub(crate) bodies: usize,
    /// Requests that are computed at the same time; the others wait.
    pub(crate) concurrent: usize,
    /// Time for a body to arrive.
    pub(crate) arrival: Duration,
    /// Time from the end of a body to the answer.
    pub(crate) time: Duration,
    /// Time that a stop leaves to the requests that have begun. Container engines kill after ten seconds.
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

struct Service {
    model: Autoencoder,
    limits: Limits,
    bodies: Arc<Semaphore>,
    slots: Arc<Semaphore>,
}

/// All routes of a service.
pub(crate) fn router(model: Autoencoder, limits: Limits) -> Router {
    let (bodies, slots) = (Arc::new(Semaphore::new(limits.bodies)), Arc::new(Semaphore::new(limits.concurrent)));
    Router::new()
        .route("/health", get(|| async { json(&serde_json::json!({"status": "ok"})) }))
        .route("/model", get(describe))
        .route("/encode", post(encode))
        .method_not_allowed_fallback(|| async {
            refuse(StatusCode::METHOD_NOT_ALLOWED, "this path has another method")
        })
        .fallback(|| async { refuse(StatusCode::NOT_FOUND, "there are /encode, /model and /health") })
        .layer(DefaultBodyLimit::max(limits.body))
        .with_state(Arc::new(Service { model, limits, bodies, slots }))
}

/// Serves until `stop` is done, then finishes the requests that have begun. A caller that never ends its
/// request is waited for `patience` long.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
    patience: Duration,
) -> std::io::Result<()> {
    let (stopping, stopped) = oneshot::channel::<()>();
    let server = axum::serve(listener, router).with_graceful_shutdown(async move {
        stop.await;
        drop(stopping);
    });
    let out_of_patience = async {
        // The sender is dropped without a word: an error is what is waited for.
        stopped.await.unwrap_or_default();
        sleep(patience).await;
    };
    tokio::select! {
        ended = server => ended,
        () = out_of_patience => Ok(()),
    }
}

async fn describe(State(service): State<Arc<Service>>) -> Response {
    let Service { model, limits, .. } = service.as_ref();
    let manifest = model.manifest();
    json(&serde_json::json!({
        "kind": manifest.kind.to_string(),
        "sample_shape": model.sample_shape(),
        "sample_range": manifest.sample.range,
        "latent_dim": model.latent_dim(),
        "classes": model.classes(),
        "takes_labels": model.takes_labels(),
        "limits": {
            "body_bytes": limits.body,
            "rows": limits.rows,
            "arrival_seconds": limits.arrival.as_secs_f64(),
            "seconds": limits.time.as_secs_f64(),
        },
    }))
}

async fn encode(State(service): State<Arc<Service>>, request: Request) -> Result<Response, Refusal> {
    let Limits { rows, time, .. } = service.limits;
    let head = Head::of(request.headers(), request.uri())?;
    // The body's place is kept to the answer, so that places bound memory.
    let place = Arc::clone(&service.bodies).try_acquire_owned().map_err(|_| busy())?;
    let body = arrived(request, &service.limits).await?;
    let deadline = Instant::now() + time;
    // Taken only now: whoever sends slowly keeps nobody else from computing.
    let slot = timeout_at(deadline, Arc::clone(&service.slots).acquire_owned())
        .await
        .map_err(|_| busy())?
        .map_err(|closed| refuse(StatusCode::SERVICE_UNAVAILABLE, closed))?;
    // The thread holds both to its end: a caller who gives up does not make room for one more.
    let work = tokio::task::spawn_blocking(move || {
        let codes = head.codes(&body, &service.model, rows);
        drop((slot, place));
        codes.map(|codes| answer(&codes, head.wants_octets))
    });
    timeout_at(deadline, work)
        .await
        .map_err(|_| refuse(StatusCode::GATEWAY_TIMEOUT, format!("it takes longer than {time:?} (send fewer rows)")))?
        .map_err(|_| refuse(StatusCode::INTERNAL_SERVER_ERROR, "the work was broken off"))?
}

fn busy() -> Refusal {
    refuse(StatusCode::SERVICE_UNAVAILABLE, "there is too much to do (try again later)")
}

/// The whole body of a request.
async fn arrived(request: Request, limits: &Limits) -> Result<Bytes, Refusal> {
    let Limits { body: most, arrival, .. } = *limits;
    let too_large = || refuse(StatusCode::PAYLOAD_TOO_LARGE, format!("a body may have {most} bytes"));
    if request.body().size_hint().lower() > most as u64 {
        return Err(too_large());
    }
    timeout(arrival, Bytes::from_request(request, &()))
        .await
        .map_err(|_| refuse(StatusCode::REQUEST_TIMEOUT, format!("the body was not there within {arrival:?}")))?
        .map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => too_large(),
            status => refuse(status, "the body broke off or is no valid HTTP"),
        })
}

fn answer(codes: &Array2<f32>, as_octets: bool) -> Response {
    #[derive(Serialize)]
    struct Answer {
        codes: Vec<Vec<f32>>,
    }
    if as_octets {
        let bytes: Vec<u8> = codes.iter().flat_map(|value| value.to_le_bytes()).collect();
        ([(header::CONTENT_TYPE, OCTETS)], bytes).into_response()
    } else {
        json(&Answer { codes: codes.outer_iter().map(|code| code.to_vec()).collect() })
    }
}
