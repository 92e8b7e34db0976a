//! What an observer is told while a head is fitted.

use std::collections::BTreeMap;

use super::{Answers, Epoch};

/// What happened while fitting.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A weight decay was tried.
    Decay {
        /// Which.
        decay: f64,
        /// The mean loss of a row that was held out.
        loss: f64,
    },
    /// The head has settled on the frozen codes; its figures by part.
    Settled(&'a BTreeMap<&'static str, Answers>),
    /// An epoch of gradient descent is complete.
    Epoch(&'a Epoch),
}
