//! Answers of the explorer are those of the other commands, for every kind of model and form of data.

use std::fmt::Write;

use ndarray::{Array1, Array4, ArrayD};
use serde_json::{Value, json};

use super::client::{Server, matrix};
use crate::sandbox::Sandbox;

fn zoo(kind: &str) -> String {
    format!("{}/../models/zoo/{kind}", env!("CARGO_MANIFEST_DIR"))
}

/// Asserts that values are equal up to the rounding of another batch size.
fn assert_close(found: &Value, expected: &ArrayD<f32>, what: &str) {
    let found: Vec<f32> = match found[0] {
        Value::Array(_) => matrix(found).concat(),
        _ => matrix(&json!([found])).concat(),
    };
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-5 * expected.abs().max(1.0), "{what}: {found} {expected}");
    }
}

/// Compares every answer with the output of the command that does the same.
fn check(sandbox: &Sandbox, model: &str, arguments: &str) {
    let server = Server::start(sandbox, &format!("{model} {arguments}"));
    let description = server.model();
    let rows = server.ask("/api/row", &json!({ "rows": [0, 1, 2] }));
    let takes_labels = description["takes_labels"] == true;
    let label = rows["classes"][0].clone();
    assert_eq!(label.is_string(), takes_labels);
    let with_label = |mut fields: Value| {
        if takes_labels {
            fields["label"] = label.clone();
        }
        fields
    };
    let samples = matrix(&rows["samples"]);
    let shape = description["shape"].as_array().expect("a shape").iter().map(|side| side.as_u64().expect("a number"));
    let shape: Vec<usize> = std::iter::once(3).chain(shape.map(|side| side as usize)).collect();
    assert_eq!(shape[1..].iter().product::<usize>(), samples[0].len());
    sandbox.write_npy("x.npy", &ArrayD::from_shape_vec(shape, samples.concat()).expect("an array"));
    let (labels, class) = match label.as_str() {
        Some(name) => {
            let index = description["classes"].as_array().expect("classes").iter().position(|class| *class == label);
            sandbox.write_npy("l.npy", &Array1::from_elem(3, index.expect("a known class") as i64));
            ("--labels l.npy".to_owned(), format!("--label {name}"))
        }
        None => (String::new(), String::new()),
    };

    let ask = |path: &str, fields: Value| server.ask(&format!("/api/{path}"), &with_label(fields));
    let run = |line: String| {
        sandbox.run_ok(&line);
        sandbox.read_npy("out.npy")
    };
    let codes = run(format!("encode {model} --data x.npy {labels} --out out.npy"));
    let found = ask("encode", json!({ "samples": rows["samples"] }));
    assert_close(&found["codes"], &codes, "encode");
    sandbox.write_npy("codes.npy", &codes);
    let decoded = run(format!("decode {model} --codes codes.npy {class} --out out.npy"));
    assert_close(&ask("decode", json!({ "codes": found["codes"] }))["samples"], &decoded, "decode");
    let reconstructed = ask("reconstruct", json!({ "samples": rows["samples"] }));
    assert_close(&reconstructed["samples"], &decoded, "reconstruct");
    let scores = ask("score", json!({ "samples": rows["samples"] }));
    let expected = run(format!("score {model} --data x.npy {labels} --binarize none --out out.npy"));
    assert_close(&scores["reconstruction"], &expected, "score");
    assert!(
        scores["part_below"]
            .as_array()
            .expect("a list")
            .iter()
            .all(|part| (0.0..=1.0).contains(&part.as_f64().expect("a number")))
    );
    let expected = run(format!("denoise {model} --data x.npy {labels} --noise gaussian:0.3 --seed 4 --out out.npy"));
    let noisy = server.ask("/api/corrupt", &json!({ "samples": rows["samples"], "noise": "gaussian:0.3", "seed": 4 }));
    assert_close(&ask("reconstruct", json!({ "samples": noisy["samples"] }))["samples"], &expected, "denoise");
    if description["can_generate"] == true {
        let expected = run(format!("generate {model} --count 3 --seed 5 --temperature 0.8 {class} --out out.npy"));
        let found = ask("generate", json!({ "count": 3, "seed": 5, "temperature": 0.8 }));
        assert_close(&found["samples"], &expected, "generate");
        assert_close(&ask("decode", json!({ "codes": found["codes"] }))["samples"], &expected, "codes of generate");
    } else {
        assert_eq!(server.post("/api/generate", &with_label(json!({}))).status, 400);
    }
    let ends = matrix(&found["codes"]);
    let way = ask("blend", json!({ "from": ends[0], "to": ends[1], "steps": 5, "interpolation": "spherical" }));
    let way = matrix(&way["codes"]);
    assert!(way.len() == 5 && way[0] == ends[0] && way[4] == ends[1]);

    let points: Value = serde_json::from_str(&server.get("/api/rows").body).expect("JSON");
    let plane = &points["plane"];
    assert_eq!(
        plane["points"].as_array().expect("points").len() as u64,
        description["rows"].as_u64().expect("a number")
    );
    check_plane(plane, &matrix(&rows["codes"]));
    assert!(server.get("/").body.contains("Latent space"));
}

