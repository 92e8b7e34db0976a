//! Flags of a command that are keys of its configuration file: all that are no options of training, such as `out`.

use std::{ffi::OsString, path::PathBuf};

use clap::{ArgMatches, Command, parser::ValueSource};
use toml::{Table, Value};

use crate::config_file::{flags, text};

/// What the configuration file of a command has in addition to the options of training.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// Words of the flags that the command line does not set.
    pub(super) words: Vec<OsString>,
    /// Keys that are no flags of this command.
    pub(super) keys: Vec<String>,
    pub(super) path: PathBuf,
}

/// Reads the flags of a configuration file. A file that cannot be read or parsed is left to the command, which reports
/// it.
pub(super) fn words(command: &Command, matches: &ArgMatches) -> Words {
    let Ok(Some(path)) = matches.try_get_raw("config").map(|values| values.and_then(|mut values| values.next())) else {
        return Words::default();
    };
    let path = PathBuf::from(path);
    let Ok(Ok(table)) = text(&path).map(|text| text.parse::<Table>()) else {
        return Words::default();
    };
    let is_given = |key: &str| matches.value_source(key) == Some(ValueSource::CommandLine);
    let word = |(key, value): (&String, &Value)| {
        let flag = flags(command).find(|flag| flag.get_id() == key)?.get_long()?;
        if is_given(key) { None } else { word(flag, value) }
    };
    let is_unknown = |key: &&String| command.get_arguments().all(|argument| argument.get_id() != key.as_str());
    let keys = table.keys().filter(is_unknown).cloned().collect();
    Words { words: table.iter().filter_map(word).map(OsString::from).collect(), keys, path }
}

/// Returns one flag with its value; `None` for a switch that is off.
fn word(flag: &str, value: &Value) -> Option<String> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match value {
        Value::Boolean(true) => Some(format!("--{flag}")),
        Value::Boolean(false) => None,
        Value::Array(values) => Some(format!("--{flag}={}", values.iter().map(text).collect::<Vec<_>>().join(","))),
        other => Some(format!("--{flag}={}", text(other))),
    }
}
