//! Signals that end the program without its help, and the limit on the size of files, which is a signal too.
#![cfg(unix)]

use std::{
    fs,
    os::unix::process::ExitStatusExt,
    process::{Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use ndarray::Array2;

use crate::sandbox::{Sandbox, outcome};

const LINE: &str = "encode model --data many.npy --out z.csv";

/// Starts a command, sends a signal as soon as its partial output exists, and returns how it ended.
fn end(sandbox: &Sandbox, signal: &str) -> ExitStatus {
    let before = sandbox.leftover_files();
    let program = sandbox.command_that_hears_hang_ups(LINE);
    // Without a core file, which would be written to the sandbox.
    let mut command = Command::new("sh");
    command.args(["-c", r#"ulimit -c 0 && exec "$@""#, "sh"]).arg(program.get_program()).args(program.get_args());
    command.current_dir(sandbox.path("")).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("it starts");
    let start = Instant::now();
    while sandbox.leftover_files().iter().all(|path| before.contains(path)) {
        assert!(start.elapsed() < Duration::from_secs(60), "it writes no partial output");
        thread::sleep(Duration::from_millis(2));
    }
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(sent.expect("every unix has kill").success());
    child.wait().expect("our own child")
}

/// Returns a sandbox with a model, many rows, and an older output.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export ae --epochs 1 --hidden 16 --out model");
    let values = Array2::from_shape_fn((200_000, 64), |(row, column)| ((row * 31 + column * 17) % 16) as f32);
    sandbox.write_npy("many.npy", &values);
    sandbox.write("z.csv", "older");
    sandbox
}

#[test]
#[cfg(target_os = "linux")]
fn a_signal_that_ends_the_program_leaves_the_older_output_and_the_next_run_removes_the_rest() {
    let sandbox = sandbox();
    for (signal, number) in [("-KILL", 9), ("-QUIT", 3), ("-ALRM", 14)] {
        assert_eq!(end(&sandbox, signal).signal(), Some(number));
        assert_eq!(sandbox.read_text("z.csv"), "older");
        // Each run removes what the one before left.
        assert_eq!(sandbox.leftover_files().len(), 1, "{:?}", sandbox.leftover_files());
    }
    sandbox.run_ok("encode model --data digits --out z.csv");
    assert!(sandbox.leftover_files().is_empty(), "{:?}", sandbox.leftover_files());
}

#[test]
fn a_signal_that_is_heard_leaves_nothing() {
    let sandbox = sandbox();
    for (signal, code) in [("-TERM", 143), ("-INT", 130), ("-HUP", 129)] {
        assert_eq!(end(&sandbox, signal).code(), Some(code));
        assert_eq!(sandbox.read_text("z.csv"), "older");
        assert!(sandbox.leftover_files().is_empty(), "{:?}", sandbox.leftover_files());
    }
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error_and_no_signal() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export ae --epochs 1 --hidden 16 --run run --out model");
    fs::write(sandbox.path("z.csv"), "older").expect("a writable folder");
    for (line, path) in [
        ("encode model --data digits --out z.csv", "z.csv"),
        ("pack model p.narrows", "p.narrows"),
        ("export run --out bundle", "bundle/"),
    ] {
        let program = sandbox.command(line);
        let mut command = Command::new("sh");
        command.args(["-c", r#"ulimit -f 2 && exec "$@""#, "sh"]).arg(program.get_program()).args(program.get_args());
        let outcome = outcome(command.current_dir(sandbox.path("")));
        let last = outcome.stderr.lines().next_back().unwrap_or_default();
        assert_eq!(outcome.code, Some(1), "{line}: {last}");
        assert!(last.starts_with(&format!("error: cannot write `{path}")) && last.contains("too large"), "{last}");
        assert!(sandbox.leftover_files().is_empty() && sandbox.read_text("z.csv") == "older", "{line}");
    }
}
