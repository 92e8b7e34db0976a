//! A temporary working directory for each test, and the program run in it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use ndarray::{ArrayBase, ArrayD, Data, Dimension};
use ndarray_npy::{WritableElement, WriteNpyExt, read_npy};
use tempfile::TempDir;

/// Temporary working directory, removed when it is dropped.
pub(crate) struct Sandbox(TempDir);

/// Exit code and output of a run of the program.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        Sandbox(tempfile::tempdir().expect("a temporary folder"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Returns a command that runs the program here with the words of `line` as arguments.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_narrows"));
        command.args(line.split_whitespace()).current_dir(self.0.path()).stdin(Stdio::null());
        command
    }

    /// Does the same as [`command`](Self::command). If this test was started by `nohup`, the program does not inherit
    /// that SIGHUP is ignored.
    #[cfg(unix)]
    pub(crate) fn command_that_hears_hang_ups(&self, line: &str) -> Command {
        if !cfg!(target_os = "linux") {
            return self.command(line);
        }
        let mut command = Command::new("env");
        command.args(["--default-signal=HUP", env!("CARGO_BIN_EXE_narrows")]);
        command.args(line.split_whitespace()).current_dir(self.0.path()).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, line: &str) -> Outcome {
        outcome(&mut self.command(line))
    }

    /// Runs the program and asserts that it succeeds.
    pub(crate) fn run_ok(&self, line: &str) -> Outcome {
        let outcome = self.run(line);
        assert_eq!(outcome.code, Some(0), "narrows {line}: {}", outcome.stderr);
        outcome
    }

    /// Returns every file and folder below the directory; files with their bytes.
    pub(crate) fn content(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let mut content = BTreeMap::new();
        collect(self.0.path(), self.0.path(), &mut content);
        content
    }

    /// Returns every file and folder below a subfolder; files with their bytes.
    pub(crate) fn content_of(&self, folder: &str) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let mut content = BTreeMap::new();
        collect(&self.path(folder), &self.path(folder), &mut content);
        content
    }

    /// Returns leftover files and folders of an unfinished write or replacement. Their content is not read, because the
    /// program may remove them at this moment.
    pub(crate) fn leftover_files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        find_leftovers(self.0.path(), self.0.path(), &mut found);
        found
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).expect("a writable folder");
    }

    pub(crate) fn write_npy<A: WritableElement, S: Data<Elem = A>, D: Dimension>(
        &self,
        name: &str,
        array: &ArrayBase<S, D, A>,
    ) {
        let mut bytes = Vec::new();
        array.write_npy(&mut bytes).expect("writing to memory");
        self.write(name, bytes);
    }

    pub(crate) fn read_npy(&self, name: &str) -> ArrayD<f32> {
        read_npy(self.path(name)).expect("an array of floats")
    }

    pub(crate) fn read_text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a text file")
    }
}

/// Runs a command to its end.
pub(crate) fn outcome(command: &mut Command) -> Outcome {
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("the program prints UTF-8");
    Outcome { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
}

fn find_leftovers(root: &Path, folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if name.contains(".partial-") || name.contains(".retired-") {
            found.push(path.strip_prefix(root).expect("below the root").to_owned());
        }
        if path.is_dir() {
            find_leftovers(root, &path, found);
        }
    }
}

fn collect(root: &Path, folder: &Path, content: &mut BTreeMap<PathBuf, Option<Vec<u8>>>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable folder").path();
        let name = path.strip_prefix(root).expect("below the root").to_owned();
        if path.is_dir() {
            content.insert(name, None);
            collect(root, &path, content);
        } else {
            content.insert(name, Some(fs::read(&path).expect("a readable file")));
        }
    }
}
