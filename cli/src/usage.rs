//! Parses the command line, and words the errors of wrong usage.

use std::{
    error::Error as _,
    ffi::OsString,
    num::{IntErrorKind, ParseFloatError, ParseIntError},
};

use clap::{
    Command, CommandFactory, Parser,
    builder::StyledStr,
    error::{ContextKind, ContextValue, Error, ErrorKind},
};

use crate::arguments::Arguments;

/// Parses the command line of the process. For a usage error or a request for help, prints it and ends the process.
pub(crate) fn parse() -> Arguments {
    match parse_from(std::env::args_os().collect()) {
        Ok(arguments) => arguments,
        Err(error) => match plain_message(&error) {
            Some(message) => {
                eprint!("{message}");
                std::process::exit(error.exit_code());
            }
            None => error.exit(),
        },
    }
}

fn parse_from(words: Vec<OsString>) -> Result<Arguments, Error> {
    let verb = words.iter().skip(1).find(|word| !word.to_string_lossy().starts_with('-')).cloned();
    Arguments::try_parse_from(words).map_err(|error| with_tip(error, &verb.unwrap_or_default().to_string_lossy()))
}

/// Replaces the tip of an unknown flag that is a flag of another verb. clap suggests the most similar flag, or to pass
/// the flag as a value, and both are wrong there.
fn with_tip(mut error: Error, verb: &str) -> Error {
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else { return error };
    let mut command = Arguments::command();
    command.build();
    let tip = match error.kind() {
        ErrorKind::UnknownArgument => tip_for(&command, verb, flag),
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
