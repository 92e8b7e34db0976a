//! Sessions of a graph share their weights. This test is a program of its own, because parallel tests would change the
//! measured memory.
#![cfg(target_os = "linux")]

use std::{fs, sync::Barrier, thread};

use narrows_runtime::{
    Autoencoder, Options,
    bundle::{Kind, onnx::Tensor},
    ndarray::Array2,
};

mod support;

use support::{Builder, FEATURES, Fixture, LATENT, samples};

const WIDTH: usize = 2000;
const CALLERS: usize = 8;
const WEIGHT_BYTES: usize = WIDTH * WIDTH * size_of::<f32>();

/// Returns a bundle whose encoder has a layer of `WIDTH` times `WIDTH` weights.
fn wide() -> Fixture {
    Fixture::modified(Kind::Ae, |draft| {
        let mut encoder = Builder::default();
        encoder.node("Flatten", &["x"], "flat", &[("axis", 1)]);
        let mut layer = |input: &str, output: &str, [rows, columns]: [usize; 2]| {
            let values: Vec<f32> = (0..rows * columns).map(|index| (index % 7) as f32 / 1e3 - 0.003).collect();
            let weight = format!("{output}.weight");
            encoder.constant(Tensor::floats(&weight, &[rows, columns], &values));
            encoder.node("MatMul", &[input, &weight], output, &[]);
        };
        layer("flat", "first", [FEATURES, WIDTH]);
        layer("first", "second", [WIDTH, WIDTH]);
        layer("second", "z", [WIDTH, LATENT]);
        draft.encoder = encoder.model(&draft.manifest.graphs.encoder);
    })
}

/// Returns the resident anonymous memory of this process, in bytes.
fn memory() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("a line of this name");
    let kilobytes = line.split_whitespace().next().and_then(|number| number.parse::<usize>().ok());
    1024 * kilobytes.expect("a number")
}

#[test]
fn further_sessions_share_their_weights_and_return_the_same_bits() {
    let (fixture, rows) = (wide(), samples(200));
    let model = Autoencoder::open_with(fixture.path(), &Options::default().sessions(CALLERS)).expect("a good bundle");
    let alone: Array2<f32> = model.encode(&rows).expect("good samples");
    let before = memory();
    let barrier = Barrier::new(CALLERS);
    thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                barrier.wait();
                for _ in 0..5 {
                    assert_eq!(model.encode(&rows).expect("good samples"), alone);
                }
            });
        }
    });
    let grown = memory().saturating_sub(before);
    println!("{CALLERS} sessions with weights of {WEIGHT_BYTES} bytes: {grown} bytes more than one session");
    // The shared weights are there once or twice, as tensors and packed; further memory is for tensors between layers.
    assert!(grown < 3 * WEIGHT_BYTES, "{grown} bytes for {} further sessions", CALLERS - 1);
}
