//! Devices, pipes and folders where files are expected. Each works or is refused with its name; nothing waits for ever,
//! and a file without an end is not read into memory.
#![cfg(target_os = "linux")]

use std::{fs, io::Write, process::Command};

use crate::{
    refusal::{assert_refused, check_refusal},
    sandbox::{Sandbox, outcome},
};

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export ae --epochs 1 --hidden 16 --run run --out model");
    sandbox
}

/// Makes a pipe with a name, in a folder of its own, because a pipe has no content to compare.
fn pipe(folder: &Sandbox) -> String {
    let path = folder.path("pipe").display().to_string();
    assert!(Command::new("mkfifo").arg(&path).status().expect("every unix has mkfifo").success());
    path
}

#[test]
fn a_device_a_pipe_or_a_folder_that_is_no_file_of_the_expected_kind_is_named() {
    let (sandbox, elsewhere) = (sandbox(), Sandbox::new());
    let pipe = pipe(&elsewhere);
    fs::create_dir(sandbox.path("thesis")).expect("a writable folder");
    sandbox.write("thesis/chapter.txt", "years of work");
    for place in ["/dev/zero", "/dev/null", "/dev/full", &pipe, "thesis"] {
        let lines = [
            format!("encode model --data {place} --out z.csv"),
            format!("train ae --data {place} --epochs 1"),
            format!("decode model --codes {place} --out x.csv"),
            format!("encode {place} --data digits --out z.csv"),
            format!("verify {place}"),
            format!("train --resume {place}"),
            format!("export {place} --out bundle"),
            format!("train-export ae --epochs 1 --out {place}"),
            format!("encode model --data digits --out {place} --format csv"),
            format!("pack model {place}"),
        ];
        assert_refused(lines.iter().map(|line| check_refusal(&sandbox, line, &[place])));
    }
}

#[test]
fn a_configuration_file_without_an_end_is_refused_and_one_that_is_empty_sets_nothing() {
    let sandbox = sandbox();
    let refused =
        |place: &str| check_refusal(&sandbox, &format!("train ae --config {place}"), &[place, "more than 1 MiB"]);
    assert_refused(["/dev/zero", "/dev/full"].map(refused));
    sandbox.run_ok("train ae --config /dev/null --epochs 1 --run empty");
}

#[test]
fn a_configuration_that_comes_through_a_pipe_is_read_completely_and_once() {
    let (sandbox, elsewhere) = (sandbox(), Sandbox::new());
    let pipe = pipe(&elsewhere);
    let text = "kind = \"ae\"\nepochs = 1\nhidden = [7]\nrun = \"of-file\"\n";
    sandbox.write("c.toml", text);
    let path = pipe.clone();
    let writer = std::thread::spawn(move || {
        let mut file = fs::File::options().write(true).open(path).expect("our own pipe");
        file.write_all(text.as_bytes()).expect("it is read");
    });
    let outcome = outcome(sandbox.command("train").args(["--config", &pipe]));
    writer.join().expect("no panic");
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let config = sandbox.read_text("of-file/config.toml");
    assert!(config.contains("hidden = [7]") && config.contains("epochs = 1"), "{config}");
}