/// The coordinates of a code are its projections to the axes, which are orthonormal.
fn check_plane(plane: &Value, codes: &[Vec<f32>]) {
    let vector = |name: &str| matrix(&json!([plane[name]])).concat();
    let (origin, across, up) = (vector("origin"), vector("across"), vector("up"));
    let product = |one: &[f32], other: &[f32]| one.iter().zip(other).map(|(one, other)| one * other).sum::<f32>();
    assert!((product(&across, &across) - 1.0).abs() < 1e-4 && product(&across, &up).abs() < 1e-4);
    for (code, point) in codes.iter().zip(matrix(&plane["points"])) {
        let from_origin: Vec<f32> = code.iter().zip(&origin).map(|(value, origin)| value - origin).collect();
        assert!((product(&from_origin, &across) - point[0]).abs() < 1e-3 * (1.0 + point[0].abs()));
        assert!((product(&from_origin, &up) - point[1]).abs() < 1e-3 * (1.0 + point[1].abs()));
    }
}

#[test]
fn answers_for_every_model_of_the_zoo_are_those_of_the_commands() {
    for kind in ["pca", "ae", "dae", "wae", "vae", "cvae", "conv-vae", "conv-cvae"] {
        check(&Sandbox::new(), &zoo(kind), "");
    }
    check(&Sandbox::new(), &zoo("cvae"), "--data digits --rows 50 --live-only");
}

#[test]
fn a_table_has_its_columns_and_the_classes_of_the_data() {
    let sandbox = Sandbox::new();
    let mut text = "height,\"weight <b>, kg\",age,kind\n".to_owned();
    for row in 0..60 {
        let (a, b) = ((row as f32 * 0.7).sin() * 40.0, (row as f32 * 1.3).cos());
        writeln!(text, "{a},{b},{},{}", a - 2.0 * b, ["cat", "dog"][row % 2]).expect("written to memory");
    }
    sandbox.write("t.csv", text);
    sandbox.run_ok("train-export pca --data t.csv --label-column kind --latent 2 --out model");
    check(&sandbox, "model", "--data t.csv --label-column kind --rows 20");
    let server = Server::start(&sandbox, "model --data t.csv --label-column kind --rows 20 --live-only");
    let model = server.model();
    assert_eq!((&model["form"], &model["rows"]), (&json!("table"), &json!(20)));
    assert_eq!(model["columns"], json!(["height", "weight <b>, kg", "age"]));
    assert_eq!(model["source"], "20 of the 60 rows of t.csv");
    let points: Value = serde_json::from_str(&server.get("/api/rows").body).expect("JSON");
    assert_eq!(points["names"], json!(["cat", "dog"]));
    let rows = server.ask("/api/row", &json!({ "rows": [0, 19] }));
    for (number, label) in
        rows["numbers"].as_array().expect("numbers").iter().zip(rows["labels"].as_array().expect("labels"))
    {
        assert_eq!(label, ["cat", "dog"][number.as_u64().expect("a number") as usize % 2]);
    }
}

#[test]
fn series_windows_and_colour_images_are_explored_with_and_without_data() {
    let sandbox = Sandbox::new();
    let mut text = "time,a,b\n".to_owned();
    for step in 0..200 {
        let angle = step as f32 / 5.0;
        writeln!(text, "{step},{},{}", angle.sin(), 100.0 + (angle * 1.7).cos()).expect("written to memory");
    }
    sandbox.write("r.csv", text);
    sandbox.run_ok("train-export pca --data r.csv --window 8 --time-column time --latent 3 --out windows");
    let server = Server::start(&sandbox, "windows --data r.csv --live-only");
    let model = server.model();
    assert_eq!(
        (&model["form"], &model["shape"], &model["columns"]),
        (&json!("series"), &json!([2, 8]), &json!(["a", "b"]))
    );
    drop(server);
    check(&sandbox, "windows", "");

    let colours = Array4::from_shape_fn((40, 4, 5, 3), |(row, y, x, channel)| {
        ((row * 37 + y * 11 + x * 5 + channel * 80) % 256) as u8
    });
    sandbox.write_npy("c.npy", &colours);
    sandbox.run_ok("train-export pca --data c.npy --latent 1 --out colours");
    check(&sandbox, "colours", "--data c.npy");
    check(&sandbox, "colours", "");
    let server = Server::start(&sandbox, "colours");
    assert_eq!((&server.model()["form"], &server.model()["shape"]), (&json!("image"), &json!([4, 5, 3])));
    assert!(server.get("/").body.contains("id=\"drawing\""));
}
