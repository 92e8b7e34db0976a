//! Memory for bodies and responses: a number of bytes that all requests share.
//!
//! A body counts as it arrives, so a client that announces a large body and sends little takes little. A response
//! counts until the client has taken it.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes, HttpBody},
    http::StatusCode,
};
use http_body_util::BodyExt;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{
    limits::Limits,
    refusal::{Refusal, busy, refuse},
};

/// The free bytes.
#[derive(Clone)]
pub(crate) struct Memory(Arc<Semaphore>);

/// Bytes that count until they are dropped.
pub(crate) struct Held {
    bytes: Vec<u8>,
    permit: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Memory {
    pub(crate) fn new(bytes: usize) -> Self {
        Memory(Arc::new(Semaphore::new(bytes)))
    }

    /// Takes a number of bytes, if they are free.
    fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Refusal> {
        let bytes = u32::try_from(bytes).map_err(|_| busy())?;
        Arc::clone(&self.0).try_acquire_many_owned(bytes).map_err(|_| busy())
    }

    /// Returns the body of a response, which counts until it is sent.
    pub(crate) fn hold(&self, bytes: Vec<u8>) -> Result<Body, Refusal> {
        let permit = self.take(bytes.len())?;
        Ok(Body::from(Bytes::from_owner(Held { bytes, permit })))
    }

    /// Reads the complete body of a request.
    pub(crate) async fn read(&self, body: Body, limits: &Limits) -> Result<Held, Refusal> {
        let Limits { body: max_bytes, arrival, .. } = *limits;
        if body.size_hint().lower() > max_bytes as u64 {
            return Err(too_large(max_bytes));
        }
        timeout(arrival, self.collect(body, max_bytes))
            .await
            .map_err(|_| refuse(StatusCode::REQUEST_TIMEOUT, format!("the body did not arrive within {arrival:?}")))?
    }

    async fn collect(&self, mut body: Body, max_bytes: usize) -> Result<Held, Refusal> {
        let mut held = Held { bytes: Vec::new(), permit: self.take(0)? };
        while let Some(frame) = body.frame().await {
            let frame =
                frame.map_err(|_| refuse(StatusCode::BAD_REQUEST, "the body is incomplete or not valid HTTP"))?;
            // Other frames are trailers.
            let Ok(data) = frame.into_data() else { continue };
            if held.bytes.len() + data.len() > max_bytes {
                return Err(too_large(max_bytes));
            }
            held.permit.merge(self.take(data.len())?);
            held.bytes.extend_from_slice(&data);
        }
        Ok(held)
    }
}

fn too_large(max_bytes: usize) -> Refusal {
    refuse(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than the limit of {max_bytes} bytes"))
}
