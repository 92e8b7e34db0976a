//! Memory for the numbers between layers, kept from step to step: fresh pages cost more than the work on them.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Numbers that are kept free at most, 64 MiB: beyond it fresh pages cost little beside the work on them.
const KEPT: usize = 1 << 24;

/// BufferPool that nobody uses.
#[derive(Clone, Default)]
pub(crate) struct BufferPool(Arc<Mutex<Free>>);

#[derive(Default)]
struct Free {
    buffers: Vec<Vec<f32>>,
    numbers: usize,
}

impl BufferPool {
    /// A buffer of so many numbers, whatever they are.
    pub(crate) fn take(&self, count: usize) -> Buffer {
        let mut free = self.free();
        let found = free.buffers.iter().position(|buffer| buffer.len() == count);
        let values = match found {
            Some(at) => {
                free.numbers -= count;
                free.buffers.swap_remove(at)
            }
            None => {
                drop(free);
                vec![0.0; count]
            }
        };
        Buffer { values, home: self.clone() }
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

/// Numbers that go back to where they came from.
#[derive(Debug)]
pub(crate) struct Buffer {
    values: Vec<f32>,
    home: BufferPool,
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
        let mut free = self.home.free();
        // Sizes that come no more (a run's last, smaller batch) make room for those that do.
        while free.numbers + values.len() > KEPT && !free.buffers.is_empty() {
            free.numbers -= free.buffers.remove(0).len();
        }
        if values.len() <= KEPT {
            free.numbers += values.len();
            free.buffers.push(values);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_is_used_again_and_no_two_have_the_same() {
        let buffers = BufferPool::default();
        let mut first = buffers.take(3);
        first.fill(7.0);
        let second = buffers.take(3);
        assert_eq!(*second, [0.0; 3]);
        drop(first);
        assert_eq!((buffers.take(4).len(), &*buffers.take(3)), (4, [7.0; 3].as_slice()));
    }
}
