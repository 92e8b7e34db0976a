//! Killing a run at random moments, and taking it up again until it is done.

use std::{
    fs::{self, File},
    ops::AddAssign,
    path::PathBuf,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::place::Place;

/// What happened.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) kills: usize,
    /// Of the lives that got as far as saying where they went on.
    pub(crate) from_checkpoint: usize,
    pub(crate) anew: usize,
    /// Runs that came to their end and were compared.
    pub(crate) equal: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.kills += other.kills;
        self.from_checkpoint += other.from_checkpoint;
        self.anew += other.anew;
        self.equal += other.equal;
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014): the same moments for the same seed, as far as clocks go.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// In `[0, 1)`.
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Trains by `train-export FLAGS`, killed `kills` times at random moments from its start on, in as many runs
/// as it takes; `lives` is how often a run is killed on the average. Every run ends in the bundle of one that
/// nobody killed.
///
/// # Panics
/// If a life does not go on from the newest checkpoint, or a bundle differs.
pub(crate) fn survive(flags: &str, kills: usize, lives: f64, random: &mut Random) -> Tally {
    let place = Place::new();
    let start = Instant::now();
    place.done(&format!("train-export {flags} --run whole-run --out whole"));
    let mut whole = start.elapsed();
    let mut tally = Tally::default();
    for number in 0.. {
        let run = format!("run-{number}");
        let (start, kills_before) = (Instant::now(), tally.kills);
        loop {
            let life = if tally.kills < kills { Some(whole.mul_f64(2.0 * random.share() / lives)) } else { None };
            if live(&place, flags, &run, life, &mut tally) {
                break;
            }
        }
        if tally.kills == kills_before {
            // A machine that was busy at first would let every later run live.
            whole = whole.min(start.elapsed());
        }
        let (found, expected) = (place.content_of("bundle"), place.content_of("whole"));
        let differing: Vec<&PathBuf> = expected.keys().filter(|name| found.get(*name) != expected.get(*name)).collect();
        assert!(found.len() == expected.len() && differing.is_empty(), "{flags}: {differing:?} differ in {run}");
        assert!(epochs(&place, &run) == epochs(&place, "whole-run"), "{flags}: {run} has other epochs");
        // Only Linux tells which processes live, and with that what is litter.
        assert!(!cfg!(target_os = "linux") || place.litter().is_empty(), "{:?}", place.litter());
        tally.equal += 1;
        if tally.kills >= kills {
            break;
        }
    }
    tally
}

/// Starts or goes on, for so long or to the end; whether it came to it.
fn live(place: &Place, flags: &str, run: &str, life: Option<Duration>, tally: &mut Tally) -> bool {
    let newest = newest(place, run);
    // Killed before there was a configuration, it is no run yet.
    let is_run = place.path(run).join("config.toml").exists();
    let line =
        if is_run { format!("train-export --resume {run}") } else { format!("train-export {flags} --run {run}") };
    let cadence = if is_run { cadence(flags) } else { String::new() };
    let said = place.path("said");
    let mut command = place.command(&format!("{line}{cadence} --out bundle"));
    command.stdout(Stdio::null()).stderr(File::create(&said).expect("a writable folder"));
    let mut child = command.spawn().expect("it starts");
    let code = match life {
        Some(life) => end_or_kill(&mut child, life),
        None => Some(child.wait().expect("our own child").code()),
    };
    let said = fs::read_to_string(said).expect("text");
    assert!(!said.contains("passed over") && !said.contains("error:"), "{flags}: {run}: {said}");
    if let Some(told) = said.lines().find(|line| line.starts_with("run: `")) {
        match newest {
            Some(name) => assert!(told.contains(&name), "{flags}: should go on from {name}: {told}"),
            None => assert!(told.contains("begins anew"), "{flags}: {told}"),
        }
        let count = if told.contains("begins anew") { &mut tally.anew } else { &mut tally.from_checkpoint };
        *count += 1;
    }
    match code {
        None => tally.kills += 1,
        Some(code) => assert_eq!(code, Some(0), "{flags}: {run}: {said}"),
    }
    code.is_some()
}

/// The exit code of a child that ends before its time is up; `None` for one that had to be killed.
fn end_or_kill(child: &mut Child, life: Duration) -> Option<Option<i32>> {
    let start = Instant::now();
    while start.elapsed() < life {
        if let Some(status) = child.try_wait().expect("our own child") {
            return Some(status.code());
        }
        thread::sleep(Duration::from_micros(500).min(life.saturating_sub(start.elapsed())));
    }
    child.kill().expect("our own child");
    let status = child.wait().expect("our own child");
    // It may have come to its end in the last moment.
    status.code().map(Some)
}

/// The flags that say how often to save.
fn cadence(flags: &str) -> String {
    let words: Vec<&str> = flags.split_whitespace().collect();
    let pairs = words.windows(2).filter(|pair| ["--checkpoint-every", "--keep"].contains(&pair[0]));
    pairs.map(|pair| format!(" {} {}", pair[0], pair[1])).collect()
}

/// The name of the newest checkpoint.
fn newest(place: &Place, run: &str) -> Option<String> {
    let entries = fs::read_dir(place.path(run).join("checkpoints")).ok()?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter(|name| name.starts_with("step-")).max()
}

/// The epochs in the metrics of a run, with their losses.
fn epochs(place: &Place, run: &str) -> Vec<(u64, f64)> {
    let text = place.read_text(&format!("{run}/metrics.jsonl"));
    let records = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    let figures = |record: serde_json::Value| {
        (record["epoch"].as_u64().expect("a number"), record["train"]["loss"].as_f64().expect("a number"))
    };
    records.map(figures).collect()
}
