//! `narrows config` prints files that training accepts without changes, and all mistakes in a file are reported at
//! once.

use std::fs;

use crate::{
    refusal::{assert_refused, check_refusal},
    sandbox::Sandbox,
};

const KINDS: [&str; 5] = ["pca", "ae", "dae", "vae", "cvae"];

#[test]
fn the_configuration_of_a_bundle_reproduces_its_bytes() {
    let more = [
        "ae --epochs 2 --hidden 16,8 --activation sigmoid --latent-activation sigmoid --pretrain layerwise",
        "dae --epochs 2 --hidden 16 --tied --pretrain layerwise --pretrain-epochs 1 --pretrain-learning-rate 0.01",
        "pca --latent 5 --whiten",
        "wae --epochs 2 --hidden 16 --augment flip,shift:1,crop:2,rotate:7.5",
        "ae --epochs 2 --hidden 24,12 --likelihood gaussian --output-link sigmoid --optimizer sgd --momentum 0.9",
        "dae --epochs 2 --hidden none --corruption gaussian:0.3 --tied --activation gelu --l2 0.001 --seed 9",
        "vae --epochs 2 --hidden 16 --kl-warmup cyclical:2 --free-bits 0.1 --schedule one-cycle --average 0.9",
        "vae --epochs 2 --hidden 16 --likelihood gaussian --variance learned --capacity 10:2 --beta 5",
        "cvae --epochs 2 --hidden 16 --importance-samples 3 --binarize dynamic --valid-fraction 0.2 --patience 1",
    ];
    let quick =
        KINDS.map(|kind| if kind == "pca" { kind.to_owned() } else { format!("{kind} --epochs 2 --hidden 16") });
    for flags in quick.into_iter().chain(more.map(str::to_owned)) {
        let sandbox = Sandbox::new();
        sandbox.run_ok(&format!("train-export {flags} --run run --out bundle"));
        for source in ["bundle", "run"] {
            sandbox.write("c.toml", sandbox.run_ok(&format!("config {source}")).stdout);
            sandbox.run_ok("train-export --config c.toml --out again");
            assert!(sandbox.content_of("bundle") == sandbox.content_of("again"), "{flags}, from the {source}");
        }
    }
}

#[test]
fn the_defaults_of_every_kind_are_commented_and_change_nothing() {
    for kind in KINDS {
        let sandbox = Sandbox::new();
        let text = sandbox.run_ok(&format!("config {kind}")).stdout;
        sandbox.write("c.toml", &text);
        let quick = if kind == "pca" { "" } else { "--epochs 1" };
        sandbox.run_ok(&format!("train-export --config c.toml {quick} --out by-file"));
        sandbox.run_ok(&format!("train-export {kind} {quick} --out by-flags"));
        assert!(sandbox.content_of("by-file") == sandbox.content_of("by-flags"), "{kind}");
        let mut above = "";
        for line in text.lines() {
            let is_key = !line.starts_with('#') && line.contains(" = ");
            assert!(!is_key || above.starts_with("# "), "{kind}: no comment above {line}");
            above = line;
        }
        // The commented-out options are valid too.
        let keys = text.lines().map(|line| line.trim_start_matches("# "));
        let is_option = |line: &&str| line.split_once(" = ").is_some_and(|(key, _)| is_key(key));
        let options: Vec<&str> = keys.filter(is_option).collect();
        assert!(options.len() > 5, "{text}");
        sandbox.write("all.toml", options.join("\n"));
        let stderr = sandbox.run("train --config all.toml --run r").stderr;
        assert!(!stderr.contains("is not valid TOML") && !stderr.contains("is not an option"), "{kind}: {stderr}");
    }
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_' || letter.is_numeric())
}

#[test]
fn flags_override_the_file_and_either_may_contain_the_kind() {
    let sandbox = Sandbox::new();
    sandbox.write("c.toml", "epochs = 3\nhidden = [16]\nlatent = 2\n");
    sandbox.run_ok("train-export vae --config c.toml --latent 4 --out bundle");
    let text = sandbox.run_ok("config bundle").stdout;
    for line in ["kind = \"vae\"", "epochs = 3", "latent = 4", "hidden = [16]"] {
        assert!(text.lines().any(|printed| printed == line), "{line}: {text}");
    }
    assert_refused([check_refusal(&sandbox, "train --config c.toml", &["the kind of model is missing"])]);
}

#[test]
fn every_mistake_in_a_file_is_reported_at_once_with_its_key() {
    let sandbox = Sandbox::new();
    let text = "kind = \"vea\"\nlatnet = 4\nlearning-rate = 0.1\nepochs = -3\nhidden = [1, \"x\"]\nfog = 1\n";
    sandbox.write("wrong.toml", text);
    sandbox.write(
        "impossible.toml",
        "kind = \"ae\"\nepochs = 0\nlatent = 0\nbatch_size = 0\nbeta = 2.0\nmomentum = 0.5\n",
    );
    sandbox.write("torn.toml", "kind = \"ae\"\nlatent = = 4\n");
    let wrong =
        ["wrong.toml", "`kind`", "did you mean `latent`", "did you mean `learning_rate`", "-3", "`hidden`", "`fog`"];
    assert_refused([
        check_refusal(&sandbox, "train --config wrong.toml", &wrong),
        check_refusal(
            &sandbox,
            "train --config impossible.toml",
            &["`epochs`", "`latent`", "`batch_size`", "`beta`", "`momentum`", "sgd", "vae"],
        ),
        check_refusal(&sandbox, "train --config torn.toml", &["torn.toml", "line 2", "not valid TOML"]),
        check_refusal(&sandbox, "train --config missing.toml", &["cannot read `missing.toml`"]),
        check_refusal(&sandbox, "config nothing", &["`nothing`", "pca, ae, dae, wae, vae, cvae"]),
    ]);
}

