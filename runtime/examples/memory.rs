//! Prints the estimated memory of a bundle and what this process took: after it was opened, and after a large batch.
//!
//! ```text
//! cargo run --release -p narrows-runtime --example memory -- [BUNDLE [ROWS]]
//! ```
//!
//! BUNDLE is by default `models/zoo/vae`. ROWS rows of zeros are reconstructed, by default as many as two runs of every
//! thread take. The peak is that of the system (`VmHWM`), so this needs Linux.

use std::{env, error::Error, fs, process::ExitCode, thread};

use narrows_runtime::{Autoencoder, MemoryEstimate, Options, Samples, bundle::Bundle, ndarray::Array2};

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
    let mut arguments = env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| "models/zoo/vae".to_owned());
    let (bundle, options) = (Bundle::open(&path)?, Options::default());
    let estimate = MemoryEstimate::of(&bundle, &options)?;
    let model = Autoencoder::from_bundle(&bundle, &options)?;
    let opened = peak()?;
    let threads = thread::available_parallelism()?.get();
    let rows = arguments.next().map_or(Ok(2 * threads * estimate.chunk), |rows| rows.parse())?;
    let features: usize = model.sample_shape().iter().product();
    let (samples, labels) = (Array2::<f32>::zeros((rows, features)), vec![0; rows]);
    let samples = Samples::from(&samples);
    model.reconstruct(if model.takes_labels() { samples.labelled(&labels) } else { samples })?;
    let arrays = (rows * 4 * (2 * features + model.latent_dim())) as u64;
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    println!("bundle: {path}");
    println!("open: {:.1} MB estimated, {:.1} MB measured", megabytes(estimate.open), megabytes(opened));
    println!(
        "reconstruct {rows} rows: {:.1} MB estimated, {:.1} MB measured, with {:.1} MB of the caller's arrays",
        megabytes(estimate.open + estimate.runs + arrays),
        megabytes(peak()?),
        megabytes(arrays)
    );
    Ok(())
}

/// Returns the largest resident size of this process so far, in bytes.
fn peak() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("there is no VmHWM")?;
    let kilobytes: u64 = line.split_whitespace().next().unwrap_or_default().parse()?;
    Ok(kilobytes << 10)
}
