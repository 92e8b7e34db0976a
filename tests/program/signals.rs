//! An interrupted run leaves no bundle and no partial files, keeps existing files, and prints a command that
//! continues to the same bytes as an uninterrupted run.
#![cfg(unix)]

use std::{
    io::{BufRead, BufReader, Lines},
    process::{Child, ChildStderr, Command, Stdio},
};

use ndarray::Array2;

use crate::{sandbox::Sandbox, transfer::zoo};

/// A running program and its messages.
struct Running {
    child: Child,
    stderr: Lines<BufReader<ChildStderr>>,
}

impl Running {
    fn start(sandbox: &Sandbox, line: &str) -> Self {
        let mut command = sandbox.command_that_hears_hang_ups(line);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
        let stderr = BufReader::new(child.stderr.take().expect("piped")).lines();
        Running { child, stderr }
    }

    /// Waits until the program prints a line with this start.
    fn wait_for_line(&mut self, start: &str) {
        let is_printed = self.stderr.by_ref().any(|line| line.expect("text").starts_with(start));
        assert!(is_printed, "no line starts with `{start}`");
    }

    fn send(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.expect("every unix has kill").success());
    }

    /// Waits for the end, and returns the exit code and the last line.
    fn wait(mut self) -> (Option<i32>, String) {
        let last = self.stderr.map(|line| line.expect("text")).last().unwrap_or_default();
        (self.child.wait().expect("our own child").code(), last)
    }
}

const LONG: &str = "train-export ae --epochs 10000000 --hidden 16 --out models/ae";

/// Stops a long run with a signal as soon as it reports an epoch.
fn interrupt(sandbox: &Sandbox, signal: &str) -> (Option<i32>, String) {
    let mut running = Running::start(sandbox, LONG);
    running.wait_for_line("epoch ");
    running.send(signal);
    running.wait()
}

#[test]
fn an_interrupted_run_leaves_no_bundle_and_resumes_to_the_bytes_of_an_uninterrupted_one() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        let sandbox = Sandbox::new();
        let (actual, last) = interrupt(&sandbox, signal);
        assert_eq!(actual, Some(code), "{last}");
        assert!(last.starts_with("error: interrupted after step "), "{last}");
        let outside: Vec<_> = sandbox.content().into_keys().filter(|path| !path.starts_with("runs")).collect();
        assert!(outside.iter().all(|path| path.as_os_str() == "models"), "{outside:?}");
        assert!(sandbox.leftover_files().is_empty(), "{:?}", sandbox.leftover_files());

        let (_, resume) = last.split_once("continue with: ").expect("the command that continues");
        let (_, epoch) = last.split_once("(epoch ").expect("the epoch");
        let epoch: usize = epoch.split(')').next().and_then(|epoch| epoch.parse().ok()).expect("a number");
        let epochs = epoch + 2;
        let resumed = Command::new("sh")
            .args(["-c", &format!("{resume} --epochs {epochs}")])
            .current_dir(sandbox.path(""))
            .output()
            .expect("every unix has sh");
        assert!(resumed.status.success(), "{resume}: {}", String::from_utf8_lossy(&resumed.stderr));
        sandbox.run_ok(&format!("train-export ae --epochs {epochs} --hidden 16 --out uninterrupted"));
        assert!(sandbox.content_of("models/ae") == sandbox.content_of("uninterrupted"), "{epochs} epochs, {resume}");
    }
}

#[test]
fn an_interrupted_run_leaves_the_older_bundle_as_it_was() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export ae --epochs 1 --hidden 16 --out models/ae");
    let before = sandbox.content_of("models");
    let (code, _) = interrupt(&sandbox, "-INT");
    assert_eq!(code, Some(130));
    assert!(sandbox.content_of("models") == before, "the older bundle changed, or partial files remain");
    sandbox.run_ok("verify models/ae");
}

/// A table whose principal components take a second to compute. That is the only step of PCA.
fn wide_table() -> Array2<f32> {
    Array2::from_shape_fn((1100, 1000), |(row, column)| ((row * 7919 + column * 104_729) % 10_007) as f32)
}

