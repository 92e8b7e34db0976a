//! The phases of a connection, each with a time limit: waiting for a request, receiving its head, answering it, and
//! sending the response.
//!
//! A client that sends its head byte by byte, or does not read its response, loses its connection at the end of the
//! phase. While a request is answered, the limits of the service apply (`arrival` and `time`).

use std::{
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use tokio::time::{Instant, Sleep, sleep_until};

use crate::limits::Limits;

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It waits for the first byte of a request.
    Idle,
    /// The head of a request is arriving.
    Head,
    /// The body of a request is arriving, or the response is computed.
    Request,
    /// The response is being sent.
    Response,
}

/// The current phase of a connection, which its stream and its requests change.
pub(crate) struct Phases {
    limits: Limits,
    current: Mutex<(Phase, Option<Instant>)>,
}

/// Completes when a phase has lasted too long.
pub(crate) struct Watch<'p> {
    phases: &'p Phases,
    timer: Pin<Box<Sleep>>,
}

impl Phase {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Phase::Idle => "idle",
            Phase::Head => "head",
            Phase::Request => "request",
            Phase::Response => "response",
        }
    }
}

impl Phases {
    pub(crate) fn new(limits: Limits) -> Self {
        Phases { limits, current: Mutex::new((Phase::Idle, Some(Instant::now() + limits.idle))) }
    }

    /// Bytes have arrived.
    pub(crate) fn received(&self) {
        self.change(Phase::Idle, Phase::Head);
    }

    /// The head of a request is complete.
    pub(crate) fn started(&self) {
        self.enter(&mut self.lock(), Phase::Request);
    }

    /// The response is known.
    pub(crate) fn answered(&self) {
        self.change(Phase::Request, Phase::Response);
    }

    /// The operating system has taken all bytes that were written.
    pub(crate) fn flushed(&self) {
        self.change(Phase::Response, Phase::Idle);
    }

    fn change(&self, from: Phase, to: Phase) {
        let mut current = self.lock();
        if current.0 == from {
            self.enter(&mut current, to);
        }
    }

    fn enter(&self, current: &mut (Phase, Option<Instant>), phase: Phase) {
        let limit = match phase {
            Phase::Idle => Some(self.limits.idle),
            Phase::Head => Some(self.limits.head),
            Phase::Request => None,
            Phase::Response => Some(self.limits.response),
        };
        *current = (phase, limit.map(|limit| Instant::now() + limit));
    }

    fn lock(&self) -> MutexGuard<'_, (Phase, Option<Instant>)> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'p> Watch<'p> {
    pub(crate) fn new(phases: &'p Phases) -> Self {
        Watch { phases, timer: Box::pin(sleep_until(Instant::now() + phases.limits.idle)) }
    }

    /// Returns the phase that has lasted too long. Call it after every change of the phase.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Phase> {
        loop {
            let (phase, deadline) = *self.phases.lock();
            let Some(deadline) = deadline else { return Poll::Pending };
            // A timer that ends too early is set again when it ends, so that most requests do not touch it.
            if deadline < self.timer.deadline() {
                self.timer.as_mut().reset(deadline);
            }
            if self.timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            if deadline <= Instant::now() {
                return Poll::Ready(phase);
            }
            self.timer.as_mut().reset(deadline);
        }
    }
}
