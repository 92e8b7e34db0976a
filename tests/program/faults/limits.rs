//! Few descriptors and no threads: the work is done with what there is, or the error says what the system refused.
#![cfg(target_os = "linux")]

use std::{
    fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    process::{Command, Stdio},
};

use crate::sandbox::{Outcome, Sandbox, outcome};

/// Runs the program after a command of the shell, such as `ulimit -n 8`. `user` is another user, because some limits do
/// not hold for the superuser.
fn after(sandbox: &Sandbox, limit: &str, line: &str, user: Option<u32>) -> Outcome {
    let program = sandbox.command(line);
    // Other shells have no `ulimit -u`.
    let mut command = Command::new("bash");
    command.args(["-c", &format!(r#"{limit} && exec "$@""#), "bash"]);
    command.arg(program.get_program()).args(program.get_args()).current_dir(sandbox.path("")).stdin(Stdio::null());
    if let Some(user) = user {
        command.uid(user);
    }
    outcome(&mut command)
}

fn assert_clear(line: &str, Outcome { code, stderr, .. }: &Outcome) {
    assert!(matches!(code, Some(0 | 1)), "{line}: {code:?}: {stderr}");
    assert!(!stderr.contains("panicked"), "{line}: {stderr}");
    let last = stderr.lines().next_back().unwrap_or_default();
    assert!(*code == Some(0) || last.starts_with("error: "), "{line}: {stderr}");
}

#[test]
fn with_few_descriptors_every_command_works_or_says_that_there_are_too_few() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export vae --epochs 1 --hidden 16 --run run --out model");
    let before = sandbox.content();
    let mut failed = 0;
    for count in [4, 6, 8, 10, 12, 16] {
        for line in [
            "train-export ae --epochs 1 --hidden 8 --run new-run --out new",
            "export run --out new",
            "encode model --data digits --out new.csv",
            "pack model new.narrows",
            "verify model",
            "explore model --port 0",
        ] {
            // With more, the server would start, and serve without an end.
            if line.starts_with("explore") && count > 8 {
                continue;
            }
            let outcome = after(&sandbox, &format!("ulimit -n {count}"), line, None);
            assert_clear(line, &outcome);
            failed += usize::from(outcome.code == Some(1));
            assert!(sandbox.leftover_files().is_empty(), "{count}, {line}: {:?}", sandbox.leftover_files());
            let after = sandbox.content();
            if outcome.code == Some(1) {
                // A run remains that has begun, and can be resumed.
                let new = after.keys().find(|path| !before.contains_key(*path) && !path.starts_with("new-run"));
                assert!(new.is_none(), "{count}, {line}: {new:?} remains");
            }
            for path in after.keys().rev().filter(|path| !before.contains_key(*path)) {
                let path = sandbox.path(&path.to_string_lossy());
                if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.expect("our own");
            }
        }
    }
    assert!(failed > 4, "{failed} commands failed, so the limits were not in force");
}

#[test]
fn without_threads_the_work_is_done_by_one_or_the_error_says_so() {
    /// A user with no other processes, since the limit counts all of them.
    const USER: u32 = 64_123;

    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export vae --epochs 1 --hidden 16 --out model");
    sandbox.run_ok("train-export ae --epochs 1 --hidden 8 --run expected-run --out expected");
    fs::create_dir(sandbox.path("pictures")).expect("a writable folder");
    sandbox.run_ok("generate model --grid 2x2 --out pictures/a.png");
    let open_up = || {
        for path in sandbox.content().into_keys() {
            let path = sandbox.path(&path.to_string_lossy());
            let mode = if path.is_dir() { 0o777 } else { 0o666 };
            let _ = fs::set_permissions(path, fs::Permissions::from_mode(mode));
        }
        let _ = fs::set_permissions(sandbox.path(""), fs::Permissions::from_mode(0o777));
    };
    // Only the superuser becomes another user.
    let user =
        fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0).then_some(USER);
    if user.is_none() {
        println!("not tested, because the limit on processes needs a user of its own, and so the superuser");
        return;
    }
    open_up();
    for (count, line) in [
        (1, "train-export ae --epochs 1 --hidden 8 --run new --out bundle"),
        (1, "encode model --data digits --out z.csv"),
        (2, "train-export ae --epochs 1 --hidden 8 --run new --out bundle"),
        (2, "encode model --data digits --out z.csv"),
        (2, "detect fit model --calibration-part test --out detector"),
        (2, "data pictures"),
        (1, "explore model --port 0"),
    ] {
        let outcome = after(&sandbox, &format!("ulimit -u {count}"), line, user);
        assert_clear(line, &outcome);
        // The thread that hears signals is needed, and the first one.
        assert!(count == 1 || outcome.code == Some(0), "{line}: {}", outcome.stderr);
    }
    assert!(sandbox.content_of("bundle") == sandbox.content_of("expected"));
    assert!(sandbox.leftover_files().is_empty(), "{:?}", sandbox.leftover_files());
}
