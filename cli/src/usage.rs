//! Parses the command line, and words the errors of wrong usage.

#[cfg(feature = "train")]
mod file_flags;
mod streams;

use std::{
    error::Error as _,
    ffi::OsString,
    io,
    num::{IntErrorKind, ParseFloatError, ParseIntError},
};

use clap::{
    ArgMatches, Command, CommandFactory, FromArgMatches,
    builder::StyledStr,
    error::{ContextKind, ContextValue, Error, ErrorKind},
};

#[cfg(feature = "train")]
use crate::config_file;
use crate::{
    arguments::Arguments,
    report::{StandardOutput, print_error, print_plain, print_usage},
};

/// A command line.
pub(crate) struct Parsed {
    pub(crate) arguments: Arguments,
    pub(crate) standard_output: StandardOutput,
    /// Keys of the configuration file that are flags of other commands.
    pub(crate) unused_keys: Vec<String>,
}

/// Parses the command line of the process. For a usage error or a request for help, prints it and ends the process.
pub(crate) fn parse() -> Parsed {
    let words: Vec<OsString> = std::env::args_os().collect();
    let (has_json_log, not_text) = (has_json_log(&words), not_text(&words));
    let has_control_characters = words.iter().any(|word| word.to_string_lossy().contains(char::is_control));
    match parse_from(words.clone()) {
        Ok(parsed) => parsed,
        // Help and the version.
        Err(error) if !error.use_stderr() => match error.print() {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                print_error(&format!("cannot write to standard output: {error}"));
                std::process::exit(1)
            }
            Ok(()) | Err(_) => std::process::exit(0),
        },
        Err(error) => {
            // clap removes the sequences of a terminal from the arguments that it repeats, but not their line feeds.
            let escaped =
                has_control_characters.then(|| parse_from(without_control_characters(&words)).err()).flatten();
            let error = escaped.unwrap_or(error);
            let code = if error.kind() == ErrorKind::Io { 1 } else { error.exit_code() };
            let not_text = not_text.filter(|_| error.kind() == ErrorKind::InvalidUtf8);
            let plain = not_text.or_else(|| plain_message(&error));
            // With colours, but also with the control characters of arguments.
            let keeps_style = plain.is_none() && !has_control_characters;
            let message = plain.unwrap_or_else(|| error.render().to_string());
            match (has_json_log, keeps_style) {
                (true, _) => print_usage(&message),
                (false, true) => drop(error.print()),
                (false, false) => print_plain(&message),
            }
            std::process::exit(code)
        }
    }
}

/// Returns the words with escapes in place of control characters.
fn without_control_characters(words: &[OsString]) -> Vec<OsString> {
    let escape = |letter: char| match letter.is_control() {
        true => format!("\\u{:04x}", u32::from(letter)),
        false => letter.to_string(),
    };
    let escaped = |word: &OsString| word.to_string_lossy().chars().map(escape).collect::<String>();
    words.iter().map(|word| OsString::from(escaped(word))).collect()
}

/// Returns the error of the first argument that is not valid UTF-8. The message of clap names no argument.
fn not_text(words: &[OsString]) -> Option<String> {
    let word = words.iter().skip(1).find(|word| word.to_str().is_none())?;
    Some(format!(
        "error: the argument {word:?} is not valid UTF-8, which only bundles, --out, --run and --resume may be here; \
         rename the file, or pass its content by standard input (--data - < FILE)\n"
    ))
}

fn parse_from(words: Vec<OsString>) -> Result<Parsed, Error> {
    let verb = words.iter().skip(1).find(|word| !word.to_string_lossy().starts_with('-')).cloned();
    let verb = verb.unwrap_or_default();
    let mut command = Arguments::command();
    let parsed = |command: &mut Command, words: Vec<OsString>| {
        command.try_get_matches_from_mut(words).map_err(|error| with_tip(error, &verb.to_string_lossy()))
    };
    let matches = parsed(&mut command, words.clone())?;
    let (matches, unused_keys) = with_file(&mut command, words, matches, parsed)?;
    let (called, inner) = innermost(&command, &matches);
    let standard_output = streams::check(called, inner).map_err(|(kind, text)| {
        let verb = command.find_subcommand_mut(&verb);
        verb.map_or_else(|| Error::raw(kind, &text), |verb| verb.error(kind, &text))
    })?;
    Ok(Parsed { arguments: Arguments::from_arg_matches(&matches)?, standard_output, unused_keys })
}

