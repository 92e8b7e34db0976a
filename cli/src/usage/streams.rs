//! Checks the flags that name standard input and standard output, which are written `-`.

use clap::{ArgMatches, Command, error::ErrorKind};

use crate::report::StandardOutput;

/// Flags and arguments that name a data set.
const INPUTS: [&str; 6] = ["data", "valid", "test", "clean", "calibration", "codes"];
const STANDARD: &str = "-";

/// Returns what the command does with standard output, or why it cannot use the standard streams in this way.
pub(super) fn check(program: &Command, command: &ArgMatches) -> Result<StandardOutput, (ErrorKind, String)> {
    let inputs: Vec<&str> = INPUTS.into_iter().filter(|id| is_standard(command, id)).collect();
    if let [one, other, ..] = inputs[..] {
        let text =
            format!("--{one} and --{other} are both standard input (-), which is one data set; name a file for one");
        return Err((ErrorKind::ArgumentConflict, text));
    }
    if !is_standard(command, "out") {
        return Ok(StandardOutput::Results);
    }
    // Only commands that write rows have this flag.
    let writes_rows = program.get_arguments().any(|argument| argument.get_id() == "format");
    match command.try_contains_id("format") {
        _ if !writes_rows => {
            let text = "--out - is standard output, where this command cannot write; name a path";
            Err((ErrorKind::InvalidValue, text.to_owned()))
        }
        Ok(false) | Err(_) => {
            let text = "--out - has no ending that names the format; pass --format, for example --format csv";
            Err((ErrorKind::MissingRequiredArgument, text.to_owned()))
        }
        Ok(true) if matches!(command.try_get_one::<bool>("json"), Ok(Some(true))) => {
            let text = "--out - and --json both write to standard output; leave one of them out";
            Err((ErrorKind::ArgumentConflict, text.to_owned()))
        }
        Ok(true) => Ok(StandardOutput::Rows),
    }
}

fn is_standard(command: &ArgMatches, id: &str) -> bool {
    command.try_get_raw(id).ok().flatten().is_some_and(|mut values| values.any(|value| value == STANDARD))
}
