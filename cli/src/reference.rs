//! The reference in docs/reference/, generated from the command line itself, and snapshots of the help of every verb.

use std::{env, fmt::Write, fs, path::PathBuf};

use clap::{Arg, ArgAction, Command, CommandFactory};

use crate::arguments::Arguments;

/// Set by `just docs`: the pages are written instead of compared.
const WRITE: &str = "NARROWS_WRITE_REFERENCE";

#[test]
fn reference_in_docs_is_current() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/reference");
    let program = program();
    let mut pages = vec![("README.md".to_owned(), index(&program))];
    pages.extend(verbs(&program).into_iter().map(|(name, verb)| (file_of(&name), page(&name, verb))));
    if env::var_os(WRITE).is_some() {
        fs::create_dir_all(&folder).expect("a writable checkout");
        for (name, text) in &pages {
            fs::write(folder.join(name), text).expect("a writable checkout");
        }
    }
    for (name, text) in &pages {
        let found = fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(found == *text, "docs/reference/{name} is out of date; run `just docs`");
    }
    let files = fs::read_dir(&folder).expect("a readable checkout").count();
    assert_eq!(files, pages.len(), "docs/reference/ has a page of no command; remove it");
}

#[test]
fn help_of_every_verb_is_as_reviewed() {
    let program = program();
    insta::assert_snapshot!("narrows", program.clone().render_help());
    for (name, verb) in verbs(&program) {
        insta::assert_snapshot!(format!("narrows-{}", name.replace(' ', "-")), verb.clone().render_long_help());
    }
}

/// The command line, with usage lines that include the name of the program.
fn program() -> Command {
    let mut program = Arguments::command().term_width(100);
    program.build();
    program
}

/// Returns the commands by name. A command with subcommands stands for these: `detect fit`, `detect run`.
fn verbs(program: &Command) -> Vec<(String, &Command)> {
    let leaves = |verb| {
        let name = Command::get_name(verb);
        match below(verb) {
            none if none.is_empty() => vec![(name.to_owned(), verb)],
            leaves => leaves.into_iter().map(|leaf| (format!("{name} {}", leaf.get_name()), leaf)).collect(),
        }
    };
    below(program).into_iter().flat_map(leaves).collect()
}

fn below(command: &Command) -> Vec<&Command> {
    command.get_subcommands().filter(|verb| verb.get_name() != "help" && !verb.is_hide_set()).collect()
}

fn file_of(name: &str) -> String {
    format!("{}.md", name.replace(' ', "-"))
}

fn index(program: &Command) -> String {
    let mut text = "# Reference\n\nEvery command of the program `narrows` and every flag. These pages are generated \
                    from the help of the program by `just docs`.\n\n| command | purpose |\n| --- | --- |\n"
        .to_owned();
    for (name, verb) in verbs(program) {
        let (file, about) = (file_of(&name), verb.get_about().map(ToString::to_string).unwrap_or_default());
        writeln!(text, "| [`{name}`]({file}) | {} |", cell(&about)).expect("written to memory");
    }
    text.push_str("\n## Flags of every command\n");
    text.push_str(&table(program.get_arguments().filter(|argument| !argument.is_positional())));
    text.push_str(&closing(program));
    text
}

fn page(name: &str, verb: &Command) -> String {
    let about = verb.get_long_about().or(verb.get_about()).map(ToString::to_string).unwrap_or_default();
    let usage = verb.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let mut text = format!("# narrows {name}\n\n{about}\n\n```text\n{usage}\n```\n");
    let mut headings: Vec<Option<&str>> = Vec::new();
    let own = || verb.get_arguments().filter(|argument| !argument.is_hide_set() && !argument.is_global_set());
    for argument in own() {
        let heading = argument.get_help_heading().filter(|_| !argument.is_positional());
        if !headings.contains(&heading) {
            headings.push(heading);
        }
    }
    // Arguments and flags without a heading come first.
    headings.sort_by_key(Option::is_some);
    for heading in headings {
        writeln!(text, "\n## {}", heading.unwrap_or("Arguments and flags")).expect("written to memory");
        text.push_str(&table(
            own().filter(|argument| argument.get_help_heading().filter(|_| !argument.is_positional()) == heading),
        ));
    }
    text.push_str(&closing(verb));
    text
}

/// The text after the flags, such as examples.
fn closing(command: &Command) -> String {
    let after = command.get_after_long_help().or(command.get_after_help());
    after.map_or(String::new(), |after| format!("\n```text\n{}\n```\n", after.to_string().trim_end()))
}

fn table<'a>(arguments: impl Iterator<Item = &'a Arg>) -> String {
    let mut text = "\n| flag | meaning |\n| --- | --- |\n".to_owned();
    for argument in arguments {
        writeln!(text, "| {} | {} |", flag(argument), cell(&meaning(argument))).expect("written to memory");
    }
    text
}

/// A flag with its value: `--epochs <NUMBER>`.
fn flag(argument: &Arg) -> String {
    let names: Vec<String> =
        argument.get_value_names().unwrap_or_default().iter().map(|name| format!("<{name}>")).collect();
    let takes_values = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
    let values = if takes_values { names.join(" ") } else { String::new() };
    let name = match (argument.get_short(), argument.get_long()) {
        (Some(short), Some(long)) => format!("-{short}, --{long}"),
        (None, Some(long)) => format!("--{long}"),
        (Some(short), None) => format!("-{short}"),
        (None, None) => return format!("`{values}`"),
    };
    format!("`{}`", format!("{name} {values}").trim_end())
}

/// The help of an argument, with its default and its possible values.
fn meaning(argument: &Arg) -> String {
    let mut text = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
    let takes_values = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
    let values: Vec<String> = argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    if takes_values && !values.is_empty() && !argument.is_hide_possible_values_set() {
        write!(text, " [possible values: {}]", values.join(", ")).expect("written to memory");
    }
    let defaults: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if takes_values && !defaults.is_empty() {
        write!(text, " [default: {}]", defaults.join(" ")).expect("written to memory");
    }
    text
}

/// Text for a cell of a table: one line, without the characters that end a cell or begin a tag.
fn cell(text: &str) -> String {
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    one_line.replace('|', "\\|").replace('<', "&lt;")
}
