//! Without a usable ONNX Runtime nothing is started, and the sentence names the file and the way out.

use crate::{
    place::Place,
    refusal::{assert_none, complaint_of},
};

#[test]
fn a_library_that_is_missing_or_none_is_refused_by_every_verb_that_needs_it() {
    let place = Place::new();
    place.done("train-export vae --epochs 1 --hidden 16 --out vae");
    place.write("notes.txt", "certainly no shared library");
    place.write("empty.so", "");
    let libraries = [("missing.so", "does not exist"), ("notes.txt", ""), ("empty.so", "")];
    let lines = [
        "train-export ae --epochs 1 --out new",
        "encode vae --out z.npy",
        "generate vae --out x.npy",
        "verify vae",
        "doctor",
    ];
    assert_none(libraries.iter().flat_map(|(library, reason)| {
        lines.map(|line| {
            let mut command = place.command(line);
            command.env("ORT_DYLIB_PATH", place.path(library));
            // A report says it on standard output, and where it failed on standard error.
            let mentions: &[&str] = if line == "verify vae" { &["vae"] } else { &[library, "ORT_DYLIB_PATH", reason] };
            complaint_of(&place, &mut command, mentions)
        })
    }));
}

#[test]
fn what_needs_no_library_works_without_one() {
    let place = Place::new();
    place.done("train-export vae --epochs 1 --hidden 16 --out vae");
    let outcome = crate::place::outcome(place.command("inspect vae").env("ORT_DYLIB_PATH", place.path("missing.so")));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
}

#[test]
fn a_file_in_the_working_directory_is_never_loaded() {
    let place = Place::new();
    for name in ["libonnxruntime.so", "libonnxruntime.dylib", "onnxruntime.dll"] {
        place.write(name, "a trap");
    }
    let doctor = place.done("doctor --json").stdout;
    let report: serde_json::Value = serde_json::from_str(&doctor).expect("one JSON object");
    let trap = place.path("").to_string_lossy().into_owned();
    assert!(!report["library"].to_string().contains(trap.trim_end_matches('/')), "{report}");
}
