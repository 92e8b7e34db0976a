//! What needs more memory than there is, or than the options allow, is an error before anything is allocated.

use narrows_runtime::{
    Autoencoder, Classifier, Detector, Error, MemoryEstimate, MemoryLimit, Options, Samples,
    bundle::{Bundle, ClassifierKind, Kind},
    ndarray::Array2,
};

mod support;

use support::{Fixture, detector::detector_fixture, heads::HeadFixture, samples};

fn limited(bytes: u64) -> Options {
    Options::default().memory(MemoryLimit::Bytes(bytes))
}

/// Returns what is needed, after a check that the error has the limit.
fn needed<T: std::fmt::Debug>(outcome: Result<T, Error>, limit: u64) -> u64 {
    match outcome.expect_err("more than the limit") {
        Error::Memory { needed, available, .. } => {
            assert_eq!(available, limit);
            needed
        }
        other => panic!("another error: {other}"),
    }
}

#[test]
fn a_bundle_is_opened_only_if_its_graphs_fit_into_memory() {
    let fixture = Fixture::new(Kind::Vae);
    let path = fixture.path();
    let bundle = Bundle::open(&path).expect("a good bundle");
    let estimate = MemoryEstimate::of(&bundle, &Options::default()).expect("good graphs");
    assert_eq!(needed(Autoencoder::open_with(&path, &limited(1000)), 1000), estimate.open);
    assert!(needed(MemoryEstimate::of(&bundle, &limited(1000)), 1000) == estimate.open);
    let message = Autoencoder::open_with(&path, &limited(1_000_000)).expect_err("too little memory").to_string();
    assert!(message.starts_with(&format!("the graphs of `{}` need about ", path.display())), "{message}");
    assert!(message.contains(" MB, and 1 MB of memory are available; free memory, "), "{message}");
    for options in [limited(estimate.open), Options::default().memory(MemoryLimit::Unlimited), Options::default()] {
        assert!(Autoencoder::open_with(&path, &options).is_ok(), "{:?}", options.memory);
    }
    needed(Detector::open_with(detector_fixture(Kind::Ae).path(), &limited(7)), 7);
    needed(Classifier::open_with(HeadFixture::new(ClassifierKind::Classifier).path(), &limited(7)), 7);
}

#[test]
fn results_and_runs_that_exceed_the_limit_are_refused_and_smaller_ones_are_computed() {
    let fixture = Fixture::new(Kind::Vae);
    let limit = 1 << 30;
    let model = Autoencoder::open_with(fixture.path(), &limited(limit)).expect("small graphs");
    let row = Array2::<f32>::ones((1, 6));
    let rows = |count: usize| row.broadcast((count, 6)).expect("one row, repeated").to_owned();
    assert!(model.encode(&rows(1000)).is_ok());
    let many = row.broadcast((1 << 40, 6)).expect("one row, repeated");
    // Two latent dimensions of 4 bytes.
    assert_eq!(needed(model.encode(many), limit), 8 << 40);
    assert_eq!(needed(model.posterior(many), limit), 16 << 40);
    assert_eq!(needed(model.generate(1 << 40, 0), limit), 8 << 40);
    assert_eq!(needed(model.reconstruct(Samples::from(many)), limit), 8 << 40);
    assert!(model.encode(&samples(3)).is_ok(), "after the errors");

    let chunk = limited(limit).chunk(1 << 30);
    let model = Autoencoder::open_with(fixture.path(), &chunk).expect("small graphs");
    let message = model.encode(row.broadcast((1 << 26, 6)).expect("repeated")).expect_err("a large run").to_string();
    assert!(message.starts_with("runs of ") && message.contains(" rows of `encoder.onnx` need about "), "{message}");
    assert!(message.ends_with("; use a smaller chunk, fewer sessions or fewer rows"), "{message}");
    assert!(model.encode(&samples(3)).is_ok(), "after the error");
}

#[test]
#[cfg(target_os = "linux")]
fn without_a_limit_the_memory_of_the_machine_counts() {
    let model = Autoencoder::open(Fixture::new(Kind::Vae).path()).expect("a good bundle");
    let error = model.generate(1 << 44, 0).expect_err("more than any machine has");
    assert!(matches!(error, Error::Memory { .. }), "{error}");
    let options = Options::default().memory(MemoryLimit::Unlimited);
    let model = Autoencoder::open_with(Fixture::new(Kind::Vae).path(), &options).expect("a good bundle");
    let error = model.generate(usize::MAX / 4, 0).expect_err("more than there are addresses");
    assert!(matches!(error, Error::TooMany { .. }), "{error}");
}
