//! The `narrows-cluster` program: parses the command line, runs a verb, and reports errors.

mod arguments;
mod bundle_options;
mod cost;
mod data;
mod engine;
mod interrupt;
mod job;
mod logger;
mod output;
mod serve;
mod verbs;

use std::{process::ExitCode, time::Duration};

use clap::{Parser, error::ErrorKind};

use arguments::{Arguments, Verb};

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            let is_help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            return ExitCode::from(if is_help { 0 } else { 2 });
        }
    };
    logger::start(arguments.verbose);
    let outcome = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let outcome = runtime.block_on(run(arguments));
            // Models must not run when the libraries are unloaded.
            runtime.shutdown_timeout(Duration::from_secs(10));
            outcome
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", output::message(&error));
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let bundles = &arguments.bundles;
    match arguments.verb {
        Verb::Scheduler(options) => serve::scheduler::run(&options, bundles).await,
        Verb::Executor(options) => serve::executor::run(&options, bundles).await,
        Verb::Up(options) => serve::up::run(&options, bundles).await,
        Verb::Encode(options) => verbs::apply::run(verbs::apply::ENCODE, &options, bundles).await,
        Verb::Reconstruct(options) => verbs::apply::run(verbs::apply::RECONSTRUCT, &options, bundles).await,
        Verb::Score(options) => verbs::apply::run(verbs::apply::SCORE, &options, bundles).await,
        Verb::Detect(options) => verbs::apply::run(verbs::apply::DETECT, &options, bundles).await,
        Verb::Classify(options) => verbs::apply::run(verbs::apply::CLASSIFY, &options, bundles).await,
        Verb::Probabilities(options) => verbs::apply::run(verbs::apply::PROBABILITIES, &options, bundles).await,
        Verb::Predict(options) => verbs::apply::run(verbs::apply::PREDICT, &options, bundles).await,
        Verb::Moments(options) => verbs::moments::run(&options, bundles).await,
        Verb::Sample(options) => verbs::sample::run(&options, bundles).await,
        Verb::Sql(options) => verbs::sql::run(&options, bundles).await,
        Verb::Estimate(options) => verbs::estimate::run(&options, bundles),
    }
}
