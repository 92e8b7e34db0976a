//! The parent process: starts child processes with limits, counts outcomes, and saves inputs that fail.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, ExitCode, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};

use crate::{
    arguments::Arguments,
    deadline::Deadline,
    outcome::FAILED,
    table::{Counts, table},
    worker::{Cases, READY},
};

/// Memory that a child may allocate in addition to that of a valid input, in kilobytes.
const MEMORY: u64 = 1 << 20;
/// Cases after which a new child is started.
const CASES_PER_CHILD: u64 = 20_000;
/// Inputs that are saved for each kind of failure.
const SAVED: u64 = 5;

/// The outcome of one child.
struct Ran {
    /// Outcomes by group, of the cases that it finished.
    outcomes: Vec<(String, String)>,
    /// Why it ended before its last case.
    death: Option<String>,
    ready: u64,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let start = Instant::now();
    let memory = Path::new("/dev/shm");
    let root = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let scratch = root.join(format!("narrows-mutate-{}", std::process::id()));
    fs::create_dir_all(&scratch)?;
    let counts = supervise(arguments, &scratch);
    let _ = fs::remove_dir_all(&scratch);
    let counts = counts?;
    println!("{}", table(&counts));
    let failed: u64 =
        counts.iter().filter(|((_, outcome), _)| outcome.starts_with(FAILED)).map(|(_, count)| count).sum();
    let seconds = start.elapsed().as_secs_f64();
    println!("{} mutated {} in {seconds:.0} s: {failed} failed", arguments.count, arguments.mode);
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn supervise(arguments: &Arguments, scratch: &Path) -> anyhow::Result<Counts> {
    let cases = Cases::of(arguments.mode)?;
    let trial = child(&Arguments { count: 0, ..arguments.clone() }, scratch, None)?;
    ensure!(trial.death.is_none(), "the valid input failed: {}", trial.death.unwrap_or_default());
    let limit = trial.ready + MEMORY;
    let (mut counts, mut saved) = (Counts::new(), BTreeMap::<String, u64>::new());
    let (mut next, end) = (arguments.first, arguments.first + arguments.count);
    while next < end {
        let part = Arguments { first: next, count: CASES_PER_CHILD.min(end - next), ..arguments.clone() };
        let Ran { mut outcomes, death, .. } = child(&part, scratch, Some(limit))?;
        if let Some(death) = death {
            let input = cases.case(part.seed, next + outcomes.len() as u64);
            outcomes.push((input.group.to_owned(), format!("{FAILED}{death}")));
        }
        for (number, (group, outcome)) in (next..).zip(&outcomes) {
            *counts.entry((group.clone(), outcome.clone())).or_default() += 1;
            if outcome.starts_with(FAILED) {
                let count = saved.entry(outcome.clone()).or_default();
                *count += 1;
                if *count <= SAVED {
                    let folder = arguments.failures.join(format!("{}-{}-{number}", part.mode, part.seed));
                    cases.case(part.seed, number).write(&folder)?;
                    fs::write(folder.join("outcome.txt"), outcome)?;
                    eprintln!("case {number}, {group}: {outcome}; saved in {}", folder.display());
                }
            }
        }
        next += outcomes.len() as u64;
        eprintln!("{} of {} cases", next - arguments.first, arguments.count);
    }
    Ok(counts)
}

/// Runs cases in a child process.
fn child(arguments: &Arguments, scratch: &Path, limit: Option<u64>) -> anyhow::Result<Ran> {
    let _ = fs::remove_dir_all(scratch);
    fs::create_dir_all(scratch)?;
    let mut child = start(arguments, scratch, limit)?;
    let (stdout, stderr) = (child.stdout.take().context("a pipe")?, child.stderr.take().context("a pipe")?);
    let errors = thread::spawn(move || {
        let mut tail = Vec::new();
        let mut reader = BufReader::new(stderr);
        let mut block = [0; 4096];
        while let Ok(count @ 1..) = reader.read(&mut block) {
            tail.extend(&block[..count]);
            let surplus = tail.len().saturating_sub(4096);
            drop(tail.drain(..surplus));
        }
        String::from_utf8_lossy(&tail).into_owned()
    });
    let (done, has_ended) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let process = Arc::new(Mutex::new(child));
    let watch = {
        let (done, has_ended, process) = (Arc::clone(&done), Arc::clone(&has_ended), Arc::clone(&process));
        thread::spawn(move || watch(&done, &has_ended, &process))
    };
    let (mut outcomes, mut ready) = (Vec::new(), None);
    for line in BufReader::new(stdout).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        match (ready, line.strip_prefix(READY), line.split_once('\t')) {
            (None, Some(size), _) => ready = size.trim().parse().ok(),
            (Some(_), _, Some((group, outcome))) => outcomes.push((group.to_owned(), outcome.to_owned())),
            _ => {}
        }
        done.fetch_add(1, Ordering::Relaxed);
    }
    has_ended.store(true, Ordering::Relaxed);
    let was_killed = watch.join().unwrap_or(false);
    let status = process.lock().unwrap_or_else(PoisonError::into_inner).wait()?;
    let errors = errors.join().unwrap_or_default();
    let Some(ready) = ready else { anyhow::bail!("a child did not start ({status}): {errors}") };
    let is_complete = outcomes.len() as u64 == arguments.count;
    let death = match (was_killed, is_complete && status.success()) {
        (true, _) if !is_complete => Some("more than a second".to_owned()),
        (_, true) => None,
        _ => Some(format!("{status}: {}", reason(&errors))),
    };
    Ok(Ran { outcomes, death, ready })
}

/// Starts a child with a limit on its address space, in kilobytes.
fn start(arguments: &Arguments, scratch: &Path, limit: Option<u64>) -> anyhow::Result<Child> {
    let program = std::env::current_exe()?;
    let limit = limit.map_or("unlimited".to_owned(), |limit| limit.to_string());
    let mut command = Command::new("sh");
    // The shell replaces itself by the program, so the process is the same.
    command.args(["-c", "ulimit -v \"$1\"; shift; exec \"$@\"", "sh", &limit]).arg(program).arg("work");
    command.arg(arguments.mode.to_string()).arg(arguments.count.to_string());
    command.args(["--seed", &arguments.seed.to_string(), "--first", &arguments.first.to_string()]);
    command.env("TMPDIR", scratch).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().context("cannot start a child process")
}

/// Kills the process when a case takes too long. Returns whether it did.
fn watch(done: &AtomicU64, has_ended: &AtomicBool, process: &Mutex<Child>) -> bool {
    let mut deadline = None;
    while !has_ended.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(50));
        let finished = done.load(Ordering::Relaxed);
        let mut process = process.lock().unwrap_or_else(PoisonError::into_inner);
        // Before the first line, the process reads the seeds.
        if finished > 0 && deadline.get_or_insert_with(|| Deadline::of(process.id())).is_over(finished) {
            let _ = process.kill();
            return true;
        }
    }
    false
}

/// Returns the last line of the error output, without numbers that differ from one case to another.
fn reason(errors: &str) -> String {
    let line = errors.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    line.chars().filter(|letter| !letter.is_ascii_digit()).take(200).collect()
}