#[test]
fn the_configuration_of_a_bundle_names_the_training_data() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("sub")).expect("a writable folder");
    sandbox.write("sub/t.csv", "1,2,3\n4,5,6\n7,8,10\n3,1,0\n9,2,4\n0,3,5\n".repeat(4));
    sandbox.run_ok("train-export ae --data sub/t.csv --epochs 2 --latent 2 --hidden 4 --out bundle");
    let text = sandbox.run_ok("config bundle").stdout;
    assert!(text.starts_with("# Options of `bundle`") && text.contains("data = \"t.csv\""), "{text}");
    sandbox.write("c.toml", text);
    assert_refused([check_refusal(&sandbox, "train-export --config c.toml --out again", &["t.csv"])]);
    sandbox.run_ok("train-export --config c.toml --data sub/t.csv --out again");
    assert!(sandbox.content_of("bundle") == sandbox.content_of("again"));
}

#[test]
fn the_flags_of_a_command_are_keys_of_its_file_and_the_command_line_overrides_them() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "train.toml",
        "kind = \"ae\"\nepochs = 2\nhidden = [8]\nout = \"by-file\"\nrun = \"r\"\nkeep = 1\njson = true\n",
    );
    let report: serde_json::Value =
        serde_json::from_str(&sandbox.run_ok("train-export --config train.toml").stdout).expect("`json = true`");
    assert_eq!((report["bundle"].as_str(), report["run"].as_str()), (Some("by-file"), Some("r")));
    sandbox.run_ok("train-export --config train.toml --out by-flag --run s");
    assert!(sandbox.content_of("by-file") == sandbox.content_of("by-flag"));
    // `train` has no --out.
    let train = sandbox.run_ok("train --config train.toml --run t");
    assert!(train.stderr.contains("`out` of the configuration file is a flag of another command"), "{}", train.stderr);

    let head = "labels_per_class = 20\nlabel_efficiency = 1\nout = \"head\"\njson = true\naccept_poor = true\n";
    sandbox.write("head.toml", head);
    let report: serde_json::Value =
        serde_json::from_str(&sandbox.run_ok("transfer by-file --data digits --config head.toml").stdout)
            .expect("JSON");
    assert!(report["bundle"] == "head" && report["label_efficiency"]["draws"] == 1, "{report}");
    sandbox.write("grid.toml", "seeds = 2\nout = \"compared\"\nhidden = [8]\nepochs = 1\n");
    sandbox.run_ok("compare ae --latent 2 --config grid.toml");
    assert!(sandbox.path("compared/compare.json").is_file());
}

#[test]
fn a_wrong_value_of_a_flag_in_a_file_is_an_error_that_names_the_file() {
    let sandbox = Sandbox::new();
    sandbox.write("wrong.toml", "kind = \"ae\"\nkeep = \"many\"\n");
    sandbox.write("misspelt.toml", "kind = \"ae\"\nouut = \"m\"\n");
    for (line, mention) in [
        ("train-export --config wrong.toml", "`wrong.toml`: invalid value 'many' for '--keep <NUMBER>'"),
        ("train-export --config misspelt.toml", "did you mean `out`?"),
    ] {
        let outcome = sandbox.run(line);
        assert_eq!(outcome.code, Some(1), "{line}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(mention), "{line}: {}", outcome.stderr);
    }
}

#[test]
fn config_prints_the_options_of_a_transfer_and_the_flags_of_the_commands() {
    let sandbox = Sandbox::new();
    let kind = sandbox.run_ok("config ae").stdout;
    for line in ["# out = \"models/ae\"", "# run = \"runs/ae\"", "# keep = 2", "# json = true"] {
        assert!(kind.lines().any(|printed| printed == line), "{line}: {kind}");
    }
    let transfer = sandbox.run_ok("config transfer").stdout;
    for line in ["# label_efficiency = 20", "# accept_poor = true", "# head = \"mlp:128,64\"", "# json = true"] {
        assert!(transfer.lines().any(|printed| printed == line), "{line}: {transfer}");
    }
    // The commented-out keys are valid.
    let keys = transfer
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .filter(|line| line.split(" = ").next().is_some_and(is_key) && line.contains(" = "));
    sandbox.write("all.toml", keys.collect::<Vec<_>>().join("\n"));
    let stderr = sandbox.run("transfer nothing --config all.toml").stderr;
    assert!(!stderr.contains("is not an option") && !stderr.contains("cannot be"), "{stderr}");
}
