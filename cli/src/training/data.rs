//! Loads the data of a run: the training, validation and test part.

use std::{path::Path, sync::Arc};

use anyhow::Context;
use narrows_bundle::counted;
use narrows_data::{
    Dataset, Features, HeldOut, Limits, LoadOptions, Missing, Note, NoteCode, Notes, Reading, shared_rows,
    table::Schema,
};
use narrows_trainer::{Options, options::DataOptions};

use crate::{
    input::quoted,
    misuse::misuse,
    notes::say,
    report::{note_recordings, warn},
};

/// Makes the paths of files in the options absolute, so that a run can be resumed from another working directory.
pub(crate) fn with_absolute_paths(options: &Options) -> Options {
    options.clone().with_paths(absolute_path)
}

/// Makes the path of a file absolute. Names of known data sets stay as they are.
pub(crate) fn absolute_path(path: &String) -> String {
    match std::path::absolute(path) {
        Ok(absolute) if Path::new(path).exists() && !narrows_data::is_known(path) => {
            absolute.to_string_lossy().into_owned()
        }
        Ok(_) | Err(_) => path.clone(),
    }
}

/// Loads the data that the options name. For an existing run, an error names the run.
pub(crate) fn load_data(options: &Options, limits: &Limits, run: Option<&Path>) -> anyhow::Result<Dataset> {
    let data = load_parts(&options.data, limits, &LoadContext::default());
    match run {
        None => data,
        Some(run) => data.with_context(|| {
            format!("the data of the run `{}` (if it was moved, pass its path with --data)", run.display())
        }),
    }
}

/// Settings of loading that come from the model and the task, not from the user.
#[derive(Debug, Default)]
pub(crate) struct LoadContext {
    /// Values that replace missing values, one per feature.
    pub(crate) fill: Option<Vec<f32>>,
    /// Type of the labels.
    pub(crate) labels: LabelType,
    /// The columns of a mixed table, for a trained model.
    pub(crate) schema: Option<Arc<Schema>>,
    /// Whether the model takes only numbers.
    pub(crate) features: Features,
}

/// Type of the labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum LabelType {
    /// Names of classes. Every class of the validation and test part must be in the training part.
    #[default]
    Classes,
    /// Target values of a regression.
    Numbers,
}

/// Loads the training part, and the validation and test parts if the options name files for them.
pub(crate) fn load_parts(source: &DataOptions, limits: &Limits, context: &LoadContext) -> anyhow::Result<Dataset> {
    let reading = Reading { data: Some(spec(source).to_owned()), ..source.reading.clone() };
    let load_options = |labels: &Option<String>| LoadOptions {
        reading: Reading { labels: labels.clone(), ..reading.clone() },
        limits: limits.clone(),
        sets: None,
        schema: context.schema.clone(),
        features: context.features,
    };
    if let (Some(valid), Some(test)) = (&source.valid, &source.test)
        && valid == test
    {
        misuse!("--valid and --test are the same file `{valid}`; a row must not be in two parts");
    }
    let train = load_options(&source.reading.labels);
    let mut data = match &context.fill {
        None => narrows_data::load(spec(source), &train)?,
        Some(fill) => narrows_data::load_filled(spec(source), &train, fill)?,
    };
    for (part_kind, flag, spec, labels) in [
        (HeldOut::Valid, "--valid", &source.valid, &source.valid_labels),
        (HeldOut::Test, "--test", &source.test, &source.test_labels),
    ] {
        let Some(spec) = spec else { continue };
        let with_part = match context.labels {
            LabelType::Classes => data.with(part_kind, spec, &load_options(labels)),
            LabelType::Numbers => data.with_numbers(part_kind, spec, &load_options(labels)),
        };
        // The error of the data names the file.
        data = with_part.context(flag)?;
        let part = match part_kind {
            HeldOut::Valid => &data.valid,
            HeldOut::Test => &data.test,
        };
        let shared = part.as_ref().map(|part| shared_rows(&data.train.values, &part.values)).transpose()?;
        if let Some(shared) = shared.filter(|&shared| shared > 0) {
            let are = if shared == 1 { "is" } else { "are" };
            warn(format_args!(
                "{} of {flag} {spec} {are} also among the training rows, so the metrics on that part are too optimistic",
                counted(shared, "row")
            ));
        }
    }
    let mut notes = Notes::default();
    // Notes on labels say that each is a class, but targets of a regression are numbers.
    let is_said = |note: &&Note| context.labels == LabelType::Classes || note.code != NoteCode::Labels;
    notes.extend(data.notes.iter().filter(is_said).cloned());
    say(&notes)?;
    note_recordings(&data);
    Ok(data)
}

/// Returns the name or path of the training data as the user wrote it.
fn spec(source: &DataOptions) -> &str {
    source.reading.data.as_deref().unwrap_or("digits")
}

/// Returns the flags with which a command reads data for a model that was trained on it, like [`data_flags`]. The model
/// has the types and levels of a mixed table.
pub(crate) fn data_flags_of_model(reading: &Reading) -> Option<String> {
    let missing = reading.missing.filter(|missing| *missing != Missing::Mask);
    data_flags(&Reading { types: None, max_levels: None, missing, ..reading.clone() })
}

/// Returns the flags that read the same data again from any folder, quoted for a shell; `None` for standard input.
pub(super) fn data_flags(reading: &Reading) -> Option<String> {
    if reading.data.as_deref().is_some_and(narrows_data::is_standard_input) {
        return None;
    }
    let data = DataOptions { reading: reading.clone(), ..DataOptions::default() };
    let reading = with_absolute_paths(&Options { data, ..Options::default() }).fields();
    let flag = |(key, value): (&String, &toml::Value)| {
        let text = match value {
            toml::Value::Array(names) => names.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>().join(","),
            toml::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        format!("--{} {}", key.replace('_', "-"), quoted(&text))
    };
    Some(reading.iter().map(flag).collect::<Vec<_>>().join(" "))
}
