//! Convolutional networks of every kind through all commands: training, export, verification, packing, encoding at
//! several batch sizes, and transfer.

use ndarray::{Array1, ArrayD, Ix2, IxDyn};

use crate::{
    refusal::{assert_refused, check_refusal},
    sandbox::Sandbox,
};

const ROWS: usize = 60;

/// Grey, an odd size, and colour.
const SHAPES: [&[usize]; 3] = [&[16, 16], &[19, 23], &[18, 16, 3]];

const ARCHITECTURES: [&str; 3] =
    ["conv --filters 4,6", "resnet --filters 4,6 --normalisation batch", "conv --filters 3,4 --pool max --hidden 9"];

/// Writes smooth patterns of three classes as `x.npy` and `labels.npy`.
fn write_patterns(sandbox: &Sandbox, shape: &[usize]) {
    let shape: Vec<usize> = [ROWS].into_iter().chain(shape.iter().copied()).collect();
    let value = |index: IxDyn| {
        let phase: f32 = (0..shape.len()).map(|axis| index[axis] as f32 * [2.1, 0.4, 0.7, 2.0][axis]).sum();
        (127.0 + 120.0 * phase.sin()) as u8
    };
    sandbox.write_npy("x.npy", &ArrayD::from_shape_fn(IxDyn(&shape), value));
    sandbox.write_npy("labels.npy", &Array1::from_shape_fn(ROWS, |row| (row % 3) as u8));
}

fn train(sandbox: &Sandbox, kind: &str, architecture: &str) {
    sandbox.run_ok(&format!(
        "--quiet train-export {kind} --data x.npy --labels labels.npy --architecture {architecture} --latent 3 \
         --epochs 2 --out model"
    ));
}

#[test]
fn every_kind_passes_through_every_command() {
    for (shape, architecture) in SHAPES.into_iter().zip(ARCHITECTURES) {
        for kind in ["ae", "dae", "wae", "vae", "cvae"] {
            let sandbox = Sandbox::new();
            write_patterns(&sandbox, shape);
            train(&sandbox, kind, architecture);
            sandbox.run_ok("verify model");
            sandbox.run_ok("pack model model.narrows");
            let labels = if kind == "cvae" { " --labels labels.npy" } else { "" };
            sandbox.run_ok(&format!("encode model --data x.npy{labels} --out z.npy"));
            sandbox.run_ok(&format!("encode model.narrows --data x.npy{labels} --out packed.npy"));
            assert_eq!(sandbox.read_npy("z.npy"), sandbox.read_npy("packed.npy"), "{kind}");
            let codes = sandbox.read_npy("z.npy").into_dimensionality::<Ix2>().expect("codes");
            assert_eq!(codes.dim(), (ROWS, 3), "{kind} {shape:?}");
            if ["wae", "vae", "cvae"].contains(&kind) {
                let label = if kind == "cvae" { " --label 1" } else { "" };
                sandbox.run_ok(&format!("generate model{label} --count 4 --out samples.npy"));
                assert_eq!(sandbox.read_npy("samples.npy").shape()[1..], *shape, "{kind}");
                sandbox.run_ok(&format!("generate model{label} --count 4 --out samples.png"));
            }
        }
    }
}

#[test]
fn an_encoder_with_convolutions_is_reused_frozen_and_fine_tuned() {
    for (shape, architecture) in SHAPES.into_iter().zip(ARCHITECTURES) {
        for kind in ["ae", "vae"] {
            let sandbox = Sandbox::new();
            write_patterns(&sandbox, shape);
            train(&sandbox, kind, architecture);
            for (name, flags) in [("frozen", ""), ("tuned", " --fine-tune --epochs 2")] {
                sandbox.run_ok(&format!("transfer model --data x.npy --labels labels.npy{flags} --out {name}"));
                sandbox.run_ok(&format!("verify {name}"));
                sandbox.run_ok(&format!("classify {name} --data x.npy --out {name}.csv"));
            }
        }
    }
}

#[test]
fn convolutions_are_the_default_for_images_and_the_choice_is_printed() {
    let sandbox = Sandbox::new();
    write_patterns(&sandbox, &[16, 16]);
    let outcome = sandbox.run_ok("train vae --data x.npy --epochs 1 --run images");
    assert!(outcome.stderr.contains("architecture: conv (chosen because samples are images"), "{}", outcome.stderr);
    assert!(sandbox.read_text("images/config.toml").contains("architecture = \"conv\""));
    let outcome = sandbox.run_ok("train vae --data digits --epochs 1 --run digits");
    assert!(outcome.stderr.contains("architecture: mlp (dense layers"), "{}", outcome.stderr);
    let outcome = sandbox.run_ok("train ae --data x.npy --tied --epochs 1 --run tied");
    assert!(outcome.stderr.contains("architecture: mlp (dense layers"), "{}", outcome.stderr);
}

#[test]
fn an_impossible_architecture_is_refused() {
    let cases: [(&str, &[&str]); 5] = [
        ("--filters 4,4,4,4,4,4", &["--filters", "`encoder.conv4`", "map of 1 x 1"]),
        ("--kernel-size 99", &["map of 16 x 16", "kernel of 99"]),
        ("--filters 4,0", &["[4, 0]", "at least 1 filter"]),
        ("--architecture mlp --pool max", &["--pool", "--architecture conv"]),
        ("--blocks 2", &["--blocks", "--architecture resnet"]),
    ];
    let sandbox = Sandbox::new();
    write_patterns(&sandbox, &[16, 16]);
    assert_refused(cases.into_iter().map(|(flags, mentions)| {
        check_refusal(&sandbox, &format!("train ae --data x.npy {flags} --run run"), mentions)
    }));
}
