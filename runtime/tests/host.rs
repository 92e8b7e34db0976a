//! Hosts that use `ort` themselves. A process has only one environment, so each scenario runs in its own process.

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

/// Passes the path of ONNX Runtime to a child, whose own search is made to fail.
const LIBRARY: &str = "NARROWS_TEST_LIBRARY";

/// Runs one of the scenarios below in a child process whose search finds no library.
fn run_scenario(scenario: &str) {
    let library = locate(&Options::default()).expect("ONNX Runtime").path;
    let output = Command::new(env::current_exe().expect("this program"))
        .args(["--exact", scenario, "--ignored", "--nocapture"])
        .env(LIBRARY, library)
        .env("ORT_DYLIB_PATH", "no/such/library")
        .output()
        .expect("a program that starts");
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success() && stdout.contains("1 passed"), "{:?}: {stdout}{stderr}", output.status);
}

fn library() -> PathBuf {
    env::var_os(LIBRARY).expect("set by `run_scenario`").into()
}

fn environment() -> ort::environment::Environment {
    ort::init_from(library()).expect("a library").with_name("host").build().expect("an environment")
}

fn assert_computes(model: Result<Autoencoder, Error>) {
    let codes = model.expect("a good bundle").encode(&samples(3)).expect("good samples");
    assert_close(&codes, &mean_of(Kind::Ae, &samples(3), &[]));
}

fn assert_host_environment_error(outcome: Result<Autoencoder, Error>) {
    let error = outcome.expect_err("a host's environment that was not passed");
    assert!(matches!(error, Error::Library(LibraryError::HostEnvironment)), "{error:?}");
    let expected =
        "the host of this process has already created an ONNX Runtime environment: pass it with Options::environment";
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[test]
fn the_hosts_environment_must_be_passed_and_is_used_without_a_search_and_kept() {
    run_scenario("host_first");
}

#[test]
#[ignore = "run by another test, in a child process"]
fn host_first() {
    let fixture = Fixture::new(Kind::Ae);
    let open = |options: &Options| Autoencoder::open_with(fixture.path(), options);
    assert!(matches!(locate(&Options::default()), Err(LibraryError::Given { .. })));
    let environment = environment();
    assert_host_environment_error(open(&Options::default()));
    assert_host_environment_error(open(&Options::default().device(Device::Auto)));

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
        other.starts_with("this process already runs ONNX Runtime ") && other.contains("load `other.so` as well"),
        "{other}"
    );

    let later = diagnose(&Options::default());
    assert!(later.candidates.is_empty() && later.devices[0].outcome.is_ok(), "{later}");

    // Drops the host's last handle. The runtime must keep its own, because no other environment can be created.
    drop(options);
    assert_computes(open(&Options::default()));
}

#[test]
fn a_dropped_environment_is_an_error_and_no_panic() {
    run_scenario("host_gone");
}

#[test]
#[ignore = "run by another test, in a child process"]
fn host_gone() {
    drop(environment());
    assert_host_environment_error(Autoencoder::open(Fixture::new(Kind::Ae).path()));
}

#[test]
fn a_library_that_the_host_loaded_is_used_without_a_search() {
    run_scenario("host_without_environment");
}

#[test]
#[ignore = "run by another test, in a child process"]
fn host_without_environment() {
    // A host can load the library before it builds an environment.
    drop(ort::init_from(library()).expect("a library"));
    let fixture = Fixture::new(Kind::Ae);
    let other = Autoencoder::open_with(fixture.path(), &Options::default().library("other.so"));
    assert!(matches!(other, Err(Error::Library(LibraryError::AlreadyLoaded { .. }))), "{other:?}");
    assert_computes(Autoencoder::open(fixture.path()));
    let late = ort::init().build().expect_err("there is one already").to_string();
    assert!(late.contains("only one environment"), "{late}");
}

#[test]
fn devices_and_threads_come_from_the_options_and_not_from_the_environment() {
    run_scenario("host_with_opinions");
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
    assert!(placed.iter().all(|graph| graph.is_on_one_device() && graph.device == Device::Cpu), "{placed:?}");
}
