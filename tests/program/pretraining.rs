//! Layerwise pretraining from the command line: the messages on each layer, the records in bundle and report, and the
//! cases in which it is refused.

use serde_json::Value;

use crate::{
    kills::{Random, Resumable, survive},
    refusal::{assert_refused, check_refusal},
    sandbox::Sandbox,
};

/// Three layers.
const LAYERS: &str = "--hidden 24,12 --latent 4 --activation sigmoid --latent-activation sigmoid --pretrain layerwise --valid-fraction 0.1";
/// Two epochs for each layer, then three for the network.
const EPOCHS: &str = "--pretrain-epochs 2 --epochs 3";

#[test]
fn every_layer_is_reported_during_and_after_training() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run_ok(&format!("train-export ae {LAYERS} {EPOCHS} --run r --out bundle --json"));
    let line = |start: &str| {
        let line = outcome.stderr.lines().find(|line| line.starts_with(start));
        line.unwrap_or_else(|| panic!("`{start}` is missing: {}", outcome.stderr))
    };
    assert!(line("pretraining: ").contains("3 layers (64 to 24 to 12 to 4), 2 epochs each, learning rate 0.001"));
    assert!(line("model: ").contains("activation sigmoid (code: sigmoid)"));
    for (start, part) in [
        ("layer 1/3, epoch 1/2: loss ", "validation loss"),
        ("layer 3/3, epoch 2/2: loss ", "samples/s"),
        ("layer 1/3 (64 to 24): loss ", "after 2 epochs"),
        ("layer 3/3 (12 to 4): loss ", "after 2 epochs"),
        ("epoch 3/3: loss ", "0 s left"),
    ] {
        assert!(line(start).contains(part), "{}", line(start));
    }
    let report: Value = serde_json::from_str(&outcome.stdout).expect("one object");
    let layers = report["pretrain"].as_array().expect("a list");
    let numbers = |layer: &Value| ["layer", "inputs", "outputs", "epochs"].map(|key| layer[key].as_u64());
    assert_eq!(numbers(&layers[1]), [Some(2), Some(24), Some(12), Some(2)]);
    assert_eq!(report["progress"]["epochs"], 9);
    let manifest: Value = serde_json::from_str(&sandbox.read_text("bundle/manifest.json")).expect("JSON");
    let mut metrics = sandbox.read_text("r/metrics.jsonl");
    assert_eq!(metrics.lines().count(), 9);
    metrics.truncate(metrics.trim_end().len());
    for (index, layer) in layers.iter().enumerate() {
        assert!(layer["loss"].is_f64() && layer["seconds"].is_f64(), "{layer}");
        let name = format!("pretrain.layer{}.loss", index + 1);
        assert_eq!(manifest["training"]["metrics"][&name], layer["loss"], "{name}");
        let last: Value = metrics.lines().nth(2 * index + 1).map(serde_json::from_str).expect("a line").expect("JSON");
        assert_eq!((&last["layer"], &last["train"]["loss"]), (&layer["layer"], &layer["loss"]));
    }
    let report = sandbox.run_ok("export r --out again").stdout;
    assert!(report.contains("layer 2 (24 to 12): loss "), "{report}");
    assert!(sandbox.content_of("bundle") == sandbox.content_of("again"));
    // The curves are those of the training after pretraining: three epochs.
    let svg = sandbox.read_text("r/loss.svg");
    let lines = svg.split("points=\"").skip(1).filter_map(|rest| Some(rest.split('"').next()?.split(' ')));
    let longest = lines.map(|points| points.filter(|point| !point.is_empty()).count()).max();
    assert_eq!(longest, Some(3));
}

