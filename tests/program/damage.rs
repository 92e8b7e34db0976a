//! A bundle that changed since its export is refused, and the error names the changed file.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{
    refusal::{assert_refused, check_refusal},
    sandbox::Sandbox,
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

/// Returns a sandbox with an intact bundle in `vae`.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export vae --epochs 1 --hidden 16 --out vae");
    sandbox
}

/// Copies the intact bundle to `name` and damages the copy.
fn copy_damaged(sandbox: &Sandbox, name: &str, damage: impl FnOnce(&Path)) {
    let folder = sandbox.path(name);
    fs::create_dir(&folder).expect("a free name");
    for entry in fs::read_dir(sandbox.path("vae")).expect("the intact bundle") {
        let path = entry.expect("the intact bundle").path();
        fs::copy(&path, folder.join(path.file_name().expect("a file"))).expect("a writable folder");
    }
    damage(&folder);
}

fn change_byte(path: &Path, at: impl FnOnce(usize) -> usize) {
    let mut bytes = fs::read(path).expect("a file of the bundle");
    let at = at(bytes.len());
    bytes[at] ^= 1;
    fs::write(path, bytes).expect("a writable folder");
}

#[test]
fn a_bundle_contains_the_files_that_are_damaged_here() {
    let sandbox = sandbox();
    let files = sandbox.content_of("vae").into_keys().map(|path| path.to_string_lossy().into_owned());
    let hashed = files.filter(|file| file != ".gitattributes");
    assert_eq!(hashed.collect::<Vec<_>>(), FILES);
}

#[test]
fn one_changed_byte_in_any_file_fails_verify_and_names_the_file() {
    let sandbox = sandbox();
    for file in FILES {
        for (position, percent) in [("first", 0), ("middle", 50), ("last", 100)] {
            let name = format!("{position}-{file}");
            copy_damaged(&sandbox, &name, |folder| {
                change_byte(&folder.join(file), |length| (length - 1) * percent / 100)
            });
            let outcome = sandbox.run(&format!("verify {name}"));
            let report = outcome.stdout + &outcome.stderr;
            let mut failed = report.lines().filter(|line| line.trim_start().starts_with("FAILED"));
            assert_eq!(outcome.code, Some(1), "{name}: {report}");
            assert!(failed.any(|line| line.contains(file)), "{name}: {report}");
        }
    }
}

#[test]
fn a_check_that_needs_a_damaged_file_is_listed_as_not_checked() {
    let sandbox = sandbox();
    copy_damaged(&sandbox, "cut", |folder| change_byte(&folder.join("encoder.onnx"), |length| length / 2));
    let outcome = sandbox.run("verify cut");
    assert_eq!(outcome.stdout.matches("encoder.onnx` has changed").count(), 1, "{}", outcome.stdout);
    for (check, needed) in [
        ("encoder graph", "file encoder.onnx"),
        ("encoder placement", "encoder graph"),
        ("encoder parity", "encoder graph"),
    ] {
        let line = outcome.stdout.lines().find(|line| line.contains(&format!("FAILED  {check}"))).unwrap_or_default();
        assert!(line.ends_with(&format!("not checked, because the check `{needed}` failed")), "{}", outcome.stdout);
    }
    assert!(
        outcome.stderr.ends_with("`cut`: 4 of 16 checks failed; the first is `file encoder.onnx`\n"),
        "{outcome:?}"
    );
}

#[test]
fn a_model_of_an_older_checkpoint_says_so_and_is_not_called_interrupted() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train ae --epochs 3 --hidden 16 --checkpoint-every 20 --run r");
    let newest = sandbox.path("r/checkpoints/step-000000069.safetensors");
    let bytes = fs::read(&newest).expect("the last of 69 steps");
    fs::write(&newest, &bytes[..bytes.len() / 2]).expect("a writable folder");
    let outcome = sandbox.run_ok("export r --out older");
    let skipped = "step-000000069.safetensors`: it is damaged (cut off or changed)";
    assert!(outcome.stderr.contains("warning: skipped the checkpoint `r") && outcome.stderr.contains(skipped));
    let expected = "this is the model after 2 of 3 epochs (step 60): the newer checkpoint is damaged";
    assert!(outcome.stdout.contains(expected) && !outcome.stdout.contains("interrupted"), "{}", outcome.stdout);
    let card = fs::read_to_string(sandbox.path("older/README.md")).expect("a card");
    assert!(card.contains("the model of a checkpoint after 2 epochs") && !card.contains("interrupted"), "{card}");
}

