//! A run that is interrupted leaves no bundle and no litter, what was there before stays, and what it says
//! to do goes on to the very bytes of a run that nobody interrupted.
#![cfg(unix)]

use std::{
    io::{BufRead, BufReader, Lines},
    process::{Child, ChildStderr, Command, Stdio},
};

use ndarray::Array2;

use crate::place::Place;

/// A run of the program, and what it says.
struct Running {
    child: Child,
    stderr: Lines<BufReader<ChildStderr>>,
}

impl Running {
    fn start(place: &Place, line: &str) -> Self {
        let mut command = place.command(line);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
        let stderr = BufReader::new(child.stderr.take().expect("piped")).lines();
        Running { child, stderr }
    }

    /// Waits until it says something that begins like this.
    fn until(&mut self, start: &str) {
        let found = self.stderr.by_ref().any(|line| line.expect("text").starts_with(start));
        assert!(found, "it should say `{start}`");
    }

    fn send(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.expect("every unix has kill").success());
    }

    /// Its exit code and the last line.
    fn end(mut self) -> (Option<i32>, String) {
        let last = self.stderr.map(|line| line.expect("text")).last().unwrap_or_default();
        (self.child.wait().expect("our own child").code(), last)
    }
}

const LONG: &str = "train-export ae --epochs 10000000 --hidden 16 --out models/ae";

/// Ends a long run with a signal as soon as it reports an epoch.
fn interrupted(place: &Place, signal: &str) -> (Option<i32>, String) {
    let mut running = Running::start(place, LONG);
    running.until("epoch ");
    running.send(signal);
    running.end()
}

#[test]
fn an_interrupted_run_leaves_no_bundle_and_goes_on_to_the_bytes_of_one_in_one_go() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let place = Place::new();
        let (found, last) = interrupted(&place, signal);
        assert_eq!(found, Some(code), "{last}");
        assert!(last.starts_with("error: interrupted after step "), "{last}");
        let outside: Vec<_> = place.content().into_keys().filter(|path| !path.starts_with("runs")).collect();
        assert!(outside.iter().all(|path| path.as_os_str() == "models"), "{outside:?}");
        assert!(place.litter().is_empty(), "{:?}", place.litter());

        let (_, again) = last.split_once("go on with: ").expect("how to go on");
        let (_, epoch) = last.split_once("(epoch ").expect("the epoch");
        let epoch: usize = epoch.split(')').next().and_then(|epoch| epoch.parse().ok()).expect("a number");
        let epochs = epoch + 2;
        let done = Command::new("sh")
            .args(["-c", &format!("{again} --epochs {epochs}")])
            .current_dir(place.path(""))
            .output()
            .expect("every unix has sh");
        assert!(done.status.success(), "{again}: {}", String::from_utf8_lossy(&done.stderr));
        place.done(&format!("train-export ae --epochs {epochs} --hidden 16 --out whole"));
        assert!(place.content_of("models/ae") == place.content_of("whole"), "{epochs} epochs, {again}");
    }
}

#[test]
fn an_interrupted_run_leaves_the_older_bundle_as_it_was() {
    let place = Place::new();
    place.done("train-export ae --epochs 1 --hidden 16 --out models/ae");
    let before = place.content_of("models");
    let (code, _) = interrupted(&place, "-INT");
    assert_eq!(code, Some(130));
    assert!(place.content_of("models") == before, "the older bundle changed, or litter was left");
    place.done("verify models/ae");
}

/// A table whose components take a second to find: the only step of PCA.
fn wide() -> Array2<f32> {
    Array2::from_shape_fn((1100, 1000), |(row, column)| ((row * 7919 + column * 104_729) % 10_007) as f32)
}

#[test]
fn the_first_signal_finishes_the_step_and_the_second_one_ends_at_once() {
    let place = Place::new();
    place.write_npy("wide.npy", &wide());
    let begun = |run: &str| {
        let mut running = Running::start(&place, &format!("train-export pca --data wide.npy --run {run} --out bundle"));
        running.until("run: ");
        running.send("-INT");
        running.until("stopping after this step");
        running
    };
    let solution = |run: &str| place.path(run).join("checkpoints/step-000000000.safetensors").exists();

    let (code, last) = begun("finished").end();
    assert_eq!(code, Some(130), "{last}");
    assert!(last.contains("--resume finished") && solution("finished"), "{last}");

    let running = begun("at-once");
    running.send("-TERM");
    let (code, last) = running.end();
    assert_eq!((code, solution("at-once")), (Some(143), false), "{last}");
    assert!(place.litter().is_empty() && !place.path("bundle").exists(), "{:?}", place.litter());

    place.done("train-export --resume finished --out bundle");
    place.done("train-export --resume at-once --out other");
    assert!(place.content_of("bundle") == place.content_of("other"));
}

#[test]
fn before_the_first_step_one_signal_is_enough() {
    let place = Place::new();
    let made = Command::new("mkfifo").arg(place.path("never")).status().expect("every unix has mkfifo");
    assert!(made.success());
    // It waits for somebody to write a configuration.
    let running = Running::start(&place, "train vae --config never");
    std::thread::sleep(std::time::Duration::from_millis(500));
    running.send("-TERM");
    let (code, last) = running.end();
    assert!(last.is_empty() || last.contains("before the first step"), "{last}");
    // Not even listening yet, on a very slow machine: then the signal itself ended it.
    assert!(code == Some(143) || code.is_none(), "{code:?}");
}

#[test]
fn what_is_exported_of_a_run_that_was_broken_off_says_so() {
    let place = Place::new();
    let mut running = Running::start(&place, "train ae --epochs 10000000 --hidden 16 --run r");
    running.until("epoch ");
    running.send("-INT");
    assert_eq!(running.end().0, Some(130));
    assert!(place.done("export r --out b").stdout.contains("broken off after"));
    assert!(place.done("inspect b").stdout.contains("broken off"));
    assert!(place.done("config b").stdout.contains("# That run was broken off after"));
    assert!(std::fs::read_to_string(place.path("b/README.md")).expect("a card").contains("broken off after"));
}
