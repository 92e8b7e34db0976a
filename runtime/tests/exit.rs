//! A process exits without a crash while its threads compute.
#![cfg(unix)]

use std::{env, process::Command, thread, time::Duration};

use narrows_runtime::{Autoencoder, Options, bundle::Kind};

mod support;

use support::{Fixture, samples};

/// Not a test itself: the code of the child process. The program exits after it, while its threads still run.
#[test]
#[ignore = "run by the other test, in a child process"]
fn child() {
    let fixture = Fixture::new(Kind::Vae);
    let path = fixture.path();
    let options = Options::default().chunk(10);
    let shared = Autoencoder::open_with(&path, &options).expect("a good bundle");
    let shared: &Autoencoder = Box::leak(Box::new(shared));
    for index in 0..6 {
        let path = path.clone();
        thread::spawn(move || {
            loop {
                // While the process exits, these calls return errors.
                let _ = if index % 2 == 0 {
                    Autoencoder::open(&path).and_then(|model| model.encode(&samples(3)))
                } else {
                    shared.encode(&samples(100))
                };
            }
        });
    }
    thread::sleep(Duration::from_millis(50));
}

#[test]
fn a_process_can_exit_while_threads_open_and_encode() {
    for round in 0..20 {
        let output = Command::new(env::current_exe().expect("this program"))
            .args(["--exact", "child", "--ignored"])
            .output()
            .expect("a program that starts");
        assert!(output.status.success(), "round {round}: {:?}, {output:?}", output.status);
    }
}