/// Parses the command line again with the flags of the configuration file, if it names one. Returns the keys of the
/// file that are flags of other commands too.
#[cfg(feature = "train")]
fn with_file(
    command: &mut Command,
    words: Vec<OsString>,
    matches: ArgMatches,
    parse: impl Fn(&mut Command, Vec<OsString>) -> Result<ArgMatches, Error>,
) -> Result<(ArgMatches, Vec<String>), Error> {
    config_file::install(command);
    let (verb, inner) = innermost(command, &matches);
    let file_flags::Words { words: of_file, keys, path } = file_flags::words(verb, inner);
    let all = config_file::flag_keys();
    let unused = keys.into_iter().filter(|key| all.contains(key)).collect();
    if of_file.is_empty() {
        return Ok((matches, unused));
    }
    let matches = parse(command, words.into_iter().chain(of_file).collect());
    Ok((matches.map_err(|error| in_file(&path, &error))?, unused))
}

/// Without training, no command has a configuration file.
#[cfg(not(feature = "train"))]
fn with_file(
    _: &mut Command,
    _: Vec<OsString>,
    matches: ArgMatches,
    _: impl Fn(&mut Command, Vec<OsString>) -> Result<ArgMatches, Error>,
) -> Result<(ArgMatches, Vec<String>), Error> {
    Ok((matches, Vec::new()))
}

/// Words the error of a flag that a configuration file sets. The file is wrong, and not the command line.
#[cfg(feature = "train")]
fn in_file(path: &std::path::Path, error: &Error) -> Error {
    let text = error.render().to_string();
    let what = text.strip_prefix("error: ").unwrap_or(&text).split("\n\n").next().unwrap_or_default();
    Error::raw(ErrorKind::Io, format!("`{}`: {what}\n", path.display()))
}

/// Returns the subcommand that was called, with its matches.
fn innermost<'a>(mut program: &'a Command, mut matches: &'a ArgMatches) -> (&'a Command, &'a ArgMatches) {
    while let Some((name, inner)) = matches.subcommand()
        && let Some(verb) = program.find_subcommand(name)
    {
        (program, matches) = (verb, inner);
    }
    (program, matches)
}

/// Whether the words ask for messages in JSON. They may be wrong in other ways.
fn has_json_log(words: &[OsString]) -> bool {
    let is_flag = |pair: &[OsString]| pair[0] == "--log-format" && pair[1] == "json";
    words.windows(2).any(is_flag) || words.iter().any(|word| word == "--log-format=json")
}

/// Replaces the tip of an unknown flag that is a flag of another verb. clap suggests the most similar flag, or to pass
/// the flag as a value, and both are wrong there.
fn with_tip(mut error: Error, verb: &str) -> Error {
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else { return error };
    let mut command = Arguments::command();
    command.build();
    let has_no_value =
        matches!(error.get(ContextKind::InvalidValue), Some(ContextValue::String(value)) if value.is_empty());
    let tip = match error.kind() {
        ErrorKind::UnknownArgument => tip_for(&command, verb, flag),
        ErrorKind::InvalidValue if has_no_value => help_of(&command, verb, flag),
        _ => None,
    };
    let (Some(tip), Some(command)) = (tip, command.find_subcommand_mut(verb)) else { return error };
    let usage = command.render_usage();
    error.remove(ContextKind::SuggestedArg);
    error.remove(ContextKind::TrailingArg);
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(tip)]));
    error.insert(ContextKind::Usage, ContextValue::StyledStr(usage));
    error
}

/// Returns the help of a flag like `--missing <METHOD>`, which lists its values.
fn help_of(command: &Command, verb: &str, flag: &str) -> Option<String> {
    let name = flag.strip_prefix("--")?.split(' ').next()?;
    let mut arguments = command.find_subcommand(verb)?.get_arguments();
    let help = arguments.find(|argument| argument.get_long() == Some(name))?.get_help()?;
    Some(format!("--{name}: {help}"))
}

