//! `narrows train-export`: trains a model and exports it as a bundle.

use std::path::PathBuf;

use clap::Args;

use crate::{
    destination::Destination,
    input::absolute_word,
    report::{Stopped, note},
    training::{Report, Session, TrainingArguments, bundle_folder, publish},
};

/// Train a model and export it as a bundle, checked in ONNX Runtime
///
/// Does the work of `train` and `export` in one step: reads the data, trains a model of the given kind, and writes a
/// run folder (configuration, metrics, checkpoints) and a bundle (ONNX graphs, manifest, model card). The bundle is
/// only written if ONNX Runtime gives the same results as training (the parity check).
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    narrows train-export vae --data digits --out models/vae\n  \
    narrows train-export ae --data table.csv --ignore id --latent 4\n\n\
    `narrows config vae` prints every option of a VAE with its meaning and its default.")]
pub(crate) struct TrainExport {
    #[command(flatten)]
    training: TrainingArguments,
    /// Folder to write the bundle to; a bundle that is there is replaced [default: models/KIND]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print the report as one JSON object on standard output
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &TrainExport) -> anyhow::Result<()> {
    let out = arguments.out.as_deref();
    let out_flag = out.map_or(String::new(), |out| format!(" --out {}", absolute_word(out)));
    let (mut session, destination) =
        Session::begin(&arguments.training, &format!("train-export{out_flag}"), |config, stop| {
            let out = bundle_folder(out, config);
            arguments.training.run.check_apart(&out)?;
            Destination::claim(&out, stop)
        })?;
    let fitted = session.fit()?;
    let bundle = publish(destination, &fitted, &session.data, &session).inspect_err(|error| {
        // The error of an interrupted run already contains the command.
        if !error.is::<Stopped>() {
            note(format_args!(
                "the run is complete, only the bundle is missing; continue with: {}",
                session.resume_command()
            ));
        }
    })?;
    Report { session: &session, fitted: &fitted, bundle: Some(&bundle) }.print(arguments.json)
}
