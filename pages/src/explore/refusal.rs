//! Answers of the explorer: JSON, and errors with a status and a message.

use std::fmt;

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use narrows_runtime::Error;
use serde::Serialize;

/// An error answer: the status, and the message in `{"error": "..."}`.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    /// Creates an answer with any status.
    pub(crate) fn new(status: StatusCode, message: impl fmt::Display) -> Self {
        Refusal { status, message: message.to_string() }
    }

    /// Creates an answer for a request that the client can correct.
    pub(crate) fn bad_request(message: impl fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }
}

/// Returns a value as the bytes of a JSON answer.
pub(crate) fn to_json(value: &impl Serialize) -> Result<Vec<u8>, Refusal> {
    serde_json::to_vec(value).map_err(|error| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error))
}

/// Returns an answer with a body of JSON.
pub(crate) fn json_answer(bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], bytes).into_response()
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "error": self.message }).to_string();
        (self.status, json_answer(body.into_bytes())).into_response()
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
            | Error::UnknownClass { .. }
            | Error::NoPrior { .. }
            | Error::OutsideRange { .. }
            | Error::CodeLengths { .. }
            | Error::CodeWidth { .. }
            | Error::OutOfRange { .. }
            | Error::ClassNeeded { .. }
            | Error::ClassUnexpected { .. } => StatusCode::BAD_REQUEST,
            // `Error` is open for new variants. All others, such as a graph that fails, are not the client's.
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Refusal::new(status, error)
    }
}
