//! A flag stops the calls of a handle, whatever they compute, and only those.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use narrows_runtime::{
    Autoencoder, Cancellation, Classifier, Detector, Error, GenerateOptions, Interpolation, MemoryLimit, Options,
    Samples, ScoreOptions,
    bundle::{ClassifierKind, Kind},
    ndarray::{Array2, ArrayView2, s},
};

mod support;

use support::{Fixture, SHAPE, assert_close, detector::detector_fixture, heads::HeadFixture, samples};

fn cancelled() -> Cancellation {
    let cancellation = Cancellation::new();
    cancellation.cancel();
    cancellation
}

/// Asserts that a call was cancelled before the first row, of so many.
fn assert_cancelled<T: std::fmt::Debug>(outcome: Result<T, Error>, rows: usize) {
    let error = outcome.expect_err("a cancelled call");
    assert!(matches!(error, Error::Cancelled { done: 0, rows: of } if of == rows), "{error}");
}

#[test]
fn every_call_of_a_cancelled_handle_is_refused_and_other_handles_work_as_before() {
    let model = Autoencoder::open(Fixture::new(Kind::Vae).path()).expect("a good bundle");
    let rows = samples(5);
    let codes = model.encode(&rows).expect("good samples");
    let stopped = model.cancelled_by(&cancelled());
    assert_cancelled(stopped.encode(&rows), 5);
    assert_cancelled(stopped.encode_into(&rows, &mut codes.clone().view_mut()), 5);
    assert_cancelled(stopped.posterior(&rows), 5);
    assert_cancelled(stopped.sample_latent(&rows, 1), 5);
    assert_cancelled(stopped.decode(&codes), 5);
    assert_cancelled(stopped.reconstruct(&rows), 5);
    assert_cancelled(stopped.score(&rows, &ScoreOptions::default()), 5);
    assert_cancelled(stopped.generate(7, 1), 7);
    assert_cancelled(stopped.sample_codes(&GenerateOptions::default().count(7)), 7);
    assert_cancelled(stopped.interpolate(rows.slice(s![..2, .., ..]), 9, Interpolation::Linear), 2);
    assert_close(&model.encode(&rows).expect("the model itself"), &codes);
    assert!(model.cancelled_by(&Cancellation::new()).generate(7, 1).is_ok());
}

#[test]
fn detectors_and_classifiers_are_cancelled_in_the_same_way() {
    let rows = samples(5);
    let bundle = HeadFixture::new(ClassifierKind::Classifier);
    let classifier = Classifier::open(bundle.path()).expect("a good bundle");
    assert_cancelled(classifier.cancelled_by(&cancelled()).classify(&rows), 5);
    assert!(classifier.classify(&rows).is_ok());

    let bundle = detector_fixture(Kind::Ae);
    let detector = Detector::open(bundle.path()).expect("a detector");
    let stopped = detector.cancelled_by(&cancelled());
    assert_cancelled(stopped.detect(&rows), 5);
    assert_cancelled(stopped.reasons(&rows, 2), 5);
    assert_cancelled(stopped.explain(&rows), 5);
    assert!(detector.detect(&rows).is_ok());
}

#[test]
fn the_level_of_one_handle_of_a_detector_does_not_change_the_other() {
    let bundle = detector_fixture(Kind::Ae);
    let detector = Detector::open(bundle.path()).expect("a detector");
    let rows = samples(17);
    let before = detector.detect(&rows).expect("good samples");
    let all = detector.cancelled_by(&Cancellation::new()).at_level(0.999).expect("a level");
    let flagged = |detector: &Detector| {
        detector.detect(&rows).expect("good samples").are_anomalies.iter().filter(|&&flag| flag).count()
    };
    assert!(flagged(&all) > flagged(&detector), "{} and {}", flagged(&all), flagged(&detector));
    assert_eq!(detector.detect(&rows).expect("good samples"), before);
    assert!(all.level() > detector.level());
}

#[test]
fn a_flag_of_the_options_cancels_every_call_and_can_be_one_of_the_host() {
    let flag = Arc::new(AtomicBool::new(false));
    let cancellation = Cancellation::from(Arc::clone(&flag));
    let options = Options::default().cancelled_by(&cancellation);
    let model = Autoencoder::open_with(Fixture::new(Kind::Ae).path(), &options).expect("a good bundle");
    assert!(model.encode(&samples(3)).is_ok());
    flag.store(true, Ordering::Relaxed);
    assert_cancelled(model.encode(&samples(3)), 3);
    assert!(model.cancelled_by(&Cancellation::new()).encode(&samples(3)).is_ok(), "a flag of its own");
}

/// Far more than any machine computes while the test waits: one row in each run.
const MANY_ROWS: usize = 50_000_000;

