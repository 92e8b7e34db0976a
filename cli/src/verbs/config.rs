//! `narrows config`: a configuration to start from, or the one that made a bundle or a run.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Command};
use narrows_bundle::{Bundle, Kind, MANIFEST};
use narrows_data::LoadOptions;
use narrows_trainer::{Options, Run};

use crate::report::print;

/// Keys whose value follows the data.
const BY_DATA: [&str; 7] = ["scale", "scale_per", "valid_fraction", "likelihood", "output_link", "variance", "epochs"];

/// Of a line of comment.
const WIDTH: usize = 100;

#[derive(Debug, Args)]
pub(crate) struct Config {
    /// A kind of model, like vae, for its defaults, commented; or a bundle, or the folder of a run
    #[arg(value_name = "KIND|BUNDLE|RUN")]
    of: String,
}

pub(crate) fn run(arguments: &Config) -> anyhow::Result<()> {
    let path = PathBuf::from(&arguments.of);
    let text = match arguments.of.parse::<Kind>() {
        Ok(kind) => defaults(kind)?,
        Err(_) if path.join(MANIFEST).exists() || path.is_file() => of_bundle(&path)?,
        Err(_) if path.is_dir() => Run::options(&path)?.to_toml()?,
        Err(why) => bail!("{why}; and there is no bundle or run at `{}`", path.display()),
    };
    print(text.trim_end())
}

fn of_bundle(path: &Path) -> anyhow::Result<String> {
    let bundle = Bundle::open(path)?;
    let training = &bundle.manifest().training;
    let options: Options = serde_json::from_value(training.configuration.clone())
        .with_context(|| format!("the configuration of `{}` is not one of this version", path.display()))?;
    let (data, reading) = (&training.data, &options.data.reading);
    let mut heading =
        format!("# What made `{}`, on {} with fingerprint {}.\n", path.display(), data.name, data.fingerprint);
    if [&reading.data, &reading.labels, &options.data.valid, &options.data.test]
        .into_iter()
        .flatten()
        .any(|path| !narrows_data::is_known(path))
    {
        heading += "# Files stand here without their folders: name them by --data, --labels, --valid and --test where they lie elsewhere.\n";
    }
    if let Some(progress) = training.progress.as_ref().filter(|progress| !progress.finished) {
        heading += &format!("# That run was broken off after {} epochs; this one goes to its end.\n", progress.epochs);
    }
    Ok(heading + &options.to_toml()?)
}

/// Every option of a kind with its meaning: with its default where it has one whatever the data, behind a
/// comment sign where it follows the data or is off.
fn defaults(kind: Kind) -> anyhow::Result<String> {
    let digits = narrows_data::load("digits", &LoadOptions::default())?;
    let effective = narrows_trainer::Config::check(&Options::new(kind), &digits)?.effective().fields();
    let example = Options::example().fields();
    let command = <Options as Args>::augment_args(Command::new("narrows"));
    let mut lines =
        vec![format!("# {}: {}. Keys behind a comment sign follow the data, or are off.", kind.name(), kind.title())];
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
        let line = match value(&effective).filter(|_| !BY_DATA.contains(&key)) {
            Some(line) => line,
            None => format!("# {}", value(&example).unwrap_or_default()),
        };
        lines.push(format!("\n{}\n{line}", comment(&help)));
    }
    Ok(lines.join("\n"))
}

/// A sentence as lines of comment.
fn comment(sentence: &str) -> String {
    let mut lines = vec!["#".to_owned()];
    for word in sentence.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= WIDTH => *line += &format!(" {word}"),
            _ => lines.push(format!("# {word}")),
        }
    }
    lines.join("\n")
}
