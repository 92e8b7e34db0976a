//! Bad input ends with one error message that says what is wrong, where, and what to do. No file
//! changes.

use ndarray::{Array2, array};

use crate::{
    refusal::{assert_refused, check_refusal},
    sandbox::Sandbox,
};

/// Returns a sandbox with bundles trained on digits, and with files that are wrong in different ways.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    for kind in ["ae", "vae", "cvae"] {
        sandbox.run_ok(&format!("train-export {kind} --epochs 1 --hidden 16 --out {kind}"));
    }
    sandbox.write("three.csv", "1,2,3\n4,5,6\n7,8,9\n");
    sandbox.write("text.csv", "1,2\n3,old\n");
    sandbox.write("ragged.csv", "1,2\n3\n");
    sandbox.write("heading.csv", "a,b\n");
    sandbox.write("mixed.csv", "1.5,name,3\n1,2,3\n4,5,7\n");
    sandbox.write("gap.csv", "1.5,NA,3\n1,2,3\n4,5,7\n");
    sandbox.write("empty.csv", "");
    sandbox.write("empty.npy", "");
    sandbox.write("empty", "");
    sandbox.write("notes.txt", "neither numbers nor images");
    sandbox.write("not-npy.npy", "certainly no array");
    sandbox.write_npy("nan.npy", &array![[0.0, f32::NAN]]);
    sandbox.write("one.csv", "3\n");
    sandbox.write("ten.csv", "3\n10\n");
    sandbox.write_npy("pixels.npy", &Array2::<f32>::zeros((2, 64)));
    sandbox.write_npy("nan-codes.npy", &Array2::from_elem((1, 8), f32::NAN));
    sandbox.write_npy("infinite-codes.npy", &Array2::from_elem((1, 8), f32::INFINITY));
    sandbox.write_npy("codes.npy", &Array2::<f32>::zeros((2, 8)));
    sandbox.write_npy("wide-codes.npy", &Array2::<f32>::zeros((2, 9)));
    let complete = std::fs::read(sandbox.path("codes.npy")).expect("just written");
    sandbox.write("cut.npy", &complete[..complete.len() - 5]);
    sandbox
}

#[test]
fn data_that_cannot_be_read_or_does_not_fit_the_model_is_refused() {
    let sandbox = sandbox();
    let cases: [(&str, &[&str]); 23] = [
        (
            "train-export pca --data gap.csv --latent 1 --out new",
            &["gap.csv", "line 1, column 1 (counted from 0)", "`NA`", "--missing"],
        ),
        ("train-export pca --data mixed.csv --latent 1 --out new", &["mixed.csv", "line 1 mixes", "`1.5`"]),
        ("encode ae --data three.csv --out z.npy", &["`three.csv` has rows of 3 values", "rows of 64 values"]),
        ("reconstruct ae --data three.csv --out x.npy", &["three.csv", "64", "3"]),
        ("train-export ae --data text.csv --out new", &["text.csv", "line 2", "`old`", "expected a finite number"]),
        ("encode ae --data text.csv --out z.npy", &["text.csv", "rows of 2 values", "[8, 8] or rows of 64 values"]),
        ("train-export ae --data ragged.csv --out new", &["ragged.csv", "line 2", "expected 2"]),
        ("train-export ae --data heading.csv --out new", &["heading.csv", "no rows"]),
        ("train-export ae --data missing.csv --out new", &["missing.csv", "expected digits"]),
        ("encode ae --data missing.npy --out z.npy", &["missing.npy"]),
        ("train-export ae --data empty.csv --out new", &["empty.csv", "is empty"]),
        ("train-export ae --data empty.npy --out new", &["empty.npy"]),
        ("train-export ae --data empty --out new", &["empty"]),
        ("train-export ae --data notes.txt --out new", &["notes.txt", "no known format", "expected"]),
        ("train-export ae --data not-npy.npy --out new", &["not-npy.npy", "numpy.save"]),
        ("train-export ae --data cut.npy --out new", &["cut.npy", "cut off"]),
        ("train-export ae --data nan.npy --out new", &["nan.npy", "row 0, column 1 (counted from 0)", "finite"]),
        ("train-export ae --data cifar --out new", &["cifar", "expected digits, mnist"]),
        ("train-export cvae --data three.csv --out new", &["no labels", "--label-column"]),
        ("encode cvae --data pixels.npy --out z.npy", &["`pixels.npy` has no labels", "--label-column"]),
        ("train-export cvae --data three.csv --label-column age --out new", &["three.csv", "`age`", "expected"]),
        ("train-export cvae --data three.csv --labels missing.csv --out new", &["missing.csv"]),
        ("encode ae --data three.csv --part test --out z.npy", &["three", "no test part", "--part"]),
    ];
    assert_refused(cases.map(|(line, mentions)| check_refusal(&sandbox, line, mentions)));
}

