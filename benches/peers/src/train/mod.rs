//! Comparison of training: all peers start from the same weights and train epoch by epoch.

use std::{path::Path, thread};

use anyhow::Result;

mod candle_peer;
mod child;
mod figures;
mod floor;
mod job;
mod outcome;
mod peer;
mod requirements;
mod rounds;
mod row;
mod series;
mod stop;
mod table;

use crate::requirement;
use job::Job;
pub(crate) use row::{ROWS, Row};
use stop::Stop;

/// Measures rows and prints the tables. A requirement that is not met is shown in a table and is not an error.
///
/// # Errors
/// On a request to stop, or if the data of a row is missing.
pub(crate) fn run(python: &Path, rows: &[&'static Row]) -> Result<()> {
    let stop = &Stop::listen()?;
    let scratch = tempfile::tempdir()?;
    let measure = |row: &&'static Row| rounds::measure(row, python, scratch.path(), stop);
    let figures = rows.iter().map(measure).collect::<Result<Vec<_>>>()?;
    let first = &ROWS[0];
    let long = rows.contains(&first).then(|| rounds::long(first, python, scratch.path(), stop)).transpose()?;

    let cores = thread::available_parallelism().map_or(1, usize::from);
    println!(
        "\nTraining on Fashion-MNIST (60,000 rows), digits (1437), series (20,000) or patches (4,000): ReLU, Adam at 0.001, {cores} cores."
    );
    println!("{}.", table::of_versions(&figures));
    println!("All peers start with the same weights and use the same order of rows; noise and masks differ.");
    println!(
        "An epoch's time is that of its training steps, the median without the first epoch; memory is per process."
    );
    println!("Losses are averaged over the rounds; the training loss is the average over the steps of the last epoch.");
    println!(
        "Convolutional rows have PyTorch in both memory layouts and are compared with the faster one, without plain Candle."
    );
    println!(
        "On images plain Candle trains for one epoch, and its losses are compared after one epoch. It also uses AVX-512"
    );
    println!("where available, because cargo builds `gemm` once, with the feature that Narrows enables.\n");
    println!("{}", table::of_figures(&figures));
    println!(
        "\nEpochs of Narrows compared with their matrix products alone, computed by `gemm` on one thread per core:\n"
    );
    println!("{}", table::of_floors(&figures));
    if let Some(long) = &long {
        println!("\n{}, {} epochs of Narrows:\n", first.title, rounds::LONG_EPOCHS);
        println!("{}", table::of_long(long));
    }
    println!("\nRequirements:\n");
    println!("{}", requirement::table_of(&requirements::all(&figures, long.as_ref())));
    Ok(())
}

/// Writes the input files of a round of a row to a folder.
///
/// # Errors
/// If the data is missing.
pub(crate) fn prepare(row: &Row, seed: u64, epochs: usize, folder: &Path) -> Result<()> {
    Job::prepare(row, seed, epochs, folder)
}

/// Measures the matrix products of the job in a folder and prints the result as JSON.
///
/// # Errors
/// If there is no job.
pub(crate) fn floor(folder: &Path) -> Result<()> {
    println!("{}", serde_json::to_string(&floor::measure(&Job::read(folder)?)?)?);
    Ok(())
}

/// Trains the job in a folder in plain Candle and prints the result as JSON.
///
/// # Errors
/// If there is no job, or Candle fails.
pub(crate) fn candle(epochs: usize, folder: &Path) -> Result<()> {
    println!("{}", serde_json::to_string(&candle_peer::train(folder, epochs)?)?);
    Ok(())
}