#[test]
fn the_first_signal_finishes_the_step_and_the_second_one_ends_at_once() {
    let sandbox = Sandbox::new();
    sandbox.write_npy("wide.npy", &wide_table());
    let interrupted = |run: &str| {
        let mut running =
            Running::start(&sandbox, &format!("train-export pca --data wide.npy --run {run} --out bundle"));
        running.wait_for_line("run: ");
        running.send("-INT");
        running.wait_for_line("stopping after this step");
        running
    };
    let has_checkpoint = |run: &str| sandbox.path(run).join("checkpoints/step-000000000.safetensors").exists();

    let (code, last) = interrupted("finished").wait();
    assert_eq!(code, Some(130), "{last}");
    let resume = format!("--resume {}", sandbox.path("finished").display());
    assert!(last.contains(&resume) && has_checkpoint("finished"), "{last}");

    let running = interrupted("at-once");
    running.send("-TERM");
    let (code, last) = running.wait();
    assert_eq!((code, has_checkpoint("at-once")), (Some(143), false), "{last}");
    assert!(sandbox.leftover_files().is_empty() && !sandbox.path("bundle").exists(), "{:?}", sandbox.leftover_files());

    sandbox.run_ok("train-export --resume finished --out bundle");
    sandbox.run_ok("train-export --resume at-once --out other");
    assert!(sandbox.content_of("bundle") == sandbox.content_of("other"));
}

#[test]
fn before_the_first_step_one_signal_ends_the_program() {
    let sandbox = Sandbox::new();
    let made = Command::new("mkfifo").arg(sandbox.path("never")).status().expect("every unix has mkfifo");
    assert!(made.success());
    // The program waits until another process writes a configuration to the pipe.
    let running = Running::start(&sandbox, "train vae --config never");
    std::thread::sleep(std::time::Duration::from_millis(500));
    running.send("-TERM");
    let (code, last) = running.wait();
    assert!(last.is_empty() || last.contains("before the first step"), "{last}");
    // On a very slow machine the program does not listen yet, and the signal itself ends it.
    assert!(code == Some(143) || code.is_none(), "{code:?}");
}

#[test]
fn the_export_of_an_interrupted_run_says_that_it_was_interrupted() {
    let sandbox = Sandbox::new();
    let mut running = Running::start(&sandbox, "train ae --epochs 10000000 --hidden 16 --run r");
    running.wait_for_line("epoch ");
    running.send("-INT");
    assert_eq!(running.wait().0, Some(130));
    assert!(sandbox.run_ok("export r --out b").stdout.contains("the run was interrupted"));
    assert!(sandbox.run_ok("inspect b").stdout.contains("a checkpoint before the end of the run"));
    assert!(sandbox.run_ok("config b").stdout.contains("# It is the model of a checkpoint after "));
    assert!(std::fs::read_to_string(sandbox.path("b/README.md")).expect("a card").contains("of a checkpoint after "));
}

#[test]
fn an_interrupted_animation_or_picture_is_not_written() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export vae --epochs 1 --hidden 16 --latent 16 --out model");
    let before = sandbox.content();
    for line in [
        "traverse model --steps 1001 --out walk.gif",
        "generate model --grid 400x400 --out grid.png",
        "generate model --count 3000000 --out rows.csv",
    ] {
        let interrupt_after = |milliseconds| {
            let running = Running::start(&sandbox, line);
            std::thread::sleep(std::time::Duration::from_millis(milliseconds));
            running.send("-INT");
            running.wait()
        };
        // Before the program listens, the signal itself ends it.
        let mut outcomes = [100, 200, 400, 800, 1600, 3200].into_iter().map(interrupt_after);
        let (code, last) = outcomes.find(|(code, _)| code.is_some()).expect("it listens");
        assert_eq!(code, Some(130), "{line}: {last}");
        assert!(last.starts_with("error: interrupted") && last.ends_with(" was not written"), "{line}: {last}");
        assert!(sandbox.content() == before, "{line}: {:?}", sandbox.leftover_files());
    }
}

