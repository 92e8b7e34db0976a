//! Generating, walking through the latent space, and removing noise.

use std::fmt::Write;

use ndarray::{Array1, Array2, ArrayD, Axis, Ix2};
use serde_json::Value;

use crate::{
    refusal::{assert_refused, check_refusal},
    round_trips::assert_close,
    sandbox::Sandbox,
};

fn sandbox(kind: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run_ok(&format!("train-export {kind} --epochs 2 --hidden 16 --latent 4 --out model"));
    sandbox
}

fn matrix(sandbox: &Sandbox, name: &str) -> Array2<f32> {
    sandbox.read_npy(name).into_dimensionality::<Ix2>().expect("rows")
}

/// Reads a table of numbers: the names of its columns, and its rows.
fn csv(sandbox: &Sandbox, name: &str) -> (Vec<String>, Vec<Vec<f64>>) {
    let text = sandbox.read_text(name);
    let mut lines = text.lines();
    let names = lines.next().expect("a header").split(',').map(str::to_owned).collect();
    (names, lines.map(|line| line.split(',').map(|cell| cell.parse().expect("a number")).collect()).collect())
}

/// Returns the width and height of a PNG or GIF in pixels.
fn size(sandbox: &Sandbox, name: &str) -> (u32, u32) {
    let bytes = std::fs::read(sandbox.path(name)).expect("a picture");
    let big = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    let little = |at: usize| u32::from(u16::from_le_bytes(bytes[at..at + 2].try_into().expect("two bytes")));
    match &bytes[..4] {
        b"\x89PNG" => (big(16), big(20)),
        b"GIF8" => (little(6), little(8)),
        other => panic!("{name} begins with {other:?}"),
    }
}

/// A table with four related columns.
fn write_table(sandbox: &Sandbox) {
    let mut text = "flow,pressure,power,heat\n".to_owned();
    for row in 0..200 {
        let (load, weather) = ((row * 37 % 101) as f32 / 50.0, (row * 17 % 31) as f32 / 10.0);
        writeln!(text, "{},{},{},{}", 20.0 + 60.0 * load, 6.0 - load, load * 1.5, weather + load).expect("in memory");
    }
    sandbox.write("table.csv", text);
}

#[test]
fn temperature_and_truncation_limit_the_samples() {
    let sandbox = sandbox("vae");
    sandbox.run_ok("generate model --count 50 --out plain.npy");
    sandbox.run_ok("generate model --count 50 --temperature 1 --truncate 100 --out same.npy");
    sandbox.run_ok("generate model --count 3 --temperature 0 --out mean.npy");
    sandbox.run_ok("generate model --count 50 --truncate 0.001 --out tight.npy");
    sandbox.write_npy("zeros.npy", &Array2::<f32>::zeros((3, 4)));
    sandbox.run_ok("decode model --codes zeros.npy --out zeros-decoded.npy");
    assert_eq!(sandbox.read_npy("plain.npy"), sandbox.read_npy("same.npy"));
    let mean = sandbox.read_npy("mean.npy");
    assert_close(&mean, &sandbox.read_npy("zeros-decoded.npy"));
    let spread = |name: &str| {
        let mean = mean.index_axis(Axis(0), 0);
        let samples = sandbox.read_npy(name);
        samples
            .outer_iter()
            .map(|sample| (&sample - &mean).iter().map(|x| x.abs()).fold(0.0, f32::max))
            .fold(0.0, f32::max)
    };
    assert!(spread("tight.npy") < 0.1 && spread("plain.npy") > 1.0);
}

#[test]
fn a_grid_has_its_columns_and_rows_and_small_images_are_magnified() {
    let sandbox = sandbox("cvae");
    let cells = |count: u32| count * 58 + 2;
    for (line, name, expected) in [
        ("generate model --label 7 --grid 12x5 --out grid.png", "grid.png", (cells(12), cells(5))),
        // One column per class.
        ("generate model --out turns.png", "turns.png", (cells(10), cells(7))),
        ("generate model --label 7 --count 64 --out square.png", "square.png", (cells(8), cells(8))),
        ("interpolate model --from 0 --to 9 --steps 12 --out strip.png", "strip.png", (cells(12), cells(1))),
        ("interpolate model --from 0 --to 9 --steps 12 --out walk.gif", "walk.gif", (228, 228)),
        ("traverse model --label 3 --steps 9 --out traverse.png", "traverse.png", (cells(9), cells(4))),
        ("traverse model --row 3 --steps 9 --dimensions 0,1,2 --out one.gif", "one.gif", (2 * 226 + 2, 2 * 226 + 2)),
        ("manifold model --label 3 --grid 7x6 --out map.png", "map.png", (cells(7), cells(6))),
    ] {
        sandbox.run_ok(line);
        assert_eq!(size(&sandbox, name), expected, "{line}");
    }
    // A loop forwards and back has twice the steps without both ends; each frame has one graphic control extension.
    let gif = std::fs::read(sandbox.path("walk.gif")).expect("a picture");
    let frames = gif.windows(4).filter(|bytes| bytes == b"\x21\xf9\x04\x04" || bytes == b"\x21\xf9\x04\x00").count();
    assert_eq!(frames, 22);
}

