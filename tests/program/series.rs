//! Series, and windows of recordings: training, and results per time step.

use std::fmt::Write;

use ndarray::{Array2, Array3, ArrayD, Axis, Ix2, Ix3};
use serde_json::Value;

use crate::{
    refusal::{assert_refused, check_refusal},
    sandbox::Sandbox,
};

const STEPS: usize = 200;
const WINDOW: usize = 8;

/// Two channels with a fixed relation, except for some noise. `time` jumps after step 99, and `machine` changes after
/// step 149.
fn values(step: usize) -> [f32; 2] {
    let angle = step as f32 / 5.0;
    let noise = (step * 7919 % 13) as f32 / 50.0;
    [angle.sin() + noise, 100.0 + 20.0 * (angle + 0.5).cos() - noise]
}

fn recording(spike: Option<usize>) -> String {
    let mut text = "time,machine,a,b,state\n".to_owned();
    for step in 0..STEPS {
        let [a, b] = values(step);
        let a = if spike == Some(step) { a + 6.0 } else { a };
        let time = if step < 100 { step } else { step + 50 };
        let machine = if step < 150 { "m1" } else { "m2" };
        let state = if (step / 10) % 2 == 0 { "on" } else { "off" };
        writeln!(text, "{time},{machine},{a},{b},{state}").expect("written to memory");
    }
    text
}

/// A model of windows of 8 steps of the recording.
fn sandbox(options: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("r.csv", recording(None));
    sandbox.run_ok(&format!(
        "train-export pca --data r.csv --ignore state --window {WINDOW} {options} --latent 3 --time-column time \
         --group-column machine --out model"
    ));
    sandbox
}

fn csv(sandbox: &Sandbox, name: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let text = sandbox.read_text(name);
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect());
    (lines.next().expect("a header"), lines.collect())
}

#[test]
fn series_of_an_array_train_export_and_encode() {
    let sandbox = Sandbox::new();
    // The shape of the data set JapaneseVowels: 12 coefficients over 25 steps.
    let vowels = Array3::from_shape_fn((60, 12, 25), |(row, channel, step)| {
        ((row * 7 + channel * 3) as f32 / 11.0 + step as f32 / 4.0).sin() * (1 + channel) as f32
    });
    sandbox.write_npy("vowels.npy", &vowels);
    sandbox.run_ok(
        "train-export ae --data vowels.npy --sample series --architecture mlp --hidden 16 --epochs 2 --out model",
    );
    let manifest: Value = serde_json::from_str(&sandbox.read_text("model/manifest.json")).expect("JSON");
    assert_eq!((&manifest["sample"]["kind"], &manifest["sample"]["windows"]), (&Value::from("series"), &Value::Null));
    // Each channel has one scaling.
    let scale = manifest["scaling"]["scale"].as_array().expect("scales");
    assert!(scale.len() == 300 && scale[0] == scale[24] && scale[0] != scale[25]);
    sandbox.run_ok("verify model");
    assert!(sandbox.run_ok("inspect model").stdout.contains("a series"));
    sandbox.run_ok("encode model --data vowels.npy --out z.npy");
    assert_eq!(sandbox.read_npy("z.npy").shape(), [60, 8]);
    sandbox.run_ok("reconstruct model --data vowels.npy --out x.npy");
    assert_eq!(sandbox.read_npy("x.npy").shape(), [60, 12, 25]);
}

#[test]
fn every_command_cuts_a_recording_as_the_model_was_trained() {
    let sandbox = sandbox("--hop 4");
    let manifest: Value = serde_json::from_str(&sandbox.read_text("model/manifest.json")).expect("JSON");
    assert_eq!(
        manifest["sample"]["windows"],
        serde_json::json!({ "window": 8, "hop": 4, "time_column": "time", "group_column": "machine" })
    );
    // The stretches have 100, 50 and 50 steps.
    let note = "`r.csv`: 200 time steps, 46 windows, 1 gap in time; 4 steps are in no window";
    let outcome = sandbox.run_ok("encode model --data r.csv --out z.csv");
    assert!(outcome.stderr.contains(note), "{}", outcome.stderr);
    let (names, rows) = csv(&sandbox, "z.csv");
    assert_eq!(names[..4], ["step", "time", "machine", "state"]);
    let starts: Vec<usize> = rows.iter().map(|row| row[0].parse().expect("a step")).collect();
    let expected = [(0, 24), (100, 11), (150, 11)].into_iter();
    assert_eq!(
        starts,
        expected.flat_map(|(start, count)| (0..count).map(move |index| start + 4 * index)).collect::<Vec<_>>()
    );
    assert_eq!(rows[24][1..3], ["150", "m1"]);

    sandbox.run_ok("encode model --data r.csv --window 8 --hop 2 --out finer.npy");
    assert_eq!(sandbox.read_npy("finer.npy").shape()[0], 47 + 22 + 22);
    // Windows that are already cut are read as they are.
    sandbox.run_ok("decode model --codes finer.npy --out g.npy");
    sandbox.run_ok("encode model --data g.npy --out again.npy");
    assert_eq!(sandbox.read_npy("again.npy").shape(), [91, 3]);
    // An array has no columns, so it has no gaps.
    let array = Array2::from_shape_fn((STEPS, 2), |(step, channel)| values(step)[channel]);
    sandbox.write_npy("r.npy", &array);
    let outcome = sandbox.run_ok("encode model --data r.npy --out a.npy");
    assert!(outcome.stderr.contains("has no columns, so gaps in time and groups are unknown"), "{}", outcome.stderr);
    assert_eq!(sandbox.read_npy("a.npy").shape()[0], 49);
}

