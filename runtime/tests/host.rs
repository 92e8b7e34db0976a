//! A host that uses `ort` itself. A process has one environment, so each story is a process of its own.

use std::{env, path::PathBuf, process::Command};

use narrows_runtime::{
    Autoencoder, Device, Error, Options,
    bundle::Kind,
    diagnose,
    library::{LibraryError, Origin, locate},
    ort, verify,
};

mod support;

use support::{Fixture, assert_close, mean_of, samples};

/// Tells a child where ONNX Runtime is: its search would end at a file that is none.
const LIBRARY: &str = "NARROWS_TEST_LIBRARY";

/// Runs one of the stories below in a process in which no library is found.
fn tell(story: &str) {
    let library = locate(&Options::default()).expect("ONNX Runtime").path;
    let output = Command::new(env::current_exe().expect("this program"))
        .args(["--exact", story, "--ignored", "--nocapture"])
        .env(LIBRARY, library)
        .env("ORT_DYLIB_PATH", "no/such/library")
        .output()
        .expect("a program that starts");
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success() && stdout.contains("1 passed"), "{:?}: {stdout}{stderr}", output.status);
}

fn library() -> PathBuf {
    env::var_os(LIBRARY).expect("set by `tell`").into()
}

fn environment() -> ort::environment::Environment {
    ort::init_from(library()).expect("a library").with_name("host").build().expect("an environment")
}

fn assert_computes(model: Result<Autoencoder, Error>) {
    let codes = model.expect("a good bundle").encode(&samples(3)).expect("good samples");
    assert_close(&codes, &mean_of(Kind::Ae, &samples(3), &[]));
}

fn assert_is_the_hosts(refused: Result<Autoencoder, Error>) {
    let error = refused.expect_err("a host's environment that was not passed");
    assert!(matches!(error, Error::Library(LibraryError::HostEnvironment)), "{error:?}");
    let told = "this process already has an ONNX Runtime environment of its host: pass it by Options::environment";
    assert!(error.to_string().starts_with(told), "{error}");
}

#[test]
fn an_environment_is_asked_for_by_name_used_without_a_search_and_kept() {
    tell("host_first");
}

#[test]
#[ignore = "run by another test, in a child process"]
fn host_first() {
    let fixture = Fixture::new(Kind::Ae);
    let open = |options: &Options| Autoencoder::open_with(fixture.path(), options);
    assert!(matches!(locate(&Options::default()), Err(LibraryError::Given { .. })));
    let environment = environment();
    assert_is_the_hosts(open(&Options::default()));
    assert_is_the_hosts(open(&Options::default().device(Device::Auto)));

    let options = Options::default().environment(environment);
    assert_computes(open(&options));
    let checks = verify(fixture.path(), &options);
    assert!(checks.iter().all(|check| check.ok), "{checks:?}");
    let diagnosis = diagnose(&options);
    let running = diagnosis.library.expect("a running ONNX Runtime");
    assert_eq!((running.origin, diagnosis.candidates.len()), (Origin::Host, 0));
    if cfg!(target_os = "linux") {
        assert_eq!(running.path.map(|path| path.canonicalize().expect("a file")), library().canonicalize().ok());
        assert!(running.version.is_some_and(|version| version.starts_with("1.")));
        assert_computes(open(&options.clone().library(library())));
    }
    let other = open(&options.clone().library("other.so")).expect_err("another library").to_string();
    assert!(
        other.starts_with("this process runs ONNX Runtime ") && other.contains("load `other.so` as well"),
        "{other}"
    );

    let later = diagnose(&Options::default());
    assert!(later.candidates.is_empty() && later.devices[0].outcome.is_ok(), "{later}");

    // The host's last handle: without one that is kept, this process could never compute again.
    drop(options);
    assert_computes(open(&Options::default()));
}

#[test]
fn an_environment_that_is_gone_is_an_error_and_no_panic() {
    tell("host_gone");
}

#[test]
#[ignore = "run by another test, in a child process"]
fn host_gone() {
    drop(environment());
    assert_is_the_hosts(Autoencoder::open(Fixture::new(Kind::Ae).path()));
}

#[test]
fn a_library_that_the_host_loaded_is_used_whatever_the_search_would_find() {
    tell("host_without_environment");
}

#[test]
#[ignore = "run by another test, in a child process"]
fn host_without_environment() {
    // A host may ask what there is before it builds anything.
    drop(ort::init_from(library()).expect("a library"));
    let fixture = Fixture::new(Kind::Ae);
    let other = Autoencoder::open_with(fixture.path(), &Options::default().library("other.so"));
    assert!(matches!(other, Err(Error::Library(LibraryError::AlreadyLoaded { .. }))), "{other:?}");
    assert_computes(Autoencoder::open(fixture.path()));
    let late = ort::init().build().expect_err("there is one already").to_string();
    assert!(late.contains("only one environment"), "{late}");
}

#[test]
fn devices_and_threads_are_those_of_the_options_and_not_of_the_environment() {
    tell("host_with_opinions");
}

#[test]
#[ignore = "run by another test, in a child process"]
fn host_with_opinions() {
    let pool = ort::environment::GlobalThreadPoolOptions::default;
    let builder = ort::init_from(library()).expect("a library").with_global_thread_pool(pool());
    let gpu = ort::ep::CUDA::default().build().error_on_failure();
    let environment = builder.with_execution_providers([gpu]).build().expect("an environment");
    let options = Options::default().environment(environment);
    let fixture = Fixture::new(Kind::Ae);
    assert_computes(Autoencoder::open_with(fixture.path(), &options));
    let placed = narrows_runtime::placement(fixture.path(), &options).expect("a good bundle");
    assert!(placed.iter().all(|graph| graph.is_whole() && graph.device == Device::Cpu), "{placed:?}");
}
