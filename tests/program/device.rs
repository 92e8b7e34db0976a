//! `--device`, and the devices in the report of `doctor`. On a machine with a working GPU, the tests cover the GPU too.

use std::path::Path;

use serde_json::{Value, json};

use crate::{
    refusal::check_refusal_of,
    sandbox::{Outcome, Sandbox, outcome},
};

const OUT: [(&str, &str); 4] = [
    ("encode", "--out z.npy"),
    ("reconstruct", "--out x.npy"),
    ("generate", "--out x.npy"),
    ("decode", "--codes codes.npy --out x.npy"),
];

fn zoo() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/zoo/vae")
}

fn run(sandbox: &Sandbox, verb: &str, flags: &str) -> Outcome {
    outcome(sandbox.command(verb).arg(zoo()).args(flags.split_whitespace()))
}

fn diagnosis(sandbox: &Sandbox) -> Value {
    serde_json::from_str(&sandbox.run_ok("doctor --json").stdout).expect("one JSON object")
}

/// Returns the reason that `doctor` reports for not using the first GPU; `None` if the GPU works.
fn gpu_problem(sandbox: &Sandbox) -> Option<String> {
    let diagnosis = diagnosis(sandbox);
    let trials = diagnosis["devices"].as_array().expect("a list").clone();
    let gpu = trials.into_iter().find(|trial| trial["device"] == "cuda:0").expect("it is tried");
    (gpu["usable"] == false).then(|| gpu["reason"].as_str().expect("a reason").to_owned())
}

#[test]
fn doctor_reports_library_devices_and_processor() {
    let diagnosis = diagnosis(&Sandbox::new());
    assert!(diagnosis["library"]["version"].as_str().is_some_and(|version| version.starts_with("1.")), "{diagnosis:#}");
    assert!(diagnosis["library"]["found_by"].is_string() && diagnosis["library_error"].is_null());
    assert!(diagnosis["providers"].as_array().is_some_and(|names| names.contains(&json!("CPUExecutionProvider"))));
    assert_eq!(diagnosis["devices"][0], json!({ "device": "cpu", "usable": true, "reason": null }));
    assert_eq!(diagnosis["processor"]["architecture"], std::env::consts::ARCH);
    assert!(diagnosis["processor"]["features"].is_object() && diagnosis["threads"].is_u64());
    assert!(diagnosis["nvidia_driver"].is_null() || diagnosis["nvidia_driver"].is_string());
}

#[test]
fn doctor_reports_everything_else_without_a_library() {
    let sandbox = Sandbox::new();
    let outcome = outcome(sandbox.command("doctor --json").env("ORT_DYLIB_PATH", sandbox.path("missing.so")));
    assert_eq!(outcome.code, Some(1));
    let report: Value = serde_json::from_str(&outcome.stdout).expect("one JSON object");
    assert!(report["library"].is_null() && report["devices"] == json!([]) && report["data"]["digits"] == true);
    assert!(report["library_error"].as_str().is_some_and(|error| error.contains("missing.so")), "{report:#}");
    assert!(report["candidates"].as_array().is_some_and(|candidates| candidates.len() > 2), "{report:#}");
}

#[test]
fn a_device_is_used_or_refused_with_the_reason() {
    let sandbox = Sandbox::new();
    run(&sandbox, "encode", "--out codes.npy");
    let gpu = gpu_problem(&sandbox);
    for (verb, flags) in OUT {
        assert_eq!(run(&sandbox, verb, &format!("{flags} --device cpu")).code, Some(0), "{verb}");
        match &gpu {
            None => assert_eq!(run(&sandbox, verb, &format!("{flags} --device cuda")).code, Some(0), "{verb}"),
            Some(reason) => {
                let mut command = sandbox.command(verb);
                command.arg(zoo()).args(flags.split_whitespace()).args(["--device", "cuda:0"]);
                assert_eq!(check_refusal_of(&sandbox, &mut command, &["cuda:0", reason, "choose `cpu`"]), None);
            }
        }
        let auto = run(&sandbox, verb, &format!("{flags} --device auto"));
        let expected =
            gpu.as_ref().map_or("computing on cuda:0".to_owned(), |reason| format!("computing on cpu: {reason}"));
        assert_eq!((auto.code, auto.stderr.lines().next()), (Some(0), Some(expected.as_str())), "{verb}");
        let wrong = run(&sandbox, verb, &format!("{flags} --device gpu"));
        assert_eq!(wrong.code, Some(2));
        assert!(wrong.stderr.contains("`gpu` is not a device: choose cpu, cuda, cuda:N or auto"), "{}", wrong.stderr);
    }
}

#[test]
fn verify_names_the_provider_that_computes_each_graph() {
    let sandbox = Sandbox::new();
    let outcome = run(&sandbox, "verify", "--json --device cpu");
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let report: Value = serde_json::from_str(&outcome.stdout).expect("one JSON object");
    for name in ["encoder placement", "decoder placement"] {
        let checks = report["checks"].as_array().expect("a list");
        let detail = checks.iter().find(|check| check["name"] == name).map(|check| check["detail"].to_string());
        assert!(detail.is_some_and(|detail| detail.contains("by CPUExecutionProvider")), "{report:#}");
    }
    if gpu_problem(&sandbox).is_some() {
        assert_eq!(run(&sandbox, "verify", "--device cuda").code, Some(1));
    }
}