#[test]
fn all_invalid_options_are_reported_at_once() {
    let sandbox = sandbox();
    let cases: [(&str, &[&str]); 10] = [
        ("--augment shift:8,crop:0,shift:1", &["--augment has shift:8", "at most shift:7", "crop:0", "more than once"]),
        ("--data three.csv --augment flip", &["--augment transforms images", "[3]", "leave it out"]),
        ("--epochs 0 --learning-rate -1 --latent 0", &["--epochs", "--learning-rate", "--latent", "-1"]),
        ("--batch-size 0 --hidden 8,0 --valid-fraction 1.5", &["--batch-size", "--hidden", "[8, 0]", "1.5"]),
        ("--beta 2", &["--beta", "vae, cvae", "not of ae"]),
        ("--corruption masking:0.5", &["--corruption", "dae"]),
        ("--whiten", &["--whiten", "pca"]),
        ("--likelihood bernoulli --output-link identity", &["--output-link must be sigmoid", "--likelihood gaussian"]),
        ("--learning-rate nan", &["--learning-rate", "NaN"]),
        ("--likelihood gaussian --learning-rate 1e10", &["diverged", "lower the learning rate"]),
    ];
    assert_refused(
        cases.map(|(flags, mentions)| check_refusal(&sandbox, &format!("train-export ae {flags} --out new"), mentions)),
    );
    let cases: [(&str, &[&str]); 4] = [
        ("train-export pca --augment flip --out new", &["--augment", "not of pca"]),
        ("train-export pca --latent 65 --out new", &["--latent", "65", "at most 64"]),
        (
            "train-export pca --data three.csv --valid-fraction 0 --latent 3 --out new",
            &["--latent", "at most 2 components", "3 rows minus 1"],
        ),
        ("train-export pca --epochs 3 --out new", &["--epochs", "not of pca"]),
    ];
    assert_refused(cases.map(|(line, mentions)| check_refusal(&sandbox, line, mentions)));
}

#[test]
fn what_a_model_cannot_do_is_refused_with_what_it_can() {
    let sandbox = sandbox();
    let cases: [(&str, &[&str]); 20] = [
        ("generate vae --count 1000000000 --out x.npy", &["--count 1000000000", "lower --count"]),
        ("decode ae --codes infinite-codes.npy --out x.npy", &["inf", "row 0", "infinite-codes.npy"]),
        ("decode ae --codes nan-codes.npy --out x.npy", &["nan-codes.npy", "row 0, column 0", "encode"]),
        (
            "decode ae --codes wide-codes.npy --out x.npy",
            &["`wide-codes.npy` has 9 values per row", "of this model has 8"],
        ),
        ("decode ae --codes missing.npy --out x.npy", &["`missing.npy` does not exist; --codes takes"]),
        ("decode ae --codes digits --out x.npy", &["`digits` does not exist; --codes takes"]),
        ("decode cvae --codes codes.npy --labels one.csv --out x.npy", &["one.csv has 1 label, but", "has 2 rows"]),
        ("decode cvae --codes codes.npy --labels ten.csv --out x.npy", &["labels of `ten.csv`", "no class `10`"]),
        (
            "score ae --data digits --by elbo --out s.csv",
            &["this ae has no elbo, only squared_error and reconstruction"],
        ),
        ("score ae --data digits --importance-samples 9 --out s.csv", &["--importance-samples needs a distribution"]),
        (
            "score vae --data digits --by elbo --importance-samples 0 --out s.csv",
            &["--by elbo needs --importance-samples 1 or more, got 0"],
        ),
        ("generate vae --count 0 --out x.png", &["--count 0", "--count 1 or more"]),
        ("decode cvae --codes codes.npy --out x.npy", &["--label"]),
        ("decode vae --codes codes.npy --label 7 --out x.npy", &["leave --label"]),
        ("generate ae --out x.npy", &["this ae has no prior", "use a model with a prior"]),
        ("generate vae --label 7 --out x.npy", &["vae", "leave --label"]),
        ("generate cvae --label twelve --out x.npy", &["`twelve`", "`9`"]),
        ("generate cvae --label 12 --out x.npy", &["`12`", "`9`"]),
        ("encode no-bundle --data digits --out z.npy", &["no-bundle"]),
        ("verify no-bundle", &["no-bundle"]),
    ];
    assert_refused(cases.map(|(line, mentions)| check_refusal(&sandbox, line, mentions)));
}

#[test]
fn a_network_that_is_too_large_for_memory_is_refused_before_it_is_built() {
    let sandbox = Sandbox::new();
    let cases: [(&str, &[&str]); 3] = [
        ("--latent 99999999999999", &["latent", "99999999999999"]),
        ("--latent 18446744073709551615", &["latent", "18446744073709551615"]),
        ("--hidden 99999999999999", &["hidden", "99999999999999"]),
    ];
    let line = |flags| format!("train-export ae {flags} --epochs 1 --out new");
    assert_refused(cases.map(|(flags, mentions)| check_refusal(&sandbox, &line(flags), mentions)));
}

#[test]
fn every_kind_treats_a_count_of_zero_alike() {
    let sandbox = sandbox();
    let [vae, cvae] = ["vae", "cvae"].map(|kind| sandbox.run(&format!("generate {kind} --count 0 --out none.npy")));
    assert_eq!(vae.code, cvae.code, "{vae:?} {cvae:?}");
    assert!(!cvae.stderr.contains("ShapeError"), "{}", cvae.stderr);
}

#[test]
fn a_usage_error_ends_with_exit_code_2() {
    let sandbox = Sandbox::new();
    for line in ["train-export gan", "train-export", "dream", "train-export ae --epochs -3", "encode ae --part most"] {
        let outcome = sandbox.run(line);
        assert_eq!(outcome.code, Some(2), "{line}: {}", outcome.stderr);
        assert!(outcome.stderr.starts_with("error:") && outcome.stdout.is_empty(), "{line}: {}", outcome.stderr);
    }
    let unknown = sandbox.run("train-export gan").stderr;
    assert!(["pca", "ae", "dae", "vae", "cvae"].iter().all(|kind| unknown.contains(kind)), "{unknown}");
    assert!(sandbox.content().is_empty());
}
