//! The example as a program of its own, where it is built.

use std::{
    io::{BufRead, BufReader, Lines},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, ChildStdout, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    cases,
    client::{Client, Question},
};

const BUNDLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/zoo/vae");

struct Program(PathBuf);

/// One that has said where it listens.
struct Listening {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    address: SocketAddr,
}

impl Program {
    fn found() -> Option<Self> {
        let tests = std::env::current_exe().expect("this program");
        let program = tests.ancestors().nth(2).expect("its profile").join("examples/service");
        if !program.is_file() {
            eprintln!("the example is not built, as by cargo test --test: nothing to see");
            return None;
        }
        Some(Program(program))
    }

    fn listening(&self) -> Listening {
        let mut child = Command::new(&self.0).args([BUNDLE, "0"]).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let line = lines.next().expect("a line").expect("text");
        let address = line.strip_prefix("http://").and_then(|address| address.parse().ok()).expect("an address");
        Listening { child, lines, address }
    }

    fn output(&self, port: &str, address: &str) -> Output {
        Command::new(&self.0).args([BUNDLE, port, address]).output().expect("it starts")
    }
}

impl Listening {
    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.expect("every unix has kill").success());
    }
}

#[test]
fn the_program_says_where_it_listens_and_ends_well_by_either_signal() {
    let Some(program) = Program::found() else { return };
    for signal in ["-INT", "-TERM"] {
        let mut running = program.listening();
        cases()[0].check(&Client::new(running.address).ask(&cases()[0].question).expect("an answer"));
        running.signal(signal);
        assert_eq!(running.lines.next().expect("a line").expect("text"), "stopped");
        assert!(running.child.wait().expect("our own child").success());
    }
}

#[test]
fn a_second_signal_ends_the_program_at_once() {
    let Some(program) = Program::found() else { return };
    let mut running = program.listening();
    let mut slow = Client::new(running.address);
    slow.send(&Question::declaring(1000).bytes()).expect("a connection");
    Client::new(running.address).ask(&Question::get("/health")).expect("an answer");
    running.signal("-TERM");
    thread::sleep(Duration::from_millis(500));
    assert!(running.child.try_wait().expect("our own child").is_none(), "it waits for the body");
    let asked = Instant::now();
    running.signal("-TERM");
    assert!(!running.child.wait().expect("our own child").success());
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    assert!(running.lines.next().is_none(), "it does not say that it has stopped well");
}

#[test]
fn the_program_names_the_address_that_it_cannot_have() {
    let Some(program) = Program::found() else { return };
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let taken = listener.local_addr().expect("an address");
    for (port, address, expected) in [
        (taken.port().to_string().as_str(), "127.0.0.1", format!("cannot listen on {taken}: ").as_str()),
        ("99999", "::1", "the port is a number from 0 to 65535, got `99999`"),
        ("0", "home", "the address is an IP address, got `home`"),
    ] {
        let ended = program.output(port, address);
        let error = String::from_utf8_lossy(&ended.stderr);
        assert!(!ended.status.success() && error.starts_with(&format!("error: {expected}")), "{error}");
    }
}
