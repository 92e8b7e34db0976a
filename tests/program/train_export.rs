//! `train-export` writes a checked bundle, prints its choices and its results, and gives the same bytes every time.

use serde_json::Value;

use crate::sandbox::{Outcome, Sandbox};

const KINDS: [&str; 5] = ["pca", "ae", "dae", "vae", "cvae"];

/// Returns a command with few epochs, if the kind has epochs.
fn quick(kind: &str) -> String {
    let epochs = if kind == "pca" { "" } else { "--epochs 2 --hidden 16" };
    format!("train-export {kind} {epochs}")
}

fn json(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).expect("standard output is one JSON object and nothing else")
}

#[test]
fn every_kind_writes_a_bundle_that_verifies_and_reports_it_as_json() {
    for kind in KINDS {
        let sandbox = Sandbox::new();
        let trained = sandbox.run_ok(&format!("{} --json", quick(kind)));
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

        let verified = json(&sandbox.run_ok(&format!("verify {bundle} --json")));
        assert_eq!(verified["ok"], true);
        let checks = verified["checks"].as_array().expect("a list");
        assert!(checks.iter().all(|check| check["ok"] == true && check["name"].is_string()), "{verified:#}");
        for name in ["encoder parity", "decoder parity"] {
            let parity = checks.iter().find(|check| check["name"] == name).expect("a parity of each graph");
            assert!(parity["figure"].is_f64(), "{parity:#}");
        }
        assert!(json(&sandbox.run_ok(&format!("inspect {bundle} --json")))["kind"] == kind);
    }
}

#[test]
fn progress_is_on_standard_error_and_the_report_on_standard_output() {
    let sandbox = Sandbox::new();
    let Outcome { stdout, stderr, .. } = sandbox.run_ok(&quick("vae"));
    for epoch in ["epoch 1/2: loss ", "epoch 2/2: loss "] {
        let line = stderr.lines().find(|line| line.starts_with(epoch)).expect("a line for each of few epochs");
        assert!(["kl", "reconstruction", "samples/s", "left"].iter().all(|word| line.contains(word)), "{line}");
    }
    assert!(!stdout.contains("epoch "), "{stdout}");
}

#[test]
fn choices_are_printed_with_their_reasons() {
    let sandbox = Sandbox::new();
    let cases = [
        (quick("ae"), "likelihood: bernoulli", "chosen because"),
        (format!("{} --likelihood gaussian", quick("ae")), "likelihood: gaussian", "set by --likelihood"),
        (quick("pca"), "likelihood: gaussian", "PCA minimises"),
    ];
    for (line, choice, reason) in cases {
        let stderr = sandbox.run_ok(&line).stderr;
        let printed = stderr.lines().find(|line| line.starts_with("likelihood:")).expect("the likelihood");
        assert!(printed.starts_with(choice) && printed.contains(reason), "{line}: {printed}");
    }
    // The second run has the options of the first in its configuration, and no flags.
    sandbox.run_ok("train ae --epochs 1 --hidden 16 --run r");
    let resumed = sandbox.run_ok("train --resume r").stderr;
    assert_eq!(resumed.matches("(set in the configuration)").count(), 2, "{resumed}");
    assert!(!resumed.contains("set by --"), "{resumed}");
}

#[test]
fn a_target_that_the_run_does_not_reach_is_reported_once() {
    let sandbox = Sandbox::new();
    let line = "train vae --epochs 2 --hidden 16 --capacity 8:50 --run r";
    let warning = "warning: --capacity 8:50 raises the target of the KL term to 8 nats in 50 epochs, but the run has 2 \
                   epochs and ends with a target of 0.32 nats";
    let stderr = sandbox.run_ok(line).stderr;
    assert_eq!(stderr.matches(warning).count(), 1, "{stderr}");
}

#[test]
fn columns_with_one_name_are_reported() {
    let sandbox = Sandbox::new();
    sandbox.write("twice.csv", "x,x\n1,2\n3,5\n4,4\n");
    let warning = "note: twice.csv: column 1 (counted from 0) is another `x` and is called `x.1`";
    for line in ["data twice.csv", "train pca --data twice.csv --latent 1 --run r"] {
        let stderr = sandbox.run_ok(line).stderr;
        assert!(stderr.contains(warning), "{line}: {stderr}");
    }
}

#[test]
fn the_report_contains_the_bundle_its_size_metrics_and_parity() {
    let sandbox = Sandbox::new();
    let stdout = sandbox.run_ok(&quick("vae")).stdout;
    let expected = [
        "models/vae: ",
        " KB, written after ",
        "test: loss ",
        "mse ",
        "parity of the encoder",
        "parity of the decoder",
    ];
    assert!(expected.iter().all(|part| stdout.contains(part)), "{stdout}");
    let bytes: usize = sandbox.content_of("models/vae").into_values().flatten().map(|bytes| bytes.len()).sum();
    let printed = stdout.split("models/vae: ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a size");
    let kilobytes: f64 = printed.parse().expect("a number");
    // The sum may leave out the manifest, which is a few kilobytes.
    assert!((kilobytes - bytes as f64 / 1000.0).abs() < 6.0, "{printed} KB, {bytes} bytes on disk");
}

#[test]
#[cfg(unix)]
fn the_three_printed_commands_can_be_pasted_into_a_shell() {
    // A name with a space must be quoted.
    for (kind, out) in KINDS.iter().flat_map(|kind| [(kind, "plain"), (kind, "with space")]) {
        let sandbox = Sandbox::new();
        let outcome = crate::sandbox::outcome(sandbox.command(&quick(kind)).args(["--out", out]));
        let commands: Vec<&str> = outcome.stdout.lines().skip_while(|line| *line != "next:").skip(1).collect();
        assert_eq!(commands.len(), 3, "{}", outcome.stdout);
        for command in commands {
            let outcome = crate::sandbox::outcome(
                std::process::Command::new("sh").args(["-c", command]).current_dir(sandbox.path("")),
            );
            assert_eq!(outcome.code, Some(0), "{command}: {}", outcome.stderr);
        }
        assert!(sandbox.read_npy("codes.npy").shape()[0] == 1797);
    }
}

#[test]
fn the_same_command_gives_the_same_bytes() {
    for kind in KINDS {
        let (one, other) = (Sandbox::new(), Sandbox::new());
        for sandbox in [&one, &other] {
            sandbox.run_ok(&quick(kind));
        }
        // A bundle that replaces an older one is the same too.
        let bundle = format!("models/{kind}");
        let before = one.content_of(&bundle);
        one.run_ok(&quick(kind));
        let (again, other) = (one.content_of(&bundle), other.content_of(&bundle));
        assert!(before.keys().eq(other.keys()) && before.keys().eq(again.keys()), "{kind}: the files differ");
        let differing: Vec<_> =
            before.keys().filter(|name| before[*name] != other[*name] || before[*name] != again[*name]).collect();
        assert!(differing.is_empty(), "{kind}: {differing:?} differ");
        assert_eq!(one.leftover_files(), [""; 0].map(std::path::PathBuf::from));
    }
}
