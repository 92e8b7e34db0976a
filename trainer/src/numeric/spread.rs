//! Work on several cores, as one step of training has it: over in microseconds.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use narrows_crew::{Busy, idle, together};

/// Floating point operations that are worth another core: some 40 microseconds of one. Less is done sooner than
/// a busy machine lets a helper come and go.
const WORTH: usize = 1 << 22;

/// How long helpers look for more work: the next of this step, or of the step after it, is as near as this.
const PATIENCE: Duration = Duration::from_micros(300);

/// Numbers that one core takes at a time. Sums are those of the parts, added in order, so this decides
/// their last bits and the number of cores does not.
pub(crate) const PART: usize = 1 << 14;

/// Numbers of a row-wise computation that one core takes at a time, about.
const BLOCK: usize = 1 << 13;

/// Does `work` on every item, on several cores where there is enough of it; `work_each` is about how many
/// floating point operations an item takes.
///
/// The cores are those that rayon would use (`RAYON_NUM_THREADS`) and that this process does not compute on.
/// Which core does what is left to chance, so no result may depend on it: an item is cut by sizes alone, and what
/// is summed over items is summed in their order.
///
/// # Panics
/// If the work does.
pub(crate) fn spread<T: Send>(work_each: usize, items: Vec<T>, work: impl Fn(T) + Sync) {
    let is_worth_it = items.len() > 1 && items.len().saturating_mul(work_each) >= WORTH;
    if !is_worth_it {
        return items.into_iter().for_each(work);
    }
    let _busy = Busy::caller();
    let helpers = idle().min(rayon::current_num_threads() - 1).min(items.len() - 1);
    let left = Mutex::new(items.into_iter());
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    let outcome = together(helpers, PATIENCE, &|| {
        while let Some(item) = next() {
            work(item);
        }
    });
    assert!(outcome.is_ok(), "a thread panicked, and said why");
}

/// Rows of so many numbers that make an item, at least one.
pub(crate) fn rows_each(features: usize) -> usize {
    (BLOCK / features.max(1)).max(1)
}
