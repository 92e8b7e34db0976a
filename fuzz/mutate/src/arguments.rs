//! The arguments of the program.

use std::path::PathBuf;

use anyhow::{Context, bail};

use crate::mode::Mode;

/// What this process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    /// Starts child processes, and reports.
    Supervise,
    /// Opens the inputs. It is the task of a child process.
    Work,
}

#[derive(Debug, Clone)]
pub(crate) struct Arguments {
    pub(crate) task: Task,
    pub(crate) mode: Mode,
    /// Number of the first case.
    pub(crate) first: u64,
    /// Number of cases.
    pub(crate) count: u64,
    pub(crate) seed: u64,
    /// The folder for inputs that fail.
    pub(crate) failures: PathBuf,
}

impl Arguments {
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut words = words.peekable();
        let task = match words.next_if(|word| word == "work") {
            Some(_) => Task::Work,
            None => Task::Supervise,
        };
        let mode = words.next().context("pass a mode: bundles or data")?.parse()?;
        let count = words.next().context("pass the number of cases")?;
        let count = count.parse().with_context(|| format!("`{count}` is not a number of cases"))?;
        let mut arguments =
            Arguments { task, mode, first: 0, count, seed: 0, failures: PathBuf::from("target/mutate/failures") };
        while let Some(flag) = words.next() {
            let value = words.next().with_context(|| format!("pass a value after {flag}"))?;
            let number = || value.parse().with_context(|| format!("`{value}` after {flag} is not a number"));
            match flag.as_str() {
                "--seed" => arguments.seed = number()?,
                "--first" => arguments.first = number()?,
                "--failures" => arguments.failures = PathBuf::from(&value),
                _ => bail!("unknown flag {flag}: expected --seed, --first or --failures"),
            }
        }
        Ok(arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> anyhow::Result<Arguments> {
        Arguments::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn arguments_select_the_mode_the_cases_and_the_task() {
        let parent = parse("data 7 --seed 3 --first 2").expect("valid");
        assert_eq!((parent.task, parent.mode, parent.count), (Task::Supervise, Mode::Data, 7));
        assert_eq!((parent.seed, parent.first), (3, 2));
        assert_eq!(parse("work bundles 1").expect("valid").task, Task::Work);
        for line in ["", "data", "pages 1", "data x", "data 1 --seed", "data 1 --speed 3"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
