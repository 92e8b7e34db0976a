//! Bad input ends with 1, one sentence that says what, where and what to do, and nothing new on disk.

use ndarray::{Array2, array};

use crate::{
    place::Place,
    refusal::{assert_none, complaint},
};

/// Bundles on digits, and files that are wrong in different ways.
fn place() -> Place {
    let place = Place::new();
    for kind in ["ae", "vae", "cvae"] {
        place.done(&format!("train-export {kind} --epochs 1 --hidden 16 --out {kind}"));
    }
    place.write("three.csv", "1,2,3\n4,5,6\n7,8,9\n");
    place.write("text.csv", "1,2\n3,old\n");
    place.write("ragged.csv", "1,2\n3\n");
    place.write("heading.csv", "a,b\n");
    place.write("mixed.csv", "1.5,name,3\n1,2,3\n4,5,7\n");
    place.write("gap.csv", "1.5,NA,3\n1,2,3\n4,5,7\n");
    place.write("empty.csv", "");
    place.write("empty.npy", "");
    place.write("empty", "");
    place.write("notes.txt", "neither numbers nor images");
    place.write("not-npy.npy", "certainly no array");
    place.write_npy("nan.npy", &array![[0.0, f32::NAN]]);
    place.write_npy("infinite-codes.npy", &Array2::from_elem((1, 8), f32::INFINITY));
    place.write_npy("codes.npy", &Array2::zeros((2, 8)));
    place.write_npy("wide-codes.npy", &Array2::zeros((2, 9)));
    let whole = std::fs::read(place.path("codes.npy")).expect("just written");
    place.write("cut.npy", &whole[..whole.len() - 5]);
    place
}

#[test]
fn data_that_cannot_be_read_or_does_not_fit_is_refused() {
    let place = place();
    let cases: [(&str, &[&str]); 23] = [
        ("train-export pca --data gap.csv --latent 1 --out new", &["gap.csv", "line 1, column 1", "`NA`", "--missing"]),
        ("train-export pca --data mixed.csv --latent 1 --out new", &["mixed.csv", "line 1 mixes", "`1.5`"]),
        ("encode ae --data three.csv --out z.npy", &["three.csv", "64", "3"]),
        ("reconstruct ae --data three.csv --out x.npy", &["three.csv", "64", "3"]),
        ("train-export ae --data text.csv --out new", &["text.csv", "line 2", "`old`", "expected a finite number"]),
        ("encode ae --data text.csv --out z.npy", &["text.csv", "line 2"]),
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
        ("train-export ae --data nan.npy --out new", &["nan.npy", "row 0, column 1", "finite"]),
        ("train-export ae --data cifar --out new", &["cifar", "expected digits, mnist"]),
        ("train-export cvae --data three.csv --out new", &["no labels", "--label-column"]),
        ("encode cvae --data three.csv --out z.npy", &["three", "no labels", "--label-column"]),
        ("train-export cvae --data three.csv --label-column age --out new", &["three.csv", "`age`", "expected"]),
        ("train-export cvae --data three.csv --labels missing.csv --out new", &["missing.csv"]),
        ("encode ae --data three.csv --part test --out z.npy", &["three", "no test part", "--part"]),
    ];
    assert_none(cases.map(|(line, mentions)| complaint(&place, line, mentions)));
}