#[test]
fn a_walk_between_rows_begins_and_ends_with_their_reconstructions() {
    let sandbox = sandbox("ae");
    sandbox.run_ok("reconstruct model --part test --out all.npy");
    sandbox.run_ok("encode model --part test --out z.npy");
    let (all, codes) = (sandbox.read_npy("all.npy"), matrix(&sandbox, "z.npy"));
    for path in ["linear", "spherical"] {
        sandbox
            .run_ok(&format!("interpolate model --part test --from 200 --to 7 --steps 5 --path {path} --out walk.npy"));
        let walk = sandbox.read_npy("walk.npy");
        assert_close(&walk.select(Axis(0), &[0, 4]), &all.select(Axis(0), &[200, 7]));
        let middle = match path {
            "linear" => (&codes.row(200) + &codes.row(7)) / 2.0,
            _ => {
                let [from, to] = [codes.row(200), codes.row(7)];
                let norm = |code: &Array1<f32>| code.dot(code).sqrt();
                let (from_norm, to_norm) = (norm(&from.to_owned()), norm(&to.to_owned()));
                let direction = &from / from_norm + &to / to_norm;
                let length = norm(&direction);
                direction * ((from_norm + to_norm) / 2.0 / length)
            }
        };
        sandbox.write_npy("middle.npy", &middle.insert_axis(Axis(0)));
        sandbox.run_ok("decode model --codes middle.npy --out middle-decoded.npy");
        assert_close(&walk.select(Axis(0), &[2]), &sandbox.read_npy("middle-decoded.npy"));
    }
}

#[test]
fn a_walk_between_classes_keeps_the_code_and_begins_and_ends_with_the_classes() {
    let sandbox = sandbox("cvae");
    sandbox.run_ok("interpolate model --from-class 3 --to-class 8 --steps 5 --seed 4 --out walk.npy");
    for (class, row) in [(3, 0), (8, 4)] {
        sandbox.run_ok(&format!("generate model --label {class} --count 1 --seed 4 --out end.npy"));
        assert_close(&sandbox.read_npy("walk.npy").select(Axis(0), &[row]), &sandbox.read_npy("end.npy"));
    }
    // Rows 0 and 1 of the test part are different digits: codes and classes move.
    sandbox.run_ok("reconstruct model --part test --out all.npy");
    sandbox.run_ok("interpolate model --part test --from 0 --to 1 --steps 3 --out walk.npy");
    let walk = sandbox.read_npy("walk.npy");
    assert_close(&walk.select(Axis(0), &[0, 2]), &sandbox.read_npy("all.npy").select(Axis(0), &[0, 1]));
}

#[test]
fn a_sample_keeps_its_style_in_another_class() {
    let sandbox = sandbox("cvae");
    sandbox.run_ok("encode model --part test --out z.npy");
    sandbox.run_ok("decode model --codes z.npy --label 7 --out expected.npy");
    sandbox.run_ok("reconstruct model --part test --to 7 --out sevens.npy");
    sandbox.run_ok("reconstruct model --part test --to 7 --out sevens.png");
    sandbox.run_ok("reconstruct model --part test --out own.npy");
    assert_close(&sandbox.read_npy("sevens.npy"), &sandbox.read_npy("expected.npy"));
    assert_ne!(sandbox.read_npy("sevens.npy"), sandbox.read_npy("own.npy"));
}

