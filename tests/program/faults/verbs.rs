//! Every command that writes an output is killed at random moments. The output is then the older one or the new one,
//! complete; the next run gives the same bytes as one that was never killed, and removes what the killed ones left.
#![cfg(target_os = "linux")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use ndarray::Array2;

use crate::{
    kills::{Random, end_or_kill},
    sandbox::Sandbox,
};

/// Seed of the times of the kills.
const SEED: u64 = 20_261_130;

/// A command and its output, a file or a folder.
struct Case {
    line: &'static str,
    out: &'static str,
}

/// Training and `train-export` are in `soak.rs`, with their checkpoints.
const CASES: [Case; 9] = [
    Case { line: "export run --out bundle", out: "bundle" },
    Case { line: "encode model --data many.npy --out z.csv", out: "z.csv" },
    Case { line: "score model --data many.npy --out s.parquet", out: "s.parquet" },
    Case { line: "generate model --count 200000 --out g.npy", out: "g.npy" },
    Case { line: "pack model packed.narrows", out: "packed.narrows" },
    Case { line: "detect fit model --calibration-part test --out detector", out: "detector" },
    Case { line: "detect fit packed-model.narrows --calibration-part test", out: "packed-model.narrows" },
    Case { line: "report model --data digits --out page.html", out: "page.html" },
    Case { line: "transfer model --data digits --out head", out: "head" },
];

/// What a killed command left.
#[derive(Debug, Default)]
struct Tally {
    kills: usize,
    finished: usize,
    /// Kills after which the older output was there.
    older: usize,
    /// Kills after which the new output was there.
    newer: usize,
    /// Kills between the two renames that replace a folder: the older one has a hidden name, and the next run restores
    /// it.
    between: usize,
    /// Kills that left hidden files or folders.
    with_leftovers: usize,
}

impl std::fmt::Display for Tally {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Tally { kills, finished, older, newer, between, with_leftovers } = self;
        write!(
            formatter,
            "{kills} kills, {finished} ended before; then {older} times the older output, {newer} times the new one, \
             {between} times between the renames; {with_leftovers} times with hidden files"
        )
    }
}

/// Returns a sandbox with everything that the commands read.
fn sandbox(rows: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export vae --epochs 2 --hidden 16 --run run --out model");
    sandbox.run_ok("train-export ae --epochs 1 --hidden 8 --run other-run --out older-bundle");
    sandbox.run_ok("pack model packed-model.narrows");
    let values = Array2::from_shape_fn((rows, 64), |(row, column)| ((row * 31 + column * 17) % 16) as f32);
    sandbox.write_npy("many.npy", &values);
    sandbox
}

type Content = BTreeMap<PathBuf, Option<Vec<u8>>>;

