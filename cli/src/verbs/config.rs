//! `narrows config`: prints a configuration file: the defaults of a kind, or the options of a bundle or run.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Arg, ArgAction, Args, Command};
use narrows_bundle::{Bundle, Kind, MANIFEST, counted};
use narrows_data::LoadOptions;
use narrows_trainer::{Options, Run, transfer};

use crate::{config_file::flags_of, model::needs_autoencoder, report::print};

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

/// The command whose options are printed like those of a kind.
const TRANSFER: &str = "transfer";

/// Largest width of a comment line, in bytes.
const COMMENT_WIDTH: usize = 100;

/// Print a configuration file: the defaults of a kind or of a transfer, or the options of a bundle or run
///
/// For a kind of model or `transfer`, prints every option in TOML with its meaning and its default, and the flags of
/// the command, which are keys too. For a bundle or a run, prints
/// the options that it was trained with; training with that file gives the same bundle again. Save the output and pass
/// it to `train` or `train-export` with --config.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    narrows config vae > vae.toml\n  \
    narrows train-export --config vae.toml --epochs 20\n  \
    narrows config models/vae > again.toml")]
pub(crate) struct Config {
    /// Kind of model (pca, ae, dae, wae, vae or cvae), `transfer`, bundle, or folder of a run
    #[arg(value_name = "KIND|transfer|BUNDLE|RUN")]
    source: String,
}

pub(crate) fn run(arguments: &Config) -> anyhow::Result<()> {
    let path = PathBuf::from(&arguments.source);
    let text = match arguments.source.parse::<Kind>() {
        Ok(kind) => defaults(kind)?,
        Err(_) if arguments.source == TRANSFER => of_transfer(),
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
    if [&reading.data, &reading.labels, &options.data.valid, &options.data.test, &options.moments.moments]
        .into_iter()
        .flatten()
        .any(|path| !narrows_data::is_known(path))
    {
        heading += "# File names have no folder here: pass --data, --labels, --valid, --test and --moments if the files are in another folder.\n";
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
    let taken =
        command.get_arguments().filter(|argument| Options::kinds_of(argument.get_id().as_str()).contains(&kind));
    lines.extend(listed(taken, |key| {
        let value = |fields: &toml::Table| fields.get(key).map(|value| format!("{key} = {value}"));
        match value(&effective).filter(|_| !DATA_DEPENDENT.contains(&key)) {
            Some(line) => line,
            None => format!("# {}", value(&example).unwrap_or_default()),
        }
    }));
    lines.extend(flags("train-export", kind.name()));
    Ok(lines.join("\n"))
}

/// Returns every option of a transfer with its help and an example value.
fn of_transfer() -> String {
    let example = transfer::Options::example().fields();
    let command = <transfer::Options as Args>::augment_args(Command::new("narrows"));
    let mut lines = vec![
        "# Options of a transfer. Commented-out keys depend on the data or are off by default; their values are examples."
            .to_owned(),
    ];
    lines.extend(listed(command.get_arguments(), |key| {
        format!("# {key} = {}", example.get(key).map(ToString::to_string).unwrap_or_default())
    }));
    lines.extend(flags(TRANSFER, "vae-classifier"));
    lines.join("\n")
}

/// Returns each option below its help, with a line above each group; `line` returns the line of a key.
fn listed<'a>(arguments: impl Iterator<Item = &'a Arg>, line: impl Fn(&str) -> String) -> Vec<String> {
    let (mut heading, mut lines) = (None, Vec::new());
    for argument in arguments {
        if heading != argument.get_help_heading() {
            heading = argument.get_help_heading();
            lines.push(format!("\n# ---- {} ----", heading.unwrap_or_default()));
        }
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        lines.push(format!("\n{}\n{}", comment(&help), line(argument.get_id().as_str())));
    }
    lines
}

/// Returns the flags of a command, which do not change its result, with their help and example values.
fn flags(command: &str, model: &str) -> Vec<String> {
    let flags = flags_of(command);
    let example = |flag: &Arg| {
        let default = flag.get_default_values().first().map(|value| value.to_string_lossy().into_owned());
        match (flag.get_id().as_str(), default, flag.get_action()) {
            (_, _, ArgAction::SetTrue) => "true".to_owned(),
            (_, Some(default), _) if default.parse::<u32>().is_ok() => default,
            (_, Some(default), _) => format!("{default:?}"),
            ("label_efficiency", None, _) => "20".to_owned(),
            ("run", None, _) => format!("\"runs/{model}\""),
            (_, None, _) => format!("\"models/{model}\""),
        }
    };
    let line = |key: &str| {
        let value = flags.iter().find(|flag| flag.get_id() == key).map(example);
        format!("# {key} = {}", value.unwrap_or_default())
    };
    let heading = format!("\n# ---- Flags of `{command}`, which are not part of the model ----");
    let options = flags.iter().map(|flag| flag.clone().help_heading(None::<&str>)).collect::<Vec<_>>();
    [heading].into_iter().chain(listed(options.iter(), line)).collect()
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
