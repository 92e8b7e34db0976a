//! Compiles `kernels.cu` for the CPU with the system's C compiler, and compares its kernels with the functions in Rust.
#![expect(unsafe_code, reason = "the kernels are C functions, which are loaded and called")]

use std::process::Command;

use libloading::Library;
use narrows_bundle::{Link, sha256_hex};

use super::function::Function;
use crate::{
    network::Activation,
    numeric::{PointLoss, Rule, RuleStep, example::noise},
};

type Kernel = unsafe extern "C" fn(
    u32,
    u32,
    *const f32,
    u32,
    u32,
    *const f32,
    u32,
    u32,
    *const f32,
    u32,
    u32,
    f32,
    f32,
    f32,
    f32,
    *mut f32,
);

const ROWS: usize = 7;
const WIDTH: usize = 33;

/// All functions, with constants of real steps.
fn functions() -> Vec<Function> {
    let losses =
        [PointLoss::Bernoulli, PointLoss::SquaredError(Link::Identity), PointLoss::SquaredError(Link::Sigmoid)];
    let rules = [
        Rule::Sgd { momentum: 0.9, nesterov: false },
        Rule::Sgd { momentum: 0.9, nesterov: true },
        Rule::AdamW { beta1: 0.8, beta2: 0.99, epsilon: 1e-6, weight_decay: 0.1 },
    ];
    let steps = rules.into_iter().flat_map(|rule| match rule.at(3, 0.01, 1.0) {
        RuleStep::Sgd(rule) => vec![Function::SgdVelocity(rule), Function::SgdWeight(rule)],
        RuleStep::Adam(rule) => vec![Function::AdamFirst(rule), Function::AdamSecond(rule), Function::AdamWeight(rule)],
    });
    let activations = Activation::ALL.into_iter();
    let other = [
        Function::Sample,
        Function::SampleGradient,
        Function::TwiceKl,
        Function::TwiceKlGradientOfMu,
        Function::TwiceKlGradientOfLogVar,
        Function::MovingAverage(0.3),
    ];
    let losses = losses.into_iter().flat_map(|loss| [Function::Loss(loss), Function::LossGradient(loss)]);
    let activations =
        activations.flat_map(|activation| [Function::Activation(activation), Function::ActivationGradient(activation)]);
    losses.chain(activations).chain(steps).chain(other).collect()
}

/// Compiles the kernels and loads them; `None` if there is no C compiler.
fn compiled(folder: &std::path::Path) -> Option<Library> {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src/candle/on_device/kernels.cu");
    let library = folder.join("kernels.so");
    let mut command = Command::new("cc");
    command.args(["-x", "c", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", source, "-lm", "-o"]).arg(&library);
    let output = command.output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // SAFETY: the library has the kernels alone, and no code that runs when it is loaded.
    Some(unsafe { Library::new(library) }.expect("a shared library"))
}

#[test]
fn kernels_compute_the_functions() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let Some(library) = compiled(folder.path()) else {
        eprintln!("skipped: there is no C compiler `cc`");
        return;
    };
    let scaled = |seed| noise(ROWS * WIDTH, seed).into_iter().map(|value| 3.0 * value).collect::<Vec<_>>();
    let (a, bias, gradient) = (scaled(1), scaled(2), scaled(3));
    // The operands: a matrix, a row that is used for every row, and a column that is used for every column. A second
    // moment is never negative.
    let index = |place: usize, [row, column]: [usize; 2]| place / WIDTH * row + place % WIDTH * column;
    let strides = [[WIDTH, 1], [0, 1], [1, 0]];
    for function in functions() {
        let a = match function {
            Function::AdamSecond(_) => a.iter().map(|value| value.abs()).collect(),
            _ => a.clone(),
        };
        let c: Vec<f32> = gradient.iter().map(|value| value.abs()).collect();
        let operands = [&a, &bias, &c];
        let [p, q, r, s] = function.constants();
        let mut actual = vec![f32::NAN; ROWS * WIDTH];
        // SAFETY: the type is that of every kernel in the file.
        let kernel = unsafe { library.get::<Kernel>(function.name()) }.expect("a kernel of this name");
        let stride = |operand: usize, axis: usize| strides[operand][axis] as u32;
        // SAFETY: the strides stay within the operands, and `actual` has an element for each row and column.
        unsafe {
            kernel(
                ROWS as u32,
                WIDTH as u32,
                a.as_ptr(),
                stride(0, 0),
                stride(0, 1),
                bias.as_ptr(),
                stride(1, 0),
                stride(1, 1),
                c.as_ptr(),
                stride(2, 0),
                stride(2, 1),
                p,
                q,
                r,
                s,
                actual.as_mut_ptr(),
            );
        }
        let whole = [0, 1, 2].map(|operand| {
            (0..ROWS * WIDTH).map(|place| operands[operand][index(place, strides[operand])]).collect::<Vec<_>>()
        });
        let [a, b, c] = &whole;
        for ((actual, expected), place) in actual.into_iter().zip(function.apply([a, b, c])).zip(0..) {
            let inputs = (a[place], b[place], c[place]);
            // The normal distribution of the CPU is within 3e-7; all else within a few units in the last place.
            let tolerance = 2e-6 * expected.abs().max(1.0) * inputs.2.abs().max(1.0);
            assert!(
                (actual - expected).abs() <= tolerance,
                "{function:?} of {inputs:?}: {actual}, expected {expected}"
            );
        }
    }
}

#[test]
fn the_compiled_kernels_are_those_of_the_source() {
    let (source, ptx) = (include_bytes!("kernels.cu"), include_str!("kernels.ptx"));
    let first = ptx.lines().next().expect("a first line");
    assert!(first.ends_with(&sha256_hex(source)), "kernels.cu has changed: run `just cuda-kernels`");
    for function in functions() {
        let name = function.name();
        assert!(ptx.contains(&format!(".visible .entry {name}(\n")), "{name} is missing in kernels.ptx");
    }
}
