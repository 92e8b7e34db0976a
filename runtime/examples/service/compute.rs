//! The computation of a response. It is CPU-bound; call it on a blocking thread.

use axum::http::StatusCode;
use narrows_runtime::ndarray::ArrayView2;
use serde::Serialize;

use crate::{
    detection::detected,
    models::Models,
    refusal::{JSON, Refusal, refuse},
    request::{Batch, OCTETS, RequestHead},
};

/// Computes the response to the rows of a request.
pub(crate) type Work = fn(&Models, &RequestHead, &Batch<'_>) -> Result<Reply, Refusal>;

/// The body of a response.
pub(crate) struct Reply {
    pub(crate) media_type: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// Encodes the rows.
pub(crate) fn encode_rows(models: &Models, head: &RequestHead, batch: &Batch<'_>) -> Result<Reply, Refusal> {
    codes_reply(models.autoencoder.encode(batch.samples())?.view(), head.wants_octets)
}

/// Finds anomalies among the rows.
pub(crate) fn detect_rows(models: &Models, _: &RequestHead, batch: &Batch<'_>) -> Result<Reply, Refusal> {
    match &models.detector {
        Some(detector) => json_reply(&detected(detector, batch)?),
        None => {
            Err(refuse(StatusCode::NOT_FOUND, "this model has no detector (add one with `narrows detect fit BUNDLE`)"))
        }
    }
}

fn codes_reply(codes: ArrayView2<'_, f32>, as_octets: bool) -> Result<Reply, Refusal> {
    #[derive(Serialize)]
    struct Body {
        codes: Vec<Vec<f32>>,
    }
    if as_octets {
        let bytes = codes.iter().flat_map(|value| value.to_le_bytes()).collect();
        return Ok(Reply { media_type: OCTETS, bytes });
    }
    json_reply(&Body { codes: codes.outer_iter().map(|code| code.to_vec()).collect() })
}

fn json_reply(value: &impl Serialize) -> Result<Reply, Refusal> {
    let bytes = serde_json::to_vec(value).map_err(|error| refuse(StatusCode::INTERNAL_SERVER_ERROR, error))?;
    Ok(Reply { media_type: JSON, bytes })
}