#[test]
fn a_changed_metric_in_the_manifest_fails_verify() {
    let sandbox = sandbox();
    copy_damaged(&sandbox, "changed", |folder| {
        let path = folder.join("manifest.json");
        let text = fs::read_to_string(&path).expect("the manifest");
        let figure = text.find("\"test.mse\": 0.").expect("a metric of the test part") + "\"test.mse\": 0.".len();
        change_byte(&path, |_| figure);
    });
    assert_refused([check_refusal(&sandbox, "verify changed", &["changed"])]);
}

#[test]
fn a_changed_graph_is_never_run() {
    let sandbox = sandbox();
    for file in ["encoder.onnx", "decoder.onnx"] {
        copy_damaged(&sandbox, file, |folder| change_byte(&folder.join(file), |length| length / 2));
        let mentions: &[&str] = &[file, "changed since it was exported", "export"];
        assert_refused([
            check_refusal(&sandbox, &format!("encode {file} --out z.npy"), mentions),
            check_refusal(&sandbox, &format!("reconstruct {file} --out x.npy"), mentions),
            check_refusal(&sandbox, &format!("generate {file} --out x.npy"), mentions),
        ]);
    }
}

#[test]
fn a_missing_or_truncated_file_is_named() {
    let sandbox = sandbox();
    for file in ["encoder.onnx", "decoder.onnx", "manifest.json"] {
        let (missing, cut) = (format!("missing-{file}"), format!("cut-{file}"));
        copy_damaged(&sandbox, &missing, |folder| fs::remove_file(folder.join(file)).expect("it is there"));
        copy_damaged(&sandbox, &cut, |folder| {
            let bytes = fs::read(folder.join(file)).expect("it is there");
            fs::write(folder.join(file), &bytes[..bytes.len() / 2]).expect("a writable folder");
        });
        // A folder without a manifest is not a bundle.
        let without: &[&str] = if file == "manifest.json" { &[&missing, "manifest.json"] } else { &[file] };
        assert_refused([
            check_refusal(&sandbox, &format!("encode {missing} --out z.npy"), without),
            check_refusal(&sandbox, &format!("encode {cut} --out z.npy"), &[file, "export"]),
            check_refusal(&sandbox, &format!("verify {missing}"), &[]),
            check_refusal(&sandbox, &format!("verify {cut}"), &[]),
            check_refusal(&sandbox, &format!("inspect {cut}"), &[]).filter(|_| file == "manifest.json"),
        ]);
    }
}

#[test]
fn a_swapped_encoder_and_decoder_are_detected_with_and_without_matching_hashes() {
    let sandbox = sandbox();
    let swap_files = |folder: &Path| {
        let (encoder, decoder) = (folder.join("encoder.onnx"), folder.join("decoder.onnx"));
        fs::rename(&encoder, folder.join("aside")).expect("a writable folder");
        fs::rename(&decoder, &encoder).expect("a writable folder");
        fs::rename(folder.join("aside"), &decoder).expect("a writable folder");
    };
    copy_damaged(&sandbox, "swapped", swap_files);
    copy_damaged(&sandbox, "swapped-with-hashes", |folder| {
        swap_files(folder);
        change_manifest(folder, |manifest| {
            let files = manifest["files"].as_object_mut().expect("the list of files");
            let encoder = files.insert("encoder.onnx".to_owned(), files["decoder.onnx"].clone()).expect("listed");
            files.insert("decoder.onnx".to_owned(), encoder);
        });
    });
    assert_refused([
        check_refusal(&sandbox, "encode swapped --out z.npy", &["encoder.onnx", "changed since it was exported"]),
        check_refusal(&sandbox, "encode swapped-with-hashes --out z.npy", &["encoder.onnx", "swapped"]),
        check_refusal(&sandbox, "verify swapped", &["swapped"]),
        check_refusal(&sandbox, "verify swapped-with-hashes", &["swapped"]),
    ]);
}

#[test]
fn a_manifest_of_a_newer_format_is_refused_with_that_reason() {
    let sandbox = sandbox();
    copy_damaged(&sandbox, "newer", |folder| change_manifest(folder, |manifest| manifest["format"] = 99.into()));
    assert_refused([check_refusal(&sandbox, "encode newer --out z.npy", &["format 99", "update narrows"])]);
}

fn change_manifest(folder: &Path, change: impl FnOnce(&mut Value)) {
    let path = folder.join("manifest.json");
    let mut manifest = serde_json::from_slice(&fs::read(&path).expect("the manifest")).expect("JSON");
    change(&mut manifest);
    let digest = manifest["digest"].as_str().expect("a digest").to_owned();
    let text = serde_json::to_string(&manifest).expect("JSON");
    fs::write(&path, narrows_bundle::sealed(&text, &digest)).expect("a writable folder");
}
