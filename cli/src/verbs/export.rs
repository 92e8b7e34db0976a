//! `narrows export`: exports a run as a bundle, without training further.

use std::path::PathBuf;

use clap::Args;
use narrows_data::Reading;
use narrows_trainer::{
    Options,
    options::{DataOptions, MomentsOptions},
};

use crate::{
    destination::Destination,
    input::absolute_word,
    training::{Report, Session, bundle_folder, publish},
};

/// Export a run as a bundle and check it in ONNX Runtime
///
/// Reads the newest valid checkpoint of a run and writes a bundle, without training further; an interrupted run can be
/// exported too. Reads the training data again, to compute the metrics. The bundle is only written if ONNX Runtime
/// gives the same results as training (the parity check).
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  narrows export runs/vae --out models/vae")]
pub(crate) struct Export {
    /// Folder of the run, as written by `train` or `train-export`
    run: PathBuf,
    /// Training data of the run, if it was moved [default: the path stored in the run]
    #[arg(long, value_name = "SPEC")]
    data: Option<String>,
    /// Moments file of the run, if it was moved [default: the path stored in the run]
    #[arg(long, value_name = "FILE")]
    moments: Option<String>,
    /// Folder to write the bundle to; a bundle that is there is replaced [default: models/KIND]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print the report as one JSON object on standard output
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Export) -> anyhow::Result<()> {
    let out_flag = arguments.out.as_ref().map_or(String::new(), |out| format!(" --out {}", absolute_word(out)));
    let resume_command = format!("export {}{out_flag}", absolute_word(&arguments.run));
    let moved = Options {
        data: DataOptions {
            reading: Reading { data: arguments.data.clone(), ..Reading::default() },
            ..DataOptions::default()
        },
        moments: MomentsOptions { moments: arguments.moments.clone() },
        ..Options::default()
    };
    let mut session = Session::open(&arguments.run, &moved, resume_command)?;
    let destination = Destination::claim(&bundle_folder(arguments.out.as_deref(), &session.config), &session.stop)?;
    let fitted = session.fitted()?;
    let bundle = publish(destination, &fitted, &session.data, &session)?;
    Report { session: &session, fitted: &fitted, bundle: Some(&bundle) }.print(arguments.json)
}
