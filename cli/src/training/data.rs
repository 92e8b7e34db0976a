//! The data of a run: its parts, loaded as the options say.

use std::path::Path;

use anyhow::{Context, bail};
use narrows_data::{Beside, Dataset, Limits, LoadOptions, Reading, shared_rows};
use narrows_trainer::Options;

use crate::{input::quoted, report::warn};

/// The options with every file by its whole path, so that a run can be taken up from another working
/// directory.
pub(super) fn found_from_anywhere(options: &Options) -> Options {
    options.clone().with_paths(|path| match std::path::absolute(path) {
        Ok(whole) if Path::new(path).exists() && !narrows_data::is_known(path) => whole.to_string_lossy().into_owned(),
        Ok(_) | Err(_) => path.clone(),
    })
}

/// The data that the options name; for a run that was there before, an error says so.
pub(super) fn loaded(options: &Options, limits: &Limits, run: Option<&Path>) -> anyhow::Result<Dataset> {
    let data = parts(options, limits);
    match run {
        None => data,
        Some(run) => data
            .with_context(|| format!("the data of the run `{}` (name it by --data where it has moved)", run.display())),
    }
}

fn parts(options: &Options, limits: &Limits) -> anyhow::Result<Dataset> {
    let reading = Reading { data: Some(spec(options).to_owned()), ..options.reading.clone() };
    let with = |labels: &Option<String>| LoadOptions {
        reading: Reading { labels: labels.clone(), ..reading.clone() },
        limits: limits.clone(),
        sets: None,
    };
    if let (Some(valid), Some(test)) = (&options.valid, &options.test)
        && valid == test
    {
        bail!("--valid and --test both name `{valid}`; no row may be in two parts");
    }
    let mut data = narrows_data::load(spec(options), &with(&options.reading.labels))?;
    for (beside, flag, spec, labels) in [
        (Beside::Valid, "--valid", &options.valid, &options.valid_labels),
        (Beside::Test, "--test", &options.test, &options.test_labels),
    ] {
        let Some(spec) = spec else { continue };
        data = data.with(beside, spec, &with(labels)).with_context(|| format!("{flag} {spec}"))?;
        let part = match beside {
            Beside::Valid => &data.valid,
            Beside::Test => &data.test,
        };
        let shared = part.as_ref().map(|part| shared_rows(&data.train.values, &part.values)).transpose()?;
        if let Some(shared) = shared.filter(|&shared| shared > 0) {
            warn(format_args!(
                "{shared} rows of {flag} {spec} stand among the rows to train on too: figures on them flatter"
            ));
        }
    }
    Ok(data)
}

/// What to load, by the words of a person.
fn spec(options: &Options) -> &str {
    options.reading.data.as_deref().unwrap_or("digits")
}

/// The flags that name the data of a run again, to be pasted into a shell.
pub(super) fn flags(options: &Options) -> String {
    let reading = Options { reading: options.reading.clone(), ..Options::default() }.fields();
    let flag = |(key, value): (&String, &toml::Value)| {
        let text = match value {
            toml::Value::Array(names) => names.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>().join(","),
            toml::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        format!("--{} {}", key.replace('_', "-"), quoted(&text))
    };
    reading.iter().map(flag).collect::<Vec<_>>().join(" ")
}
