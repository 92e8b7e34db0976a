//! Events that are reported while a head is trained.

use std::collections::BTreeMap;

use super::{Epoch, Metrics};

/// An event during training.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A candidate weight decay was evaluated.
    Decay {
        /// The weight decay.
        decay: f64,
        /// Mean loss per held-out row.
        loss: f64,
    },
    /// The head is fitted on the codes of the frozen encoder; its metrics by part.
    HeadFitted(&'a BTreeMap<&'static str, Metrics>),
    /// An epoch of gradient descent is completed.
    Epoch(&'a Epoch),
}
