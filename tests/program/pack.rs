//! A packed bundle gives the same results as its folder; a damaged one is refused.

use std::fs;

use crate::{
    refusal::{assert_refused, check_refusal},
    sandbox::Sandbox,
};

fn sandbox(kind: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run_ok(&format!("train-export {kind} --epochs 1 --hidden 16 --out model"));
    sandbox
}

#[test]
fn a_packed_bundle_gives_the_same_results_as_its_folder() {
    for kind in ["ae", "cvae"] {
        let sandbox = sandbox(kind);
        let outcome = sandbox.run_ok("pack model model.narrows");
        assert!(outcome.stdout.is_empty(), "{outcome:?}");
        let stderr = outcome.stderr;
        assert!(stderr.contains(r#"Autoencoder::open_bytes(include_bytes!("model.narrows"))"#), "{stderr}");
        for of in ["model", "model.narrows"] {
            sandbox.run_ok(&format!("encode {of} --part test --out {of}-z.npy"));
            sandbox.run_ok(&format!("reconstruct {of} --part test --out {of}-x.npy"));
            sandbox.run_ok(&format!("decode {of} --codes model-z.npy {} --out {of}-d.npy", label(kind)));
        }
        if kind == "cvae" {
            sandbox.run_ok("generate model --seed 3 --out model-g.png");
            sandbox.run_ok("generate model.narrows --seed 3 --out model.narrows-g.png");
        }
        let mut content = sandbox.content();
        content.retain(|path, _| path.to_string_lossy().starts_with("model.narrows-"));
        assert_eq!(content.len(), if kind == "cvae" { 4 } else { 3 });
        for (path, bytes) in content {
            let of_folder = path.to_string_lossy().replace(".narrows", "");
            assert!(bytes == fs::read(sandbox.path(&of_folder)).ok(), "{kind}: {}", path.display());
        }
        for line in ["inspect {}", "inspect {} --json"] {
            let [folder, file] = ["model", "model.narrows"].map(|of| sandbox.run_ok(&line.replace("{}", of)).stdout);
            assert_eq!(folder, file, "{line}");
        }
        // The heading names the bundle.
        let [folder, file] = ["model", "model.narrows"].map(|of| sandbox.run_ok(&format!("config {of}")).stdout);
        assert_eq!(folder, file.replace("model.narrows", "model"));
        fs::remove_dir_all(sandbox.path("model")).expect("our own");
        sandbox.run_ok("encode model.narrows --part test --out alone.npy");
        assert_eq!(sandbox.read_npy("alone.npy"), sandbox.read_npy("model-z.npy"));
    }
}

fn label(kind: &str) -> &str {
    if kind == "cvae" { "--label 7" } else { "" }
}

#[test]
fn verify_checks_every_packed_file() {
    let sandbox = sandbox("vae");
    sandbox.run_ok("pack model model.narrows");
    let checks = |of: &str| {
        let report: serde_json::Value =
            serde_json::from_str(&sandbox.run_ok(&format!("verify {of} --json")).stdout).expect("one JSON object");
        let checks = report["checks"].as_array().expect("a list").clone();
        checks.into_iter().map(|check| (check["name"].to_string(), check["detail"].clone()))
    };
    let folder: std::collections::BTreeMap<_, _> = checks("model").collect();
    let packed: Vec<_> = checks("model.narrows").collect();
    for (name, detail) in &packed {
        assert_eq!(folder.get(name), Some(detail), "{name}");
    }
    let missing: Vec<_> = folder.keys().filter(|name| packed.iter().all(|(packed, _)| packed != *name)).collect();
    let files = ["README.md", "loss.svg", "reconstructions.png", "samples.png", "weights.safetensors"];
    assert_eq!(missing, files.map(|file| format!("\"file {file}\"")).iter().collect::<Vec<_>>());
}

#[test]
fn packing_again_gives_the_same_bytes() {
    let sandbox = sandbox("ae");
    sandbox.run_ok("pack model one");
    sandbox.run_ok("pack model two");
    sandbox.run_ok("pack one three");
    sandbox.write("four", "another file");
    sandbox.run_ok("--quiet pack model four");
    let read = |name: &str| fs::read(sandbox.path(name)).expect("just packed");
    for other in ["two", "three", "four"] {
        assert!(read("one") == read(other), "{other}");
    }
    assert_eq!(sandbox.leftover_files(), [""; 0].map(std::path::PathBuf::from));
}

#[test]
fn inputs_and_outputs_that_cannot_be_packed_are_refused() {
    let sandbox = sandbox("vae");
    sandbox.run_ok("pack model model.narrows");
    fs::create_dir(sandbox.path("folder")).expect("a writable folder");
    sandbox.write("file", "another file");
    let cases: [(&str, &[&str]); 9] = [
        ("pack missing out", &["`missing` does not exist", "train-export"]),
        ("pack folder out", &["`folder` is not a bundle", "manifest.json"]),
        ("pack file out", &["`file` is not a bundle", "pack"]),
        ("pack model folder", &["`folder`", "it is a folder"]),
        ("pack model missing/out", &["`missing/out`", "no folder `missing`"]),
        ("pack model file/out", &["`file/out`", "no folder `file`"]),
        ("pack model model/encoder.onnx", &["`model/encoder.onnx`", "inside the bundle itself"]),
        ("pack model model/../model/new", &["inside the bundle itself"]),
        ("train-export ae --epochs 1 --out model.narrows", &["`model.narrows`", "left alone", "--out"]),
    ];
    assert_refused(cases.map(|(line, mentions)| check_refusal(&sandbox, line, mentions)));
    if cfg!(target_os = "linux") {
        assert_refused([check_refusal(&sandbox, "pack model /proc/out", &["/proc/out", "cannot write"])]);
    }
    let encoder = sandbox.path("model/encoder.onnx");
    let mut bytes = fs::read(&encoder).expect("a graph");
    bytes[100] ^= 1;
    fs::write(&encoder, bytes).expect("a writable folder");
    assert_refused([check_refusal(&sandbox, "pack model out", &["encoder.onnx", "changed since it was exported"])]);
    assert_eq!(sandbox.run("pack model").code, Some(2));
}

#[test]
fn every_verb_refuses_a_damaged_file_and_names_it() {
    let sandbox = sandbox("vae");
    sandbox.run_ok("pack model model.narrows");
    let complete = fs::read(sandbox.path("model.narrows")).expect("just packed");
    let half = complete.len() / 2;
    let flipped: Vec<u8> = complete.iter().enumerate().map(|(at, byte)| byte ^ u8::from(at == half)).collect();
    sandbox.write("cut", &complete[..half]);
    sandbox.write("cut-in-header", &complete[..100]);
    sandbox.write("empty", "");
    sandbox.write("flipped", &flipped);
    fs::copy(sandbox.path("model/weights.safetensors"), sandbox.path("foreign")).expect("a writable folder");
    let damaged = [
        ("cut", "changed since it was exported"),
        ("cut-in-header", "its header should have"),
        ("empty", "it is empty"),
        ("flipped", ""),
        ("foreign", "a safetensors file, but not a packed bundle"),
    ];
    // A flipped byte may be in a part of the file that a verb does not read.
    let lines = ["encode {} --out z.npy", "reconstruct {} --out x.npy", "pack {} again", "inspect {}", "config {}"];
    assert_refused(damaged.iter().flat_map(|(name, reason)| {
        let verify = [check_refusal(&sandbox, &format!("verify {name}"), &[name])];
        let others = lines.iter().filter(|line| *name != "flipped" || line.starts_with("pack"));
        let others: Vec<_> =
            others.map(|line| check_refusal(&sandbox, &line.replace("{}", name), &[name, reason])).collect();
        verify.into_iter().chain(others)
    }));
}
