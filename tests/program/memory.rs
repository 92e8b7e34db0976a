//! What does not fit into memory is refused with both figures before any work; an allocation never aborts the program.
#![cfg(target_os = "linux")]

use std::process::Command;

use crate::sandbox::{Outcome, Sandbox, outcome};

/// Runs a command line with `ulimit -v`, in kB.
fn limited(sandbox: &Sandbox, kilobytes: u64, line: &str) -> Outcome {
    let line = format!("ulimit -v {kilobytes} && exec {} {line}", env!("CARGO_BIN_EXE_narrows"));
    outcome(Command::new("sh").args(["-c", &line]).current_dir(sandbox.path("")))
}

#[test]
fn every_command_that_runs_a_model_is_refused_where_there_are_too_few_addresses() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export vae --epochs 1 --hidden 16 --latent 4 --out model");
    let before = sandbox.content();
    for line in [
        "encode model --data digits --out z.npy",
        "reconstruct model --data digits --out x.npy",
        "score model --data digits --out s.csv",
        "evaluate model --data digits",
        "generate model --out g.npy",
        "manifold model --out m.png",
        "report model --data digits --out r.html",
        "transfer model --data digits --out t",
        "detect fit model --data digits --out d",
        "fit-prior model --data digits --out p",
        "train-export ae --data digits --epochs 1 --out e --run r",
    ] {
        for kilobytes in [120_000, 200_000] {
            let Outcome { code, stderr, .. } = limited(&sandbox, kilobytes, line);
            assert_eq!(code, Some(1), "{line} with {kilobytes} kB: {stderr}");
            assert!(
                stderr.contains(" need about ") && stderr.contains(" of memory are available; "),
                "{line}: {stderr}"
            );
            assert!(sandbox.content() == before, "{line}: {:?}", sandbox.leftover_files());
        }
    }
}

#[test]
fn a_result_that_exceeds_a_limit_is_refused_with_both_figures() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export vae --epochs 1 --hidden 16 --latent 4 --out model");
    let Outcome { code, stderr, .. } = limited(&sandbox, 800_000, "generate model --count 100000000 --out g.npy");
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.starts_with("error: 100000000 rows of 4 values need about 1.6 GB, and "), "{stderr}");
    assert!(stderr.contains(" MB of memory are available; use fewer rows at a time"), "{stderr}");
    assert!(sandbox.leftover_files().is_empty() && !sandbox.path("g.npy").exists());
}

#[test]
fn inspect_prints_the_estimated_memory() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export ae --epochs 1 --hidden 16 --latent 4 --out model");
    let text = sandbox.run_ok("inspect model").stdout;
    assert!(text.contains(" MB to open it, and ") && text.contains(" for each of up to "), "{text}");
    let json: serde_json::Value =
        serde_json::from_str(&sandbox.run_ok("inspect model --json").stdout).expect("one JSON object");
    let of = |key: &str| json["memory"][key].as_u64().unwrap_or_default();
    let files = ["encoder.onnx", "decoder.onnx"].map(|file| json["files"][file]["bytes"].as_u64().expect("a size"));
    assert!(of("open") > files.iter().sum::<u64>() && of("row") > 64 * 4 && of("chunk") > 1, "{}", json["memory"]);
}