#[test]
fn a_result_of_a_time_step_is_the_mean_over_the_windows_that_contain_it() {
    for (hop, uncovered) in [(1, 0), (3, 2), (11, 64)] {
        let sandbox = sandbox(&format!("--hop {hop}"));
        sandbox.run_ok("encode model --data r.csv --out z.npy");
        sandbox.run_ok("encode model --data r.csv --out z.csv");
        sandbox.run_ok("decode model --codes z.npy --out w.npy");
        let outputs = sandbox.read_npy("w.npy").into_dimensionality::<Ix3>().expect("[windows, channels, window]");
        let manifest: Value = serde_json::from_str(&sandbox.read_text("model/manifest.json")).expect("JSON");
        let scale = |channel: usize| manifest["scaling"]["scale"][channel * WINDOW].as_f64().expect("a scale");
        // [sum of the errors, sum of each channel, number of windows] of each step, by hand.
        let mut steps = vec![[0.0; 4]; STEPS];
        for (row, output) in csv(&sandbox, "z.csv").1.iter().zip(outputs.outer_iter()) {
            let start: usize = row[0].parse().expect("a step");
            for offset in 0..WINDOW {
                let sums = &mut steps[start + offset];
                sums[3] += 1.0;
                for channel in 0..2 {
                    let (x, y) = (values(start + offset)[channel], output[[channel, offset]]);
                    sums[0] += (f64::from(x - y) / scale(channel)).powi(2);
                    sums[1 + channel] += f64::from(y);
                }
            }
        }
        sandbox.run_ok("score model --data r.csv --out s.csv");
        sandbox.run_ok("score model --data r.csv --out s.npy");
        sandbox.run_ok("score model --data r.csv --out s.parquet");
        sandbox.run_ok("reconstruct model --data r.csv --out x.csv");
        sandbox.run_ok("reconstruct model --data r.csv --out x.npy");
        let (names, scores) = csv(&sandbox, "s.csv");
        assert_eq!(names, ["time", "machine", "state", "squared_error", "windows"]);
        let (names, outputs) = csv(&sandbox, "x.csv");
        assert_eq!(names, ["time", "machine", "state", "a", "b"]);
        let array: ArrayD<f32> = sandbox.read_npy("s.npy");
        let means = sandbox.read_npy("x.npy").into_dimensionality::<Ix2>().expect("[steps, channels]");
        assert_eq!((scores.len(), outputs.len(), array.shape(), means.dim()), (STEPS, STEPS, &[STEPS][..], (STEPS, 2)));
        let is_close = |text: &str, expected: f64| (text.parse::<f64>().expect("a number") - expected).abs() < 1e-4;
        for (step, [error, a, b, count]) in steps.iter().enumerate() {
            assert_eq!(scores[step][4].parse(), Ok(*count), "step {step}, hop {hop}");
            if *count == 0.0 {
                assert_eq!((&scores[step][3][..], &outputs[step][3..]), ("", &["".to_owned(), "".to_owned()][..]));
                assert!(array[step].is_nan() && means.index_axis(Axis(0), step).iter().all(|mean| mean.is_nan()));
                continue;
            }
            assert!(is_close(&scores[step][3], error / count), "step {step}, hop {hop}: {:?}", scores[step]);
            assert!(is_close(&outputs[step][3], a / count) && is_close(&outputs[step][4], b / count), "step {step}");
            assert!((f64::from(array[step]) - error / count).abs() < 1e-4);
        }
        let empty = steps.iter().filter(|step| step[3] == 0.0).count();
        assert_eq!(empty, uncovered, "hop {hop}");
        let report = sandbox.run_ok("score model --data r.csv --out s.csv --json").stdout;
        let report: Value = serde_json::from_str(&report).expect("JSON");
        assert_eq!(
            (&report["steps"], &report["gaps"], &report["uncovered"]),
            (&200.into(), &1.into(), &uncovered.into())
        );
        assert!(report["scores"]["squared_error"]["max"].is_f64());
    }
}

