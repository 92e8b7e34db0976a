//! The functions on a cluster of [Ballista](https://datafusion.apache.org/ballista/).
//!
//! A function must be known in three places: on the client, which plans the query ([`connect`]); on the scheduler,
//! which plans its stages ([`scheduler_config`]); and on every executor, which runs it ([`executor_config`]). All three
//! read manifests, so each needs access to the bundles; only executors need ONNX Runtime.
//!
//! Neither the scheduler nor an executor authenticates its clients: whoever reaches their ports can run queries and
//! read the files that they can read. Use a private network.

mod client;
mod executor;
mod flight;
mod limits;
mod probe;
mod scheduler;
mod session;
mod stores;

pub use client::{cancel, connect};
pub use executor::{Executor, executor_config};
pub use probe::{Answer, ConnectedExecutor, NO_ANSWER, Overview, Question, overview, probe};
pub use scheduler::{Scheduler, run_scheduler, scheduler_config};
pub use session::local;
pub use stores::Stores;