#[test]
fn options_that_cannot_work_are_refused_all_at_once() {
    let place = place();
    let cases: [(&str, &[&str]); 8] = [
        ("--epochs 0 --learning-rate -1 --latent 0", &["`epochs`", "`learning_rate`", "`latent`", "-1"]),
        ("--batch-size 0 --hidden 8,0 --valid-fraction 1.5", &["`batch_size`", "`hidden`", "[8, 0]", "1.5"]),
        ("--beta 2", &["`beta`", "vae, cvae", "not of ae"]),
        ("--corruption masking:0.5", &["`corruption`", "dae"]),
        ("--whiten", &["`whiten`", "pca"]),
        ("--likelihood bernoulli --output-link identity", &["`output_link`", "sigmoid"]),
        ("--learning-rate nan", &["`learning_rate`", "NaN"]),
        ("--likelihood gaussian --learning-rate 1e10", &["diverged", "lower the learning rate"]),
    ];
    assert_none(
        cases.map(|(flags, mentions)| complaint(&place, &format!("train-export ae {flags} --out new"), mentions)),
    );
    let cases: [(&str, &[&str]); 3] = [
        ("train-export pca --latent 65 --out new", &["`latent`", "65", "at most 64"]),
        ("train-export pca --data three.csv --valid-fraction 0 --latent 3 --out new", &["`latent`", "at most 2"]),
        ("train-export pca --epochs 3 --out new", &["`epochs`", "not of pca"]),
    ];
    assert_none(cases.map(|(line, mentions)| complaint(&place, line, mentions)));
}

#[test]
fn what_a_model_cannot_do_is_refused_with_what_it_can() {
    let place = place();
    let cases: [(&str, &[&str]); 13] = [
        ("generate vae --count 1000000000 --out x.npy", &["--count 1000000000", "fewer"]),
        ("decode ae --codes infinite-codes.npy --out x.npy", &["inf", "row 0", "infinite-codes.npy"]),
        ("decode ae --codes nan.npy --out x.npy", &["nan.npy", "row 0, column 1"]),
        ("decode ae --codes wide-codes.npy --out x.npy", &["wide-codes.npy", "8", "9"]),
        ("decode ae --codes missing.npy --out x.npy", &["missing.npy"]),
        ("decode cvae --codes codes.npy --out x.npy", &["--label"]),
        ("decode vae --codes codes.npy --label 7 --out x.npy", &["leave --label"]),
        ("generate ae --out x.npy", &["ae", "prior", "models with a prior can"]),
        ("generate vae --label 7 --out x.npy", &["vae", "leave --label"]),
        ("generate cvae --label twelve --out x.npy", &["`twelve`", "`9`"]),
        ("generate cvae --label 12 --out x.npy", &["`12`", "`9`"]),
        ("encode no-bundle --data digits --out z.npy", &["no-bundle"]),
        ("verify no-bundle", &["no-bundle"]),
    ];
    assert_none(cases.map(|(line, mentions)| complaint(&place, line, mentions)));
}

#[test]
fn a_network_that_no_memory_holds_is_refused_before_it_is_built() {
    let place = Place::new();
    let cases: [(&str, &[&str]); 3] = [
        ("--latent 99999999999999", &["latent", "99999999999999"]),
        ("--latent 18446744073709551615", &["latent", "18446744073709551615"]),
        ("--hidden 99999999999999", &["hidden", "99999999999999"]),
    ];
    let line = |flags| format!("train-export ae {flags} --epochs 1 --out new");
    assert_none(cases.map(|(flags, mentions)| complaint(&place, &line(flags), mentions)));
}

#[test]
fn no_samples_are_drawn_alike_by_every_kind() {
    let place = place();
    let [vae, cvae] = ["vae", "cvae"].map(|kind| place.run(&format!("generate {kind} --count 0 --out none.npy")));
    assert_eq!(vae.code, cvae.code, "{vae:?} {cvae:?}");
    assert!(!cvae.stderr.contains("ShapeError"), "{}", cvae.stderr);
}

#[test]
fn a_line_that_makes_no_sense_ends_with_two() {
    let place = Place::new();
    for line in ["train-export gan", "train-export", "dream", "train-export ae --epochs -3", "encode ae --part most"] {
        let outcome = place.run(line);
        assert_eq!(outcome.code, Some(2), "{line}: {}", outcome.stderr);
        assert!(outcome.stderr.starts_with("error:") && outcome.stdout.is_empty(), "{line}: {}", outcome.stderr);
    }
    let unknown = place.run("train-export gan").stderr;
    assert!(["pca", "ae", "dae", "vae", "cvae"].iter().all(|kind| unknown.contains(kind)), "{unknown}");
    assert!(place.content().is_empty());
}
