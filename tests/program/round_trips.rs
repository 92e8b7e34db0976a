//! Encoding, decoding, reconstructing and generating, through files of every format.

use ndarray::{ArrayD, Axis};

use crate::sandbox::Sandbox;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

fn sandbox(kind: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run_ok(&format!("train-export {kind} --epochs 2 --hidden 16 --out model"));
    sandbox
}

pub(crate) fn assert_close(actual: &ArrayD<f32>, expected: &ArrayD<f32>) {
    assert_eq!(actual.shape(), expected.shape());
    // Values range from 0 to 16; rounding may differ between batch sizes.
    let difference =
        actual.iter().zip(expected).map(|(actual, expected)| (actual - expected).abs()).fold(0.0, f32::max);
    assert!(difference < 1e-4, "{difference}");
}

/// Parses a table with a header line into rows of numbers, without the label in the first column.
fn table(text: &str, column: &str) -> Vec<Vec<f32>> {
    let mut lines = text.lines();
    let heading = lines.next().and_then(|heading| heading.strip_prefix("label,")).expect("a heading");
    assert!(heading.split(',').enumerate().all(|(index, name)| name == format!("{column}{index}")), "{heading}");
    lines.map(|line| line.split(',').skip(1).map(|cell| cell.parse().expect("a number")).collect()).collect()
}

#[test]
fn encoding_and_then_decoding_equals_reconstructing_in_npy_and_csv() {
    let sandbox = sandbox("ae");
    sandbox.run_ok("encode model --part test --out z.npy");
    sandbox.run_ok("encode model --part test --out z.csv");
    sandbox.run_ok("reconstruct model --part test --out x.npy");
    sandbox.run_ok("decode model --codes z.npy --out from-npy.npy");
    sandbox.run_ok("decode model --codes z.csv --out from-csv.npy");
    let codes = sandbox.read_npy("z.npy");
    assert_eq!(codes.shape(), [360, 8]);
    let rows: Vec<f32> = table(&sandbox.read_text("z.csv"), "z").concat();
    assert!(codes.iter().eq(&rows), "the same numbers in both formats");
    let restored = sandbox.read_npy("x.npy");
    assert_eq!(restored.shape(), [360, 8, 8]);
    assert_close(&sandbox.read_npy("from-npy.npy"), &restored);
    assert_close(&sandbox.read_npy("from-csv.npy"), &restored);
}

#[test]
fn the_train_and_test_parts_make_up_all_rows() {
    let sandbox = sandbox("ae");
    for part in ["all", "train", "test"] {
        sandbox.run_ok(&format!("encode model --part {part} --out {part}.npy"));
    }
    sandbox.run_ok("encode model --out default.npy");
    let [all, train, test, default] =
        ["all.npy", "train.npy", "test.npy", "default.npy"].map(|name| sandbox.read_npy(name));
    assert_eq!((train.len_of(Axis(0)), test.len_of(Axis(0))), (1437, 360));
    assert_close(&ndarray::concatenate(Axis(0), &[train.view(), test.view()]).expect("equal widths"), &all);
    assert_eq!(default, all);
}

#[test]
fn written_samples_can_be_read_as_data() {
    let sandbox = sandbox("ae");
    sandbox.run_ok("reconstruct model --part test --out x.csv");
    assert_eq!(table(&sandbox.read_text("x.csv"), "x").len(), 360);
    sandbox.run_ok("encode model --data x.csv --label-column label --out from-csv.npy");
    sandbox.run_ok("reconstruct model --part test --out x.npy");
    sandbox.run_ok("encode model --data x.npy --out from-npy.npy");
    assert_close(&sandbox.read_npy("from-csv.npy"), &sandbox.read_npy("from-npy.npy"));
}

#[test]
fn images_are_png_files_and_messages_are_not_on_standard_output() {
    let sandbox = sandbox("vae");
    for line in [
        "reconstruct model --part test --out image.png",
        "generate model --count 40 --out image.png",
        "generate model --count 1 --out image.png",
    ] {
        let outcome = sandbox.run_ok(line);
        assert!(outcome.stdout.is_empty() && outcome.stderr.contains("image.png"), "{outcome:?}");
        let bytes = std::fs::read(sandbox.path("image.png")).expect("an image");
        assert!(bytes.starts_with(PNG), "{line}");
    }
}

#[test]
fn generated_samples_repeat_with_their_seed() {
    let sandbox = sandbox("vae");
    for (flags, out) in [("", "default"), ("--seed 0", "zero"), ("--seed 1", "one"), ("--count 10", "ten")] {
        sandbox.run_ok(&format!("generate model {flags} --out {out}.npy"));
    }
    let [default, zero, one, ten] =
        ["default", "zero", "one", "ten"].map(|name| sandbox.read_npy(&format!("{name}.npy")));
    assert_eq!(default.shape(), [64, 8, 8]);
    assert_eq!(default, zero);
    assert_ne!(default, one);
    assert_close(&ten, &default.select(Axis(0), &(0..10).collect::<Vec<_>>()));
}

#[test]
fn a_cvae_generates_the_given_class_or_every_class_in_turn() {
    let sandbox = sandbox("cvae");
    sandbox.run_ok("generate model --label 7 --count 3 --out sevens.npy");
    sandbox.run_ok("generate model --count 25 --out turns.npy");
    let (sevens, turns) = (sandbox.read_npy("sevens.npy"), sandbox.read_npy("turns.npy"));
    assert_eq!((sevens.shape(), turns.shape()), (&[3, 8, 8][..], &[25, 8, 8][..]));
    // Of every ten samples, the eighth is a seven; its code is that of the round.
    assert_close(&turns.select(Axis(0), &[7, 17]), &sevens.select(Axis(0), &[0, 1]));
    sandbox.run_ok("encode model --part test --out z.npy");
    sandbox.run_ok("decode model --codes z.npy --label 7 --out x.npy");
    assert_eq!(sandbox.read_npy("x.npy").shape(), [360, 8, 8]);
}