/// Returns the content of a file or a folder; `None` if there is none.
fn content_of(sandbox: &Sandbox, name: &str) -> Option<Content> {
    let path = sandbox.path(name);
    match path.is_dir() {
        true => Some(sandbox.content_of(name)),
        false => fs::read(path).ok().map(|bytes| BTreeMap::from([(PathBuf::new(), Some(bytes))])),
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a writable folder");
    for entry in fs::read_dir(from).expect("a readable folder") {
        let path = entry.expect("a readable folder").path();
        fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("a writable folder");
    }
}

/// Puts the older output in place of whatever is there.
fn restore_older(sandbox: &Sandbox, case: &Case, older: &Content) {
    let path = sandbox.path(case.out);
    if path.is_dir() {
        fs::remove_dir_all(&path).expect("our own folder");
    }
    match older.get(Path::new("")) {
        Some(bytes) => fs::write(&path, bytes.as_ref().expect("a file")).expect("a writable folder"),
        None => copy_folder(&sandbox.path("older-bundle"), &path),
    }
}

/// Kills a command `kills` times at random moments, and checks after each what it left.
fn survive(sandbox: &Sandbox, case: &Case, kills: usize, random: &mut Random) -> Tally {
    let is_rewritten = sandbox.path(case.out).is_file();
    let older = is_rewritten.then(|| content_of(sandbox, case.out)).flatten();
    let start = Instant::now();
    sandbox.run_ok(case.line);
    let duration = start.elapsed();
    let expected = content_of(sandbox, case.out).expect("it is written");
    let older = older.unwrap_or_else(|| match expected.contains_key(Path::new("")) {
        true => BTreeMap::from([(PathBuf::new(), Some(b"older".to_vec()))]),
        false => sandbox.content_of("older-bundle"),
    });
    let mut tally = Tally::default();
    let mut needs_restoring = true;
    while tally.kills < kills {
        if needs_restoring {
            restore_older(sandbox, case, &older);
        }
        let mut command = sandbox.command(case.line);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        let life = duration.mul_f64(1.05 * random.uniform()).max(Duration::from_millis(1));
        match end_or_kill(&mut child, life) {
            None => tally.kills += 1,
            Some(code) => {
                assert_eq!(code, Some(0), "{}", case.line);
                tally.finished += 1;
            }
        }
        let now = content_of(sandbox, case.out);
        needs_restoring = now.as_ref() == Some(&expected);
        let hidden = sandbox.leftover_files();
        if now.as_ref() == Some(&expected) {
            tally.newer += 1;
        } else if now.as_ref() == Some(&older) {
            tally.older += 1;
        } else {
            let retired = hidden.iter().find(|path| path.to_string_lossy().contains(".retired-"));
            let retired = retired.and_then(|path| content_of(sandbox, &path.to_string_lossy()));
            assert!(now.is_none() && retired.as_ref() == Some(&older), "{}: half an output; {hidden:?}", case.line);
            tally.between += 1;
        }
        tally.with_leftovers += usize::from(!hidden.is_empty());
    }
    if content_of(sandbox, case.out).is_some() {
        restore_older(sandbox, case, &older);
    }
    sandbox.run_ok(case.line);
    assert!(content_of(sandbox, case.out).as_ref() == Some(&expected), "{}: other bytes", case.line);
    assert!(sandbox.leftover_files().is_empty(), "{}: {:?}", case.line, sandbox.leftover_files());
    tally
}

#[test]
fn a_killed_command_leaves_the_older_output_or_the_new_one() {
    let sandbox = sandbox(2000);
    let mut random = Random(SEED);
    for case in &CASES[..2] {
        let tally = survive(&sandbox, case, 2, &mut random);
        assert_eq!(tally.kills, 2);
    }
}

#[test]
#[ignore = "minutes: `just faults`"]
fn every_command_survives_any_number_of_kills() {
    let total: usize = std::env::var("NARROWS_KILLS").ok().and_then(|number| number.parse().ok()).unwrap_or(90);
    let sandbox = sandbox(60_000);
    let mut random = Random(SEED);
    for (number, case) in CASES.iter().enumerate() {
        let kills = total / CASES.len() + usize::from(number < total % CASES.len());
        let start = Instant::now();
        let tally = survive(&sandbox, case, kills, &mut random);
        println!("{}: {tally}, {:.0} s", case.line, start.elapsed().as_secs_f64());
    }
}

/// The report of a comparison has measured times, so its cells are compared.
#[test]
#[ignore = "a minute: `just faults`"]
fn a_killed_comparison_continues_to_the_same_models() {
    let kills: usize = std::env::var("NARROWS_KILLS").ok().and_then(|number| number.parse().ok()).unwrap_or(90) / 9;
    let line = |out| format!("compare ae vae --data digits --latent 2,4 --epochs 3 --hidden 16 --out {out}");
    let sandbox = Sandbox::new();
    let start = Instant::now();
    sandbox.run_ok(&line("expected"));
    let duration = start.elapsed();
    let mut random = Random(SEED);
    let mut done = 0;
    while done < kills {
        let mut command = sandbox.command(&line("killed"));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        match end_or_kill(&mut child, duration.mul_f64(0.5 * random.uniform())) {
            None => done += 1,
            Some(code) => {
                assert_eq!(code, Some(0));
                fs::remove_dir_all(sandbox.path("killed")).expect("our own folder");
            }
        }
    }
    sandbox.run_ok(&line("killed"));
    let bundles = |folder: &str| {
        let mut content = sandbox.content_of(folder);
        content.retain(|path, _| path.components().any(|part| part.as_os_str() == "bundle"));
        content
    };
    let (expected, found) = (bundles("expected"), bundles("killed"));
    assert!(!expected.is_empty() && expected == found);
    assert!(sandbox.leftover_files().is_empty(), "{:?}", sandbox.leftover_files());
    println!("compare: {done} kills, {:.0} s", start.elapsed().as_secs_f64());
}
