//! Parallel execution of the short tasks of a training step, which take microseconds.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use narrows_crew::{Busy, idle, together};

/// Smallest number of floating point operations for which more than one core is used: about 40 microseconds on one
/// core. Less work is finished before a busy machine starts and stops a helper thread.
const MIN_PARALLEL_WORK: usize = 1 << 22;

/// How long helper threads wait for more work. The next task of this step or of the next step usually starts within
/// this time.
const PATIENCE: Duration = Duration::from_micros(300);

/// Number of values that one core processes at a time. Sums are computed per chunk and added in order, so this constant
/// determines their last bits, and the number of cores does not.
pub(crate) const CHUNK: usize = 1 << 14;

/// Approximate number of values that one core processes at a time in a row-wise computation.
const ROW_CHUNK: usize = 1 << 13;

/// Calls `work` for every item, on several cores if there is enough work. `work_per_item` is the approximate number of
/// floating point operations per item.
///
/// It uses the cores that rayon would use (`RAYON_NUM_THREADS`) and that this process does not already compute on.
/// Which core processes which item is random, so results must not depend on it: callers split the work into items by
/// sizes alone, and add up sums over items in the order of the items.
///
/// # Panics
/// If `work` panics.
pub(crate) fn parallel_for_each<T: Send>(work_per_item: usize, items: Vec<T>, work: impl Fn(T) + Sync) {
    let is_parallel = items.len() > 1 && items.len().saturating_mul(work_per_item) >= MIN_PARALLEL_WORK;
    if !is_parallel {
        return items.into_iter().for_each(work);
    }
    let _busy = Busy::caller();
    let helpers = idle().min(rayon::current_num_threads() - 1).min(items.len() - 1);
    let remaining = Mutex::new(items.into_iter());
    let next = || remaining.lock().unwrap_or_else(PoisonError::into_inner).next();
    let outcome = together(helpers, PATIENCE, &|| {
        while let Some(item) = next() {
            work(item);
        }
    });
    assert!(outcome.is_ok(), "a worker thread panicked; its own message says why");
}

/// Returns the number of rows of `features` values that make up one work item, at least one.
pub(crate) fn rows_per_chunk(features: usize) -> usize {
    (ROW_CHUNK / features.max(1)).max(1)
}