#[test]
fn a_long_imputation_stops_while_the_rows_of_a_chunk_are_filled_in() {
    let sandbox = Sandbox::new();
    let row = |row: usize| match row % 3 {
        0 => format!("{row},,b\n"),
        1 => format!("{row},{},a\n", row % 7),
        _ => format!(",{},b\n", row % 5),
    };
    sandbox.write("gaps.csv", "x,y,kind\n".to_owned() + &(0..300).map(row).collect::<String>());
    sandbox.run_ok("train-export vae --data gaps.csv --missing mask --epochs 1 --hidden 8 --latent 2 --out model");
    let before = sandbox.content();
    // Minutes of work in one chunk of rows.
    let interrupt_after = |milliseconds| {
        let running = Running::start(&sandbox, "impute model --data gaps.csv --draws 1000000 --out filled.csv");
        std::thread::sleep(std::time::Duration::from_millis(milliseconds));
        running.send("-INT");
        running.wait()
    };
    // Before the program listens, the signal itself ends it.
    let mut outcomes = [200, 400, 800, 1600, 3200, 6400].into_iter().map(interrupt_after);
    let (code, last) = outcomes.find(|(code, _)| code.is_some()).expect("it listens");
    assert_eq!((code, last.as_str()), (Some(130), "error: interrupted; `filled.csv` was not written"));
    assert!(sandbox.content() == before, "{:?}", sandbox.leftover_files());
}

#[test]
fn an_interrupted_fit_of_a_detector_leaves_the_bundle_as_it_was_and_no_files() {
    let sandbox = Sandbox::new();
    sandbox.write("long.toml", "epochs = 10000000\nhidden = [16]\n");
    let mut running =
        Running::start(&sandbox, "detect fit --data digits --kind ae --config long.toml --out models/det");
    running.wait_for_line("epoch ");
    running.send("-INT");
    let (code, last) = running.wait();
    assert_eq!((code, last.as_str()), (Some(130), "error: interrupted; no detector was written"));
    assert!(!sandbox.path("models/det").exists() && sandbox.leftover_files().is_empty());
}

#[test]
#[cfg(target_os = "linux")]
fn a_program_that_ignores_the_end_of_its_terminal_goes_on_as_with_nohup() {
    let sandbox = Sandbox::new();
    let narrows = env!("CARGO_BIN_EXE_narrows");
    // `exec` keeps the process, and an ignored signal stays ignored in it.
    let line = format!("trap '' HUP; exec {narrows} {LONG}");
    let mut command = Command::new("sh");
    command.args(["-c", &line]).current_dir(sandbox.path("")).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("every unix has sh");
    let stderr = BufReader::new(child.stderr.take().expect("piped")).lines();
    let mut running = Running { child, stderr };
    running.wait_for_line("epoch ");
    running.send("-HUP");
    // Longer than a step takes after which a signal ends the program.
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert!(running.child.try_wait().expect("our own child").is_none(), "it has ended");
    running.send("-TERM");
    assert_eq!(running.wait().0, Some(143));
}

#[test]
fn an_interrupted_transfer_resumes_to_the_bytes_of_an_uninterrupted_one() {
    let flags = "--data digits --fine-tune --epochs 400 --patience 0 --valid-fraction 0 --out b";
    let sandbox = Sandbox::new();
    let mut running = Running::start(&sandbox, &format!("transfer {} {flags}", zoo("ae")));
    running.wait_for_line("epoch 3");
    running.send("-INT");
    let (code, last) = running.wait();
    assert_eq!(code, Some(130), "{last}");
    let (_, command) = last.split_once("continue with: ").expect("a command");
    let (_, arguments) = command.split_once(' ').expect("the program and its arguments");
    assert!(last.starts_with("error: interrupted after step ") && !sandbox.path("b").exists(), "{last}");
    sandbox.run_ok(arguments);
    let resumed = sandbox.content_of("b");
    sandbox.run_ok(&format!("transfer {} {flags}", zoo("ae")));
    assert!(resumed == sandbox.content_of("b"));
}
