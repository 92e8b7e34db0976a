//! `narrows train`: trains a model and saves the run.

use clap::Args;

use crate::training::{Report, Session, TrainingArguments};

/// Train a model and save the run: configuration, metrics and checkpoints
///
/// Reads the data, trains a model of the given kind and writes a run folder. An interrupted run can be resumed with
/// --resume and then ends in the same weights as an uninterrupted one. `narrows export` turns a run into a bundle.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    narrows train vae --data digits --epochs 100 --run runs/vae\n  \
    narrows train --resume runs/vae\n\n\
    `narrows config vae` prints every option of a VAE with its meaning and its default.")]
pub(crate) struct Train {
    #[command(flatten)]
    training: TrainingArguments,
    /// Print the report as one JSON object on standard output
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Train) -> anyhow::Result<()> {
    let (mut session, ()) = Session::begin(&arguments.training, "train", |_, _| Ok(()))?;
    let fitted = session.fit()?;
    session.check_stop("after the last step")?;
    Report { session: &session, fitted: &fitted, bundle: None }.print(arguments.json)
}
