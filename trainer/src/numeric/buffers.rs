//! A pool of buffers for the values between layers. Training steps reuse the buffers, because newly allocated pages
//! cost more time than the computation on them.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Number of values that may stay in unused buffers however few are in use (64 MiB).
const MIN_VALUES: usize = 1 << 24;

/// Buffers that are not in use.
#[derive(Clone, Default)]
pub(crate) struct BufferPool(Arc<Mutex<Free>>);

#[derive(Default)]
struct Free {
    buffers: Vec<Vec<f32>>,
    /// Total number of values in `buffers`.
    count: usize,
    /// Total number of values in buffers that are in use, and the largest number so far.
    used: usize,
    most_used: usize,
}

impl Free {
    /// Frees the oldest buffers until used and unused buffers together have no more values than were in use at once.
    /// The oldest are freed first: their sizes may no longer occur, like those of a smaller last batch.
    fn shrink(&mut self) {
        while !self.buffers.is_empty() && self.used + self.count > self.most_used.max(MIN_VALUES) {
            self.count -= self.buffers.remove(0).len();
        }
    }
}

impl BufferPool {
    /// Returns a buffer of `count` values. Their initial values are unspecified.
    pub(crate) fn take(&self, count: usize) -> Buffer {
        let mut free = self.free();
        let index = free.buffers.iter().position(|buffer| buffer.len() == count);
        free.used += count;
        free.most_used = free.most_used.max(free.used);
        let values = match index {
            Some(index) => {
                free.count -= count;
                free.buffers.swap_remove(index)
            }
            None => {
                free.shrink();
                drop(free);
                vec![0.0; count]
            }
        };
        Buffer { values, pool: self.clone() }
    }

    fn free(&self) -> MutexGuard<'_, Free> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for BufferPool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("BufferPool").field("free", &self.free().buffers.len()).finish()
    }
}

/// A buffer that returns to its pool when it is dropped.
#[derive(Debug)]
pub(crate) struct Buffer {
    values: Vec<f32>,
    pool: BufferPool,
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let values = std::mem::take(&mut self.values);
        let mut free = self.pool.free();
        free.used -= values.len();
        free.count += values.len();
        free.buffers.push(values);
        free.shrink();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_buffer_is_reused_and_two_live_buffers_are_distinct() {
        let buffers = BufferPool::default();
        let mut first = buffers.take(3);
        first.fill(7.0);
        let second = buffers.take(3);
        assert_eq!(*second, [0.0; 3]);
        drop(first);
        assert_eq!((buffers.take(4).len(), &*buffers.take(3)), (4, [7.0; 3].as_slice()));
    }

    #[test]
    fn unused_buffers_of_other_sizes_are_freed_before_more_memory_is_used_than_ever_at_once() {
        let buffers = BufferPool::default();
        drop([buffers.take(MIN_VALUES), buffers.take(MIN_VALUES)]);
        assert_eq!(buffers.free().buffers.len(), 2, "both were in use at once");
        let other = buffers.take(MIN_VALUES / 2);
        let total = |free: &Free| free.count + free.used;
        assert_eq!(total(&buffers.free()), MIN_VALUES + MIN_VALUES / 2);
        drop(other);
        assert_eq!(total(&buffers.free()), MIN_VALUES + MIN_VALUES / 2);
    }
}
