//! Opens mutated files in a child process with limits on memory and time, and counts the outcomes.
//!
//!   narrows-mutate MODE COUNT [--seed NUMBER] [--first CASE] [--failures FOLDER]
//!
//! MODE is `bundles` or `data`. A case is determined by the mode, the seed and its number, so the parent process saves
//! the input of a case that ended the child process, and starts another child at the next case. Needs Linux.

mod arguments;
mod bundle_cases;
mod bundle_run;
mod bytes;
mod data_cases;
mod data_run;
mod deadline;
mod formats;
mod graph;
mod input;
mod json;
mod mode;
mod outcome;
mod protobuf;
mod seeds;
mod supervisor;
mod table;
mod text;
#[cfg(feature = "training")]
mod training;
mod worker;

use std::process::ExitCode;

use arguments::{Arguments, Task};

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    match arguments.task {
        Task::Supervise => supervisor::run(&arguments),
        Task::Work => worker::run(&arguments).map(|()| ExitCode::SUCCESS),
    }
}
