//! Methods that write to existing arrays do not allocate. All allocations of the process are counted, including those
//! of helper threads.
#![expect(unsafe_code, reason = "implements a counting allocator")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering},
};

use narrows_runtime::{
    Autoencoder, Codes, DetectionsMut, Detector, Options, Samples,
    bundle::{Kind, table::MissingCells},
    ndarray::{Array1, Array2, Array3, s},
};

mod support;

use support::{
    FEATURES, Fixture, LATENT,
    detector::detector_fixture,
    labels, samples,
    tables::{rows_with_gaps, table_fixture},
};

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all calls are forwarded to the system allocator with the same arguments, so its guarantees hold. Counting
// does not allocate and does not panic.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::SeqCst);
        // SAFETY: the caller upholds the contract of `GlobalAlloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller upholds the contract of `GlobalAlloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::SeqCst);
        // SAFETY: the caller upholds the contract of `GlobalAlloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The only test in this file, because allocations of parallel tests would be counted, too.
#[test]
fn encoding_decoding_and_detecting_into_arrays_do_not_allocate_after_a_warm_up() {
    let options = Options::default().sessions(3).chunk(50);
    let model = |kind| Autoencoder::open_with(Fixture::new(kind).path(), &options).expect("a good bundle");
    let (plain, conditional) = (model(Kind::Vae), model(Kind::Cvae));
    let detector = Detector::open_with(detector_fixture(Kind::Ae).path(), &options).expect("a good bundle");
    let table = table_fixture(Kind::Vae, MissingCells::Masked);
    let table = Autoencoder::open_with(table.path(), &options).expect("a good bundle");
    for rows in [1, 7, 50, 51, 1000] {
        let cells = rows_with_gaps(rows);
        let (floats, labels) = (samples(rows), labels(rows));
        let bytes = floats.mapv(|value| value as u8);
        let mirrored = Array3::from_shape_fn((3, 2, rows), |(x, y, row)| floats[[row, y, x]]);
        let (mut codes, mut wide) = (Array2::zeros((rows, LATENT)), Array2::zeros((rows, 2 * LATENT)));
        let (mut restored, mut flat) = (Array3::zeros((rows, 2, 3)), vec![0.0_f32; rows * FEATURES]);

        let (mut scores, mut p_values) = (Array1::zeros(rows), Array1::zeros(rows));
        let mut are_anomalies = vec![false; rows];

        let mut all = || {
            plain.encode_into(&floats, &mut codes.view_mut()).expect("good samples");
            plain.encode_into(&bytes, &mut codes.view_mut()).expect("bytes");
            plain.encode_into(mirrored.t(), &mut codes.view_mut()).expect("another layout");
            plain.encode_into(&floats, &mut wide.slice_mut(s![.., ..;2])).expect("into another layout");
            plain.decode_into(&codes, &mut restored.view_mut()).expect("good codes");
            let input = Samples::from(&floats).labelled(&labels);
            conditional.encode_into(input, &mut codes.view_mut()).expect("good samples");
            let input = Codes::from(&codes).labelled(&labels);
            conditional.decode_into(input, &mut restored.view_mut()).expect("good codes");
            let (scores, p_values) = (scores.view_mut(), p_values.view_mut());
            let results = DetectionsMut { scores, p_values, are_anomalies: &mut are_anomalies };
            detector.detect_into(&floats, results).expect("good samples");
            table.encode_into(&cells, &mut codes.view_mut()).expect("good cells");
            flat.copy_from_slice(restored.as_slice().expect("standard layout"));
        };
        let counts: Vec<usize> = (0..300)
            .map(|_| {
                let before = ALLOCATIONS.load(Ordering::SeqCst);
                all();
                ALLOCATIONS.load(Ordering::SeqCst) - before
            })
            .collect();
        // The distribution of runs over threads is random. Each of the six graphs can create one session for a
        // helper, and tensors for two batch sizes in each of two sessions, so that many calls may allocate.
        let allocating = counts.iter().filter(|&&count| count > 0).count();
        assert!(
            allocating <= 6 * (1 + 2 * 2),
            "{allocating} of {} calls with {rows} rows allocated: {counts:?}",
            counts.len()
        );
        assert!(rows > 1 || counts[0] > 0, "the first call creates tensors, but no allocation was counted");
    }
}