#[test]
fn a_spike_has_the_highest_score_at_its_step() {
    let sandbox = sandbox("--hop 1");
    for spike in [3, 98, 120, 199] {
        sandbox.write("spike.csv", recording(Some(spike)));
        sandbox.run_ok("score model --data spike.csv --out s.npy");
        let scores = sandbox.read_npy("s.npy");
        let highest = scores.iter().enumerate().max_by(|one, other| one.1.total_cmp(other.1)).map(|(step, _)| step);
        assert_eq!(highest, Some(spike));
    }
}

#[test]
fn series_are_drawn_as_line_plots() {
    let sandbox = Sandbox::new();
    sandbox.write("r.csv", recording(None));
    sandbox.run_ok(
        "train-export vae --data r.csv --ignore state --window 8 --time-column time --group-column machine --filters 4 \
         --epochs 1 --out model",
    );
    sandbox.run_ok("generate model --count 5 --out g.png");
    sandbox.run_ok("reconstruct model --data r.csv --out r.png");
    sandbox.run_ok("data r.csv --ignore state --window 8 --time-column time --group-column machine --out d.png");
    for name in ["model/samples.png", "model/reconstructions.png", "g.png", "r.png", "d.png"] {
        let png = std::fs::read(sandbox.path(name)).expect("a picture");
        let width = u32::from_be_bytes(png[16..20].try_into().expect("four bytes"));
        // Byte 25 is the type of colour, 2 for RGB. Images of two-dimensional samples are grey.
        assert_eq!((width > 900, png[25]), (true, 2), "{name}");
    }
}

#[test]
fn windows_train_resume_and_transfer() {
    let sandbox = Sandbox::new();
    sandbox.write("r.csv", recording(None));
    let data = "--data r.csv --window 8 --hop 2 --time-column time --group-column machine --label-column state";
    let outcome = sandbox.run_ok(&format!(
        "train vae {data} --architecture mlp --hidden 8 --latent 2 --epochs 2 --valid-fraction 0.2 --run run"
    ));
    assert!(
        outcome.stderr.contains("70 training rows, 18 validation rows at the end (without 3 windows before them"),
        "{}",
        outcome.stderr
    );
    sandbox.run_ok("export run --out model");
    let outcome = sandbox.run_ok("transfer model --data r.csv --label-column state --out classifier");
    assert!(
        outcome.stderr.contains("training recording: 200 time steps, 91 windows, 1 gap in time"),
        "{}",
        outcome.stderr
    );
    sandbox.run_ok("classify classifier --data r.csv --label-column state --out p.csv");
    let (names, rows) = csv(&sandbox, "p.csv");
    assert_eq!((&names[..4], rows.len()), (&["step", "time", "machine", "state"].map(String::from)[..], 91));
    // The label of a window is that of its last step: the window that starts at step 2 ends at step 9.
    assert_eq!((&rows[1][3][..], &rows[2][3][..]), ("on", "off"));
}

#[test]
fn impossible_windows_are_refused() {
    let sandbox = sandbox("--hop 4");
    let before = recording(None);
    sandbox.write("back.csv", before.replace("\n3,m1", "\n1,m1"));
    sandbox.write("short.csv", before.lines().take(6).collect::<Vec<_>>().join("\n"));
    sandbox.write("hole.csv", before.replacen("\n3,m1,", "\n3,m1,,", 1).replacen(",on\n4,", "\n4,", 1));
    let train = "train pca --ignore state,machine --data";
    assert_refused([
        check_refusal(
            &sandbox,
            "encode model --data r.csv --window 16 --out z.npy",
            &["--window is 16", "windows of 8"],
        ),
        check_refusal(&sandbox, "score model --data r.csv --by reconstruction --out s.csv", &["squared_error", "--by"]),
        check_refusal(&sandbox, "score model --data short.csv --out s.csv", &["--window is 8", "has 5"]),
        check_refusal(
            &sandbox,
            &format!("{train} r.csv --window 101 --time-column time"),
            &["--window is 101", "has 100"],
        ),
        check_refusal(
            &sandbox,
            &format!("{train} back.csv --window 8 --time-column time"),
            &["row 3", "`time`", "before"],
        ),
        check_refusal(&sandbox, "encode model --data hole.csv --out z.npy", &["line 5", "`a`", "no fill values"]),
        check_refusal(&sandbox, &format!("{train} r.csv --hop 8"), &["--hop", "--window"]),
        check_refusal(
            &sandbox,
            &format!("{train} r.csv --window 8 --time-column state"),
            &["row 0", "`on`", "expected a time"],
        ),
        check_refusal(&sandbox, "train ae --data digits --sample series", &["--sample", "named data set"]),
    ]);
}
