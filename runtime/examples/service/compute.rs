//! The computation of responses, on the threads of the queue.

use std::sync::Arc;

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use narrows_runtime::ndarray::ArrayView2;
use serde::Serialize;

use crate::{
    detection::detected,
    job::{Job, Task},
    memory::Memory,
    metrics::{Metrics, Path, Route},
    models::Models,
    refusal::{JSON, Refusal, refuse},
    request::{Batch, OCTETS, RequestHead},
};

/// What the computation needs of the service.
pub(crate) struct Computer {
    pub(crate) models: Arc<Models>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) memory: Memory,
    pub(crate) max_rows: usize,
}

/// The body of a response.
pub(crate) struct Reply {
    media_type: &'static str,
    bytes: Vec<u8>,
}

impl Computer {
    /// Parses the rows of a request.
    pub(crate) fn batch<'j>(&self, job: &'j Job) -> Result<Batch<'j>, Refusal> {
        let batch = job.head.batch(job.body.as_ref(), &self.models.autoencoder, self.max_rows)?;
        job.content.rows(batch.len());
        self.metrics.rows.get_or_create(&Path { route: route_of(job.task) }).inc_by(batch.len() as u64);
        Ok(batch)
    }

    /// Computes the reply to one request.
    pub(crate) fn alone(&self, job: &Job, batch: &Batch<'_>) -> Result<Reply, Refusal> {
        self.count_run(job.task, batch.len());
        match (job.task, &self.models.detector) {
            (Task::Encode, _) => codes_reply(self.models.autoencoder.encode(batch.samples())?.view(), &job.head),
            (Task::Detect, Some(detector)) => json_reply(&detected(detector, batch)?),
            (Task::Detect, None) => Err(refuse(
                StatusCode::NOT_FOUND,
                "this model has no detector (add one with `narrows detect fit BUNDLE`)",
            )),
        }
    }

    pub(crate) fn count_run(&self, task: Task, rows: usize) {
        self.metrics.batches.get_or_create(&Path { route: route_of(task) }).observe(rows as f64);
    }

    /// Returns a response, whose body counts as memory.
    pub(crate) fn respond(&self, reply: Reply) -> Result<Response, Refusal> {
        let body = self.memory.hold(reply.bytes)?;
        Ok(([(header::CONTENT_TYPE, reply.media_type)], body).into_response())
    }
}

fn route_of(task: Task) -> Route {
    match task {
        Task::Encode => Route::Encode,
        Task::Detect => Route::Detect,
    }
}

/// Returns codes in the format that a request asks for.
pub(crate) fn codes_reply(codes: ArrayView2<'_, f32>, head: &RequestHead) -> Result<Reply, Refusal> {
    #[derive(Serialize)]
    struct Body {
        codes: Vec<Vec<f32>>,
    }
    if head.wants_octets {
        let bytes = codes.iter().flat_map(|value| value.to_le_bytes()).collect();
        return Ok(Reply { media_type: OCTETS, bytes });
    }
    json_reply(&Body { codes: codes.outer_iter().map(|code| code.to_vec()).collect() })
}

fn json_reply(value: &impl Serialize) -> Result<Reply, Refusal> {
    let bytes = serde_json::to_vec(value).map_err(|error| refuse(StatusCode::INTERNAL_SERVER_ERROR, error))?;
    Ok(Reply { media_type: JSON, bytes })
}
