//! `narrows config`: prints a configuration file: the defaults of a kind, or the options of a bundle or run.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Command};
use narrows_bundle::{Bundle, Kind, MANIFEST, counted};
use narrows_data::LoadOptions;
use narrows_trainer::{Options, Run};

use crate::{model::needs_autoencoder, report::print};

/// Keys whose default depends on the data.
const DATA_DEPENDENT: [&str; 10] = [
    "architecture",
    "hidden",
    "scale",
    "scale_per",
    "valid_fraction",
    "likelihood",
    "output_link",
    "variance",
    "sampler",
    "epochs",
];

/// Largest width of a comment line, in bytes.
const COMMENT_WIDTH: usize = 100;

/// Print a configuration file: the defaults of a kind, or the options of a bundle or run
///
/// For a kind of model, prints every option in TOML with its meaning and its default. For a bundle or a run, prints
/// the options that it was trained with; training with that file gives the same bundle again. Save the output and pass
/// it to `train` or `train-export` with --config.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    narrows config vae > vae.toml\n  \
    narrows train-export --config vae.toml --epochs 20\n  \
    narrows config models/vae > again.toml")]
pub(crate) struct Config {
    /// Kind of model (pca, ae, dae, wae, vae or cvae), bundle, or folder of a run
    #[arg(value_name = "KIND|BUNDLE|RUN")]
    source: String,
}

pub(crate) fn run(arguments: &Config) -> anyhow::Result<()> {
    let path = PathBuf::from(&arguments.source);
    let text = match arguments.source.parse::<Kind>() {
        Ok(kind) => defaults(kind)?,
        Err(_) if path.join(MANIFEST).exists() || path.is_file() => of_bundle(&path)?,
        Err(_) if path.is_dir() => Run::options(&path)?.to_toml()?,
        Err(why) => bail!("{why}, or name an existing bundle or run: there is none at `{}`", path.display()),
    };
    print(text.trim_end())
}

/// Returns the configuration file that a bundle was trained with, after comments about its origin.
///
/// # Errors
/// If it is not the bundle of an autoencoder, or of another version of the program.
pub(crate) fn of_bundle(path: &Path) -> anyhow::Result<String> {
    let bundle = Bundle::open(path).map_err(needs_autoencoder)?;
    let training = &bundle.manifest().training;
    let options: Options = serde_json::from_value(training.configuration.clone())
        .with_context(|| format!("the configuration of `{}` does not fit this version of narrows", path.display()))?;
    let options = options.as_recorded();
    let (data, reading) = (&training.data, &options.data.reading);
    let mut heading =
        format!("# Options of `{}`, trained on {} with fingerprint {}.\n", path.display(), data.name, data.fingerprint);
    if [&reading.data, &reading.labels, &options.data.valid, &options.data.test]
        .into_iter()
        .flatten()
        .any(|path| !narrows_data::is_known(path))
    {
        heading += "# File names have no folder here: pass --data, --labels, --valid and --test if the files are in another folder.\n";
    }
    if let Some(progress) = training.progress.as_ref().filter(|progress| !progress.finished) {
        heading += &format!(
            "# It is the model of a checkpoint after {}, not of the end of its run; a run with this file trains to the end.\n",
            counted(progress.epochs, "epoch")
        );
    }
    Ok(heading + &options.to_toml()?)
}

/// Returns every option of a kind with its help and its default. An option whose default depends on the data, or which
/// is off by default, is commented out and shows an example value.
fn defaults(kind: Kind) -> anyhow::Result<String> {
    let digits = narrows_data::load("digits", &LoadOptions::default())?;
    let effective = narrows_trainer::Config::check(&Options::new(kind), &digits)?.effective().fields();
    let example = Options::example().fields();
    let command = <Options as Args>::augment_args(Command::new("narrows"));
    let mut lines = vec![format!(
        "# {}: {}. Commented-out keys depend on the data or are off by default; their values are examples.",
        kind.name(),
        kind.title()
    )];
    let mut heading = None;
    for argument in command.get_arguments() {
        let key = argument.get_id().as_str();
        if !Options::kinds_of(key).contains(&kind) {
            continue;
        }
        if heading != argument.get_help_heading() {
            heading = argument.get_help_heading();
            lines.push(format!("\n# ---- {} ----", heading.unwrap_or_default()));
        }
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let value = |fields: &toml::Table| fields.get(key).map(|value| format!("{key} = {value}"));
        let line = match value(&effective).filter(|_| !DATA_DEPENDENT.contains(&key)) {
            Some(line) => line,
            None => format!("# {}", value(&example).unwrap_or_default()),
        };
        lines.push(format!("\n{}\n{line}", comment(&help)));
    }
    Ok(lines.join("\n"))
}

/// Wraps a text into comment lines.
fn comment(text: &str) -> String {
    let mut lines = vec!["#".to_owned()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= COMMENT_WIDTH => *line += &format!(" {word}"),
            _ => lines.push(format!("# {word}")),
        }
    }
    lines.join("\n")
}
