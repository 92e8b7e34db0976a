//! The data of a run: its parts, loaded as the options say.

use std::path::Path;

use anyhow::{Context, bail};
use narrows_data::{Dataset, HeldOut, Limits, LoadOptions, Reading, shared_rows};
use narrows_trainer::{DataOptions, Options};

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
    let data = parts(&options.data, limits, &Known::default());
    match run {
        None => data,
        Some(run) => data
            .with_context(|| format!("the data of the run `{}` (name it by --data where it has moved)", run.display())),
    }
}

/// What is known of the data before it is read.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// What stands for a missing value of each feature.
    pub(crate) fill: Option<Vec<f32>>,
    /// What labels are.
    pub(crate) labels: LabelsAre,
}

/// What labels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum LabelsAre {
    /// Names of classes: what one part has, the training part has too.
    #[default]
    Classes,
    /// Numbers to predict.
    Numbers,
}

/// The parts that are named.
pub(crate) fn parts(source: &DataOptions, limits: &Limits, known: &Known) -> anyhow::Result<Dataset> {
    let reading = Reading { data: Some(spec(source).to_owned()), ..source.reading.clone() };
    let with = |labels: &Option<String>| LoadOptions {
        reading: Reading { labels: labels.clone(), ..reading.clone() },
        limits: limits.clone(),
        sets: None,
    };
    if let (Some(valid), Some(test)) = (&source.valid, &source.test)
        && valid == test
    {
        bail!("--valid and --test both name `{valid}`; no row may be in two parts");
    }
    let train = with(&source.reading.labels);
    let mut data = match &known.fill {
        None => narrows_data::load(spec(source), &train)?,
        Some(fill) => narrows_data::load_filled(spec(source), &train, fill)?,
    };
    for (beside, flag, spec, labels) in [
        (HeldOut::Valid, "--valid", &source.valid, &source.valid_labels),
        (HeldOut::Test, "--test", &source.test, &source.test_labels),
    ] {
        let Some(spec) = spec else { continue };
        let added = match known.labels {
            LabelsAre::Classes => data.with(beside, spec, &with(labels)),
            LabelsAre::Numbers => data.with_numbers(beside, spec, &with(labels)),
        };
        data = added.with_context(|| format!("{flag} {spec}"))?;
        let part = match beside {
            HeldOut::Valid => &data.valid,
            HeldOut::Test => &data.test,
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
fn spec(source: &DataOptions) -> &str {
    source.reading.data.as_deref().unwrap_or("digits")
}

/// The flags that name data again, to be pasted into a shell.
pub(crate) fn flags(reading: &Reading) -> String {
    let data = DataOptions { reading: reading.clone(), ..DataOptions::default() };
    let reading = Options { data, ..Options::default() }.fields();
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
