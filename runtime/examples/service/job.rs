//! A request whose body has arrived, and the way of its response back to the client.

use std::sync::Arc;

use axum::response::Response;
use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};

use crate::{
    memory::Held,
    metrics::Waiting,
    record::Content,
    refusal::{Refusal, busy, interrupted, too_slow},
    request::RequestHead,
};

/// What is computed for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    Encode,
    Detect,
}

/// A request that waits to be computed. Its body counts as memory until the job is done.
pub(crate) struct Job {
    pub(crate) task: Task,
    pub(crate) head: RequestHead,
    pub(crate) body: Held,
    pub(crate) content: Content,
    waiting: Arc<Waiting>,
    response: oneshot::Sender<Result<Response, Refusal>>,
}

/// The response that a job will have.
pub(crate) struct Pending {
    waiting: Arc<Waiting>,
    response: oneshot::Receiver<Result<Response, Refusal>>,
}

impl Job {
    pub(crate) fn new(
        task: Task,
        head: RequestHead,
        body: Held,
        content: Content,
        waiting: Waiting,
    ) -> (Self, Pending) {
        let (sender, response) = oneshot::channel();
        let waiting = Arc::new(waiting);
        let pending = Pending { waiting: Arc::clone(&waiting), response };
        (Job { task, head, body, content, waiting, response: sender }, pending)
    }

    /// Ends the time of waiting. Returns false if nobody waits for the response any more.
    pub(crate) fn start(&self) -> bool {
        self.waiting.end();
        !self.response.is_closed()
    }

    /// Frees the body, and sends the response. Its client can have gone.
    pub(crate) fn finish(self, response: impl FnOnce() -> Result<Response, Refusal>) {
        drop(self.body);
        let _ = self.response.send(response());
    }
}

impl Pending {
    /// Waits for the response, at most until `deadline`.
    pub(crate) async fn response(mut self, deadline: Instant) -> Result<Response, Refusal> {
        match timeout_at(deadline, &mut self.response).await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => Err(interrupted()),
            Err(_) if self.waiting.end() => Err(busy()),
            Err(_) => Err(too_slow()),
        }
    }
}

impl Drop for Pending {
    /// A client that has gone does not wait.
    fn drop(&mut self) {
        self.waiting.end();
    }
}
