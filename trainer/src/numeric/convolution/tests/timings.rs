//! Prints the time of every pass: `cargo test --release -p narrows-trainer --lib convolution -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use super::*;
use crate::numeric::product;

const BATCH: usize = 64;

/// Time of the fastest call. Other processes disturb the calls.
fn seconds(mut work: impl FnMut()) -> f64 {
    let (start, mut best) = (Instant::now(), f64::INFINITY);
    while start.elapsed() < Duration::from_millis(500) {
        let start = Instant::now();
        work();
        best = best.min(start.elapsed().as_secs_f64());
    }
    best
}

fn print_passes(name: &str, convolution: &Convolution) {
    let ([lines, columns], [height, width]) = (convolution.input, convolution.output());
    let (inputs, outputs) = (convolution.in_channels, convolution.out_channels);
    let (x, dy) = (random(BATCH * lines * columns * inputs, 1), random(BATCH * height * width * outputs, 2));
    let (w, bias) = (random(inputs * convolution.taps() * outputs, 3), random(outputs, 4));
    let (mut y, mut dx, mut dw) = (dy.clone(), x.clone(), w.clone());
    let weight = Matrix::of_rows(&w, outputs);
    let forward = seconds(|| convolution.forward(&x, weight, &bias, &mut y));
    let input = seconds(|| convolution.input_gradient(weight, &dy, &mut dx, Write::Set));
    let gradient = seconds(|| convolution.weight_gradient(&x, &dy, 0..inputs, &mut dw, Write::Set));
    let operations = 2.0 * (height * width * convolution.taps() * inputs * outputs) as f64;
    print!("{name:24} {lines:3} x {columns:2} x {inputs:3} -> {height:2} x {width:2} x {outputs:3}");
    for seconds in [forward, input, gradient] {
        let per_row = seconds / BATCH as f64;
        print!(" {:9.2} us {:4.0} GFLOP/s", per_row * 1e6, operations / per_row / 1e9);
    }
    println!();
}

#[test]
#[ignore = "measures instead of checking"]
fn print_timings() {
    let (a, b, mut c) = (random(64 * 512, 1), random(512 * 512, 2), vec![0.0; 64 * 512]);
    let time = seconds(|| product(Matrix::of_rows(&a, 512), Matrix::of_rows(&b, 512), &mut c, Write::Set));
    let operations = 2.0 * 64.0 * 512.0 * 512.0;
    println!("product of 64 x 512 x 512: {:.1} us, {:.0} GFLOP/s", time * 1e6, operations / time / 1e9);
    println!("per row and as operations of the plain convolution: forward, input gradient, weight gradient");
    let half = |size, channels| plain([size, size], channels, 3, 2, 1);
    let twice = |size, channels| upsampled([size, size], [2, 2], [2 * size, 2 * size], channels, 3);
    print_passes("stride 2", &half(28, [1, 32]));
    print_passes("stride 2", &half(14, [32, 64]));
    print_passes("upsampling", &twice(7, [64, 32]));
    print_passes("upsampling", &twice(14, [32, 1]));
    print_passes("upsampling and crop", &upsampled([4, 4], [2, 2], [7, 7], [128, 64], 3));
    print_passes("stride 2", &half(64, [3, 32]));
    print_passes("stride 2", &half(32, [32, 64]));
    print_passes("stride 2", &half(16, [64, 128]));
    print_passes("upsampling", &twice(8, [128, 64]));
    print_passes("upsampling", &twice(16, [64, 32]));
    print_passes("upsampling", &twice(32, [32, 3]));
    print_passes("stride 1", &plain([28, 28], [32, 32], 3, 1, 1));
    print_passes("stride 1", &plain([28, 28], [16, 16], 3, 1, 1));
    print_passes("stride 1", &plain([28, 28], [32, 1], 3, 1, 1));
    print_passes("one line, stride 2", &plain([1, 187], [1, 32], 3, 2, 1));
}
