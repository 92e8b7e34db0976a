//! Opening, running and dropping models leaks no memory, files or threads. These tests are a program of their own,
//! because parallel tests would change the measured values.
#![cfg(target_os = "linux")]

use std::{fs, thread, time::Duration};

use narrows_runtime::{Autoencoder, Options, bundle::Kind};

mod support;

use support::{
    Fixture,
    mixed::{THREADS, mixed},
    samples,
};

/// System resources of this process.
#[derive(Debug, Clone, Copy)]
struct Usage {
    /// Resident anonymous memory, in bytes.
    bytes: usize,
    files: usize,
    threads: usize,
}

fn usage() -> Usage {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line of this name");
        line.split_whitespace().next().and_then(|number| number.parse::<usize>().ok()).expect("a number")
    };
    Usage {
        bytes: 1024 * number("RssAnon:"),
        files: fs::read_dir("/proc/self/fd").expect("Linux").count(),
        threads: number("Threads:"),
    }
}

#[test]
fn a_dropped_handle_leaks_nothing() {
    opening_leaks_nothing(300);
}

fn opening_leaks_nothing(count: usize) {
    let (fixture, rows) = (Fixture::new(Kind::Vae), samples(200));
    let options = Options::default().sessions(2).chunk(20);
    let once = || {
        let model = Autoencoder::open_with(fixture.path(), &options).expect("a good bundle");
        model.encode(&rows).expect("good samples");
    };
    (0..100).for_each(|_| once());
    let before = usage();
    (0..count).for_each(|_| once());
    let after = usage();
    println!("{count} opens: {before:?} before, {after:?} after");
    // The allocator's caches vary by some hundred kilobytes; a leaked session would be a hundred kilobytes each.
    assert!(after.bytes < before.bytes + (4 << 20), "{before:?}, {after:?} after {count} opens");
    assert!(after.files <= before.files && after.threads <= before.threads, "{before:?}, {after:?}");
}

/// Returns the lowest usage within half a second, because the system removes finished threads with a delay.
fn settled_usage() -> Usage {
    let measurements = (0..50).map(|_| {
        thread::sleep(Duration::from_millis(10));
        usage()
    });
    measurements.min_by_key(|usage| (usage.threads, usage.files)).expect("fifty measurements")
}

/// The long version of the tests above: `just soak MINUTES`.
#[test]
#[ignore = "takes NARROWS_SOAK minutes (default 10) plus one"]
fn soak() {
    let minutes: f64 = std::env::var("NARROWS_SOAK").ok().and_then(|minutes| minutes.parse().ok()).unwrap_or(10.0);
    opening_leaks_nothing(10_000);
    let open = |kind| Autoencoder::open_with(Fixture::new(kind).path(), &Options::default().chunk(50));
    let (vae, cvae) = (open(Kind::Vae).expect("a good bundle"), open(Kind::Cvae).expect("a good bundle"));
    let rounds = 20;
    let duration = Duration::from_secs_f64(60.0 * minutes / (2.0 * f64::from(rounds)));
    let (mut calls, mut first) = (0, None);
    for round in 0..rounds {
        calls += mixed(&vae, duration) + mixed(&cvae, duration);
        let now = settled_usage();
        println!("round {round}: {calls} calls from {THREADS} threads, {now:?}");
        // The first rounds fill the pools.
        let first = *first.get_or_insert(now);
        assert!(now.bytes < first.bytes + (8 << 20), "{first:?}, {now:?}");
        assert!(now.files <= first.files && now.threads <= first.threads, "{first:?}, {now:?}");
    }
}
