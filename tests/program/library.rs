//! Without a usable ONNX Runtime no work is started, and the error names the file and what to do.

use crate::{
    refusal::{assert_refused, check_refusal_of},
    sandbox::Sandbox,
};

#[test]
fn every_verb_that_needs_the_library_refuses_a_missing_or_invalid_one() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export vae --epochs 1 --hidden 16 --out vae");
    sandbox.write("notes.txt", "certainly no shared library");
    sandbox.write("empty.so", "");
    let libraries = [("missing.so", "does not exist"), ("notes.txt", ""), ("empty.so", "")];
    let lines = [
        "train-export ae --epochs 1 --out new",
        "encode vae --out z.npy",
        "generate vae --out x.npy",
        "verify vae",
        "doctor",
    ];
    assert_refused(libraries.iter().flat_map(|(library, reason)| {
        lines.map(|line| {
            let mut command = sandbox.command(line);
            command.env("ORT_DYLIB_PATH", sandbox.path(library));
            // `verify` reports the reason on standard output; its error on standard error names the bundle.
            let mentions: &[&str] = if line == "verify vae" { &["vae"] } else { &[library, "ORT_DYLIB_PATH", reason] };
            check_refusal_of(&sandbox, &mut command, mentions)
        })
    }));
}

#[test]
fn verbs_that_need_no_library_work_without_one() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export vae --epochs 1 --hidden 16 --out vae");
    let outcome =
        crate::sandbox::outcome(sandbox.command("inspect vae").env("ORT_DYLIB_PATH", sandbox.path("missing.so")));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
}

#[test]
fn a_file_in_the_working_directory_is_never_loaded() {
    let sandbox = Sandbox::new();
    for name in ["libonnxruntime.so", "libonnxruntime.dylib", "onnxruntime.dll"] {
        sandbox.write(name, "a trap");
    }
    let doctor = sandbox.run_ok("doctor --json").stdout;
    let report: serde_json::Value = serde_json::from_str(&doctor).expect("one JSON object");
    let trap = sandbox.path("").to_string_lossy().into_owned();
    assert!(!report["library"].to_string().contains(trap.trim_end_matches('/')), "{report}");
}
