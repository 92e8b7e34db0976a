//! One handle used by many threads gives the same results as one caller.

use std::{fs, time::Duration};

use narrows_runtime::{
    Autoencoder, Options,
    bundle::Kind,
    ndarray::{Array2, Axis, s},
};

mod support;

use support::{
    Fixture,
    mixed::{THREADS, mixed},
    samples,
};

fn open(kind: Kind) -> Autoencoder {
    let options = Options::default().chunk(50);
    Autoencoder::open_with(Fixture::new(kind).path(), &options).expect("a good bundle")
}

#[test]
fn thirty_two_threads_get_bit_identical_results() {
    for kind in [Kind::Vae, Kind::Cvae] {
        let calls = mixed(&open(kind), Duration::from_millis(700));
        assert!(calls >= THREADS, "{calls} calls");
    }
}

#[test]
fn sessions_threads_and_chunks_change_results_only_by_rounding() {
    let (fixture, rows) = (Fixture::new(Kind::Vae), samples(300));
    let codes = |options: &Options| {
        let model = Autoencoder::open_with(fixture.path(), options).expect("a good bundle");
        model.encode(&rows).expect("good samples")
    };
    let one = codes(&Options::default().sessions(1));
    for sessions in [0, 2, 5] {
        for chunk in [0, 1, 7, 300, 1000] {
            for threads in [0, 1, 2] {
                let options = Options::default().sessions(sessions).chunk(chunk).threads(threads);
                support::assert_close(&codes(&options), &one);
            }
        }
    }
}

#[test]
fn a_value_that_is_not_finite_is_reported_in_any_run_and_the_handle_stays_usable() {
    let (model, mut rows) = (open(Kind::Vae), samples(2000));
    let codes = model.encode(&rows).expect("good samples");
    for row in [0, 49, 50, 1234, 1999] {
        rows[[row, 1, 2]] = f32::NAN;
        let error = model.encode(&rows).expect_err("a NaN").to_string();
        assert_eq!(error, format!("input `x` contains NaN in row {row} at [1, 2] (fill or drop such values first)"));
        rows[[row, 1, 2]] = samples(2000)[[row, 1, 2]];
        assert_eq!(model.encode(&rows).expect("good samples"), codes);
    }
}

#[test]
fn the_error_for_an_array_or_slice_of_another_size_names_both_sizes() {
    let model = open(Kind::Vae);
    let text = |outcome: Result<(), narrows_runtime::Error>| outcome.expect_err("another size").to_string();
    let mut codes = Array2::zeros((3, 2));
    assert_eq!(
        text(model.encode_into(&samples(4), &mut codes.view_mut())),
        "the array for `mu` has shape [3, 2], expected [4, 2]"
    );
    let mut flat = Array2::zeros((3, 5));
    assert_eq!(
        text(model.decode_into(&codes, &mut flat.view_mut())),
        "the array for `x_hat` has shape [3, 5], expected [3, 2, 3]"
    );
    for (rows, length) in [(2, 11), (2, 13), (0, 1), (usize::MAX, 12)] {
        let error = text(model.encode_slice(&vec![0.0; length], rows).map(drop));
        assert!(error.starts_with(&format!("{rows} rows of 6 values need a slice of ")), "{error}");
        assert!(error.ends_with(&format!("values, got {length}")), "{error}");
    }
    let rows = samples(5);
    let (codes, mut flat) = (model.encode(&rows).expect("good samples"), Array2::zeros((5, 6)));
    model.decode_into(&codes, &mut flat.view_mut()).expect("flat rows");
    assert_eq!(
        flat.iter().copied().collect::<Vec<_>>(),
        model.decode(&codes).expect("good codes").into_raw_vec_and_offset().0
    );
    let slice = model.encode_slice(rows.as_slice().expect("standard layout"), 5).expect("five rows");
    assert_eq!(slice, model.encode(&rows).expect("good samples").into_raw_vec_and_offset().0);
    let restored = model.decode_slice(&slice, 5).expect("five codes");
    assert_eq!(restored, model.reconstruct(&rows).expect("good samples").into_raw_vec_and_offset().0);
    assert_eq!(model.encode_slice(&[], 0).expect("no rows"), [0.0_f32; 0]);
}

#[test]
fn an_opened_model_does_not_depend_on_its_files() {
    let (fixture, rows) = (Fixture::new(Kind::Vae), samples(500));
    let model = Autoencoder::open_with(fixture.path(), &Options::default().chunk(10)).expect("a good bundle");
    let first = model.encode(rows.index_axis(Axis(0), 0).insert_axis(Axis(0))).expect("one sample");
    for file in fs::read_dir(fixture.path()).expect("a folder") {
        fs::write(file.expect("a file").path(), b"another content").expect("a writable folder");
    }
    // Sessions that are created only now use the bytes that were checked on opening.
    let codes = model.encode(&rows).expect("good samples");
    support::assert_close(&codes.slice(s![..1, ..]).to_owned(), &first);
    assert!(Autoencoder::open(fixture.path()).is_err());
    fs::remove_dir_all(fixture.path()).expect("a writable folder");
    assert_eq!(model.encode(&rows).expect("good samples"), codes);
}

#[test]
fn every_waiting_thread_gets_the_only_session() {
    let model = Autoencoder::open_with(Fixture::new(Kind::Vae).path(), &Options::default().sessions(1));
    let (model, rows) = (model.expect("a good bundle"), samples(50));
    let (end, start) = (Duration::from_millis(600), std::time::Instant::now());
    let calls: Vec<usize> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut calls = 0;
                    while start.elapsed() < end {
                        model.encode(&rows).expect("good samples");
                        calls += 1;
                    }
                    calls
                })
            })
            .collect();
        callers.into_iter().map(|caller| caller.join().expect("no panic")).collect()
    });
    assert!(calls.iter().all(|&calls| calls > 0), "{calls:?}");
}

#[test]
fn sessions_are_created_only_when_they_are_needed() {
    let options = Options::default().sessions(usize::MAX);
    let model = Autoencoder::open_with(Fixture::new(Kind::Vae).path(), &options).expect("a good bundle");
    let rows = samples(3000);
    assert_eq!(model.encode(&rows).expect("good samples"), open(Kind::Vae).encode(&rows).expect("good samples"));
}

#[test]
fn the_handle_works_after_a_panic_of_the_host() {
    let (model, rows) = (open(Kind::Vae), samples(3));
    let codes = model.encode(&rows).expect("good samples");
    let panicked = std::panic::catch_unwind(|| {
        model.encode(&rows).expect("good samples");
        panic!("on purpose");
    });
    assert!(panicked.is_err());
    assert_eq!(model.encode(&rows).expect("good samples"), codes);
}