fn tip_for(command: &Command, verb: &str, flag: &str) -> Option<String> {
    let name = flag.strip_prefix("--")?;
    match (verb, name) {
        ("data", "data") => return Some("the data set is an argument without a flag: narrows data digits".to_owned()),
        ("transfer", "latent") => {
            return Some("the encoder of a transfer is that of the bundle, with its latent dimensions".to_owned());
        }
        _ => {}
    }
    let takes_flag = |verb: &&Command| verb.get_arguments().any(|argument| argument.get_long() == Some(name));
    let verbs: Vec<&str> = command.get_subcommands().filter(takes_flag).map(Command::get_name).collect();
    (!verbs.is_empty()).then(|| format!("{flag} is a flag of {}, not of {verb}", verbs.join(", ")))
}

/// Returns the message of a wrong number with a description of the expected one, in place of the words of the Rust
/// library; `None` for other errors.
fn plain_message(error: &Error) -> Option<String> {
    let source = error.source()?;
    let expected = if let Some(number) = source.downcast_ref::<ParseIntError>() {
        match number.kind() {
            IntErrorKind::PosOverflow => "the number is too large",
            IntErrorKind::Zero => "expected a whole number of at least 1",
            _ => "expected a whole number of at least 0",
        }
    } else if source.is::<ParseFloatError>() {
        "expected a number"
    } else {
        return None;
    };
    Some(error.render().to_string().replacen(&source.to_string(), expected, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(line: &str) -> String {
        let words = ["narrows"].into_iter().chain(line.split(' ')).map(OsString::from).collect();
        let error = parse_from(words).map(drop).expect_err(line);
        plain_message(&error).unwrap_or_else(|| error.render().to_string())
    }

    #[test]
    fn a_flag_of_another_verb_is_named_as_such() {
        let cases = [
            ("data --data digits", "tip: the data set is an argument without a flag: narrows data digits"),
            ("score m --out s.csv --count 3", "tip: --count is a flag of generate, not of score"),
        ];
        for (line, tip) in cases {
            let message = message(line);
            assert!(message.contains(tip) && !message.contains("similar"), "{message}");
        }
    }

    #[test]
    #[cfg(feature = "train")]
    fn a_flag_without_an_effect_on_the_encoder_of_a_transfer_is_explained_and_a_misspelling_is_corrected() {
        let latent = message("transfer m --latent 4");
        assert!(latent.contains("tip: the encoder of a transfer is that of the bundle"), "{latent}");
        assert!(latent.contains("Usage: narrows transfer") && !latent.contains("--test"), "{latent}");
        let misspelt = message("train-export vae --lr 0.1");
        assert!(misspelt.contains("a similar argument exists: '--learning-rate'"), "{misspelt}");
    }

    #[test]
    fn a_flag_without_its_value_is_refused_with_the_help_that_lists_the_values() {
        let missing = message("encode m --out z.csv --missing");
        assert!(missing.contains("a value is required for '--missing <METHOD>'"), "{missing}");
        assert!(
            missing.contains("refuse") && missing.contains("mean or median") && missing.contains("drop"),
            "{missing}"
        );
        let wrong = message("encode m --out z.csv --missing zero");
        assert!(wrong.contains("expected refuse, mean, median, drop, keep"), "{wrong}");
    }

    #[test]
    fn a_wrong_number_is_refused_with_a_description_of_the_expected_one() {
        for (line, expected) in [
            (
                "score m --out s.csv --importance-samples -1",
                "'-1' for '--importance-samples <NUMBER>': expected a whole",
            ),
            (
                "generate m --out x.npy --count many",
                "'many' for '--count <COUNT>': expected a whole number of at least 0",
            ),
            ("generate m --out x.npy --seed 99999999999999999999", "the number is too large"),
        ] {
            let message = message(line);
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    #[cfg(feature = "train")]
    fn a_wrong_number_of_an_option_is_refused_in_the_same_way() {
        for (line, expected) in [
            ("train-export vae --latent -3", "'-3' for '--latent <NUMBER>': expected a whole number of at least 0"),
            ("train-export vae --keep 0", "'0' for '--keep <NUMBER>': expected a whole number of at least 1"),
            ("train-export vae --beta high", "'high' for '--beta <WEIGHT>': expected a number"),
        ] {
            let message = message(line);
            assert!(message.contains(expected), "{message}");
        }
    }
}
