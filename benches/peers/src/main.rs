//! Compares the speed of Narrows with other implementations, measured in turn in one run: `just bench-peers`.

use std::{env, path::Path, process::Command, process::ExitCode};

use anyhow::{Result, anyhow, bail, ensure};

mod encode;
mod locked;
mod median;
mod requirement;
mod table;
mod train;

use encode::{NETWORKS, Network};
use train::{ROWS, Row};

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

/// Runs a command. `all`, `encode` and `train` are for users and have two Python programs as arguments: one with
/// onnxruntime, one with PyTorch. The other commands are run by this program itself in child processes.
fn run(arguments: &[&str]) -> Result<()> {
    match arguments {
        ["all", onnxruntime, torch] => {
            // Encoding runs in its own process: the memory of this process would count in the peak memory of the
            // training processes.
            let status = Command::new(env::current_exe()?).args(["encode", onnxruntime, torch]).status()?;
            ensure!(status.success(), "the measurement of encoding failed; its error message is above");
            train::run(Path::new(torch), &ROWS.each_ref())
        }
        ["encode", onnxruntime, _] => encode::run(Path::new(onnxruntime), &NETWORKS.each_ref()),
        ["encode", onnxruntime, _, networks @ ..] => {
            let networks = networks.iter().map(|network| Network::named(network)).collect::<Result<Vec<_>, String>>();
            encode::run(Path::new(onnxruntime), &networks.map_err(|problem| anyhow!(problem))?)
        }
        ["train", _, torch] => train::run(Path::new(torch), &ROWS.each_ref()),
        ["train", _, torch, rows @ ..] => {
            let rows = rows.iter().map(|row| Row::named(row)).collect::<Result<Vec<_>, String>>();
            train::run(Path::new(torch), &rows.map_err(|problem| anyhow!(problem))?)
        }
        ["prepare", row, seed, epochs, folder] => {
            let row = Row::named(row).map_err(|problem| anyhow!(problem))?;
            train::prepare(row, seed.parse()?, epochs.parse()?, Path::new(folder))
        }
        ["floor", folder] => train::floor(Path::new(folder)),
        ["candle", epochs, folder] => train::candle(epochs.parse()?, Path::new(folder)),
        _ => bail!(
            "unknown command; run `just bench-peers` with `encode`, `encode NETWORK...`, `train` or `train ROW...`"
        ),
    }
}
