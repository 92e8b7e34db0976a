//! `narrows export`: from a run to a proved bundle, without another step.

use std::path::PathBuf;

use clap::Args;

use crate::{
    input::quoted,
    training::{Report, Session, claimed, published},
};

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Folder of the run, as `narrows train` left it
    run: PathBuf,
    /// The data of the run, where it has moved
    #[arg(long, value_name = "SPEC")]
    data: Option<String>,
    /// Folder to leave the bundle in [default: models/KIND]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Export) -> anyhow::Result<()> {
    let place =
        arguments.out.as_ref().map_or(String::new(), |out| format!(" --out {}", quoted(&out.to_string_lossy())));
    let again = format!("export {}{place}", quoted(&arguments.run.to_string_lossy()));
    let mut session = Session::open(&arguments.run, arguments.data.as_deref(), again)?;
    let destination = claimed(arguments.out.as_deref(), &session.config, &session.stop)?;
    let fitted = session.fitted()?;
    let bundle = published(destination, &fitted, &session.data, &session)?;
    Report { session: &session, fitted: &fitted, bundle: Some(&bundle) }.print(arguments.json)
}
