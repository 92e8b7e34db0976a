//! Measures how many rows per second a device encodes, and prints one line of JSON.
//!
//! ```text
//! cargo run --release -p narrows-runtime --example encode_rate -- BUNDLE DEVICE ROWS RUNS
//! ```
//!
//! ROWS rows of pseudo-random bytes are encoded RUNS times after a first time that is not counted. `rows_per_second` is
//! that of the median run. `checksum` is the sum of all codes of the last run, for a comparison of devices.

use std::{env, error::Error, process::ExitCode, time::Instant};

use narrows_runtime::{Autoencoder, Options, Samples, ndarray::Array2};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [path, device, rows, runs] = arguments.as_slice() else {
        return Err("pass BUNDLE DEVICE ROWS RUNS".into());
    };
    let model = Autoencoder::open_with(path, &Options::default().device(device.parse()?))?;
    let (rows, runs): (usize, usize) = (rows.parse()?, runs.parse()?);
    let features: usize = model.sample_shape().iter().product();
    // Multiplicative hashing gives every value another byte.
    let byte =
        |(row, column): (usize, usize)| (((row * features + column) as u64).wrapping_mul(0x9e37_79b9) >> 24) as u8;
    let (values, labels) = (Array2::from_shape_fn((rows, features), byte), vec![0; rows]);
    let samples = || {
        let samples = Samples::from(&values);
        if model.takes_labels() { samples.labelled(&labels) } else { samples }
    };
    let mut codes = Array2::zeros((rows, model.latent_dim()));
    model.encode_into(samples(), &mut codes.view_mut())?;
    let mut seconds = Vec::with_capacity(runs);
    for _ in 0..runs {
        let start = Instant::now();
        model.encode_into(samples(), &mut codes.view_mut())?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    seconds.sort_unstable_by(f64::total_cmp);
    let median = seconds.get(runs / 2).ok_or("RUNS must be at least 1")?;
    let checksum: f64 = codes.iter().map(|&code| f64::from(code)).sum();
    println!(
        r#"{{"device": "{}", "rows_per_second": {:.0}, "checksum": {checksum:.6e}}}"#,
        model.device().device,
        rows as f64 / median
    );
    Ok(())
}
