//! A load test: many threads encode batches of mixed sizes with one handle.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use narrows_runtime::{Autoencoder, Samples, ndarray::Axis};

use super::{labels, samples};

pub(crate) const THREADS: usize = 32;
/// Batch sizes from one row to many runs of 50 rows, the chunk size in the tests.
const SIZES: [usize; 8] = [1, 2, 3, 7, 49, 50, 51, 700];

/// Encodes and reconstructs batches of mixed sizes in [`THREADS`] threads, and compares every result with the
/// single-threaded one, bit by bit. Returns the number of calls.
pub(crate) fn mixed(model: &Autoencoder, duration: Duration) -> usize {
    let (rows, labels) = (samples(700), labels(700));
    let slice = |start: usize, size: usize| {
        let range = start..start + size;
        (rows.slice_axis(Axis(0), range.clone().into()), &labels[range])
    };
    let starts = |size: usize| [0, (700 - size) / 2, 700 - size];
    let encode = |start, size| {
        let (rows, labels) = slice(start, size);
        let samples = Samples::from(rows);
        let samples = if model.takes_labels() { samples.labelled(labels) } else { samples };
        (model.encode(samples.clone()).expect("good samples"), model.reconstruct(samples).expect("good samples"))
    };
    let batches: Vec<_> = SIZES.iter().flat_map(|&size| starts(size).map(|start| (start, size))).collect();
    let serial: Vec<_> = batches.iter().map(|&(start, size)| encode(start, size)).collect();

    let (calls, end) = (AtomicUsize::new(0), Instant::now() + duration);
    thread::scope(|scope| {
        for caller in 0..THREADS {
            let (batches, serial, encode, calls) = (&batches, &serial, &encode, &calls);
            scope.spawn(move || {
                for index in (0..batches.len()).cycle().skip(caller * 5).step_by(7) {
                    let (start, size) = batches[index];
                    assert_eq!(encode(start, size), serial[index], "rows {start} to {}", start + size);
                    calls.fetch_add(1, Ordering::Relaxed);
                    if Instant::now() >= end {
                        return;
                    }
                }
            });
        }
    });
    calls.into_inner()
}
