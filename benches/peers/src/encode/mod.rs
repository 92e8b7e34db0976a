//! Comparison of encoding images: one at a time, in batches, and with two concurrent threads.

use std::{path::Path, thread};

use anyhow::{Context, Result};
use narrows_runtime::{
    Autoencoder, Options, library,
    ort::{self, environment::Environment, logging::LogLevel},
};

mod batches;
mod images;
mod lineup;
mod model;
mod peer;
mod peers;
mod requirements;
mod rounds;
mod table;
mod two_threads;

use crate::requirement;
use images::Images;
use model::Model;

/// Measures all peers and prints the tables. A requirement that is not met is shown in a table and is not an error.
///
/// # Errors
/// If the codes of a peer differ from those of the others, or if ONNX Runtime or the model is missing.
pub(crate) fn run(python: &Path) -> Result<()> {
    let (environment, version) = environment()?;
    let images = Images::enlarged_digits(batches::largest_batch());
    eprintln!("fitting a VAE 784-400-20 on enlarged digits, for one epoch");
    let model = Model::fitted(&images)?;
    let options = Options::default().environment(environment.clone());
    let narrows = Autoencoder::from_bundle(&model.bundle, &options)?;
    // The same configuration as bare ort and Python by default: one session with several threads, which split every
    // product and spin between products.
    let threaded = Autoencoder::from_bundle(&model.bundle, &options.sessions(1).threads(0))?;

    let mut lineup = lineup::assemble([&narrows, &threaded], &model, &images, &environment, python);
    let figures = rounds::measure(&mut lineup)?;
    drop(lineup);
    let pairs = two_threads::measure(&narrows, &model, &images, &environment)?;

    let cores = thread::available_parallelism().map_or(1, usize::from);
    println!("\nEncoder of a VAE 784-400-20, images of 28x28 as f32, {cores} cores.");
    println!("Narrows and bare ort use ONNX Runtime {version}.\n");
    println!("{}", table::of_figures(&figures));
    println!("\nCalls per second of two threads, compared with one thread and one single-threaded bare ort session:\n");
    println!("{}", table::of_pairs(&pairs));
    println!("\nRequirements:\n");
    println!("{}", requirement::table_of(&requirements::all(&figures, &pairs)));
    Ok(())
}

/// Creates the environment of this process, which the runtime and bare `ort` share. Returns it with the version of the
/// library.
fn environment() -> Result<(Environment, String)> {
    let located = library::locate(&Options::default())?;
    let environment = ort::init_from(&located.path)
        .with_context(|| format!("{} cannot be loaded", located.path.display()))?
        .with_name("peers")
        .with_telemetry(false)
        .build()?;
    environment.set_log_level(LogLevel::Error);
    Ok((environment, located.version))
}