#[test]
fn a_traversal_of_a_model_without_a_prior_spans_the_codes_of_the_data() {
    let sandbox = Sandbox::new();
    write_table(&sandbox);
    sandbox.run_ok("train-export pca --data table.csv --latent 2 --out model");
    sandbox.run_ok("encode model --data table.csv --out z.npy");
    sandbox.run_ok("traverse model --data table.csv --range 2 --steps 5 --out walk.csv");
    let codes = matrix(&sandbox, "z.npy").mapv(f64::from);
    let (names, rows) = csv(&sandbox, "walk.csv");
    assert_eq!(names, ["dimension", "value", "flow", "pressure", "power", "heat"]);
    assert_eq!(rows.len(), 10);
    for (index, row) in rows.iter().enumerate() {
        let (dimension, step) = (index / 5, index % 5);
        let column = codes.column(dimension);
        let expected = column.mean().expect("rows") + (step as f64 - 2.0) * column.std(0.0);
        assert!((row[0] - dimension as f64).abs() < 1e-9 && (row[1] - expected).abs() < 1e-4 * expected.abs().max(1.0));
    }
    // From a row, the other dimension is that of the row.
    sandbox.run_ok("traverse model --data table.csv --row 11 --dimensions 1 --steps 3 --out row.npy");
    let mut expected = matrix(&sandbox, "z.npy").select(Axis(0), &[11, 11, 11]);
    let column = codes.column(1);
    for (step, code) in expected.column_mut(1).iter_mut().enumerate() {
        *code = (column.mean().expect("rows") + (step as f64 - 1.0) * 3.0 * column.std(0.0)) as f32;
    }
    sandbox.write_npy("expected.npy", &expected);
    sandbox.run_ok("decode model --codes expected.npy --out decoded.npy");
    assert_close(&sandbox.read_npy("row.npy"), &sandbox.read_npy("decoded.npy"));
    sandbox.run_ok("decode model --codes z.npy --out names.csv");
    assert_eq!(csv(&sandbox, "names.csv").0, ["flow", "pressure", "power", "heat"]);
}

#[test]
fn a_map_has_the_quantiles_of_the_prior() {
    let sandbox = sandbox("vae");
    sandbox.run_ok("manifold model --dimensions 2,0 --grid 3x2 --out map.csv");
    sandbox.run_ok("manifold model --dimensions 2,0 --grid 3x2 --out map.npy");
    let (names, rows) = csv(&sandbox, "map.csv");
    assert_eq!(names[..3], ["z2", "z0", "x0"]);
    let mut codes = Array2::<f32>::zeros((6, 4));
    for (index, row) in rows.iter().enumerate() {
        let expected = [[-0.967_421_57, 0.0, 0.967_421_57][index % 3], [-0.674_489_75, 0.674_489_75][index / 3]];
        assert!((row[0] - expected[0]).abs() < 1e-6 && (row[1] - expected[1]).abs() < 1e-6, "{row:?}");
        (codes[[index, 2]], codes[[index, 0]]) = (row[0] as f32, row[1] as f32);
    }
    sandbox.write_npy("codes.npy", &codes);
    sandbox.run_ok("decode model --codes codes.npy --out decoded.npy");
    assert_close(&sandbox.read_npy("map.npy"), &sandbox.read_npy("decoded.npy"));
}

#[test]
fn noise_is_removed_and_measured() {
    let sandbox = sandbox("dae");
    let report = |line: &str| -> Value { serde_json::from_str(&sandbox.run_ok(line).stdout).expect("JSON") };
    // The scaled noise of a mask with probability 1 is an image without any pixel.
    let masked = report("denoise model --part test --noise masking:1 --out x.npy --json");
    assert_eq!((&masked["rows"], &masked["range"]), (&360.into(), &serde_json::json!([0.0, 16.0])));
    sandbox.write_npy("black.npy", &ArrayD::<f32>::zeros(vec![360, 8, 8]));
    sandbox.run_ok("reconstruct model --data black.npy --out expected.npy");
    assert_close(&sandbox.read_npy("x.npy"), &sandbox.read_npy("expected.npy"));

    // A clean file, with the PSNR by hand.
    let clean = ArrayD::from_shape_fn(vec![20, 64], |index| ((index[0] * 5 + index[1] * 3) % 17) as f32);
    let noisy = ArrayD::from_shape_fn(vec![20, 64], |index| {
        let noise = ((index[0] * 7 + index[1] * 11) % 5) as f32 / 2.0 - 1.0;
        if index[0] == 4 { clean[[4, index[1]]] } else { clean[[index[0], index[1]]] + noise }
    });
    sandbox.write_npy("clean.npy", &clean);
    sandbox.write_npy("noisy.npy", &noisy);
    let found = report("denoise model --data noisy.npy --clean clean.npy --out x.npy --json");
    let denoised = sandbox.read_npy("x.npy").into_shape_with_order(vec![20, 64]).expect("the same values");
    let psnr = |rows: &ArrayD<f32>| -> Vec<f64> {
        let errors = clean.outer_iter().zip(rows.outer_iter());
        let mse = errors.map(|(clean, row)| (&clean - &row).mapv(|x| f64::from(x).powi(2)).mean().expect("features"));
        mse.map(|mse| 10.0 * (16.0_f64.powi(2) / mse).log10()).filter(|psnr| psnr.is_finite()).collect()
    };
    for (when, expected) in [("before", psnr(&noisy)), ("after", psnr(&denoised))] {
        let mean = expected.iter().sum::<f64>() / expected.len() as f64;
        let found = &found["psnr"][when];
        assert!((found["mean"].as_f64().expect("a number") - mean).abs() < 1e-4, "{when}: {found}, expected {mean}");
        assert_eq!(found["infinite"], 20 - expected.len());
    }
    let plain = report("denoise model --data noisy.npy --out y.npy --json");
    assert_eq!(plain, serde_json::json!({ "rows": 20, "notes": [] }));
    assert_eq!(sandbox.read_npy("x.npy").shape(), sandbox.read_npy("y.npy").shape());
    let text = sandbox.run_ok("denoise model --part test --noise gaussian:0.3 --seed 2 --out denoised.png").stdout;
    assert!(text.contains("PSNR in dB") && text.contains("over 360 test rows, for values from 0 to 16"), "{text}");
    assert_eq!(size(&sandbox, "denoised.png"), (16 * 58 + 2, 3 * 58 + 2));
}

