//! `narrows config` prints what can be trained from as it stands, and a file with mistakes is told all of
//! them at once.

use std::fs;

use crate::{
    place::Place,
    refusal::{assert_none, complaint},
};

const KINDS: [&str; 5] = ["pca", "ae", "dae", "vae", "cvae"];

#[test]
fn the_configuration_of_a_bundle_repeats_it_to_the_byte() {
    let more = [
        "ae --epochs 2 --hidden 16,8 --activation sigmoid --latent-activation sigmoid --pretrain layerwise",
        "dae --epochs 2 --hidden 16 --tied --pretrain layerwise --pretrain-epochs 1 --pretrain-learning-rate 0.01",
        "pca --latent 5 --whiten",
        "ae --epochs 2 --hidden 24,12 --likelihood gaussian --output-link sigmoid --optimizer sgd --momentum 0.9",
        "dae --epochs 2 --hidden none --corruption gaussian:0.3 --tied --activation gelu --l2 0.001 --seed 9",
        "vae --epochs 2 --hidden 16 --kl-warmup cyclical:2 --free-bits 0.1 --schedule one-cycle --average 0.9",
        "vae --epochs 2 --hidden 16 --likelihood gaussian --variance learned --capacity 10:2 --beta 5",
        "cvae --epochs 2 --hidden 16 --importance-samples 3 --binarize dynamic --valid-fraction 0.2 --patience 1",
    ];
    let quick =
        KINDS.map(|kind| if kind == "pca" { kind.to_owned() } else { format!("{kind} --epochs 2 --hidden 16") });
    for flags in quick.into_iter().chain(more.map(str::to_owned)) {
        let place = Place::new();
        place.done(&format!("train-export {flags} --run run --out bundle"));
        for of in ["bundle", "run"] {
            place.write("c.toml", place.done(&format!("config {of}")).stdout);
            place.done("train-export --config c.toml --out again");
            assert!(place.content_of("bundle") == place.content_of("again"), "{flags}, by the {of}");
        }
    }
}

#[test]
fn the_defaults_of_every_kind_are_commented_and_change_nothing() {
    for kind in KINDS {
        let place = Place::new();
        let text = place.done(&format!("config {kind}")).stdout;
        place.write("c.toml", &text);
        let quick = if kind == "pca" { "" } else { "--epochs 1" };
        place.done(&format!("train-export --config c.toml {quick} --out by-file"));
        place.done(&format!("train-export {kind} {quick} --out by-flags"));
        assert!(place.content_of("by-file") == place.content_of("by-flags"), "{kind}");
        let mut above = "";
        for line in text.lines() {
            let is_key = !line.starts_with('#') && line.contains(" = ");
            assert!(!is_key || above.starts_with("# "), "{kind}: no comment above {line}");
            above = line;
        }
        // What stands behind a comment sign is well-formed too.
        let keys = text.lines().map(|line| line.trim_start_matches("# "));
        let open: Vec<&str> = keys.filter(|line| line.split(" = ").next().is_some_and(is_key)).collect();
        assert!(open.len() > 5, "{text}");
        place.write("all.toml", open.join("\n"));
        let told = place.run("train --config all.toml --run r").stderr;
        assert!(!told.contains("is no TOML") && !told.contains("is no option"), "{kind}: {told}");
    }
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_' || letter.is_numeric())
}

#[test]
fn flags_win_over_the_file_and_the_kind_may_stand_in_either() {
    let place = Place::new();
    place.write("c.toml", "epochs = 3\nhidden = [16]\nlatent = 2\n");
    place.done("train-export vae --config c.toml --latent 4 --out bundle");
    let text = place.done("config bundle").stdout;
    for line in ["kind = \"vae\"", "epochs = 3", "latent = 4", "hidden = [16]"] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    assert_none([complaint(&place, "train --config c.toml", &["`kind` is missing"])]);
}

#[test]
fn every_mistake_in_a_file_is_told_at_once_by_its_key() {
    let place = Place::new();
    let text = "kind = \"vea\"\nlatnet = 4\nlearning-rate = 0.1\nepochs = -3\nhidden = [1, \"x\"]\nfog = 1\n";
    place.write("wrong.toml", text);
    place.write(
        "impossible.toml",
        "kind = \"ae\"\nepochs = 0\nlatent = 0\nbatch_size = 0\nbeta = 2.0\nmomentum = 0.5\n",
    );
    place.write("torn.toml", "kind = \"ae\"\nlatent = = 4\n");
    let wrong =
        ["wrong.toml", "`kind`", "did you mean `latent`", "did you mean `learning_rate`", "-3", "`hidden`", "`fog`"];
    assert_none([
        complaint(&place, "train --config wrong.toml", &wrong),
        complaint(
            &place,
            "train --config impossible.toml",
            &["`epochs`", "`latent`", "`batch_size`", "`beta`", "`momentum`", "sgd", "vae"],
        ),
        complaint(&place, "train --config torn.toml", &["torn.toml", "line 2", "no TOML"]),
        complaint(&place, "train --config missing.toml", &["cannot read `missing.toml`"]),
        complaint(&place, "config nothing", &["`nothing`", "pca, ae, dae, wae, vae, cvae"]),
    ]);
}

#[test]
fn a_bundle_of_a_table_says_which_data_it_was() {
    let place = Place::new();
    fs::create_dir(place.path("sub")).expect("a writable folder");
    place.write("sub/t.csv", "1,2,3\n4,5,6\n7,8,10\n3,1,0\n9,2,4\n0,3,5\n".repeat(4));
    place.done("train-export ae --data sub/t.csv --epochs 2 --latent 2 --hidden 4 --out bundle");
    let text = place.done("config bundle").stdout;
    assert!(text.starts_with("# What made `bundle`") && text.contains("data = \"t.csv\""), "{text}");
    place.write("c.toml", text);
    assert_none([complaint(&place, "train-export --config c.toml --out again", &["t.csv"])]);
    place.done("train-export --config c.toml --data sub/t.csv --out again");
    assert!(place.content_of("bundle") == place.content_of("again"));
}
