//! What opening, running and dropping leave of memory, files and threads: nothing. In a program of its own, since
//! other tests at the same time would be counted too.
#![cfg(target_os = "linux")]

use std::{fs, thread, time::Duration};

use narrows_runtime::{Autoencoder, Options, bundle::Kind};

mod support;

use support::{
    Fixture,
    mixed::{THREADS, mixed},
    samples,
};

/// What this process takes of the system.
#[derive(Debug, Clone, Copy)]
struct Taken {
    /// Bytes of memory that are resident and not a file's.
    bytes: usize,
    files: usize,
    threads: usize,
}

fn taken() -> Taken {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line of this name");
        line.split_whitespace().next().and_then(|number| number.parse::<usize>().ok()).expect("a number")
    };
    Taken {
        bytes: 1024 * number("RssAnon:"),
        files: fs::read_dir("/proc/self/fd").expect("Linux").count(),
        threads: number("Threads:"),
    }
}

#[test]
fn a_handle_that_is_dropped_leaves_nothing() {
    opens_leave_nothing(300);
}

fn opens_leave_nothing(count: usize) {
    let (fixture, rows) = (Fixture::new(Kind::Vae), samples(200));
    let options = Options::default().sessions(2).chunk(20);
    let once = || {
        let model = Autoencoder::open_with(fixture.path(), &options).expect("a good bundle");
        model.encode(&rows).expect("good samples");
    };
    (0..100).for_each(|_| once());
    let before = taken();
    (0..count).for_each(|_| once());
    let after = taken();
    println!("{count} opens: {before:?}, then {after:?}");
    // What the allocator keeps for later wavers by some hundred kilobytes; a leak of a session would be a
    // hundred a piece.
    assert!(after.bytes < before.bytes + (4 << 20), "{before:?}, {after:?} after {count} opens");
    assert!(after.files <= before.files && after.threads <= before.threads, "{before:?}, {after:?}");
}

/// A scope does not wait until the system has put its threads away: the least that is seen within half a second.
fn settled() -> Taken {
    let looks = (0..50).map(|_| {
        thread::sleep(Duration::from_millis(10));
        taken()
    });
    looks.min_by_key(|taken| (taken.threads, taken.files)).expect("fifty looks")
}

/// The long versions: `just soak MINUTES`.
#[test]
#[ignore = "takes as many minutes as NARROWS_SOAK says, and one more"]
fn soak() {
    let minutes: f64 = std::env::var("NARROWS_SOAK").ok().and_then(|minutes| minutes.parse().ok()).unwrap_or(10.0);
    opens_leave_nothing(10_000);
    let open = |kind| Autoencoder::open_with(Fixture::new(kind).path(), &Options::default().chunk(50));
    let (vae, cvae) = (open(Kind::Vae).expect("a good bundle"), open(Kind::Cvae).expect("a good bundle"));
    let rounds = 20;
    let part = Duration::from_secs_f64(60.0 * minutes / (2.0 * f64::from(rounds)));
    let (mut calls, mut first) = (0, None);
    for round in 0..rounds {
        calls += mixed(&vae, part) + mixed(&cvae, part);
        let now = settled();
        println!("round {round}: {calls} calls by {THREADS} threads, {now:?}");
        // The first rounds fill the pools.
        let first = *first.get_or_insert(now);
        assert!(now.bytes < first.bytes + (8 << 20), "{first:?}, {now:?}");
        assert!(now.files <= first.files && now.threads <= first.threads, "{first:?}, {now:?}");
    }
}
