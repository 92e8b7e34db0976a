//! Threads that libraries start, which panic if the system refuses one.

use std::{
    io,
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

/// Largest number of threads that `RAYON_NUM_THREADS` may ask for, unless there are more cores.
#[cfg(feature = "train")]
const MOST: usize = 256;

/// Number of threads that remain for others, such as the one that listens for signals, where the system refuses some.
#[cfg(feature = "train")]
const RESERVED: usize = 2;

/// Starts the threads that share the work of training, before a library starts them: at most as many as the system
/// allows, and none if it refuses the first one.
#[cfg(feature = "train")]
pub(crate) fn start_pool() {
    let asked = std::env::var("RAYON_NUM_THREADS").ok().and_then(|number| number.parse::<NonZeroUsize>().ok());
    let wanted = asked.map_or(cores(), NonZeroUsize::get).min(MOST.max(cores()));
    let builder = rayon::ThreadPoolBuilder::new();
    let threads = match start(wanted) {
        (started, Ok(())) => started,
        (started, Err(_)) => {
            // Threads that have ended count until the system has removed them.
            thread::sleep(Duration::from_millis(50));
            started.saturating_sub(RESERVED)
        }
    };
    let builder = match threads {
        0 => builder.num_threads(1).use_current_thread(),
        threads => builder.num_threads(threads),
    };
    // An error means that there is a pool already.
    drop(builder.build_global());
}

/// Checks that the system starts a thread for every core, and one more.
///
/// # Errors
/// The error of the system.
pub(crate) fn check() -> io::Result<()> {
    start(cores() + 1).1
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// Starts threads until there are `wanted` or the system refuses one, and ends them again. Returns how many there were,
/// and the error of the system.
fn start(wanted: usize) -> (usize, io::Result<()>) {
    let gate = Mutex::new(());
    thread::scope(|scope| {
        // The threads wait until this is dropped, so that all of them run at the same time.
        let _closed = gate.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = || drop(gate.lock());
        for started in 0..wanted {
            if let Err(error) = thread::Builder::new().spawn_scoped(scope, wait) {
                return (started, Err(error));
            }
        }
        (wanted, Ok(()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_counted_and_ended() {
        let (started, outcome) = start(3);
        assert_eq!(started, 3);
        assert!(outcome.is_ok() && check().is_ok());
    }
}