#[test]
fn a_batch_that_is_spread_over_threads_stops_while_it_is_computed() {
    let options = Options::default().chunk(1).memory(MemoryLimit::Unlimited);
    let model = Autoencoder::open_with(Fixture::new(Kind::Ae).path(), &options).expect("a good bundle");
    let row = Array2::<f32>::ones((1, SHAPE[0] * SHAPE[1]));
    let rows: ArrayView2<'_, f32> = row.broadcast((MANY_ROWS, row.ncols())).expect("one row, repeated");
    let cancellation = Cancellation::new();
    let stopped = model.cancelled_by(&cancellation);
    thread::scope(|scope| {
        let call = scope.spawn(|| stopped.encode(rows));
        thread::sleep(Duration::from_millis(100));
        cancellation.cancel();
        let error = call.join().expect("no panic").expect_err("a cancelled call");
        assert!(matches!(error, Error::Cancelled { done, rows: MANY_ROWS } if done < MANY_ROWS), "{error}");
    });
    assert_close(&model.encode(&samples(3)).expect("later"), &model.encode(&samples(3)).expect("once more"));
}

#[test]
fn a_score_with_endless_latent_samples_ends_when_it_is_cancelled() {
    let model = Autoencoder::open(Fixture::new(Kind::Vae).path()).expect("a good bundle");
    let cancellation = Cancellation::new();
    let stopped = model.cancelled_by(&cancellation);
    let options = ScoreOptions::default().importance_samples(usize::MAX >> 20);
    let rows = samples(3);
    thread::scope(|scope| {
        let call = scope.spawn(|| stopped.score(&rows, &options));
        thread::sleep(Duration::from_millis(50));
        cancellation.cancel();
        assert_cancelled(call.join().expect("no panic"), 3);
    });
}

/// Calls a function in another thread, cancels it after a tenth of a second, and returns how long it went on after
/// that; `None` if it had finished.
fn response_of(cancellation: &Cancellation, call: impl FnOnce() -> Result<(), Error> + Send) -> Option<Duration> {
    thread::scope(|scope| {
        let call = scope.spawn(call);
        thread::sleep(Duration::from_millis(100));
        let start = Instant::now();
        cancellation.cancel();
        match call.join().expect("no panic") {
            Ok(()) => None,
            Err(Error::Cancelled { .. }) => Some(start.elapsed()),
            Err(other) => panic!("another error: {other}"),
        }
    })
}

#[test]
#[ignore = "measures times; run it on an idle machine"]
fn calls_of_the_models_in_the_zoo_end_within_a_tenth_of_a_second() {
    let zoo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/zoo");
    let (row, labels) = (Array2::<f32>::zeros((1, 64)), vec![3; 4_000_000]);
    let mut responses = Vec::new();
    for name in ["pca", "ae", "dae", "wae", "vae", "conv-vae", "cvae", "conv-cvae"] {
        let model = Autoencoder::open(zoo.join(name)).expect("a good bundle");
        let samples = |count: usize| {
            let samples = Samples::from(row.broadcast((count, 64)).expect("one row, repeated"));
            if model.takes_labels() { samples.labelled(&labels[..count]) } else { samples }
        };
        let mut measure = |call: &str, run: &(dyn Fn(&Autoencoder) -> Result<(), Error> + Sync)| {
            let cancellation = Cancellation::new();
            let handle = model.cancelled_by(&cancellation);
            responses.push((format!("{name} {call}"), response_of(&cancellation, || run(&handle))));
        };
        measure("encode", &|model| model.encode(samples(4_000_000)).map(drop));
        measure("reconstruct", &|model| model.reconstruct(samples(1_000_000)).map(drop));
        measure("score", &|model| model.score(samples(1_000_000), &ScoreOptions::default()).map(drop));
        if name.ends_with("vae") {
            let options = ScoreOptions::default().importance_samples(5000);
            measure("score with latent samples", &|model| model.score(samples(100_000), &options).map(drop));
        }
    }
    let detector = Detector::open(zoo.join("detector")).expect("a detector");
    let cancellation = Cancellation::new();
    let handle = detector.cancelled_by(&cancellation);
    let rows = row.broadcast((1_000_000, 64)).expect("one row, repeated");
    responses.push(("detector detect".to_owned(), response_of(&cancellation, || handle.detect(rows).map(drop))));
    for (call, response) in &responses {
        println!("{call}: {response:?}");
    }
    let slowest = responses.iter().filter_map(|(call, response)| Some((response.as_ref()?, call))).max();
    assert!(slowest.is_some_and(|(response, _)| *response < Duration::from_millis(100)), "{slowest:?}");
}
