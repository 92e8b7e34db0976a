//! A thread pool for tasks of microseconds, such as encoding a batch or a step of training.
//!
//! Starting scoped threads costs more than such a task, and waking sleeping threads costs about as much. The threads of
//! this pool, the crew, are started once and spin for a while before they sleep. The caller works too.
//!
//! [`cores`] and [`available_memory`] say what of the machine this process may use, [`Device`] what a user chose of it,
//! and [`nvidia_folders`] where the libraries for its GPU are.

mod cores;
mod device;
mod memory;
mod nvidia;
mod sync;
mod together;

pub use cores::{Busy, cores, idle, idle_for_short_tasks, thread_number};
pub use device::Device;
pub use memory::{available_address_space, available_memory};
pub use nvidia::{load_from, nvidia_folders};
pub use together::{Panicked, together};
