//! `train-export` leaves a proved bundle, says what it chose and what came out, and repeats itself to the
//! byte.

use serde_json::Value;

use crate::place::{Outcome, Place};

const KINDS: [&str; 5] = ["pca", "ae", "dae", "vae", "cvae"];

/// Few epochs, where the kind has any.
fn quick(kind: &str) -> String {
    let epochs = if kind == "pca" { "" } else { "--epochs 2 --hidden 16" };
    format!("train-export {kind} {epochs}")
}

fn json(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).expect("standard output is one JSON object and nothing else")
}

#[test]
fn every_kind_leaves_a_bundle_that_verifies_and_reports_it_as_json() {
    for kind in KINDS {
        let place = Place::new();
        let trained = place.done(&format!("{} --json", quick(kind)));
        let report = json(&trained);
        let bundle = report["bundle"].as_str().expect("a path");
        assert_eq!((bundle, &report["kind"]), (format!("models/{kind}").as_str(), &kind.into()));
        for pointer in ["/test/loss", "/test/mse", "/parity/encoder", "/parity/decoder", "/seconds/total"] {
            let figure = report.pointer(pointer).and_then(Value::as_f64);
            assert!(figure.is_some_and(|figure| figure.is_finite() && figure >= 0.0), "{kind} {pointer}: {report:#}");
        }
        let epochs = report["seconds"]["per_epoch"].as_array().map(Vec::len);
        assert_eq!(epochs, Some(if kind == "pca" { 0 } else { 2 }), "{report:#}");
        assert_eq!(report["test"]["kl"].is_number(), kind.ends_with("vae"), "{report:#}");

        let verified = json(&place.done(&format!("verify {bundle} --json")));
        assert_eq!(verified["ok"], true);
        let checks = verified["checks"].as_array().expect("a list");
        assert!(checks.iter().all(|check| check["ok"] == true && check["name"].is_string()), "{verified:#}");
        for name in ["encoder parity", "decoder parity"] {
            let parity = checks.iter().find(|check| check["name"] == name).expect("a parity of each half");
            assert!(parity["figure"].is_f64(), "{parity:#}");
        }
        assert!(json(&place.done(&format!("inspect {bundle} --json")))["kind"] == kind);
    }
}

#[test]
fn progress_is_on_standard_error_and_the_report_on_standard_output() {
    let place = Place::new();
    let Outcome { stdout, stderr, .. } = place.done(&quick("vae"));
    for epoch in ["epoch 1/2: loss ", "epoch 2/2: loss "] {
        let line = stderr.lines().find(|line| line.starts_with(epoch)).expect("a line for each of few epochs");
        assert!(["kl", "reconstruction", "samples/s", "left"].iter().all(|word| line.contains(word)), "{line}");
    }
    assert!(!stdout.contains("epoch "), "{stdout}");
}

#[test]
fn choices_are_printed_with_their_reason() {
    let place = Place::new();
    let cases = [
        (quick("ae"), "likelihood: bernoulli", "chosen since"),
        (format!("{} --likelihood gaussian", quick("ae")), "likelihood: gaussian", "as asked"),
        (quick("pca"), "likelihood: gaussian", "pca minimises"),
    ];
    for (line, choice, why) in cases {
        let stderr = place.done(&line).stderr;
        let found = stderr.lines().find(|line| line.starts_with("likelihood:")).expect("the likelihood");
        assert!(found.starts_with(choice) && found.contains(why), "{line}: {found}");
    }
}

#[test]
fn the_end_names_the_bundle_its_size_figures_and_parity() {
    let place = Place::new();
    let stdout = place.done(&quick("vae")).stdout;
    let expected = ["models/vae: ", " KB in ", "test: loss ", "mse ", "parity of the encoder", "parity of the decoder"];
    assert!(expected.iter().all(|part| stdout.contains(part)), "{stdout}");
    let bytes: usize = place.content_of("models/vae").into_values().flatten().map(|bytes| bytes.len()).sum();
    let named = stdout.split("models/vae: ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a size");
    let kilobytes: f64 = named.parse().expect("a number");
    // The manifest, some kilobytes, may be left out of the sum.
    assert!((kilobytes - bytes as f64 / 1000.0).abs() < 6.0, "{named} KB, {bytes} bytes on disk");
}

#[test]
#[cfg(unix)]
fn the_three_next_commands_work_as_they_stand() {
    // A name with a space has to come out quoted.
    for (kind, out) in KINDS.iter().flat_map(|kind| [(kind, "plain"), (kind, "with space")]) {
        let place = Place::new();
        let outcome = crate::place::outcome(place.command(&quick(kind)).args(["--out", out]));
        let commands: Vec<&str> = outcome.stdout.lines().skip_while(|line| *line != "next:").skip(1).collect();
        assert_eq!(commands.len(), 3, "{}", outcome.stdout);
        for command in commands {
            let done = crate::place::outcome(
                std::process::Command::new("sh").args(["-c", command]).current_dir(place.path("")),
            );
            assert_eq!(done.code, Some(0), "{command}: {}", done.stderr);
        }
        assert!(place.read_npy("codes.npy").shape()[0] == 1797);
    }
}

#[test]
fn the_same_command_gives_the_same_bytes() {
    for kind in KINDS {
        let (one, other) = (Place::new(), Place::new());
        for place in [&one, &other] {
            place.done(&quick(kind));
        }
        // Onto the older bundle too.
        let bundle = format!("models/{kind}");
        let before = one.content_of(&bundle);
        one.done(&quick(kind));
        let (again, other) = (one.content_of(&bundle), other.content_of(&bundle));
        assert!(before.keys().eq(other.keys()) && before.keys().eq(again.keys()), "{kind}: other files");
        let differing: Vec<_> =
            before.keys().filter(|name| before[*name] != other[*name] || before[*name] != again[*name]).collect();
        assert!(differing.is_empty(), "{kind}: {differing:?} differ");
        assert_eq!(one.litter(), [""; 0].map(std::path::PathBuf::from));
    }
}
