//! The processes of a cluster.

pub(crate) mod executor;
pub(crate) mod lifetime;
pub(crate) mod scheduler;
pub(crate) mod up;

/// Port of the scheduler.
pub(crate) const SCHEDULER_PORT: u16 = 50050;
/// Port of the first executor; its tasks come in on the next one.
pub(crate) const EXECUTOR_PORT: u16 = 50051;
