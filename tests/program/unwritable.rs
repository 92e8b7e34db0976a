//! An output path that cannot be written to is refused before any work is done, and nothing there changes.

use std::fs;

#[cfg(target_os = "linux")]
use crate::sandbox::outcome;
use crate::{
    refusal::{assert_refused, check_refusal},
    sandbox::Sandbox,
};

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export vae --epochs 1 --hidden 16 --out vae");
    fs::create_dir(sandbox.path("thesis")).expect("a writable folder");
    sandbox.write("thesis/chapter.txt", "years of work");
    sandbox.write("file", "in the way");
    sandbox
}

#[test]
fn existing_files_at_the_output_path_are_not_changed() {
    let sandbox = sandbox();
    sandbox.write("vae/notes.txt", "mine");
    let cases: [(&str, &[&str]); 10] = [
        ("train-export ae --epochs 1 --out vae", &["vae", "`notes.txt`", "--out"]),
        ("train-export ae --epochs 1 --out thesis", &["`thesis` exists and is not the folder of a bundle", "--out"]),
        ("train-export ae --epochs 1 --out file", &["`file` exists and is not the folder of a bundle"]),
        ("train-export ae --epochs 1 --out file/below", &["file"]),
        ("encode vae --out file/z.npy", &["file"]),
        ("encode vae --out missing/z.npy", &["missing"]),
        ("generate vae --out thesis", &["thesis"]),
        ("encode vae --out z.png", &["z.png", ".npy, .csv or .parquet"]),
        ("generate vae --out x.jpeg", &["x.jpeg", ".npy, .csv, .png or .parquet"]),
        ("reconstruct vae --out x", &["`x`", ".npy, .csv, .png or .parquet"]),
    ];
    assert_refused(cases.map(|(line, mentions)| check_refusal(&sandbox, line, mentions)));
}

#[test]
fn the_working_directory_is_filled_or_refused_before_training() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run("train-export ae --epochs 1 --hidden 16 --out .");
    let is_filled = outcome.code == Some(0) && sandbox.path("manifest.json").is_file();
    let is_refused = outcome.code == Some(1) && !outcome.stderr.contains("epoch ");
    assert!(is_filled || is_refused, "{outcome:?}");
}

#[test]
fn a_failed_run_removes_the_folders_that_it_created() {
    let sandbox = Sandbox::new();
    let line = "train-export ae --likelihood gaussian --learning-rate 1e10 --out deep/er/new";
    assert_refused([check_refusal(&sandbox, line, &["diverged"])]);
}

#[test]
#[cfg(target_os = "linux")]
fn an_output_path_in_a_virtual_file_system_is_named() {
    let sandbox = sandbox();
    let cases: [(&str, &[&str]); 3] = [
        ("train-export ae --epochs 1 --out /proc/narrows", &["/proc/narrows", "cannot create"]),
        ("train-export ae --epochs 1 --out /proc/narrows/deep", &["/proc/narrows", "cannot create"]),
        ("encode vae --out /proc/z.npy", &["/proc/z.npy", "cannot write"]),
    ];
    assert_refused(cases.map(|(line, mentions)| check_refusal(&sandbox, line, mentions)));
}

#[test]
#[cfg(unix)]
fn a_folder_without_write_permission_is_named() {
    use std::os::unix::fs::PermissionsExt;

    let sandbox = sandbox();
    let locked = sandbox.path("locked");
    fs::create_dir(&locked).expect("a writable folder");
    let permit = |mode| fs::set_permissions(&locked, fs::Permissions::from_mode(mode)).expect("our own folder");
    permit(0o555);
    // The superuser can write to every folder.
    if fs::write(locked.join("probe"), "").is_err() {
        let cases: [(&str, &[&str]); 2] = [
            ("train-export ae --epochs 1 --out locked/new", &["locked", "cannot create"]),
            ("generate vae --out locked/x.npy", &["locked", "cannot write"]),
        ];
        assert_refused(cases.map(|(line, mentions)| check_refusal(&sandbox, line, mentions)));
    }
    permit(0o755);
}

/// Returns a command of a user who cannot write the run, which the superuser always can.
#[cfg(target_os = "linux")]
fn as_nobody(sandbox: &Sandbox, line: &str) -> std::process::Command {
    use std::os::unix::process::CommandExt;

    let mut command = sandbox.command(line);
    if fs::write(sandbox.path("run/probe"), "").is_ok() {
        fs::remove_file(sandbox.path("run/probe")).expect("just written");
        command.uid(65534);
    }
    command
}

#[test]
#[cfg(target_os = "linux")]
fn a_run_in_a_folder_that_cannot_be_written_is_exported_and_stays_as_it_is() {
    use std::os::unix::fs::PermissionsExt;

    let sandbox = Sandbox::new();
    sandbox.run_ok("train ae --epochs 1 --hidden 8 --run run");
    sandbox.run_ok("export run --out expected");
    fs::create_dir(sandbox.path("out")).expect("a writable folder");
    let permit = |name: &str, mode| {
        fs::set_permissions(sandbox.path(name), fs::Permissions::from_mode(mode)).expect("our own folder");
    };
    for has_lock in [true, false] {
        if !has_lock {
            fs::remove_file(sandbox.path("run/.lock")).expect("the lock of the run");
        }
        ["", "run", "run/checkpoints"].iter().for_each(|name| permit(name, 0o555));
        permit("out", 0o777);
        let before = sandbox.content_of("run");
        let exported = outcome(&mut as_nobody(&sandbox, "export run --out out/exported"));
        let resumed = outcome(&mut as_nobody(&sandbox, "train --resume run --epochs 2"));
        ["", "run", "run/checkpoints"].iter().for_each(|name| permit(name, 0o755));
        assert_eq!(exported.code, Some(0), "{}", exported.stderr);
        assert!(
            exported
                .stderr
                .contains("cannot lock `run`, because its folder cannot be written; nothing is written to the run"),
            "{}",
            exported.stderr
        );
        assert!(sandbox.content_of("run") == before, "the run has changed");
        assert!(sandbox.content_of("out/exported") == sandbox.content_of("expected"));
        assert_eq!(resumed.code, Some(1), "{}", resumed.stderr);
        assert!(resumed.stderr.contains("error: cannot") && resumed.stderr.contains("run"), "{}", resumed.stderr);
    }
}
