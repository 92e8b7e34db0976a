//! The `narrows` program: one verb a file, each of them thin over the libraries.

mod arguments;
#[cfg(feature = "train")]
mod card;
#[cfg(feature = "train")]
mod destination;
mod input;
mod model;
mod output;
#[cfg(feature = "train")]
mod progress;
mod report;
mod rows_bar;
mod stop;
mod summary;
mod table;
#[cfg(feature = "train")]
mod training;
#[cfg(feature = "train")]
mod transfer;
mod verbs;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Verb};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Usage errors end with 2 inside `parse`.
    let arguments = Arguments::parse();
    arguments.voice.take();
    let outcome = match &arguments.verb {
        #[cfg(feature = "train")]
        Verb::TrainExport(arguments) => verbs::train_export::run(arguments),
        #[cfg(feature = "train")]
        Verb::Train(arguments) => verbs::train::run(arguments),
        #[cfg(feature = "train")]
        Verb::Export(arguments) => verbs::export::run(arguments),
        #[cfg(feature = "train")]
        Verb::Config(arguments) => verbs::config::run(arguments),
        #[cfg(feature = "train")]
        Verb::Transfer(arguments) => verbs::transfer::run(arguments),
        Verb::Verify(arguments) => verbs::verify::run(arguments),
        Verb::Inspect(arguments) => verbs::inspect::run(arguments),
        Verb::Pack(arguments) => verbs::pack::run(arguments),
        Verb::Data(arguments) => verbs::data::run(arguments),
        Verb::Encode(arguments) => verbs::encode::run(arguments),
        Verb::Decode(arguments) => verbs::decode::run(arguments),
        Verb::Reconstruct(arguments) => verbs::reconstruct::run(arguments),
        Verb::Score(arguments) => verbs::score::run(arguments),
        Verb::Classify(arguments) => verbs::classify::run(arguments),
        Verb::Generate(arguments) => verbs::generate::run(arguments),
        Verb::Doctor(arguments) => verbs::doctor::run(arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report::failure(&error),
    }
}
