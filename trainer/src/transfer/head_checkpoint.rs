//! Checkpoints of the training loop of a head.

use serde::{Deserialize, Serialize};

use super::{epoch::Epoch, identity::Identity};
use crate::run::{BestRecord, LearnerSteps, StateFile};

/// The metadata of a checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    #[serde(flatten)]
    pub(super) identity: Identity,
    pub(super) position: Position,
    #[serde(flatten)]
    pub(super) learner: LearnerSteps,
    pub(super) best: Option<BestRecord>,
    pub(super) history: Vec<Epoch>,
}

pub(super) type HeadCheckpoint<'a> = StateFile<'a, Record>;

/// Progress of the training loop. Random streams have no state: they are functions of the seed and these counters.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Position {
    /// Number of completed steps.
    pub(super) step: u64,
    /// Number of completed epochs.
    pub(super) epoch: usize,
    /// Number of completed batches of the current epoch.
    pub(super) batches: usize,
    /// Sum of the losses of the rows of these batches.
    pub(super) loss_sum: f64,
    /// Whether the training has ended.
    pub(super) finished: bool,
}
