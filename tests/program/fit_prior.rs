//! `fit-prior` gives every model a sampler, in folders and packed files, and refuses what it cannot fit.

use ndarray::Array2;

use crate::{
    refusal::{assert_refused, check_refusal},
    sandbox::Sandbox,
};

fn sandbox(kinds: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    for kind in kinds {
        let epochs = if *kind == "pca" { "" } else { "--epochs 1 --hidden 16" };
        sandbox.run_ok(&format!("train-export {kind} --latent 4 {epochs} --out {kind}"));
    }
    sandbox
}

#[test]
fn every_kind_of_model_generates_from_a_fitted_sampler() {
    let kinds = ["pca", "ae", "dae", "wae", "vae", "cvae"];
    let sandbox = sandbox(&kinds);
    let refused = sandbox.run("generate ae --out before.npy");
    assert!(refused.code == Some(1) && refused.stderr.contains("narrows fit-prior"), "{}", refused.stderr);
    for kind in kinds {
        let outcome = sandbox.run_ok(&format!("fit-prior {kind} --components 3"));
        // A cvae has three components for each of the ten classes.
        let components = if kind == "cvae" { "30 components, 3 for each of the 10 classes" } else { "3 components" };
        let fitted = format!("fitted {components} with full covariance to 1293 codes");
        assert!(outcome.stdout.starts_with(&fitted), "{outcome:?}");
        sandbox.run_ok(&format!("generate {kind} --count 7 --out {kind}.npy"));
        assert_eq!(sandbox.read_npy(&format!("{kind}.npy")).shape(), [7, 8, 8]);
        let inspected = sandbox.run_ok(&format!("inspect {kind}")).stdout;
        let expected = format!("{components} with full covariance, fitted to 1293 codes of digits");
        assert!(inspected.contains(&expected), "{inspected}");
        let verified = sandbox.run_ok(&format!("verify {kind}")).stdout;
        assert!(verified.contains(&format!("{components}, full covariance")), "{verified}");
        assert!(sandbox.read_text(&format!("{kind}/README.md")).contains("sampler.safetensors"));
        assert!(sandbox.path(&format!("{kind}/samples.png")).is_file());
    }
    // The likelihoods still use the prior.
    sandbox.run_ok("score vae --part test --by kl --out after.npy");
    assert!(sandbox.leftover_files().is_empty());
}

#[test]
fn the_same_seed_gives_the_same_bundle_and_a_packed_bundle_the_same_samples() {
    let sandbox = sandbox(&["vae"]);
    sandbox.run_ok("pack vae vae.narrows");
    sandbox.run_ok("fit-prior vae --components 2 --covariance diagonal --out first");
    sandbox.run_ok("fit-prior vae --components 2 --covariance diagonal --out second");
    assert_eq!(sandbox.content_of("first"), sandbox.content_of("second"));
    let json = sandbox.run_ok("fit-prior vae.narrows --components 2 --covariance diagonal --out packed.narrows --json");
    assert!(json.stdout.contains("\"covariance\": \"diagonal\"") && json.stdout.contains("\"converged\""), "{json:?}");
    for of in ["first", "packed.narrows"] {
        sandbox.run_ok(&format!("generate {of} --seed 5 --out {of}.npy"));
    }
    assert_eq!(sandbox.read_npy("first.npy"), sandbox.read_npy("packed.narrows.npy"));
    sandbox.run_ok("verify packed.narrows");
    sandbox.run_ok("generate vae --seed 5 --out prior.npy");
    assert_ne!(sandbox.read_npy("first.npy"), sandbox.read_npy("prior.npy"));
    // A second fit replaces the first one.
    sandbox.run_ok("fit-prior first --components 4");
    assert!(sandbox.run_ok("verify first").stdout.contains("4 components"));
}

#[test]
fn a_sampler_that_was_changed_or_lost_is_reported() {
    let sandbox = sandbox(&["ae"]);
    sandbox.run_ok("fit-prior ae --components 2");
    let path = sandbox.path("ae/sampler.safetensors");
    let mut bytes = std::fs::read(&path).expect("just written");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&path, bytes).expect("a writable folder");
    for line in ["generate ae --out x.npy", "encode ae --out z.npy", "fit-prior ae", "verify ae"] {
        let outcome = sandbox.run(line);
        let text = outcome.stdout + &outcome.stderr;
        assert!(outcome.code == Some(1) && text.contains("sampler.safetensors"), "{line}: {text}");
    }
    std::fs::remove_file(&path).expect("a writable folder");
    assert_eq!(sandbox.run("generate ae --out x.npy").code, Some(1));
}

