//! Starting the program, and clusters of it.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, ChildStdin, Command, Output, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    time::{Duration, Instant},
};

use narrows_datafusion::cluster::{Overview, Question, overview};

/// The first port that no cluster of this process has used. Tests run at the same time.
static NEXT_PORT: AtomicU16 = AtomicU16::new(21_000);

/// Returns a port such that it and the next one are free.
pub(crate) fn port() -> u16 {
    loop {
        let port = NEXT_PORT.fetch_add(2, Ordering::Relaxed);
        let free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
        if free(port) && free(port + 1) {
            return port;
        }
    }
}

/// Returns the program with these arguments.
pub(crate) fn program<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_narrows-cluster"));
    command.args(arguments);
    // A bundle in the user's cache would be found by its digest.
    command.env("XDG_CACHE_HOME", std::env::temp_dir().join(format!("narrows-no-cache-{}", std::process::id())));
    command
}

/// Runs the program to its end.
pub(crate) fn run<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Output {
    program(arguments).output().expect("the program starts")
}

/// Runs the program, which must succeed, and returns its standard output.
pub(crate) fn succeed<'a>(arguments: impl IntoIterator<Item = &'a str>) -> String {
    let output = run(arguments);
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{out}\n{error}", output.status);
    out.into_owned()
}

/// Runs the program, which must fail with exit code 1, and returns its standard error.
pub(crate) fn fail<'a>(arguments: impl IntoIterator<Item = &'a str>) -> String {
    let output = run(arguments);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{}\n{error}", String::from_utf8_lossy(&output.stdout));
    error
}

/// A scheduler or an executor.
pub(crate) struct Process {
    pub(crate) child: Child,
    /// Closing it ends the process, also when the test is killed.
    _input: ChildStdin,
}

impl Process {
    fn start(mut command: Command) -> Self {
        command.arg("--until-stdin-closes").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let input = child.stdin.take().expect("piped");
        let mut line = String::new();
        let output = child.stdout.take().expect("piped");
        BufReader::new(output).read_line(&mut line).expect("a line of output");
        assert!(!line.is_empty(), "the process ended at once");
        Process { child, _input: input }
    }

    /// Ends the process as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal by its name.
pub(crate) fn signal(process: u32, name: &str) {
    let status = Command::new("kill").args([format!("-{name}"), process.to_string()]).status();
    assert!(status.expect("kill is there").success());
}

/// A scheduler with executors.
pub(crate) struct Cluster {
    _scheduler: Process,
    pub(crate) executors: Vec<Process>,
    pub(crate) port: u16,
    pub(crate) executor_ports: Vec<u16>,
}

impl Cluster {
    /// Starts a scheduler, and executors with one task each and these further flags.
    pub(crate) fn start(executors: &[&[&str]]) -> Self {
        Self::start_with(&[], executors)
    }

    /// Starts a scheduler with these further flags, and executors.
    pub(crate) fn start_with(flags: &[&str], executors: &[&[&str]]) -> Self {
        let port = port();
        let mut command = program(["scheduler", "--port", &port.to_string()]);
        command.args(flags);
        let scheduler = Process::start(command);
        let mut cluster = Cluster { _scheduler: scheduler, executors: Vec::new(), port, executor_ports: Vec::new() };
        executors.iter().for_each(|flags| cluster.add(flags));
        cluster
    }

    /// Starts two executors.
    pub(crate) fn of_two() -> Self {
        Self::start(&[&[], &[]])
    }

    /// Starts another executor, and waits until the scheduler knows it.
    pub(crate) fn add(&mut self, flags: &[&str]) {
        let (port, scheduler) = (port(), format!("127.0.0.1:{}", self.port));
        let mut command = program(["executor", "--scheduler", &scheduler, "--port", &port.to_string(), "--tasks", "1"]);
        command.args(flags);
        self.executors.push(Process::start(command));
        self.executor_ports.push(port);
        self.wait(self.executors.len());
    }

    /// Waits until the scheduler knows this many executors.
    pub(crate) fn wait(&self, executors: usize) {
        self.wait_until(|known| known.executors.len() == executors);
    }

    /// Waits until what the scheduler knows fulfils a condition.
    pub(crate) fn wait_until(&self, condition: impl Fn(&Overview) -> bool) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let known = runtime
                .block_on(overview(&format!("http://127.0.0.1:{}", self.port), &Question::default()))
                .expect("a scheduler");
            if condition(&known) {
                return;
            }
            assert!(Instant::now() < deadline, "the scheduler knows {known:?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    pub(crate) fn engine(&self) -> String {
        format!("ballista://127.0.0.1:{}", self.port)
    }
}

/// Returns the paths of the files in a folder, with a name that begins with `prefix`.
pub(crate) fn names(folder: &Path, prefix: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| name.starts_with(prefix));
    names.sort();
    names
}
