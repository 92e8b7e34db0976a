//! The routes, and the limits of a request: its size, the time for its body to arrive, and the time to compute it.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Bytes, HttpBody},
    extract::{DefaultBodyLimit, FromRequest, Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware,
    response::{Html, IntoResponse, Response},
    routing::{MethodRouter, get, post},
};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout, timeout_at},
};

use super::{
    assets::ASSETS,
    compute::{self, Compute},
    fields::Fields,
    guard::{Guard, check},
    refusal::{Refusal, json_answer, to_json},
    state::Explorer,
};

/// Largest time for a body to arrive.
const ARRIVAL_TIME: Duration = Duration::from_secs(10);
/// Largest time from the body to the answer, with the time to wait for other requests.
const ANSWER_TIME: Duration = Duration::from_secs(20);

/// The addresses that compute something: path, fields, function.
const COMPUTED: [(&str, &[&str], Compute); 9] = [
    ("/api/decode", &["codes", "label"], compute::decode),
    ("/api/encode", &["samples", "label"], compute::encode),
    ("/api/reconstruct", &["samples", "label"], compute::reconstruct),
    ("/api/score", &["samples", "label"], compute::score),
    ("/api/generate", &["count", "seed", "temperature", "label"], compute::generate),
    ("/api/blend", &["from", "to", "steps", "interpolation", "label"], compute::blend),
    ("/api/corrupt", &["samples", "noise", "seed"], compute::corrupt),
    ("/api/row", &["rows"], compute::rows),
    ("/api/plane", &["dimensions"], compute::plane),
];

/// Returns the addresses that compute something, with the fields that they take.
pub(crate) fn addresses() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    COMPUTED.into_iter().map(|(path, fields, _)| (path, fields))
}

/// The model, and places for the requests that are computed at the same time.
struct Service {
    explorer: Explorer,
    page: String,
    places: Arc<Semaphore>,
}

/// Returns the routes. `guard` checks every request, also those to unknown addresses.
pub(crate) fn router(explorer: Explorer, page: String, guard: Guard) -> Router {
    let concurrent = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let max_body = explorer.max_body();
    let service = Arc::new(Service { explorer, page, places: Arc::new(Semaphore::new(concurrent)) });
    let mut router = Router::new()
        .route("/", get(|State(service): State<Arc<Service>>| async move { Html(service.page.clone()) }))
        .route(
            "/api/model",
            get(|State(service): State<Arc<Service>>| async move { described(&service.explorer.describe()) }),
        )
        .route("/api/rows", get(points));
    for (path, fields, compute) in COMPUTED {
        router = router.route(path, computed(fields, compute));
    }
    for (path, script) in ASSETS {
        router = router.route(path, get(move || async move { javascript(script) }));
    }
    router
        .method_not_allowed_fallback(|| async {
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "this address does not support the method")
        })
        .fallback(|| async { Refusal::new(StatusCode::NOT_FOUND, "there is nothing at this address") })
        .layer(DefaultBodyLimit::max(max_body))
        .with_state(service)
        .layer(middleware::from_fn_with_state(Arc::new(guard), check))
}

fn described(value: &impl serde::Serialize) -> Result<Response, Refusal> {
    to_json(value).map(json_answer)
}

async fn points(State(service): State<Arc<Service>>) -> Result<Response, Refusal> {
    described(&service.explorer.points(&service.explorer.plane))
}

fn javascript(script: &'static str) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=utf-8"))], script).into_response()
}

fn computed(fields: &'static [&'static str], compute: Compute) -> MethodRouter<Arc<Service>> {
    post(move |State(service): State<Arc<Service>>, request: Request| answer(service, request, fields, compute))
}

/// Reads the body, waits for a place and computes the answer on a thread for blocking work.
async fn answer(
    service: Arc<Service>,
    request: Request,
    fields: &'static [&'static str],
    compute: Compute,
) -> Result<Response, Refusal> {
    let body = read_body(request, service.explorer.max_body()).await?;
    let deadline = Instant::now() + ANSWER_TIME;
    // Acquired only after the body has arrived, so that slow clients do not block others.
    let place = timeout_at(deadline, Arc::clone(&service.places).acquire_owned())
        .await
        .map_err(|_| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the explorer is busy; try again later"))?
        .map_err(|closed| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, closed))?;
    // The thread keeps its place until it ends, even if the client disconnects.
    let work = tokio::task::spawn_blocking(move || {
        let answer = Fields::parse(&body, fields).and_then(|fields| compute(&service.explorer, &fields));
        drop(place);
        answer
    });
    let too_slow =
        |_| Refusal::new(StatusCode::GATEWAY_TIMEOUT, format!("the answer takes longer than {ANSWER_TIME:?}"));
    let bytes = timeout_at(deadline, work)
        .await
        .map_err(too_slow)?
        .map_err(|_| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the computation was interrupted"))??;
    Ok(json_answer(bytes))
}

async fn read_body(request: Request, max_bytes: usize) -> Result<Bytes, Refusal> {
    let too_large = || {
        let message = format!("the body is larger than the limit of {max_bytes} bytes");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message)
    };
    if request.body().size_hint().lower() > max_bytes as u64 {
        return Err(too_large());
    }
    let arrival = timeout(ARRIVAL_TIME, Bytes::from_request(request, &())).await;
    let late =
        |_| Refusal::new(StatusCode::REQUEST_TIMEOUT, format!("the body did not arrive within {ARRIVAL_TIME:?}"));
    arrival.map_err(late)?.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        status => Refusal::new(status, "the body is incomplete or not valid HTTP"),
    })
}
