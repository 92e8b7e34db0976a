//! `narrows train`: from data to a finished run.

use clap::Args;

use crate::training::{Report, Session, TrainingArguments};

#[derive(Debug, Args)]
pub(crate) struct Train {
    #[command(flatten)]
    training: TrainingArguments,
    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Train) -> anyhow::Result<()> {
    let (mut session, ()) = Session::begin(&arguments.training, "train", |_, _| Ok(()))?;
    let fitted = session.fit()?;
    session.check_stop("after the last step")?;
    Report { session: &session, fitted: &fitted, bundle: None }.print(arguments.json)
}
