//! Kills a run at random times and resumes it until it is finished.

use std::{
    fs::{self, File},
    ops::AddAssign,
    path::PathBuf,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::sandbox::Sandbox;

/// Counts of kills and of resumed runs.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) kills: usize,
    /// Processes that printed that they resume from a checkpoint.
    pub(crate) from_checkpoint: usize,
    /// Processes that printed that they start from the beginning.
    pub(crate) from_beginning: usize,
    /// Runs that finished with the expected bytes.
    pub(crate) equal: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.kills += other.kills;
        self.from_checkpoint += other.from_checkpoint;
        self.from_beginning += other.from_beginning;
        self.equal += other.equal;
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014). The same seed gives the same times, up to the accuracy of the clock.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// Returns a uniform random number in `[0, 1)`.
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A command with a run that can be resumed.
#[derive(Debug, Clone)]
pub(crate) struct Resumable {
    /// The words that start and resume it: the command and its bundle.
    pub(crate) command: String,
    /// The flags of a new run.
    pub(crate) flags: String,
}

impl Resumable {
    pub(crate) fn training(flags: &str) -> Self {
        Resumable { command: "train-export".to_owned(), flags: flags.to_owned() }
    }

    /// Transfer from a bundle of the zoo.
    pub(crate) fn transfer(bundle: &str, flags: &str) -> Self {
        Resumable { command: format!("transfer {}", crate::transfer::zoo(bundle)), flags: flags.to_owned() }
    }
}

/// Runs a command and kills it at random times, `kills` times in total, in as many runs as necessary; a
/// run is killed `lives` times on average. Asserts that every run ends in the bundle of a run that was not killed.
///
/// # Panics
/// If a process does not resume from the newest checkpoint, or a bundle differs.
pub(crate) fn survive(of: &Resumable, kills: usize, lives: f64, random: &mut Random) -> Tally {
    let sandbox = Sandbox::new();
    let start = Instant::now();
    let Resumable { command, flags } = of;
    sandbox.run_ok(&format!("{command} {flags} --run reference-run --out reference"));
    let mut duration = start.elapsed();
    let mut tally = Tally::default();
    for number in 0.. {
        let run = format!("run-{number}");
        let (start, kills_before) = (Instant::now(), tally.kills);
        loop {
            let life = if tally.kills < kills { Some(duration.mul_f64(2.0 * random.uniform() / lives)) } else { None };
            if run_process(&sandbox, of, &run, life, &mut tally) {
                break;
            }
        }
        if tally.kills == kills_before {
            // If the machine was busy during the reference run, the times are too long to kill a later run.
            duration = duration.min(start.elapsed());
        }
        let (actual, expected) = (sandbox.content_of("bundle"), sandbox.content_of("reference"));
        let differing: Vec<&PathBuf> =
            expected.keys().filter(|name| actual.get(*name) != expected.get(*name)).collect();
        assert!(actual.len() == expected.len() && differing.is_empty(), "{flags}: {differing:?} differ in {run}");
        assert!(epochs(&sandbox, &run) == epochs(&sandbox, "reference-run"), "{flags}: {run} has other epochs");
        // Only on Linux does the program know which processes are alive, and so which files are leftovers.
        assert!(!cfg!(target_os = "linux") || sandbox.leftover_files().is_empty(), "{:?}", sandbox.leftover_files());
        tally.equal += 1;
        if tally.kills >= kills {
            break;
        }
    }
    tally
}

/// Starts or resumes a run, and kills it after `life`. Returns whether it finished before.
fn run_process(sandbox: &Sandbox, of: &Resumable, run: &str, life: Option<Duration>, tally: &mut Tally) -> bool {
    let Resumable { command, flags } = of;
    let newest = newest(sandbox, run);
    // A run that was killed before it wrote its configuration does not exist yet.
    let is_run = sandbox.path(run).join("config.toml").exists();
    let line = if is_run { format!("{command} --resume {run}") } else { format!("{command} {flags} --run {run}") };
    let cadence = if is_run { cadence(flags) } else { String::new() };
    let log = sandbox.path("log");
    let mut command = sandbox.command(&format!("{line}{cadence} --out bundle"));
    command.stdout(Stdio::null()).stderr(File::create(&log).expect("a writable folder"));
    let mut child = command.spawn().expect("it starts");
    let code = match life {
        Some(life) => end_or_kill(&mut child, life),
        None => Some(child.wait().expect("our own child").code()),
    };
    let log = fs::read_to_string(log).expect("text");
    assert!(!log.contains("skipped") && !log.contains("error:"), "{flags}: {run}: {log}");
    if let Some(line) = log.lines().find(|line| line.starts_with("run: `")) {
        match newest {
            Some(name) => assert!(line.contains(&name), "{flags}: should resume from {name}: {line}"),
            None => assert!(line.contains("starts from the beginning"), "{flags}: {line}"),
        }
        let is_new = line.contains("starts from the beginning");
        let count = if is_new { &mut tally.from_beginning } else { &mut tally.from_checkpoint };
        *count += 1;
    }
    match code {
        None => tally.kills += 1,
        Some(code) => assert_eq!(code, Some(0), "{flags}: {run}: {log}"),
    }
    code.is_some()
}

/// Kills a child after `life`. Returns its exit code if it ended before, and `None` if it was killed.
pub(crate) fn end_or_kill(child: &mut Child, life: Duration) -> Option<Option<i32>> {
    let start = Instant::now();
    while start.elapsed() < life {
        if let Some(status) = child.try_wait().expect("our own child") {
            return Some(status.code());
        }
        thread::sleep(Duration::from_micros(500).min(life.saturating_sub(start.elapsed())));
    }
    child.kill().expect("our own child");
    let status = child.wait().expect("our own child");
    // It may have ended just before the kill.
    status.code().map(Some)
}

/// Returns the flags of the checkpoint interval.
fn cadence(flags: &str) -> String {
    let words: Vec<&str> = flags.split_whitespace().collect();
    let pairs = words.windows(2).filter(|pair| ["--checkpoint-every", "--keep"].contains(&pair[0]));
    pairs.map(|pair| format!(" {} {}", pair[0], pair[1])).collect()
}

/// Returns the name of the newest checkpoint.
fn newest(sandbox: &Sandbox, run: &str) -> Option<String> {
    let entries = fs::read_dir(sandbox.path(run).join("checkpoints")).ok()?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter(|name| name.starts_with("step-") || name.starts_with("fit-")).max()
}

/// Returns the epochs in the metrics of a run, with their losses.
fn epochs(sandbox: &Sandbox, run: &str) -> Vec<(u64, f64)> {
    let text = sandbox.read_text(&format!("{run}/metrics.jsonl"));
    let records = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    let figures = |record: serde_json::Value| {
        // The loss of a transfer is not divided into parts.
        let loss = record["train"]["loss"].as_f64().or(record["loss"].as_f64());
        (record["epoch"].as_u64().expect("a number"), loss.expect("a number"))
    };
    records.map(figures).collect()
}
