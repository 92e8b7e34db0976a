//! The child process: runs cases, and prints a line for each.

use std::{
    cell::RefCell,
    fs,
    io::{self, Write},
    panic::{AssertUnwindSafe, catch_unwind},
};

use anyhow::Context;
use fastrand::Rng;

use crate::{
    arguments::Arguments, bundle_cases::BundleCases, bundle_run, data_cases::DataCases, data_run, input::Input,
    mode::Mode, outcome::FAILED,
};

/// The first word of the first line, which is followed by the size of the address space in kilobytes.
pub(crate) const READY: &str = "ready";

thread_local! {
    /// The place and the message of the last panic of this thread.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The seeds of a mode.
pub(crate) enum Cases {
    Bundles(BundleCases),
    Data(DataCases),
}

impl Cases {
    pub(crate) fn of(mode: Mode) -> anyhow::Result<Self> {
        Ok(match mode {
            Mode::Bundles => Cases::Bundles(BundleCases::new()?),
            Mode::Data => Cases::Data(DataCases::new()?),
        })
    }

    /// Returns the input of a case.
    pub(crate) fn case(&self, seed: u64, number: u64) -> Input {
        let mut rng = Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number);
        match self {
            Cases::Bundles(cases) => cases.case(&mut rng),
            Cases::Data(cases) => cases.case(&mut rng),
        }
    }

    fn valid(&self) -> Input {
        match self {
            Cases::Bundles(cases) => cases.valid(),
            Cases::Data(cases) => cases.valid(),
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line())).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or_default();
        PANIC.set(Some(format!("{place}: {message}")));
    }));
    let cases = Cases::of(arguments.mode)?;
    let folder = std::env::temp_dir().join("case");
    fs::create_dir_all(&folder)?;
    let run = |input: &Input| {
        let needs_files = arguments.mode == Mode::Data || input.opened.is_empty();
        if needs_files {
            input.write(&folder).expect("a writable temporary folder");
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| match arguments.mode {
            Mode::Bundles => bundle_run::run(input, &folder),
            Mode::Data => data_run::run(input, &folder),
        }));
        if needs_files {
            input.remove(&folder);
        }
        let panic = PANIC.take().map(|panic| one_line(&panic));
        match (outcome, panic) {
            (Ok(outcome), None) => outcome,
            (Ok(outcome), Some(panic)) => format!("{outcome}, after a panic in a decoder at {}", place_of(&panic)),
            (Err(_), panic) => format!("{FAILED}panic at {}", panic.unwrap_or_default()),
        }
    };
    let valid = run(&cases.valid());
    anyhow::ensure!(valid == "ran" || valid == "read", "the valid input is not read: {valid}");
    let mut output = io::stdout();
    writeln!(output, "{READY} {}", address_space()?)?;
    for number in arguments.first..arguments.first + arguments.count {
        let input = cases.case(arguments.seed, number);
        let outcome = run(&input);
        writeln!(output, "{}\t{outcome}", input.group)?;
    }
    Ok(())
}

/// Returns a message of a panic as one line of limited length.
fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(300).collect()
}

/// Returns the name of the file of a panic, without its folders, which differ between machines.
fn place_of(panic: &str) -> &str {
    let place = panic.split(": ").next().unwrap_or_default();
    place.split("/registry/src/").last().and_then(|path| path.split_once('/')).map_or(place, |(_, path)| path)
}

/// Returns the size of the address space of this process in kilobytes.
fn address_space() -> anyhow::Result<u64> {
    let status = fs::read_to_string("/proc/self/status").context("cannot read /proc/self/status (Linux)")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).context("no VmSize in /proc/self/status")
}
