//! `narrows train-export`: from data to a proved bundle.

use std::path::PathBuf;

use clap::Args;

use crate::{
    input::quoted,
    report::{Stopped, note},
    training::{Report, Session, TrainingArguments, claimed, published},
};

#[derive(Debug, Args)]
pub(crate) struct TrainExport {
    #[command(flatten)]
    training: TrainingArguments,
    /// Folder to leave the bundle in [default: models/KIND]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &TrainExport) -> anyhow::Result<()> {
    let out = arguments.out.as_deref();
    let place = out.map_or(String::new(), |out| format!(" --out {}", quoted(&out.to_string_lossy())));
    let (mut session, destination) =
        Session::begin(&arguments.training, &format!("train-export{place}"), |config, stop| {
            claimed(out, config, stop)
        })?;
    let fitted = session.fit()?;
    let bundle = published(destination, &fitted, &session.data, &session).inspect_err(|error| {
        // A stop says so itself.
        if !error.is::<Stopped>() {
            note(format_args!("the run is whole, and only the bundle is missing; go on with: {}", session.again()));
        }
    })?;
    Report { session: &session, fitted: &fitted, bundle: Some(&bundle) }.print(arguments.json)
}
