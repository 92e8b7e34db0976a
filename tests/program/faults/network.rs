//! The program opens no connection, and no file outside the working folder, the temporary folder and what the system
//! needs to run a program. Every system call is watched with strace.
#![cfg(target_os = "linux")]

use std::{
    fs,
    path::{Component, Path},
    process::{Command, Stdio},
};

use crate::sandbox::{Sandbox, outcome};

/// Files of the system that are read, each with its reason.
const SYSTEM: [(&str, &str); 15] = [
    ("/lib/", "shared libraries"),
    ("/lib64/", "shared libraries"),
    ("/usr/lib/", "shared libraries"),
    ("/usr/lib64/", "shared libraries"),
    ("/etc/ld.so.", "the index of the shared libraries"),
    ("/etc/localtime", "ONNX Runtime names the file of a profile by the local time"),
    ("/usr/share/zoneinfo/", "what /etc/localtime may link to"),
    ("/proc/self/", "the limits, signals and memory of the process itself"),
    ("/proc/cpuinfo", "the processor: its number of cores and its instructions"),
    ("/proc/meminfo", "the free memory"),
    ("/proc/sys/vm/overcommit_memory", "the allocator"),
    ("/sys/devices/system/", "the processor: its number of cores and its caches"),
    ("/sys/fs/cgroup/", "limits on processor and memory of a container"),
    ("/sys/kernel/mm/transparent_hugepage/", "the allocator"),
    ("/sys/bus/pci/devices", "ONNX Runtime looks for GPUs"),
];

/// Devices that are opened.
const DEVICES: [&str; 3] = ["/dev/null", "/dev/urandom", "/dev/shm"];

/// Runs a command under strace and returns its system calls; `None` where there is no strace, or it may not watch.
fn calls(sandbox: &Sandbox, line: &str) -> Option<Vec<String>> {
    let log = Sandbox::new();
    let path = log.path("calls");
    let watch = |program: &Path, words: &[&str]| {
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-s", "4096", "-e", "trace=%network,open,openat,openat2,creat,execve", "-o"]);
        command.arg(&path).arg(program).args(words).current_dir(sandbox.path("")).stdin(Stdio::null());
        // Cargo sets it, and the loader looks in its folders first.
        command.env_remove("LD_LIBRARY_PATH");
        command
    };
    let probe = watch(Path::new("true"), &[]).stderr(Stdio::null()).status();
    if !probe.is_ok_and(|status| status.success()) {
        return None;
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    let outcome = outcome(&mut watch(Path::new(env!("CARGO_BIN_EXE_narrows")), &words));
    assert_eq!(outcome.code, Some(0), "{line}: {}", outcome.stderr);
    let text = fs::read_to_string(path).expect("strace writes it");
    Some(text.lines().map(str::to_owned).collect())
}

/// Returns the path in a call that opens a file: the text between the first quotes.
fn opened(call: &str) -> Option<&str> {
    let name = call.split_once(' ')?.1.trim_start().split('(').next()?;
    if !matches!(name, "open" | "openat" | "openat2" | "creat") {
        return None;
    }
    call.split('"').nth(1)
}

/// Whether a call could reach the network. Signals go through a pair of sockets without names inside the process.
fn reaches_out(call: &str) -> bool {
    let others = ["AF_INET", "AF_NETLINK", "AF_PACKET", " socket(", " connect(", " bind(", " listen(", " accept"];
    others.iter().any(|other| call.contains(other))
}

#[test]
fn no_command_opens_a_connection_or_a_file_outside_its_folders() {
    let sandbox = Sandbox::new();
    let library =
        narrows_runtime::library::locate(&narrows_runtime::Options::default()).expect("ONNX Runtime is there");
    let folder_of_library = library.path.parent().map(Path::to_owned).unwrap_or_default();
    let own_folder = Path::new(env!("CARGO_BIN_EXE_narrows")).parent().expect("a folder");
    let temporary = std::env::temp_dir();
    let is_expected = |path: &str| {
        let full = Path::new(path);
        let goes_up = full.components().any(|part| part == Component::ParentDir);
        let in_sandbox = full.is_relative() || full.starts_with(sandbox.path(""));
        let is_scratch = full == temporary || path.starts_with(&format!("{}/narrows-", temporary.display()));
        // The loader looks for libraries next to the one that needs them, and the program for ONNX Runtime next to
        // itself and in `.tools` of the folders above.
        let is_library = full.starts_with(&folder_of_library) || full.starts_with(own_folder);
        let of_system = SYSTEM.iter().any(|(start, _)| path.starts_with(start)) || DEVICES.contains(&path);
        // A path that is no library tells whether one is loaded already.
        !goes_up && (in_sandbox || is_scratch || is_library || of_system || path == "/")
    };
    let mut unexpected = Vec::new();
    for line in [
        "train-export vae --data digits --epochs 1 --hidden 16 --run run --out model",
        "encode model --data digits --out z.csv",
        "encode model --data digits --out - --format csv",
        "transfer model --data digits --out head",
        "report model --data digits --out page.html",
        "verify model",
    ] {
        let Some(calls) = calls(&sandbox, line) else {
            println!("not tested, because there is no strace, or it may not watch processes here");
            return;
        };
        let reaching: Vec<&String> = calls.iter().filter(|call| reaches_out(call)).collect();
        assert!(reaching.is_empty(), "{line} uses the network: {reaching:#?}");
        let paths: Vec<&str> = calls.iter().filter_map(|call| opened(call)).collect();
        assert!(paths.len() > 20, "{line}: {calls:?}");
        let other = paths.into_iter().filter(|path| !is_expected(path));
        unexpected.extend(other.map(|path| format!("{line}: {path}")));
        let started = calls.iter().filter(|call| call.contains("execve(")).count();
        assert_eq!(started, 1, "{line} starts other programs");
    }
    assert!(unexpected.is_empty(), "{unexpected:#?}");
}
