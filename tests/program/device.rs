//! `--device`, and what `doctor` says of devices. Where there is a GPU that works, the same claims hold of it.

use std::path::Path;

use serde_json::{Value, json};

use crate::{
    place::{Outcome, Place, outcome},
    refusal::complaint_of,
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

fn run(place: &Place, verb: &str, flags: &str) -> Outcome {
    outcome(place.command(verb).arg(zoo()).args(flags.split_whitespace()))
}

fn diagnosis(place: &Place) -> Value {
    serde_json::from_str(&place.done("doctor --json").stdout).expect("one JSON object")
}

/// What doctor says of the first GPU: nothing if it works.
fn why_no_gpu(place: &Place) -> Option<String> {
    let diagnosis = diagnosis(place);
    let trials = diagnosis["devices"].as_array().expect("a list").clone();
    let gpu = trials.into_iter().find(|trial| trial["device"] == "cuda:0").expect("it is tried");
    (gpu["usable"] == false).then(|| gpu["reason"].as_str().expect("a reason").to_owned())
}

#[test]
fn doctor_tells_what_there_is_to_compute_with() {
    let diagnosis = diagnosis(&Place::new());
    assert!(diagnosis["library"]["version"].as_str().is_some_and(|version| version.starts_with("1.")), "{diagnosis:#}");
    assert!(diagnosis["library"]["found_by"].is_string() && diagnosis["library_error"].is_null());
    assert!(diagnosis["providers"].as_array().is_some_and(|names| names.contains(&json!("CPUExecutionProvider"))));
    assert_eq!(diagnosis["devices"][0], json!({ "device": "cpu", "usable": true, "reason": null }));
    assert_eq!(diagnosis["processor"]["architecture"], std::env::consts::ARCH);
    assert!(diagnosis["processor"]["features"].is_object() && diagnosis["threads"].is_u64());
    assert!(diagnosis["nvidia_driver"].is_null() || diagnosis["nvidia_driver"].is_string());
}

#[test]
fn doctor_reports_in_full_where_there_is_no_library() {
    let place = Place::new();
    let outcome = outcome(place.command("doctor --json").env("ORT_DYLIB_PATH", place.path("missing.so")));
    assert_eq!(outcome.code, Some(1));
    let report: Value = serde_json::from_str(&outcome.stdout).expect("one JSON object");
    assert!(report["library"].is_null() && report["devices"] == json!([]) && report["data"]["digits"] == true);
    assert!(report["library_error"].as_str().is_some_and(|error| error.contains("missing.so")), "{report:#}");
    assert!(report["candidates"].as_array().is_some_and(|candidates| candidates.len() > 2), "{report:#}");
}

#[test]
fn a_device_is_used_or_refused_in_one_sentence() {
    let place = Place::new();
    run(&place, "encode", "--out codes.npy");
    let gpu = why_no_gpu(&place);
    for (verb, flags) in OUT {
        assert_eq!(run(&place, verb, &format!("{flags} --device cpu")).code, Some(0), "{verb}");
        match &gpu {
            None => assert_eq!(run(&place, verb, &format!("{flags} --device cuda")).code, Some(0), "{verb}"),
            Some(reason) => {
                let mut command = place.command(verb);
                command.arg(zoo()).args(flags.split_whitespace()).args(["--device", "cuda:0"]);
                assert_eq!(complaint_of(&place, &mut command, &["cuda:0", reason, "choose `cpu`"]), None);
            }
        }
        let auto = run(&place, verb, &format!("{flags} --device auto"));
        let told =
            gpu.as_ref().map_or("computing on cuda:0".to_owned(), |reason| format!("computing on cpu: {reason}"));
        assert_eq!((auto.code, auto.stderr.lines().next()), (Some(0), Some(told.as_str())), "{verb}");
        let wrong = run(&place, verb, &format!("{flags} --device gpu"));
        assert_eq!(wrong.code, Some(2));
        assert!(wrong.stderr.contains("`gpu` is not a device: choose cpu, cuda, cuda:N or auto"), "{}", wrong.stderr);
    }
}

#[test]
fn verify_says_which_provider_computed_each_graph() {
    let place = Place::new();
    let outcome = run(&place, "verify", "--json --device cpu");
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let report: Value = serde_json::from_str(&outcome.stdout).expect("one JSON object");
    for name in ["encoder placement", "decoder placement"] {
        let checks = report["checks"].as_array().expect("a list");
        let detail = checks.iter().find(|check| check["name"] == name).map(|check| check["detail"].to_string());
        assert!(detail.is_some_and(|detail| detail.contains("by CPUExecutionProvider")), "{report:#}");
    }
    if why_no_gpu(&place).is_some() {
        assert_eq!(run(&place, "verify", "--device cuda").code, Some(1));
    }
}
