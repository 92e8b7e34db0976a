//! The flags of the verbs that generate: wrong values, and what else must not pass without a word.

use ndarray::{Array2, ArrayD};

use crate::{
    refusal::{assert_refused, check_refusal},
    sandbox::Sandbox,
};

/// A conditional model of two classes, whose names need quotes and escapes.
fn two_classes() -> Sandbox {
    let sandbox = Sandbox::new();
    let rows = Array2::from_shape_fn((60, 3), |(row, column)| ((row * 7 + column * 3 + row % 2 * 50) % 101) as f32);
    let mut text = "a,b,class,c\n".to_owned();
    for (number, row) in rows.outer_iter().enumerate() {
        let class = ["\"a,b\"", "x\u{1b}[31m"][number % 2];
        text += &format!("{},{},{class},{}\n", row[0], row[1], row[2]);
    }
    sandbox.write("table.csv", text);
    sandbox
        .run_ok("train-export cvae --data table.csv --label-column class --epochs 1 --hidden 8 --latent 2 --out model");
    sandbox
}

#[test]
fn a_wrong_number_is_wrong_usage_and_is_shown_as_it_was_typed() {
    let sandbox = Sandbox::new();
    for (line, value, mention) in [
        ("generate m --temperature -1 --out x.npy", "'-1' for '--temperature <NUMBER>'", "at least 0"),
        ("generate m --temperature 3.5e38 --out x.npy", "'3.5e38' for '--temperature <NUMBER>'", "too large"),
        ("generate m --truncate 1e-300 --out x.npy", "'1e-300' for '--truncate <NUMBER>'", "too small"),
        ("generate m --truncate 0 --out x.npy", "'0' for '--truncate <NUMBER>'", "above 0"),
        ("generate m --grid 0x4 --out x.png", "'0x4' for '--grid <COLUMNSxROWS>'", "COLUMNSxROWS"),
        ("generate m --grid -1x4 --out x.png", "'-1x4' for '--grid <COLUMNSxROWS>'", "COLUMNSxROWS"),
        ("manifold m --grid 3 --out x.npy", "'3' for '--grid <COLUMNSxROWS>'", "COLUMNSxROWS"),
        ("manifold m --dimensions 0,-1 --out x.npy", "'-1' for '--dimensions <ACROSS,DOWN>'", "at least 0"),
        ("traverse m --range -3 --out x.npy", "'-3' for '--range <NUMBER>'", "at least 0"),
        ("traverse m --range 1e39 --out x.npy", "'1e39' for '--range <NUMBER>'", "too large"),
        ("traverse m --range inf --out x.npy", "'inf' for '--range <NUMBER>'", "finite"),
        ("traverse m --steps 0 --out x.npy", "'0' for '--steps <NUMBER>'", "at least 1"),
        ("traverse m --row -1 --out x.npy", "'-1' for '--row <ROW>'", "at least 0"),
        ("traverse m --dimensions -1 --out x.npy", "'-1' for '--dimensions <NUMBERS>'", "at least 0"),
        ("interpolate m --steps 1 --out x.npy", "'1' for '--steps <NUMBER>'", "at least 2"),
        ("interpolate m --fps 0 --out x.gif", "for '--fps <NUMBER>'", "1..=50"),
        ("interpolate m --fps -1 --out x.gif", "for '--fps <NUMBER>'", "1..=50"),
        ("interpolate m --seed -1 --out x.gif", "'-1' for '--seed <SEED>'", "at least 0"),
        ("denoise m --seed -1 --out x.npy", "'-1' for '--seed <SEED>'", "at least 0"),
        ("fit-prior m --components -1", "for '--components <NUMBER>'", "1..=65536"),
    ] {
        let outcome = sandbox.run(line);
        let is_refused = outcome.code == Some(2) && outcome.stderr.contains(value) && outcome.stderr.contains(mention);
        assert!(is_refused && !outcome.stderr.contains("tip:"), "{line}: {outcome:?}");
    }
}

