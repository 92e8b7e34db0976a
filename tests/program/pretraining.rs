//! Layer-wise pretraining as a person meets it: what is said of every layer, what a bundle and a report keep of it,
//! and where it is refused.

use serde_json::Value;

use crate::{
    kills::{Random, survive},
    place::Place,
    refusal::{assert_none, complaint},
};

/// Three layers.
const LAYERS: &str = "--hidden 24,12 --latent 4 --activation sigmoid --latent-activation sigmoid --pretrain layerwise --valid-fraction 0.1";
/// Two epochs for each, then three.
const EPOCHS: &str = "--pretrain-epochs 2 --epochs 3";

#[test]
fn every_layer_is_told_while_it_is_trained_and_afterwards() {
    let place = Place::new();
    let outcome = place.done(&format!("train-export ae {LAYERS} {EPOCHS} --run r --out bundle --json"));
    let line = |start: &str| {
        let found = outcome.stderr.lines().find(|line| line.starts_with(start));
        found.unwrap_or_else(|| panic!("`{start}` is missing: {}", outcome.stderr))
    };
    assert!(line("pretraining: ").contains("3 layers (64 to 24 to 12 to 4), 2 epochs each at 0.001"));
    assert!(line("model: ").contains("sigmoid (sigmoid for the code)"));
    for (start, part) in [
        ("layer 1/3, epoch 1/2: loss ", "valid loss"),
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
    let manifest: Value = serde_json::from_str(&place.read_text("bundle/manifest.json")).expect("JSON");
    let mut metrics = place.read_text("r/metrics.jsonl");
    assert_eq!(metrics.lines().count(), 9);
    metrics.truncate(metrics.trim_end().len());
    for (index, layer) in layers.iter().enumerate() {
        assert!(layer["loss"].is_f64() && layer["seconds"].is_f64(), "{layer}");
        let name = format!("pretrain.layer{}.loss", index + 1);
        assert_eq!(manifest["training"]["metrics"][&name], layer["loss"], "{name}");
        let last: Value = metrics.lines().nth(2 * index + 1).map(serde_json::from_str).expect("a line").expect("JSON");
        assert_eq!((&last["layer"], &last["train"]["loss"]), (&layer["layer"], &layer["loss"]));
    }
    let report = place.done("export r --out again").stdout;
    assert!(report.contains("layer 2 (24 to 12): loss "), "{report}");
    assert!(place.content_of("bundle") == place.content_of("again"));
    // The picture is of the whole: lines of three epochs, and none of more.
    let picture = place.read_text("r/loss.svg");
    let lines = picture.split("points=\"").skip(1).filter_map(|rest| Some(rest.split('"').next()?.split(' ')));
    let longest = lines.map(|points| points.filter(|point| !point.is_empty()).count()).max();
    assert_eq!(longest, Some(3));
}

#[test]
fn without_pretraining_nothing_speaks_of_layers() {
    let place = Place::new();
    let outcome = place.done("train-export ae --hidden 8 --epochs 2 --pretrain none --run r --out bundle --json");
    place.done("train-export ae --hidden 8 --epochs 2 --out plain");
    assert!(place.content_of("bundle") == place.content_of("plain"));
    for text in [outcome.stdout, place.read_text("r/config.toml"), place.read_text("r/metrics.jsonl")] {
        assert!(
            !text.contains("pretrain") && !text.contains("\"layer\"") && !text.contains("latent_activation"),
            "{text}"
        );
    }
    place.done("train --resume r --pretrain none --latent-activation identity");
}

#[test]
fn rows_on_disk_and_interrupted_runs_make_the_same_bytes() {
    let place = Place::new();
    let rows: String = (0..200).map(|row| format!("{row},{},{},{}\n", row * row % 17, 40 - row, row % 7)).collect();
    place.write("t.csv", format!("a,b,c,d\n{rows}"));
    let train = format!("train-export dae --data t.csv {LAYERS} {EPOCHS}");
    place.done(&format!("{train} --out memory"));
    place.done(&format!("{train} --memory 1KB --run r --out disk"));
    assert!(place.content_of("memory") == place.content_of("disk"));
    // A run that stands in the middle of its pretraining is a model too, and goes on from there.
    place.done(&format!("{train} --checkpoint-every 1 --keep 1000 --run whole --out again"));
    for entry in std::fs::read_dir(place.path("whole/checkpoints")).expect("a run") {
        let path = entry.expect("a run").path();
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        // Three steps make an epoch, two epochs a layer.
        if name.starts_with("step-") && name.as_str() > "step-000000008.safetensors" {
            std::fs::remove_file(path).expect("our own file");
        }
    }
    let half = place.done("export whole --out half");
    assert!(half.stdout.contains("layer 1 (4 to 24): loss ") && !half.stdout.contains("layer 2"), "{}", half.stdout);
    assert!(half.stdout.contains("broken off after 2 epochs"), "{}", half.stdout);
    place.done("verify half");
    place.done("train-export --resume whole --out resumed");
    assert!(place.content_of("memory") == place.content_of("resumed"));
}

#[test]
fn killed_at_any_moment_a_run_goes_on_to_the_bytes_of_one_that_was_not() {
    const SEED: u64 = 11;
    let flags = format!("ae {LAYERS} --epochs 8 --average 0.9 --checkpoint-every 1");
    let tally = survive(&flags, 8, 4.0, &mut Random(SEED));
    assert!(tally.kills == 8 && tally.from_checkpoint >= 2 && tally.equal >= 1, "seed {SEED}: {tally:?}");
}

#[test]
fn pretraining_is_refused_with_the_reason_where_there_is_none() {
    let place = Place::new();
    place.done("train ae --hidden 8 --epochs 1 --run r");
    let cases: [(&str, &[&str]); 7] = [
        ("train vae --pretrain layerwise", &["`pretrain`", "ae, dae", "its code is a distribution"]),
        ("train cvae --pretrain layerwise", &["`pretrain`", "ae, dae", "its code is a distribution"]),
        ("train pca --pretrain layerwise", &["`pretrain`", "ae, dae", "solved at once"]),
        ("train vae --latent-activation relu", &["`latent_activation`", "its code is a distribution"]),
        ("train ae --pretrain-epochs 3", &["`pretrain_epochs`", "--pretrain layerwise"]),
        ("train dae --pretrain-learning-rate 0.1", &["`pretrain_learning_rate`", "--pretrain layerwise"]),
        ("train --resume r --pretrain layerwise", &["`pretrain` was not set, now \"layerwise\""]),
    ];
    assert_none(cases.map(|(line, mentions)| complaint(&place, line, mentions)));
    let unknown = place.run("train ae --pretrain greedy");
    assert!(unknown.code == Some(2) && unknown.stderr.contains("none or layerwise"), "{}", unknown.stderr);
}
