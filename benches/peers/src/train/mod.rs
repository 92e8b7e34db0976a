//! Training from the first weights on, epoch by epoch.

use std::{path::Path, thread};

use anyhow::Result;

mod candle_peer;
mod child;
mod figures;
mod floor;
mod job;
mod outcome;
mod promises;
mod rounds;
mod row;
mod stop;
mod table;
mod who;

use crate::promise;
use job::Job;
pub(crate) use row::Row;
use stop::Stop;

/// Measures some rows and prints the tables. A promise that is not met is in them, and no error.
///
/// # Errors
/// If somebody asks to stop, or if what a row is trained on is missing.
pub(crate) fn run(python: &Path, rows: &[Row]) -> Result<()> {
    let stop = &Stop::listen()?;
    let scratch = tempfile::tempdir()?;
    let measure = |row: &Row| rounds::measure(*row, python, scratch.path(), stop);
    let figures = rows.iter().map(measure).collect::<Result<Vec<_>>>()?;
    let long = rows.contains(&Row::Vae).then(|| rounds::long(Row::Vae, python, scratch.path(), stop)).transpose()?;

    let cores = thread::available_parallelism().map_or(1, usize::from);
    println!("\nTraining on Fashion-MNIST (60,000 rows) or digits (1437): ReLU, Adam at 0.001, {cores} cores.");
    println!("{}.", table::of_versions(&figures));
    println!("All begin with the same weights and take the rows in the same order; noise and masks are their own.");
    println!("An epoch is its steps alone, the median of those after the first; memory is that of a whole process.");
    println!("Losses are averaged over the rounds; that in training is the average over the steps of the last epoch.");
    println!(
        "Of images plain Candle has one epoch, and its losses are compared after that. It multiplies with AVX-512"
    );
    println!("where there is one, too: cargo builds `gemm` once, with the feature that we turn on.\n");
    println!("{}", table::of_figures(&figures));
    println!("\nOur epochs beside their bare matrix products, by `gemm` on one thread a core:\n");
    println!("{}", table::of_floors(&figures));
    if let Some(long) = &long {
        println!("\n{}, {} epochs of ours:\n", Row::Vae.title(), rounds::LONG);
        println!("{}", table::of_long(long));
    }
    println!("\nWhat is promised:\n");
    println!("{}", promise::table_of(&promises::kept(&figures, long.as_ref())));
    Ok(())
}

/// Writes what a round of a row needs into a folder.
///
/// # Errors
/// If the data is not there.
pub(crate) fn prepare(row: Row, seed: u64, epochs: usize, folder: &Path) -> Result<()> {
    Job::prepare(row, seed, epochs, folder)
}

/// Measures the matrix products of the job in a folder and prints what it found.
///
/// # Errors
/// If there is no job.
pub(crate) fn floor(folder: &Path) -> Result<()> {
    println!("{}", serde_json::to_string(&floor::measure(&Job::read(folder)?)?)?);
    Ok(())
}

/// Trains the job in a folder in plain Candle and prints how it went.
///
/// # Errors
/// If there is no job, or Candle fails.
pub(crate) fn candle(epochs: usize, folder: &Path) -> Result<()> {
    println!("{}", serde_json::to_string(&candle_peer::train(folder, epochs)?)?);
    Ok(())
}
