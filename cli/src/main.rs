//! The `narrows` program: every verb is one file, a thin layer over the libraries.

mod arguments;
#[cfg(feature = "train")]
mod card;
mod columns;
#[cfg(feature = "train")]
mod compare;
#[cfg(feature = "train")]
mod config_file;
#[cfg(feature = "train")]
mod destination;
mod detect;
#[cfg(feature = "train")]
mod digits;
mod gathering;
mod input;
mod kept_memory;
mod latent;
mod misuse;
mod model;
mod notes;
mod output;
mod printable;
#[cfg(feature = "train")]
mod problems;
#[cfg(feature = "train")]
mod progress;
#[cfg(all(test, feature = "train"))]
mod reference;
mod report;
#[cfg(feature = "train")]
mod rewrite;
mod rows_bar;
mod stop;
mod summary;
mod table;
mod threads;
#[cfg(feature = "train")]
mod training;
#[cfg(feature = "train")]
mod transfer;
mod usage;
mod verbs;

use std::process::ExitCode;

use arguments::Verb;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    stop::report_files_that_are_too_large();
    narrows_data::silence_decoders();
    // For a usage error, `parse` ends the program with exit code 2.
    let usage::Parsed { arguments, standard_output, unused_keys } = usage::parse();
    arguments.log.install(standard_output);
    for key in &unused_keys {
        report::note(format_args!("`{key}` of the configuration file is a flag of another command, and not used here"));
    }
    #[cfg(feature = "train")]
    if arguments.verb.trains() {
        threads::start_pool();
    }
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
        #[cfg(feature = "train")]
        Verb::Compare(arguments) => verbs::compare::run(arguments),
        Verb::Verify(arguments) => verbs::verify::run(arguments),
        Verb::Inspect(arguments) => verbs::inspect::run(arguments),
        Verb::Pack(arguments) => verbs::pack::run(arguments),
        Verb::Data(arguments) => verbs::data::run(arguments),
        Verb::Encode(arguments) => verbs::encode::run(arguments),
        Verb::Decode(arguments) => verbs::decode::run(arguments),
        Verb::Reconstruct(arguments) => verbs::reconstruct::run(arguments),
        Verb::Impute(arguments) => verbs::impute::run(arguments),
        Verb::Score(arguments) => verbs::score::run(arguments),
        Verb::Detect(arguments) => verbs::detect::run(arguments),
        Verb::Drift(arguments) => verbs::drift::run(arguments),
        Verb::Evaluate(arguments) => verbs::evaluate::run(arguments),
        Verb::Classify(arguments) => verbs::classify::run(arguments),
        Verb::Report(arguments) => verbs::report::run(arguments),
        Verb::Generate(arguments) => verbs::generate::run(arguments),
        #[cfg(feature = "train")]
        Verb::FitPrior(arguments) => verbs::fit_prior::run(arguments),
        Verb::Interpolate(arguments) => verbs::interpolate::run(arguments),
        Verb::Traverse(arguments) => verbs::traverse::run(arguments),
        Verb::Manifold(arguments) => verbs::manifold::run(arguments),
        Verb::Denoise(arguments) => verbs::denoise::run(arguments),
        Verb::Explore(arguments) => verbs::explore::run(arguments),
        Verb::Doctor(arguments) => verbs::doctor::run(arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report::print_failure(&stop::stopped_or(error)),
    }
}
