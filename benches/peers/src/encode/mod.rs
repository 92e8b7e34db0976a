//! Comparison of encoding images: one at a time, in batches, and with two concurrent threads.

use std::{path::Path, thread};

use anyhow::{Context, Result};
use narrows_runtime::{
    Autoencoder, Options, library,
    ort::{self, environment::Environment, logging::LogLevel},
};

mod batches;
mod engines;
mod images;
mod lineup;
mod model;
mod network;
mod peer;
mod peers;
mod requirements;
mod rounds;
mod table;
mod two_threads;

use crate::requirement;
use images::Images;
use model::Model;
use network::Layers;
pub(crate) use network::{NETWORKS, Network};

/// Measures all peers and prints the tables. A requirement that is not met is shown in a table and is not an error.
///
/// # Errors
/// If the codes of a peer differ from those of the others, or if ONNX Runtime or the model is missing.
pub(crate) fn run(python: &Path, networks: &[&Network]) -> Result<()> {
    let (environment, version) = environment()?;
    println!("\nNarrows and bare ort use ONNX Runtime {version}.");
    networks.iter().try_for_each(|network| measure(network, python, &environment))
}

fn measure(network: &Network, python: &Path, environment: &Environment) -> Result<()> {
    let images = Images::enlarged_digits(batches::largest(network.batches));
    eprintln!("fitting a {} on enlarged digits, for one epoch", network.title);
    let model = Model::fitted(network, &images)?;
    let options = Options::default().environment(environment.clone());
    let narrows = Autoencoder::from_bundle(&model.bundle, &options)?;
    // The same configuration as bare ort and Python by default: one session with several threads, which split every
    // product and spin between products.
    let threaded = Autoencoder::from_bundle(&model.bundle, &options.sessions(1).threads(0))?;

    let mut lineup = lineup::assemble([&narrows, &threaded], &model, &images, environment, python);
    let figures = rounds::measure(&mut lineup, network.batches)?;
    drop(lineup);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    println!("\nEncoder of a {}, images of 28x28 as f32, {cores} cores:\n", network.title);
    println!("{}", table::of_figures(&figures, network.batches));
    let pairs = match network.layers {
        Layers::Dense => {
            let pairs = two_threads::measure(&narrows, &model, &images, environment)?;
            println!(
                "\nCalls per second of two threads, compared with one thread and one single-threaded ort session:\n"
            );
            println!("{}", table::of_pairs(&pairs));
            pairs
        }
        Layers::Convolutions => {
            println!("\nThe graphs in other engines, compared with ONNX Runtime:\n");
            println!("{}", engines::compared(&model, &images, environment)?);
            Vec::new()
        }
    };
    println!("\nRequirements:\n");
    println!("{}", requirement::table_of(&requirements::all(network, &figures, &pairs)));
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
