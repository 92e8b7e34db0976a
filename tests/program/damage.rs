//! A bundle that is not what was exported is refused, with the file at fault named.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{
    place::Place,
    refusal::{assert_none, complaint},
};

const FILES: [&str; 9] = [
    "README.md",
    "decoder.onnx",
    "encoder.onnx",
    "loss.svg",
    "manifest.json",
    "probe.safetensors",
    "reconstructions.png",
    "samples.png",
    "weights.safetensors",
];

/// A place with a good bundle in `vae`, and a way to spoil copies of it.
fn place() -> Place {
    let place = Place::new();
    place.done("train-export vae --epochs 1 --hidden 16 --out vae");
    place
}

/// A copy of the good bundle, spoiled.
fn spoiled(place: &Place, name: &str, spoil: impl FnOnce(&Path)) {
    let folder = place.path(name);
    fs::create_dir(&folder).expect("a free name");
    for entry in fs::read_dir(place.path("vae")).expect("the good bundle") {
        let path = entry.expect("the good bundle").path();
        fs::copy(&path, folder.join(path.file_name().expect("a file"))).expect("a writable folder");
    }
    spoil(&folder);
}

fn change_byte(path: &Path, at: impl FnOnce(usize) -> usize) {
    let mut bytes = fs::read(path).expect("a file of the bundle");
    let at = at(bytes.len());
    bytes[at] ^= 1;
    fs::write(path, bytes).expect("a writable folder");
}

#[test]
fn a_bundle_holds_the_files_that_are_spoiled_here() {
    let place = place();
    let found = place.content_of("vae").into_keys().map(|path| path.to_string_lossy().into_owned());
    assert_eq!(found.collect::<Vec<_>>(), FILES);
}

#[test]
fn one_changed_byte_in_any_file_fails_the_proof_and_names_the_file() {
    let place = place();
    for file in FILES {
        for (position, percent) in [("first", 0), ("middle", 50), ("last", 100)] {
            let name = format!("{position}-{file}");
            spoiled(&place, &name, |folder| change_byte(&folder.join(file), |length| (length - 1) * percent / 100));
            let outcome = place.run(&format!("verify {name}"));
            let report = outcome.stdout + &outcome.stderr;
            let mut failed = report.lines().filter(|line| line.trim_start().starts_with("FAILED"));
            assert_eq!(outcome.code, Some(1), "{name}: {report}");
            assert!(failed.any(|line| line.contains(file)), "{name}: {report}");
        }
    }
}

#[test]
fn a_changed_figure_in_the_manifest_fails_the_proof() {
    let place = place();
    spoiled(&place, "embellished", |folder| {
        let path = folder.join("manifest.json");
        let text = fs::read_to_string(&path).expect("the manifest");
        let figure = text.find("\"test.mse\": 0.").expect("a figure of the test part") + "\"test.mse\": 0.".len();
        change_byte(&path, |_| figure);
    });
    assert_none([complaint(&place, "verify embellished", &["embellished"])]);
}

#[test]
fn a_changed_graph_never_runs() {
    let place = place();
    for file in ["encoder.onnx", "decoder.onnx"] {
        spoiled(&place, file, |folder| change_byte(&folder.join(file), |length| length / 2));
        let mentions: &[&str] = &[file, "changed since it was exported", "export"];
        assert_none([
            complaint(&place, &format!("encode {file} --out z.npy"), mentions),
            complaint(&place, &format!("reconstruct {file} --out x.npy"), mentions),
            complaint(&place, &format!("generate {file} --out x.npy"), mentions),
        ]);
    }
}

#[test]
fn a_missing_or_cut_file_is_named() {
    let place = place();
    for file in ["encoder.onnx", "decoder.onnx", "manifest.json"] {
        let (missing, cut) = (format!("missing-{file}"), format!("cut-{file}"));
        spoiled(&place, &missing, |folder| fs::remove_file(folder.join(file)).expect("it is there"));
        spoiled(&place, &cut, |folder| {
            let bytes = fs::read(folder.join(file)).expect("it is there");
            fs::write(folder.join(file), &bytes[..bytes.len() / 2]).expect("a writable folder");
        });
        // Without a manifest it is no bundle.
        let without: &[&str] = if file == "manifest.json" { &[&missing, "manifest.json"] } else { &[file] };
        assert_none([
            complaint(&place, &format!("encode {missing} --out z.npy"), without),
            complaint(&place, &format!("encode {cut} --out z.npy"), &[file, "export"]),
            complaint(&place, &format!("verify {missing}"), &[]),
            complaint(&place, &format!("verify {cut}"), &[]),
            complaint(&place, &format!("inspect {cut}"), &[]).filter(|_| file == "manifest.json"),
        ]);
    }
}

#[test]
fn a_swapped_encoder_and_decoder_are_noticed_with_and_without_matching_hashes() {
    let place = place();
    let swap_files = |folder: &Path| {
        let (encoder, decoder) = (folder.join("encoder.onnx"), folder.join("decoder.onnx"));
        fs::rename(&encoder, folder.join("aside")).expect("a writable folder");
        fs::rename(&decoder, &encoder).expect("a writable folder");
        fs::rename(folder.join("aside"), &decoder).expect("a writable folder");
    };
    spoiled(&place, "swapped", swap_files);
    spoiled(&place, "swapped-with-hashes", |folder| {
        swap_files(folder);
        change_manifest(folder, |manifest| {
            let files = manifest["files"].as_object_mut().expect("the list of files");
            let encoder = files.insert("encoder.onnx".to_owned(), files["decoder.onnx"].clone()).expect("listed");
            files.insert("decoder.onnx".to_owned(), encoder);
        });
    });
    assert_none([
        complaint(&place, "encode swapped --out z.npy", &["encoder.onnx", "changed since it was exported"]),
        complaint(&place, "encode swapped-with-hashes --out z.npy", &["encoder.onnx", "swapped"]),
        complaint(&place, "verify swapped", &["swapped"]),
        complaint(&place, "verify swapped-with-hashes", &["swapped"]),
    ]);
}

#[test]
fn a_manifest_of_a_later_format_is_called_that() {
    let place = place();
    spoiled(&place, "newer", |folder| change_manifest(folder, |manifest| manifest["format"] = 99.into()));
    assert_none([complaint(&place, "encode newer --out z.npy", &["format 99", "update narrows"])]);
}

fn change_manifest(folder: &Path, change: impl FnOnce(&mut Value)) {
    let path = folder.join("manifest.json");
    let mut manifest = serde_json::from_slice(&fs::read(&path).expect("the manifest")).expect("JSON");
    change(&mut manifest);
    let digest = manifest["digest"].as_str().expect("a digest").to_owned();
    let text = serde_json::to_string(&manifest).expect("JSON");
    fs::write(&path, narrows_bundle::sealed(&text, &digest)).expect("a writable folder");
}