#[test]
fn every_kind_takes_every_verb_or_says_why_not() {
    for kind in ["pca", "ae", "dae", "wae", "vae", "cvae"] {
        let sandbox = Sandbox::new();
        let options = if kind == "pca" { "" } else { "--epochs 1 --hidden 16" };
        sandbox.run_ok(&format!("train-export {kind} {options} --latent 3 --out model"));
        let has_prior = ["wae", "vae", "cvae"].contains(&kind);
        let label = if kind == "cvae" { "--label 2" } else { "" };
        for file in ["x.png", "x.gif", "x.npy", "x.csv", "x.parquet"] {
            sandbox.run_ok(&format!("interpolate model --from 1 --to 5 --steps 4 --out {file}"));
            sandbox.run_ok(&format!("traverse model --data digits {label} --steps 3 --out {file}"));
            if file != "x.gif" {
                sandbox.run_ok(&format!("manifold model --data digits {label} --grid 4x3 --out {file}"));
                sandbox.run_ok(&format!("denoise model --part test --noise salt-pepper:0.1 --out {file}"));
            }
        }
        if !has_prior {
            assert_refused([
                check_refusal(&sandbox, "interpolate model --out x.png", &["no prior", "--from", "--to"]),
                check_refusal(&sandbox, "traverse model --out x.png", &["no prior", "--data"]),
                check_refusal(&sandbox, "manifold model --out x.png", &["no prior", "--data"]),
                check_refusal(&sandbox, "generate model --out x.png", &["no prior"]),
            ]);
            // A fitted sampler takes the place of the prior.
            sandbox.run_ok("fit-prior model --data digits --components 2");
            for verb in ["interpolate", "traverse", "manifold", "generate --temperature 0.5 --truncate 2"] {
                let (verb, flags) = verb.split_once(' ').unwrap_or((verb, ""));
                sandbox.run_ok(&format!("{verb} model {flags} --out x.png"));
            }
        }
    }
}

#[test]
fn series_and_colour_images_are_drawn_and_recordings_have_one_row_per_step() {
    let sandbox = Sandbox::new();
    let mut text = "time,a,b\n".to_owned();
    for step in 0..200 {
        let angle = step as f32 / 5.0;
        writeln!(text, "{step},{},{}", angle.sin(), 3.0 + 2.0 * angle.cos()).expect("in memory");
    }
    sandbox.write("r.csv", &text);
    sandbox.run_ok(
        "train-export vae --data r.csv --window 8 --hop 4 --time-column time --architecture mlp --hidden 8 --latent 2 \
         --epochs 1 --out model",
    );
    sandbox.run_ok("interpolate model --steps 6 --out x.gif");
    sandbox.run_ok("interpolate model --data r.csv --from 0 --to 9 --out x.png");
    sandbox.run_ok("traverse model --steps 3 --out x.png");
    assert_eq!(size(&sandbox, "x.png").0, 7 * 16 + 3 * 424);
    sandbox.run_ok("manifold model --grid 3x3 --out x.png");
    sandbox.run_ok("generate model --grid 2x3 --out x.png");
    sandbox.run_ok("generate model --count 3 --out g.csv");
    let (names, rows) = csv(&sandbox, "g.csv");
    assert_eq!((names.len(), &names[0][..], &names[9][..], rows.len()), (16, "a_0", "b_1", 3));
    sandbox.run_ok("denoise model --data r.csv --noise gaussian:0.1 --out d.csv");
    sandbox.run_ok("denoise model --data r.csv --noise gaussian:0.1 --out d.png");
    let (names, rows) = csv(&sandbox, "d.csv");
    assert_eq!((names, rows.len()), (vec!["time".to_owned(), "a".to_owned(), "b".to_owned()], 200));
    sandbox.run_ok("denoise model --data r.csv --noise gaussian:0 --out d.csv");
    sandbox.run_ok("reconstruct model --data r.csv --out r2.csv");
    assert_eq!(sandbox.read_text("d.csv"), sandbox.read_text("r2.csv"));

    let images =
        ArrayD::from_shape_fn(vec![40, 6, 9, 3], |index| ((index[0] * 5 + index[2] * 20 + index[3]) % 256) as u8);
    sandbox.write_npy("colour.npy", &images);
    sandbox
        .run_ok("train-export ae --data colour.npy --architecture mlp --hidden 8 --latent 2 --epochs 1 --out colour");
    sandbox.run_ok("interpolate colour --data colour.npy --from 0 --to 9 --out x.gif");
    assert_eq!(size(&sandbox, "x.gif"), (9 * 24 + 4, 6 * 24 + 4));
    sandbox.run_ok("denoise colour --data colour.npy --noise masking:0.2 --out x.png");
    assert_eq!(size(&sandbox, "x.png"), (16 * (9 * 10 + 2) + 2, 3 * (6 * 10 + 2) + 2));
}

