//! The configuration file of `--config`: options of training or of a transfer, and flags of the command.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Mutex, OnceLock, PoisonError},
};

use anyhow::Context;
use clap::{Arg, Command};
use narrows_trainer::{ConfigError, Options, transfer};

/// The commands with a configuration file.
const COMMANDS: [&[&str]; 5] = [&["train-export"], &["train"], &["compare"], &["transfer"], &["detect", "fit"]];
/// Flags that cannot be keys, because they decide whether and which file is read.
const NOT_KEYS: [&str; 4] = ["config", "resume", "help", "version"];

/// Largest size of a configuration file, in bytes. A device such as /dev/zero has no end.
const LARGEST: u64 = 1 << 20;

/// The file that was read last. A pipe such as `<(command)` has no content for a second reader.
static LAST_READ: Mutex<Option<(PathBuf, String)>> = Mutex::new(None);

/// The command line of the program. It is global, because the commands that read a file are themselves part of it.
static PROGRAM: OnceLock<Command> = OnceLock::new();

/// Sets the command line of the program, which says what the flags of every command are.
pub(crate) fn install(program: &Command) {
    PROGRAM.get_or_init(|| program.clone());
}

/// Returns the flags of a command that can be keys of its file in addition to the options of training, such as `out`.
pub(crate) fn flags(command: &Command) -> impl Iterator<Item = &Arg> {
    let options = if command.get_name() == "transfer" { transfer::Options::keys() } else { Options::keys() };
    let is_key = move |flag: &&Arg| {
        let id = flag.get_id().as_str();
        flag.get_long().is_some() && !options.contains(&id) && !NOT_KEYS.contains(&id)
    };
    command.get_arguments().filter(is_key)
}

/// Returns the flags of the command of this name that can be keys of its file.
pub(crate) fn flags_of(name: &str) -> Vec<Arg> {
    let command = PROGRAM.get().and_then(|program| program.find_subcommand(name));
    command.map(|command| flags(command).cloned().collect()).unwrap_or_default()
}

/// Returns the keys of all flags of the commands with a configuration file.
pub(crate) fn flag_keys() -> Vec<String> {
    let Some(program) = PROGRAM.get() else { return Vec::new() };
    let find = |path: &&[&str]| path.iter().try_fold(program, |command, name| command.find_subcommand(name));
    let flags = COMMANDS.iter().filter_map(find).flat_map(flags);
    let mut keys: Vec<String> = flags.map(|flag| flag.get_id().to_string()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Returns the content of a configuration file. It is read once in a process.
pub(crate) fn text(path: &Path) -> io::Result<String> {
    let mut last = LAST_READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, text)) = last.as_ref().filter(|(of, _)| of == path) {
        return Ok(text.clone());
    }
    let mut text = String::new();
    File::open(path)?.take(LARGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LARGEST {
        let what = "it has more than 1 MiB, so it is no configuration file; `narrows config KIND` prints an example";
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
    }
    *last = Some((path.to_owned(), text.clone()));
    Ok(text)
}

/// Reads the options of training.
pub(crate) fn options_of_file(path: &Path) -> anyhow::Result<Options> {
    read(path, Options::from_toml_with)
}

/// Reads the options of a transfer.
pub(crate) fn transfer_of_file(path: &Path) -> anyhow::Result<transfer::Options> {
    read(path, transfer::Options::from_toml_with)
}

/// Reads options. The flags of the file were taken from it when the command line was parsed.
fn read<T>(path: &Path, parse: impl Fn(&str, &[&str]) -> Result<T, ConfigError>) -> anyhow::Result<T> {
    let text = text(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let flags = flag_keys();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    parse(&text, &flags).with_context(|| format!("`{}`", path.display()))
}