#[test]
fn without_pretraining_no_output_mentions_layers() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run_ok("train-export ae --hidden 8 --epochs 2 --pretrain none --run r --out bundle --json");
    sandbox.run_ok("train-export ae --hidden 8 --epochs 2 --out plain");
    assert!(sandbox.content_of("bundle") == sandbox.content_of("plain"));
    for text in [outcome.stdout, sandbox.read_text("r/config.toml"), sandbox.read_text("r/metrics.jsonl")] {
        assert!(
            !text.contains("pretrain") && !text.contains("\"layer\"") && !text.contains("latent_activation"),
            "{text}"
        );
    }
    sandbox.run_ok("train --resume r --pretrain none --latent-activation identity");
}

#[test]
fn rows_on_disk_and_interrupted_runs_give_the_same_bytes() {
    let sandbox = Sandbox::new();
    let rows: String = (0..200).map(|row| format!("{row},{},{},{}\n", row * row % 17, 40 - row, row % 7)).collect();
    sandbox.write("t.csv", format!("a,b,c,d\n{rows}"));
    let train = format!("train-export dae --data t.csv {LAYERS} {EPOCHS}");
    sandbox.run_ok(&format!("{train} --out memory"));
    sandbox.run_ok(&format!("{train} --memory 1KB --run r --out disk"));
    assert!(sandbox.content_of("memory") == sandbox.content_of("disk"));
    // A run in the middle of its pretraining can be exported too, and resumes from there.
    sandbox.run_ok(&format!("{train} --checkpoint-every 1 --keep 1000 --run interrupted --out again"));
    for entry in std::fs::read_dir(sandbox.path("interrupted/checkpoints")).expect("a run") {
        let path = entry.expect("a run").path();
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        // Three steps make an epoch, two epochs a layer.
        if name.starts_with("step-") && name.as_str() > "step-000000008.safetensors" {
            std::fs::remove_file(path).expect("our own file");
        }
    }
    let exported = sandbox.run_ok("export interrupted --out partial");
    assert!(
        exported.stdout.contains("layer 1 (4 to 24): loss ") && !exported.stdout.contains("layer 2"),
        "{}",
        exported.stdout
    );
    assert!(
        exported.stdout.contains("this is the model after 2 of ")
            && exported.stdout.contains("the run was interrupted"),
        "{}",
        exported.stdout
    );
    sandbox.run_ok("verify partial");
    sandbox.run_ok("train-export --resume interrupted --out resumed");
    assert!(sandbox.content_of("memory") == sandbox.content_of("resumed"));
}

#[test]
fn a_run_killed_at_any_time_resumes_to_the_bytes_of_one_that_was_not_killed() {
    const SEED: u64 = 11;
    let flags = format!("ae {LAYERS} --epochs 8 --average 0.9 --checkpoint-every 1");
    let tally = survive(&Resumable::training(&flags), 8, 4.0, &mut Random(SEED));
    assert!(tally.kills == 8 && tally.from_checkpoint >= 2 && tally.equal >= 1, "seed {SEED}: {tally:?}");
}

#[test]
fn pretraining_is_refused_with_the_reason_for_kinds_without_it() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train ae --hidden 8 --epochs 1 --run r");
    let cases: [(&str, &[&str]); 7] = [
        ("train vae --pretrain layerwise", &["--pretrain is an option of ae, dae", "its code is a distribution"]),
        ("train cvae --pretrain layerwise", &["--pretrain is an option of ae, dae", "its code is a distribution"]),
        ("train pca --pretrain layerwise", &["--pretrain is an option of ae, dae", "closed form"]),
        ("train vae --latent-activation relu", &["--latent-activation is", "its code is a distribution"]),
        ("train ae --pretrain-epochs 3", &["--pretrain-epochs has", "--pretrain layerwise"]),
        ("train dae --pretrain-learning-rate 0.1", &["--pretrain-learning-rate has", "--pretrain layerwise"]),
        ("train --resume r --pretrain layerwise", &["`pretrain` was not set, now \"layerwise\""]),
    ];
    assert_refused(cases.map(|(line, mentions)| check_refusal(&sandbox, line, mentions)));
    let unknown = sandbox.run("train ae --pretrain greedy");
    assert!(unknown.code == Some(2) && unknown.stderr.contains("none or layerwise"), "{}", unknown.stderr);
}
