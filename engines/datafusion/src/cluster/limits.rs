//! Limits of messages and times.

/// Largest size of a message between the processes, in bytes: the covariance of 5,000 features.
pub(crate) const MESSAGE_LIMIT: usize = 256 << 20;
/// Time between two signs of life of an executor, in seconds.
pub(crate) const HEARTBEAT_SECONDS: u64 = 5;
/// Time without a sign of life after which an executor counts as dead, in seconds.
pub(crate) const TIMEOUT_SECONDS: u64 = 20;
/// Time between two searches for dead executors, in seconds.
pub(crate) const EXPIRY_SECONDS: u64 = 2;
/// Time that jobs wait for an executor after the last one has died, and that a stopping executor has for its tasks, in
/// seconds.
pub(crate) const GRACE_SECONDS: u64 = 30;