#[test]
fn nothing_is_dropped_repeated_or_nested_without_a_word() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export vae --epochs 1 --hidden 16 --latent 4 --out model");
    sandbox.run_ok("train-export pca --latent 2 --out linear");
    sandbox.write_npy("one.npy", &ArrayD::<f32>::zeros(vec![1, 64]));
    std::fs::create_dir(sandbox.path("model/there")).expect("a folder");
    let case = |line: &str, mentions: &[&str]| check_refusal(&sandbox, line, mentions);
    assert_refused([
        case("generate model --grid 3x3 --count 20 --out x.png", &["--grid 3x3 shows 9", "--count is 20"]),
        case("interpolate model --steps 1002 --out x.gif", &["--steps 1002", "2002 frames", "at most 2000", "1001"]),
        case("traverse no-model --steps 5000 --out x.gif", &["--steps 5000", "9998 frames"]),
        case("traverse model --range 3e38 --dimensions 1,0,1 --out x.npy", &["--dimensions", "1 twice"]),
        case("traverse linear --data digits --range 3e38 --out x.npy", &["too large"]),
        case("traverse linear --data one.npy --out x.npy", &["one.npy", "1 row", "no range"]),
        case("manifold linear --data one.npy --out x.npy", &["one.npy", "1 row", "no range"]),
        case("fit-prior model --out model/sub", &["model/sub", "inside the bundle `model`"]),
        case("fit-prior model --out model/../model/there", &["inside the bundle"]),
    ]);
    sandbox.run_ok("generate model --grid 3x3 --count 5 --out x.png");
    sandbox.run_ok("fit-prior model --components 1 --out model-2");
    sandbox.write_npy("equal.npy", &ArrayD::<f32>::zeros(vec![5, 64]));
    let outcome = sandbox.run_ok("traverse linear --data equal.npy --out x.npy");
    assert!(outcome.stderr.contains("dimension 0, 1 are all equal"), "{outcome:?}");
}

#[test]
fn tables_of_a_conditional_model_have_the_class_and_messages_quote_it() {
    let sandbox = two_classes();
    let classes = |name: &str| -> Vec<String> {
        let text = sandbox.read_text(name);
        assert_eq!(text.lines().next(), Some("class,a,b,c"));
        let cell = |line: &str| match line.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next().unwrap_or_default().to_owned(),
            None => line.split(',').next().unwrap_or_default().to_owned(),
        };
        text.lines().skip(1).map(cell).collect()
    };
    sandbox.run_ok("generate model --count 5 --out turns.csv");
    assert_eq!(classes("turns.csv"), ["a,b", "x\u{1b}[31m", "a,b", "x\u{1b}[31m", "a,b"]);
    sandbox.run_ok("generate model --count 2 --label a,b --out one.csv");
    assert_eq!(classes("one.csv"), ["a,b"; 2]);
    // The numbers are those of the array, and a Parquet file has the same table.
    sandbox.run_ok("generate model --count 2 --label a,b --out one.npy");
    assert_eq!(sandbox.read_npy("one.npy").shape(), [2, 3]);
    sandbox.run_ok("generate model --count 5 --out turns.parquet");
    let read = sandbox.run_ok("data turns.parquet --label-column class").stdout;
    assert!(read.contains("a,b"), "{read}");
    sandbox.run_ok("traverse model --label a,b --steps 3 --dimensions 1 --out walk.csv");
    let walk = sandbox.read_text("walk.csv");
    assert!(walk.starts_with("dimension,value,a,b,c\n1,-") && !walk.contains("\n1.0,"), "{walk}");

    let quoted = "`a,b`, `x\\u{1b}[31m`";
    assert_refused([
        check_refusal(&sandbox, "interpolate model --out x.npy", &[quoted]),
        check_refusal(&sandbox, "traverse model --out x.npy", &[quoted]),
        check_refusal(&sandbox, "manifold model --out x.npy", &[quoted]),
        check_refusal(&sandbox, "generate model --label y --out x.npy", &[quoted]),
        check_refusal(&sandbox, "reconstruct model --data table.csv --to y --out x.npy", &[quoted]),
    ]);
    let fitted = sandbox.run_ok("fit-prior model --data table.csv --label-column class --components 30");
    assert!(fitted.stderr.contains("have fewer: `a,b` ("), "{fitted:?}");
    assert!(fitted.stderr.contains("`x\\u{1b}[31m` ("), "{fitted:?}");
}

#[test]
fn samples_without_an_error_have_an_infinite_psnr() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export ae --epochs 1 --hidden 16 --latent 4 --out model");
    let text = sandbox.run_ok("denoise model --part test --noise gaussian:0 --out x.npy").stdout;
    let before = text.lines().find(|line| line.trim_start().starts_with("before")).expect("a line");
    assert_eq!(before.split_whitespace().collect::<Vec<_>>(), ["before", "inf", "inf", "inf", "inf", "inf", "inf"]);
    assert!(!text.contains("NaN") && !text.contains("not in the figures"), "{text}");
}
