//! Samples to codes and back, and new samples, through files of every format.

use ndarray::{ArrayD, Axis};

use crate::place::Place;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

fn place(kind: &str) -> Place {
    let place = Place::new();
    place.done(&format!("train-export {kind} --epochs 2 --hidden 16 --out model"));
    place
}

fn assert_close(found: &ArrayD<f32>, expected: &ArrayD<f32>) {
    assert_eq!(found.shape(), expected.shape());
    // The unit is 0 to 16; other batches may round otherwise.
    let worst = found.iter().zip(expected).map(|(found, expected)| (found - expected).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-4, "{worst}");
}

/// A table of numbers with a heading, as rows; before them stands the label.
fn table(text: &str, column: &str) -> Vec<Vec<f32>> {
    let mut lines = text.lines();
    let heading = lines.next().and_then(|heading| heading.strip_prefix("label,")).expect("a heading");
    assert!(heading.split(',').enumerate().all(|(index, name)| name == format!("{column}{index}")), "{heading}");
    lines.map(|line| line.split(',').skip(1).map(|cell| cell.parse().expect("a number")).collect()).collect()
}

#[test]
fn encoding_and_decoding_is_reconstructing_in_either_format() {
    let place = place("ae");
    place.done("encode model --part test --out z.npy");
    place.done("encode model --part test --out z.csv");
    place.done("reconstruct model --part test --out x.npy");
    place.done("decode model --codes z.npy --out from-npy.npy");
    place.done("decode model --codes z.csv --out from-csv.npy");
    let codes = place.read_npy("z.npy");
    assert_eq!(codes.shape(), [360, 8]);
    let rows: Vec<f32> = table(&place.read_text("z.csv"), "z").concat();
    assert!(codes.iter().eq(&rows), "the same numbers in both formats");
    let restored = place.read_npy("x.npy");
    assert_eq!(restored.shape(), [360, 8, 8]);
    assert_close(&place.read_npy("from-npy.npy"), &restored);
    assert_close(&place.read_npy("from-csv.npy"), &restored);
}

#[test]
fn a_part_is_a_piece_of_the_whole() {
    let place = place("ae");
    for part in ["all", "train", "test"] {
        place.done(&format!("encode model --part {part} --out {part}.npy"));
    }
    place.done("encode model --out default.npy");
    let [all, train, test, default] =
        ["all.npy", "train.npy", "test.npy", "default.npy"].map(|name| place.read_npy(name));
    assert_eq!((train.len_of(Axis(0)), test.len_of(Axis(0))), (1437, 360));
    assert_close(&ndarray::concatenate(Axis(0), &[train.view(), test.view()]).expect("as wide"), &all);
    assert_eq!(default, all);
}

#[test]
fn what_was_written_can_be_read_again_as_data() {
    let place = place("ae");
    place.done("reconstruct model --part test --out x.csv");
    assert_eq!(table(&place.read_text("x.csv"), "x").len(), 360);
    place.done("encode model --data x.csv --label-column label --out from-csv.npy");
    place.done("reconstruct model --part test --out x.npy");
    place.done("encode model --data x.npy --out from-npy.npy");
    assert_close(&place.read_npy("from-csv.npy"), &place.read_npy("from-npy.npy"));
}

#[test]
fn pictures_are_png_files_and_progress_is_no_part_of_standard_output() {
    let place = place("vae");
    for line in [
        "reconstruct model --part test --out picture.png",
        "generate model --count 40 --out picture.png",
        "generate model --count 1 --out picture.png",
    ] {
        let outcome = place.done(line);
        assert!(outcome.stdout.is_empty() && outcome.stderr.contains("picture.png"), "{outcome:?}");
        let bytes = std::fs::read(place.path("picture.png")).expect("a picture");
        assert!(bytes.starts_with(PNG), "{line}");
    }
}

#[test]
fn drawn_samples_repeat_with_their_seed() {
    let place = place("vae");
    for (flags, out) in [("", "default"), ("--seed 0", "zero"), ("--seed 1", "one"), ("--count 10", "ten")] {
        place.done(&format!("generate model {flags} --out {out}.npy"));
    }
    let [default, zero, one, ten] =
        ["default", "zero", "one", "ten"].map(|name| place.read_npy(&format!("{name}.npy")));
    assert_eq!(default.shape(), [64, 8, 8]);
    assert_eq!(default, zero);
    assert_ne!(default, one);
    assert_close(&ten, &default.select(Axis(0), &(0..10).collect::<Vec<_>>()));
}

#[test]
fn a_cvae_draws_the_class_that_it_is_told_and_takes_turns_otherwise() {
    let place = place("cvae");
    place.done("generate model --label 7 --count 3 --out sevens.npy");
    place.done("generate model --count 25 --out turns.npy");
    let (sevens, turns) = (place.read_npy("sevens.npy"), place.read_npy("turns.npy"));
    assert_eq!((sevens.shape(), turns.shape()), (&[3, 8, 8][..], &[25, 8, 8][..]));
    // The eighth of each ten is a seven, with the code of its round.
    assert_close(&turns.select(Axis(0), &[7, 17]), &sevens.select(Axis(0), &[0, 1]));
    place.done("encode model --part test --out z.npy");
    place.done("decode model --codes z.npy --label 7 --out x.npy");
    assert_eq!(place.read_npy("x.npy").shape(), [360, 8, 8]);
}
