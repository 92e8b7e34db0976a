//! What is answered when there are no codes: a status and one line of JSON, in the words of HTTP.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use narrows_runtime::Error;
use serde::Serialize;

pub(crate) const JSON: &str = "application/json";

/// An answer with its status: what the caller did wrong, or what the service cannot do.
#[derive(Debug)]
pub(crate) struct Refusal(StatusCode, String);

pub(crate) fn refuse(status: StatusCode, why: impl ToString) -> Refusal {
    Refusal(status, why.to_string())
}

pub(crate) fn json(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => ([(header::CONTENT_TYPE, JSON)], bytes).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, json(&serde_json::json!({"error": self.1}))).into_response()
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = match error {
            Error::Shape { .. }
            | Error::NotFinite { .. }
            | Error::LabelsMissing { .. }
            | Error::LabelsUnexpected { .. }
            | Error::LabelCount { .. }
            | Error::LabelRange { .. }
            | Error::UnknownClass { .. } => StatusCode::BAD_REQUEST,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        // The library's own words for these two tell a programmer which method to call.
        let why = match error {
            Error::LabelsMissing { kind, classes } => format!(
                "this {kind} takes a label with every row (0 to {}), none were given (add `labels` to the JSON, or labels=7,3 or label=7 to the query)",
                classes.saturating_sub(1)
            ),
            Error::LabelsUnexpected { kind, .. } => format!("this {kind} takes no labels (leave them out)"),
            other => other.to_string(),
        };
        refuse(status, why)
    }
}