#[test]
fn impossible_walks_and_noises_are_refused() {
    let sandbox = sandbox("vae");
    write_table(&sandbox);
    sandbox.run_ok("train-export vae --data table.csv --epochs 1 --hidden 8 --latent 1 --out table");
    sandbox.run_ok("train-export cvae --epochs 1 --hidden 8 --latent 2 --out classes");
    let digits = ArrayD::<f32>::zeros(vec![30, 64]);
    sandbox.write_npy("digits.npy", &digits);
    sandbox.write_npy("few.npy", &ArrayD::<f32>::zeros(vec![29, 64]));
    let case = |line: &str, mentions: &[&str]| check_refusal(&sandbox, line, mentions);
    assert_refused([
        case("interpolate model --from 0 --to 5000 --out x.npy", &["no row 5000", "1797", "counted from 0"]),
        case("interpolate model --from-class 1 --to-class 2 --out x.npy", &["takes no class", "--from-class"]),
        case("interpolate classes --out x.npy", &["needs classes", "--from-class", "`0`, `1`, `2`"]),
        case("interpolate classes --from-class 1 --to-class ten --out x.npy", &["no class `ten`"]),
        case("interpolate model --out x.txt", &["x.txt", ".gif"]),
        case("traverse model --dimensions 9 --out x.npy", &["no latent dimension 9", "0 to 3"]),
        case("traverse classes --out x.npy", &["--label", "--row"]),
        case("traverse table --out x.png", &["[4]", "cannot be drawn", ".csv"]),
        case("traverse model --dimensions 0 --steps 99999999999 --out x.npy", &["99999999999 samples"]),
        case("manifold model --grid 99999x99999 --out x.png", &["--grid 99999x99999", "lower --grid"]),
        case("manifold table --out x.npy", &["one latent dimension", "traverse"]),
        case("manifold model --dimensions 1,1 --out x.npy", &["1 twice"]),
        case("manifold model --dimensions 1 --out x.npy", &["two dimensions"]),
        case("manifold model --out x.gif", &["x.gif", ".png"]),
        case("manifold classes --out x.npy", &["--label"]),
        case("generate model --grid 3x3 --out x.npy", &["--grid", ".png"]),
        case("reconstruct model --to 7 --out x.npy", &["takes no class", "--to"]),
        case("reconstruct classes --to ten --out x.npy", &["no class `ten`"]),
        case("denoise model --data digits.npy --clean few.npy --out x.npy", &["few.npy", "only 29 rows"]),
        case("denoise model --data few.npy --clean digits.npy --out x.npy", &["digits.npy", "more rows", "29"]),
        case("denoise model --data digits.npy --clean digits.npy --out digits.npy", &["digits.npy"]),
        case("denoise table --data table.csv --noise gaussian:0.1 --out x.png", &["[4]", "cannot be drawn"]),
    ]);
    let usage = |line: &str, mention: &str| {
        let outcome = sandbox.run(line);
        assert!(outcome.code == Some(2) && outcome.stderr.contains(mention), "{line}: {outcome:?}");
    };
    usage("interpolate model --from 3 --out x.npy", "--to");
    usage("denoise model --noise snow:1 --out x.npy", "`snow:1` is not a noise");
    usage("denoise model --noise gaussian:1 --clean digits.npy --out x.npy", "--clean");
}
