//! Narrows beside other ways of doing the same, measured in turn in one run: `just bench-peers`.

use std::{env, path::Path, process::Command, process::ExitCode};

use anyhow::{Result, anyhow, bail, ensure};

mod encode;
mod locked;
mod median;
mod promise;
mod table;
mod train;

use train::Row;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The parts that a person names come with two Pythons, one that has onnxruntime and one that has PyTorch; the
/// others are what this program runs of itself in processes of their own.
fn run(arguments: &[&str]) -> Result<()> {
    match arguments {
        ["all", onnxruntime, torch] => {
            // Training counts the memory of its children, and what this process held would be in it.
            let status = Command::new(env::current_exe()?).args(["encode", onnxruntime, torch]).status()?;
            ensure!(status.success(), "encoding was not measured to its end");
            train::run(Path::new(torch), &Row::ALL)
        }
        ["encode", onnxruntime, _] => encode::run(Path::new(onnxruntime)),
        ["train", _, torch] => train::run(Path::new(torch), &Row::ALL),
        ["train", _, torch, rows @ ..] => {
            let rows = rows.iter().map(|row| row.parse()).collect::<Result<Vec<Row>, String>>();
            train::run(Path::new(torch), &rows.map_err(|problem| anyhow!(problem))?)
        }
        ["prepare", row, seed, epochs, folder] => {
            let row = row.parse().map_err(|problem: String| anyhow!(problem))?;
            train::prepare(row, seed.parse()?, epochs.parse()?, Path::new(folder))
        }
        ["floor", folder] => train::floor(Path::new(folder)),
        ["candle", epochs, folder] => train::candle(epochs.parse()?, Path::new(folder)),
        _ => bail!("the parts are `encode`, `train` and `train ROW...`, as `just bench-peers` runs them"),
    }
}
