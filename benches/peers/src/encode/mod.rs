//! Images to codes: one at a time, in batches, and from two threads at once.

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
mod promises;
mod rounds;
mod table;
mod two_threads;

use crate::promise;
use images::Images;
use model::Model;

/// Measures everything and prints the tables. A promise that is not met is in them, and no error.
///
/// # Errors
/// If a peer computes other codes than the rest, or what all need is missing: ONNX Runtime, a model.
pub(crate) fn run(python: &Path) -> Result<()> {
    let (environment, version) = environment()?;
    let images = Images::enlarged_digits(batches::most_rows());
    eprintln!("fitting a VAE 784-400-20 on enlarged digits, for one epoch");
    let model = Model::fitted(&images)?;
    let options = Options::default().environment(environment.clone());
    let ours = Autoencoder::from_bundle(&model.bundle, &options)?;
    // As bare ort and Python by default: one session, whose threads share every product and spin in between.
    let threaded = Autoencoder::from_bundle(&model.bundle, &options.sessions(1).threads(0))?;

    let mut lineup = lineup::assemble([&ours, &threaded], &model, &images, &environment, python);
    let figures = rounds::measure(&mut lineup)?;
    drop(lineup);
    let pairs = two_threads::measure(&ours, &model, &images, &environment)?;

    let cores = thread::available_parallelism().map_or(1, usize::from);
    println!("\nEncoder of a VAE 784-400-20, images of 28x28 as f32, {cores} cores.");
    println!("Ours and bare ort run in ONNX Runtime {version}.\n");
    println!("{}", table::of_figures(&figures));
    println!("\nTwo threads at once, in calls a second, beside one thread with one bare session of one thread:\n");
    println!("{}", table::of_pairs(&pairs));
    println!("\nWhat is promised:\n");
    println!("{}", promise::table_of(&promises::kept(&figures, &pairs)));
    Ok(())
}

/// The one environment of this process, which the runtime and bare `ort` share, and the library's version.
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
