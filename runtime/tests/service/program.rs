//! Tests of the compiled example program, if it was built.

use std::{
    io::{BufRead, BufReader, Lines},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, ChildStdout, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    cases::cases,
    client::{Client, TestRequest},
};

const BUNDLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/zoo/vae");

struct Program(PathBuf);

/// A running program that has printed its address.
struct Listening {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    address: SocketAddr,
}

impl Program {
    fn built() -> Option<Self> {
        let tests = std::env::current_exe().expect("this program");
        let program = tests.ancestors().nth(2).expect("its profile").join("examples/service");
        if !program.is_file() {
            eprintln!("skipped: the example program is not built (cargo test --test does not build examples)");
            return None;
        }
        Some(Program(program))
    }

    fn listening(&self) -> Listening {
        let mut child = Command::new(&self.0)
            .args([BUNDLE, "0", "127.0.0.1", "drain=0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a program that starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let line = lines.next().expect("a line").expect("text");
        let address = line.strip_prefix("http://").and_then(|address| address.parse().ok()).expect("an address");
        Listening { child, lines, address }
    }

    fn output(&self, port: &str, address: &str) -> Output {
        Command::new(&self.0).args([BUNDLE, port, address]).output().expect("a program that starts")
    }
}

impl Listening {
    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.expect("the command kill").success());
    }
}

#[test]
fn the_program_prints_its_address_and_stops_cleanly_on_either_signal() {
    let Some(program) = Program::built() else { return };
    for signal in ["-INT", "-TERM"] {
        let mut running = program.listening();
        cases()[0].check(&Client::new(running.address).request(&cases()[0].request).expect("a response"));
        running.signal(signal);
        assert_eq!(running.lines.next().expect("a line").expect("text"), "stopped");
        let output = running.child.wait_with_output().expect("a child of this test");
        assert!(output.status.success());
        let line: serde_json::Value = serde_json::from_slice(&output.stderr).expect("one line of the log");
        assert_eq!((&line["route"], &line["rows"], &line["status"]), (&"encode".into(), &1.into(), &200.into()));
    }
}

#[test]
fn a_second_signal_ends_the_program_immediately() {
    let Some(program) = Program::built() else { return };
    let mut running = program.listening();
    let mut slow = Client::new(running.address);
    slow.send(&TestRequest::declaring(1000).bytes()).expect("a connection");
    Client::new(running.address).request(&TestRequest::get("/health")).expect("a response");
    running.signal("-TERM");
    thread::sleep(Duration::from_millis(500));
    assert!(running.child.try_wait().expect("a child of this test").is_none(), "it waits for the body");
    let start = Instant::now();
    running.signal("-TERM");
    assert!(!running.child.wait().expect("a child of this test").success());
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert!(running.lines.next().is_none(), "the program must not print that it stopped cleanly");
}

#[test]
fn the_error_for_an_unusable_address_names_it() {
    let Some(program) = Program::built() else { return };
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let taken = listener.local_addr().expect("an address");
    for (port, address, expected) in [
        (taken.port().to_string().as_str(), "127.0.0.1", format!("cannot listen on {taken}: ").as_str()),
        ("99999", "::1", "the port must be a number from 0 to 65535, got `99999`"),
        ("0", "home", "the address must be an IP address, got `home`"),
    ] {
        let output = program.output(port, address);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && error.starts_with(&format!("error: {expected}")), "{error}");
    }
}
