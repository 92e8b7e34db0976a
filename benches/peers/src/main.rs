//! Narrows beside other ways of doing the same, measured in turn in one run: `just bench-peers`.

use std::{env, path::PathBuf, process::ExitCode};

mod encode;

fn main() -> ExitCode {
    let Some(python) = env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("error: name the python that has onnxruntime, as `just bench-peers` does");
        return ExitCode::FAILURE;
    };
    match encode::run(&python) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
