//! Error responses: a status and a JSON object, with messages for HTTP clients.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use narrows_runtime::Error;
use serde::Serialize;

pub(crate) const JSON: &str = "application/json";

/// The time after which a refused client may try again, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// An error response: the status and the message.
#[derive(Debug)]
pub(crate) struct Refusal(StatusCode, String);

pub(crate) fn refuse(status: StatusCode, reason: impl ToString) -> Refusal {
    Refusal(status, reason.to_string())
}

/// The service has no capacity at the moment.
pub(crate) fn busy() -> Refusal {
    refuse(StatusCode::SERVICE_UNAVAILABLE, "the service is busy (try again later)")
}

/// The computation takes too long.
pub(crate) fn too_slow() -> Refusal {
    refuse(StatusCode::GATEWAY_TIMEOUT, "the computation takes too long (send fewer rows)")
}

/// The computation ended without a result.
pub(crate) fn interrupted() -> Refusal {
    refuse(StatusCode::INTERNAL_SERVER_ERROR, "the computation was interrupted")
}

pub(crate) fn json(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => ([(header::CONTENT_TYPE, JSON)], bytes).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Refusal(status, reason) = self;
        let mut response = (status, json(&serde_json::json!({"error": reason}))).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        response
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = match error {
            Error::Shape { .. }
            | Error::NotFinite { .. }
            | Error::NotALevel { .. }
            | Error::LabelsMissing { .. }
            | Error::LabelsUnexpected { .. }
            | Error::LabelCount { .. }
            | Error::LabelRange { .. }
            | Error::UnknownClass { .. } => StatusCode::BAD_REQUEST,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        // The messages of the library for these two name a method, which does not help an HTTP client.
        let reason = match error {
            Error::LabelsMissing { kind, classes } => format!(
                "this {kind} needs a label for every row (0 to {}), but none were given (add `labels` to the JSON, or labels=7,3 or label=7 to the query)",
                classes.saturating_sub(1)
            ),
            Error::LabelsUnexpected { kind, .. } => format!("this {kind} takes no labels (leave them out)"),
            other => other.to_string(),
        };
        refuse(status, reason)
    }
}
