//! One file does what the folder does, and a damaged one does nothing.

use std::fs;

use crate::{
    place::Place,
    refusal::{assert_none, complaint},
};

fn place(kind: &str) -> Place {
    let place = Place::new();
    place.done(&format!("train-export {kind} --epochs 1 --hidden 16 --out model"));
    place
}

#[test]
fn a_packed_bundle_does_what_its_folder_does() {
    for kind in ["ae", "cvae"] {
        let place = place(kind);
        let outcome = place.done("pack model model.narrows");
        assert!(outcome.stdout.is_empty(), "{outcome:?}");
        let told = outcome.stderr;
        assert!(told.contains(r#"Autoencoder::open_bytes(include_bytes!("model.narrows"))"#), "{told}");
        for of in ["model", "model.narrows"] {
            place.done(&format!("encode {of} --part test --out {of}-z.npy"));
            place.done(&format!("reconstruct {of} --part test --out {of}-x.npy"));
            place.done(&format!("decode {of} --codes model-z.npy {} --out {of}-d.npy", label(kind)));
        }
        if kind == "cvae" {
            place.done("generate model --seed 3 --out model-g.png");
            place.done("generate model.narrows --seed 3 --out model.narrows-g.png");
        }
        let mut content = place.content();
        content.retain(|path, _| path.to_string_lossy().starts_with("model.narrows-"));
        assert_eq!(content.len(), if kind == "cvae" { 4 } else { 3 });
        for (path, bytes) in content {
            let of_folder = path.to_string_lossy().replace(".narrows", "");
            assert!(bytes == fs::read(place.path(&of_folder)).ok(), "{kind}: {}", path.display());
        }
        for line in ["inspect {}", "inspect {} --json"] {
            let [folder, file] = ["model", "model.narrows"].map(|of| place.done(&line.replace("{}", of)).stdout);
            assert_eq!(folder, file, "{line}");
        }
        // The heading names the bundle.
        let [folder, file] = ["model", "model.narrows"].map(|of| place.done(&format!("config {of}")).stdout);
        assert_eq!(folder, file.replace("model.narrows", "model"));
        fs::remove_dir_all(place.path("model")).expect("our own");
        place.done("encode model.narrows --part test --out alone.npy");
        assert_eq!(place.read_npy("alone.npy"), place.read_npy("model-z.npy"));
    }
}

fn label(kind: &str) -> &str {
    if kind == "cvae" { "--label 7" } else { "" }
}

#[test]
fn its_proof_holds_and_covers_what_is_packed() {
    let place = place("vae");
    place.done("pack model model.narrows");
    let checks = |of: &str| {
        let report: serde_json::Value =
            serde_json::from_str(&place.done(&format!("verify {of} --json")).stdout).expect("one JSON object");
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
    let place = place("ae");
    place.done("pack model one");
    place.done("pack model two");
    place.done("pack one three");
    place.write("four", "in the way");
    place.done("--quiet pack model four");
    let read = |name: &str| fs::read(place.path(name)).expect("just packed");
    for other in ["two", "three", "four"] {
        assert!(read("one") == read(other), "{other}");
    }
    assert_eq!(place.litter(), [""; 0].map(std::path::PathBuf::from));
}

#[test]
fn what_cannot_be_packed_or_written_is_refused() {
    let place = place("vae");
    place.done("pack model model.narrows");
    fs::create_dir(place.path("folder")).expect("a writable folder");
    place.write("file", "in the way");
    let cases: [(&str, &[&str]); 9] = [
        ("pack missing out", &["`missing` does not exist", "train-export"]),
        ("pack folder out", &["`folder` is not a bundle", "manifest.json"]),
        ("pack file out", &["`file` holds no bundle", "pack"]),
        ("pack model folder", &["`folder`", "it is a folder"]),
        ("pack model missing/out", &["`missing/out`", "no folder `missing`"]),
        ("pack model file/out", &["`file/out`", "no folder `file`"]),
        ("pack model model/encoder.onnx", &["`model/encoder.onnx`", "in the bundle itself"]),
        ("pack model model/../model/new", &["in the bundle itself"]),
        ("train-export ae --epochs 1 --out model.narrows", &["`model.narrows`", "left alone", "--out"]),
    ];
    assert_none(cases.map(|(line, mentions)| complaint(&place, line, mentions)));
    if cfg!(target_os = "linux") {
        assert_none([complaint(&place, "pack model /proc/out", &["/proc/out", "cannot write"])]);
    }
    let encoder = place.path("model/encoder.onnx");
    let mut bytes = fs::read(&encoder).expect("a graph");
    bytes[100] ^= 1;
    fs::write(&encoder, bytes).expect("a writable folder");
    assert_none([complaint(&place, "pack model out", &["encoder.onnx", "changed since it was exported"])]);
    assert_eq!(place.run("pack model").code, Some(2));
}

#[test]
fn a_damaged_pack_is_refused_by_every_verb_with_its_name() {
    let place = place("vae");
    place.done("pack model model.narrows");
    let whole = fs::read(place.path("model.narrows")).expect("just packed");
    let half = whole.len() / 2;
    let flipped: Vec<u8> = whole.iter().enumerate().map(|(at, byte)| byte ^ u8::from(at == half)).collect();
    place.write("cut", &whole[..half]);
    place.write("cut-in-header", &whole[..100]);
    place.write("empty", "");
    place.write("flipped", &flipped);
    fs::copy(place.path("model/weights.safetensors"), place.path("foreign")).expect("a writable folder");
    let damaged = [
        ("cut", "changed since it was exported"),
        ("cut-in-header", "its header should have"),
        ("empty", "it is empty"),
        ("flipped", ""),
        ("foreign", "a safetensors file of something else"),
    ];
    // A flipped byte may lie in what a verb does not need.
    let lines = ["encode {} --out z.npy", "reconstruct {} --out x.npy", "pack {} again", "inspect {}", "config {}"];
    assert_none(damaged.iter().flat_map(|(name, reason)| {
        let verify = [complaint(&place, &format!("verify {name}"), &[name])];
        let others = lines.iter().filter(|line| *name != "flipped" || line.starts_with("pack"));
        let others: Vec<_> = others.map(|line| complaint(&place, &line.replace("{}", name), &[name, reason])).collect();
        verify.into_iter().chain(others)
    }));
}
