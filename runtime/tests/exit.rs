//! A process exits without a crash while its threads compute.
#![cfg(unix)]

use std::{
    env, fmt,
    process::{Command, Output},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use narrows_runtime::{Autoencoder, Options, bundle::Kind, library::locate, ort};

mod support;

use support::{Fixture, samples};

/// Passes the milliseconds before the exit to the child.
const DELAY: &str = "NARROWS_TEST_EXIT_DELAY";
/// Passes the number of threads to the child.
const THREADS: &str = "NARROWS_TEST_EXIT_THREADS";
/// Passes to the child whether its threads open the first model of the process: 1 or 0.
const FIRST: &str = "NARROWS_TEST_EXIT_FIRST";

/// The options of the child.
#[derive(Debug, Clone, Copy)]
struct Round {
    delay: u64,
    threads: usize,
    first: bool,
}

impl fmt::Display for Round {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Round { delay, threads, first } = self;
        write!(formatter, "{threads} threads, exit after {delay} ms")?;
        if *first { formatter.write_str(", no model opened before") } else { Ok(()) }
    }
}

/// Runs this program with one of the tests that are no tests themselves.
fn start(child: &str, variables: &[(&str, String)]) -> Output {
    Command::new(env::current_exe().expect("this program"))
        .args(["--exact", child, "--ignored", "--nocapture"])
        .envs(variables.iter().cloned())
        .output()
        .expect("a program that starts")
}

impl Round {
    /// Runs the child. Returns its output if it did not succeed.
    fn failure(self) -> Option<Output> {
        let Round { delay, threads, first } = self;
        let variables =
            [(DELAY, delay.to_string()), (THREADS, threads.to_string()), (FIRST, u8::from(first).to_string())];
        Some(start("child", &variables)).filter(|output| !output.status.success())
    }
}

/// Not a test itself: the code of the child process. The program exits after it, while its threads still run.
#[test]
#[ignore = "run by the other tests, in a child process"]
fn child() {
    let number = |name: &str| env::var(name).ok().and_then(|value| value.parse::<usize>().ok());
    // The folder stays until the process ends, so that the threads can open it.
    let fixture: &Fixture = Box::leak(Box::new(Fixture::new(Kind::Vae)));
    let options = Options::default().chunk(10);
    let open = move || Autoencoder::open_with(fixture.path(), &options).expect("a good bundle");
    let shared = (number(FIRST) != Some(1)).then(|| &*Box::leak(Box::new(open())));
    for index in 0..number(THREADS).unwrap_or(6) {
        thread::spawn(move || {
            loop {
                // While the process exits, these calls return errors.
                let _ = match shared {
                    Some(shared) if index % 2 == 1 => shared.encode(&samples(100)),
                    _ => Autoencoder::open(fixture.path()).and_then(|model| model.encode(&samples(3))),
                };
            }
        });
    }
    thread::sleep(Duration::from_millis(number(DELAY).map_or(50, |delay| delay as u64)));
}

#[test]
fn a_process_can_exit_while_threads_open_and_encode() {
    for number in 0..20 {
        let round = Round { delay: 50, threads: 6, first: false };
        let failure = round.failure();
        assert!(failure.is_none(), "round {number}: {failure:?}");
    }
}

/// An exit destroyed what the creation of the environment or of the first session had just created: one process in
/// twelve crashed on a busy machine.
#[test]
fn a_process_can_exit_while_threads_open_its_first_model() {
    let delays = [0, 1, 2, 3, 5, 8, 12, 20, 30, 50];
    thread::scope(|scope| {
        for number in 0..4 {
            scope.spawn(move || {
                for delay in delays {
                    let round = Round { delay: delay + number, threads: 6, first: true };
                    let failure = round.failure();
                    assert!(failure.is_none(), "{round}: {failure:?}");
                }
            });
        }
    });
}

/// The long version of the tests above: `just exits ROUNDS`. Four processes a core run at once, because the exit is
/// most at risk if the threads wait for the processor.
#[test]
#[ignore = "takes minutes: NARROWS_EXITS rounds (default 1000)"]
fn exits() {
    let rounds = env::var("NARROWS_EXITS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1000);
    let (next, crashes) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let start = Instant::now();
    let delays = [0, 1, 2, 3, 5, 8, 12, 20, 30, 50, 70, 100];
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= rounds {
                break;
            }
            let threads = [2, 4, 6, 12][number / delays.len() % 4];
            let round = Round { delay: delays[number % delays.len()], threads, first: number / 48 % 3 == 2 };
            if let Some(output) = round.failure() {
                crashes.fetch_add(1, Ordering::Relaxed);
                println!("round {number} ({round}): {:?}, {output:?}", output.status);
            }
        }
    };
    let processes = 4 * thread::available_parallelism().map_or(1, |cores| cores.get());
    thread::scope(|scope| (0..processes).for_each(|_| drop(scope.spawn(work))));
    let crashes = crashes.into_inner();
    println!("{rounds} rounds in {} s, {processes} at once: {crashes} crashes", start.elapsed().as_secs());
    assert_eq!(crashes, 0);
}

/// Opens a model with a logger that calls `interrupt` at the first message of ONNX Runtime about the model, so within a
/// call.
fn open_and_interrupt(interrupt: impl Fn() + Send + Sync + 'static) {
    let messages = AtomicUsize::new(0);
    let logger = move |_: ort::logging::LogLevel, _: &str, _: &str, _: &str, _: &str| {
        if IS_OPENING.load(Ordering::SeqCst) == 1 && messages.fetch_add(1, Ordering::SeqCst) == 0 {
            interrupt();
        }
    };
    static IS_OPENING: AtomicUsize = AtomicUsize::new(0);
    let library = locate(&Options::default()).expect("ONNX Runtime").path;
    let builder = ort::init_from(library).expect("a library").with_logger(Arc::new(logger));
    let options = Options::default().environment(builder.build().expect("an environment"));
    let fixture = Fixture::new(Kind::Ae);
    Autoencoder::open_with(fixture.path(), &options).expect("a good bundle");
    IS_OPENING.store(1, Ordering::SeqCst);
    Autoencoder::open_with(fixture.path(), &options).expect("a good bundle");
    println!("opened");
}

/// Not a test itself. The call that runs at the exit takes longer than a few seconds.
#[test]
#[ignore = "run by another test, in a child process"]
fn slow_call() {
    static BEGUN: AtomicUsize = AtomicUsize::new(0);
    thread::spawn(|| {
        open_and_interrupt(|| {
            BEGUN.store(1, Ordering::SeqCst);
            thread::sleep(Duration::from_secs(3));
            println!("the call ends");
        });
    });
    while BEGUN.load(Ordering::SeqCst) == 0 {
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn the_exit_waits_for_a_call_of_three_seconds() {
    let output = start("slow_call", &[]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("the call ends"), "{:?}, {text}", output.status);
}

/// Not a test itself. The exit happens within a call, which cannot end.
#[test]
#[ignore = "run by another test, in a child process"]
fn exit_in_a_call() {
    open_and_interrupt(|| std::process::exit(42));
}

#[test]
fn an_exit_within_a_call_does_not_wait_for_that_call() {
    let start_time = Instant::now();
    let output = start("exit_in_a_call", &[]);
    assert_eq!(output.status.code(), Some(42), "{output:?}");
    // The upper bound of the wait is a minute.
    assert!(start_time.elapsed() < Duration::from_secs(50));
}
