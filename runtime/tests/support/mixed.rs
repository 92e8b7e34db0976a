//! Many threads with batches of mixed sizes on one handle.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use narrows_runtime::{Autoencoder, Samples, ndarray::Axis};

use super::{labels, samples};

pub(crate) const THREADS: usize = 32;
/// From one row to many runs of the 50 rows that the tests choose.
const SIZES: [usize; 8] = [1, 2, 3, 7, 49, 50, 51, 700];

/// Lets [`THREADS`] threads encode and decode batches of mixed sizes, and compares every result with that of
/// one caller, bit by bit. Returns how many there were.
pub(crate) fn mixed(model: &Autoencoder, duration: Duration) -> usize {
    let (rows, labels) = (samples(700), labels(700));
    let cut = |start: usize, size: usize| {
        let range = start..start + size;
        (rows.slice_axis(Axis(0), range.clone().into()), &labels[range])
    };
    let starts = |size: usize| [0, (700 - size) / 2, 700 - size];
    let encode = |start, size| {
        let (rows, labels) = cut(start, size);
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
                for at in (0..batches.len()).cycle().skip(caller * 5).step_by(7) {
                    let (start, size) = batches[at];
                    assert_eq!(encode(start, size), serial[at], "rows {start} to {}", start + size);
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