#[test]
fn rows_that_cannot_be_fitted_are_refused_and_the_bundle_stays() {
    let sandbox = sandbox(&["ae", "cvae"]);
    sandbox.write_npy("few.npy", &Array2::<f32>::zeros((12, 64)));
    sandbox.write_npy("equal.npy", &Array2::<f32>::zeros((200, 64)));
    sandbox.write_npy("narrow.npy", &Array2::<f32>::zeros((200, 3)));
    sandbox.write("notes.txt", "not a bundle");
    sandbox.write("few.csv", ["3"; 12].join("\n"));
    let cases: [(&str, &[&str]); 8] = [
        ("fit-prior ae --components 400", &["400 components with full covariance need at least", "got 1437"]),
        ("fit-prior ae --data few.npy", &["few.npy", "need at least 57 rows, got 12", "--covariance diagonal"]),
        ("fit-prior ae --data equal.npy --components 2", &["equal.npy", "the codes of all 180 rows are equal"]),
        ("fit-prior ae --data narrow.npy", &["narrow.npy", "rows of 3 values"]),
        ("fit-prior cvae --data equal.npy", &["equal.npy", "--labels"]),
        ("fit-prior cvae --data few.npy --labels few.csv", &["few.npy", "need at least 57 rows, got 12"]),
        ("fit-prior notes.txt", &["notes.txt", "is not a bundle"]),
        ("fit-prior ae --out notes.txt", &["notes.txt", "name a folder"]),
    ];
    assert_refused(cases.iter().map(|(line, mentions)| check_refusal(&sandbox, line, mentions)));
}

#[test]
fn a_classifier_and_a_wrong_number_of_components_are_refused() {
    let sandbox = sandbox(&["ae"]);
    sandbox.run_ok("transfer ae --out classifier");
    assert_refused([check_refusal(&sandbox, "fit-prior classifier", &["needs an autoencoder"])]);
    assert_eq!(sandbox.run("fit-prior ae --components 0").code, Some(2));
}

#[test]
fn training_fits_the_sampler_that_its_options_ask_for() {
    let sandbox = Sandbox::new();
    let quick = "--latent 3 --epochs 1 --hidden 16";
    sandbox.run_ok(&format!("train-export ae {quick} --sampler mixture:4 --run run --out ae"));
    assert!(sandbox.run_ok("verify ae").stdout.contains("4 components, full covariance"));
    sandbox.run_ok("generate ae --out x.png");
    assert!(sandbox.path("ae/samples.png").is_file());
    // The same rows, seed and codes as with `fit-prior`, but encoded by another engine.
    sandbox.run_ok("export run --out again");
    assert_eq!(sandbox.content_of("ae"), sandbox.content_of("again"));
    assert!(sandbox.run_ok("config run").stdout.contains("sampler = \"mixture:4\""));
    sandbox.run_ok(&format!("train-export cvae {quick} --out cvae"));
    let verified = sandbox.run_ok("verify cvae").stdout;
    assert!(verified.contains("for each of the 10 classes, full covariance"), "{verified}");
    sandbox.run_ok(&format!("train-export cvae {quick} --sampler none --out without"));
    assert!(!sandbox.run_ok("verify without").stdout.contains("sampler"));
    for kind in ["pca", "wae", "vae"] {
        let quick = if kind == "pca" { "--latent 3" } else { quick };
        sandbox.run_ok(&format!("train-export {kind} {quick} --out {kind}"));
        assert!(!sandbox.path(&format!("{kind}/sampler.safetensors")).exists(), "{kind}");
        sandbox.run_ok(&format!("train-export {kind} {quick} --sampler mixture:2 --out {kind}"));
        assert!(sandbox.path(&format!("{kind}/sampler.safetensors")).is_file(), "{kind}");
    }
}

#[test]
fn too_few_rows_for_a_sampler_are_an_error_if_it_was_asked_for_and_otherwise_reported() {
    let sandbox = Sandbox::new();
    let rows: Vec<String> = (0..40).map(|row| format!("{},{},{}", row % 7, row % 5, row * row % 11)).collect();
    sandbox.write("few.csv", rows.join("\n"));
    let labels: Vec<&str> = (0..40).map(|row| if row < 2 { "rare" } else { "common" }).collect();
    sandbox.write("labels.csv", labels.join("\n"));
    let cvae =
        "train-export cvae --data few.csv --labels labels.csv --valid-fraction 0 --latent 2 --epochs 1 --hidden 4";
    assert_refused([
        check_refusal(&sandbox, &format!("{cvae} --sampler mixture:3 --out x"), &["--sampler", "got 2 of `rare`"]),
        check_refusal(
            &sandbox,
            "train-export ae --data few.csv --latent 2 --epochs 1 --sampler mixture:30 --out x",
            &["--sampler", "mixture:30", "at least"],
        ),
    ]);
    assert_eq!(sandbox.run(&format!("{cvae} --sampler gmm:3 --out x")).code, Some(2));
    let outcome = sandbox.run_ok(&format!("{cvae} --out model"));
    assert_eq!(outcome.stderr.matches("the bundle gets no sampler").count(), 1, "{outcome:?}");
    assert!(!sandbox.path("model/sampler.safetensors").exists());
    sandbox.run_ok("generate model --label rare --out x.npy");
    // The recorded options give the same bundle.
    sandbox.write("c.toml", sandbox.run_ok("config model").stdout);
    sandbox.run_ok("train-export --config c.toml --out again");
    assert_eq!(sandbox.content_of("model"), sandbox.content_of("again"));
}
