//! A queue of jobs, which a limited number of blocking threads do. A thread can take several jobs at once.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::task::spawn_blocking;

/// Returns whether a thread that has taken jobs takes the next one as well.
type Joins<J> = dyn Fn(&[J], &J) -> bool + Send + Sync;

/// Does jobs that were taken together.
type Work<J> = dyn Fn(Vec<J>) + Send + Sync;

/// Jobs that wait for a thread.
pub(crate) struct Queue<J> {
    max_threads: usize,
    joins: Box<Joins<J>>,
    work: Box<Work<J>>,
    state: Mutex<State<J>>,
}

struct State<J> {
    waiting: VecDeque<J>,
    threads: usize,
}

impl<J: Send + 'static> Queue<J> {
    pub(crate) fn new(
        max_threads: usize,
        joins: impl Fn(&[J], &J) -> bool + Send + Sync + 'static,
        work: impl Fn(Vec<J>) + Send + Sync + 'static,
    ) -> Arc<Self> {
        let state = Mutex::new(State { waiting: VecDeque::new(), threads: 0 });
        Arc::new(Queue { max_threads, joins: Box::new(joins), work: Box::new(work), state })
    }

    /// Adds a job to the end of the queue, and starts a thread if fewer than the maximum are running.
    ///
    /// # Panics
    /// Outside of a runtime of tokio.
    pub(crate) fn add(self: &Arc<Self>, job: J) {
        let mut state = self.lock();
        state.waiting.push_back(job);
        if state.threads < self.max_threads {
            state.threads += 1;
            drop(state);
            let queue = Arc::clone(self);
            spawn_blocking(move || {
                while let Some(jobs) = queue.take() {
                    // A panic ends these jobs only. Its message is on stderr, and their clients get an error.
                    let _ = catch_unwind(AssertUnwindSafe(|| (queue.work)(jobs)));
                }
            });
        }
    }

    /// Takes the first job, and those after it that join. Returns nothing if there is none; the thread then ends.
    fn take(&self) -> Option<Vec<J>> {
        let mut state = self.lock();
        let Some(first) = state.waiting.pop_front() else {
            state.threads -= 1;
            return None;
        };
        let mut taken = vec![first];
        while state.waiting.front().is_some_and(|next| (self.joins)(&taken, next)) {
            taken.extend(state.waiting.pop_front());
        }
        Some(taken)
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc::channel, thread};

    use super::*;

    #[tokio::test]
    async fn waiting_jobs_that_join_are_taken_together_in_order_by_one_thread() {
        let (begin, wait) = channel::<()>();
        let (done, results) = channel();
        let wait = Mutex::new(wait);
        let joins = |taken: &[u32], next: &u32| taken.len() < 3 && taken[0] % 2 == next % 2;
        let queue = Queue::new(1, joins, move |jobs: Vec<u32>| {
            wait.lock().expect("no panic").recv().expect("a sender");
            done.send(jobs.clone()).expect("a receiver");
            assert!(jobs != [1, 3], "a panic does not end the thread");
        });
        // The thread takes the first job alone, and waits. The others come meanwhile.
        queue.add(100);
        while !queue.lock().waiting.is_empty() {
            thread::yield_now();
        }
        [2, 4, 6, 8, 1, 3, 10, 7, 12].into_iter().for_each(|job| queue.add(job));
        assert_eq!(queue.lock().threads, 1);
        (0..7).for_each(|_| begin.send(()).expect("a thread"));
        let expected = [vec![100], vec![2, 4, 6], vec![8], vec![1, 3], vec![10], vec![7], vec![12]];
        assert!(results.iter().take(expected.len()).eq(expected));
    }
}
